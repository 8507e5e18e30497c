"""What the stand-ins of AWS services share: calls read by botocore's own model, and checked against all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

import botocore.session

from kumitate.sandbox.aws_model import broken_rules
from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.store import Store

Work = Callable[[Mapping[str, Any], Store], Mapping[str, Any]]
"""(parameters, state) -> the reply of one operation."""


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def rest_json(service: str, call: Call, store: Store, *, works: Mapping[str, Work]) -> Answer:
    """Route a call to the work of its operation, once its parameters keep every rule of the model."""
    if f"Credential={TOKEN}/" not in call.headers.get("authorization", ""):
        return refused(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    found = _operation(service, call)
    if found is None or found[0] not in works:
        return refused(404, "ResourceNotFoundException", "the sandbox does not know this operation")
    name, labels = found
    try:
        parameters = {**(json.loads(call.body) if call.body else {}), **labels}
    except ValueError:
        return refused(400, "BadRequestException", "the body is not JSON")
    broken = broken_rules(model(service).operation_model(name).input_shape, parameters)
    if broken:
        return refused(400, "BadRequestException", "; ".join(broken[:5]))
    return Answer(200, works[name](parameters, store))


def refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"message": message}, {"x-amzn-errortype": code})


def _operation(service: str, call: Call) -> tuple[str, dict[str, str]] | None:
    for name, method, pattern in _routes(service):
        match = pattern.fullmatch(call.path)
        if match and method == call.method:
            return name, {label: unquote(value) for label, value in match.groupdict().items()}
    return None


@cache
def _routes(service: str) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    found = []
    for name in model(service).operation_names:
        http = model(service).operation_model(name).http
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(http["requestUri"].split("?")[0]))
        found.append((name, http["method"], re.compile(pattern)))
    return tuple(found)
