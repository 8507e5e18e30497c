"""Holds every boto3 call of a test to its service's model; botocore checks no maximum, pattern or enum."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore
from botocore.loaders import Loader

from kumitate.sandbox.aws_model import broken_rules

SEEN: set[tuple[str, str]] = set()
"""(service, operation) of calls that kept the rules."""


def watch() -> None:
    """From here on, every client of every session is held to its model."""
    botocore.register_initializer(_watch_session)


def judged(model: Any, parameters: Mapping[str, Any]) -> list[str]:
    """The rules that a call breaks; `model` is botocore's of its operation."""
    return broken_rules(model.input_shape, dict(parameters))


@cache
def _models() -> Loader:
    """Services' models, read once for all sessions, not once for each."""
    return Loader()


def _watch_session(session: Any) -> None:
    session.register_component("data_loader", _models())
    session.get_component("event_emitter").register_last("before-parameter-build", _check)


def _check(*, params: Mapping[str, Any], model: Any, **_: Any) -> None:
    from botocore.validate import ParamValidator

    if ParamValidator().validate(params, model.input_shape).has_errors():
        return  # botocore refuses these itself, as its callers expect
    broken = judged(model, params)
    if broken:
        raise AssertionError(f"{model.service_model.service_name}.{model.name} breaks its model: {'; '.join(broken)}")
    SEEN.add((model.service_model.service_name, model.name))
