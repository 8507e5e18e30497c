"""What the stand-ins of AWS services share: calls read by botocore's own model, and checked against all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
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
    if not _is_signed(call):
        return _UNSIGNED
    found = _operation(service, call)
    if found is None or found[0] not in works:
        return refused(404, "ResourceNotFoundException", "the sandbox does not know this operation")
    name, labels = found
    shape = model(service).operation_model(name).input_shape
    whole = shape.serialization.get("payload")
    try:
        body = json.loads(call.body) if call.body else {}
    except ValueError:
        return refused(400, "BadRequestException", "the body is not JSON")
    parameters = {**({whole: body} if whole else body), **_named(shape, labels)}
    return _worked(shape, parameters, partial(works[name], parameters, store))


def json_rpc(service: str, call: Call, store: Store, *, works: Mapping[str, Work]) -> Answer:
    """The same for services that name the operation in a header, and take everything in the body."""
    if not _is_signed(call):
        return _UNSIGNED
    name = call.headers.get("x-amz-target", "").rpartition(".")[2]
    if name not in works:
        return refused(404, "ResourceNotFoundException", "the sandbox does not know this operation")
    try:
        parameters = json.loads(call.body)
    except ValueError:
        return refused(400, "ValidationException", "the body is not JSON")
    shape = model(service).operation_model(name).input_shape
    return _worked(shape, parameters, partial(works[name], parameters, store), code="ValidationException")


def _worked(
    shape: Any,
    parameters: Mapping[str, Any],
    work: Callable[[], Mapping[str, Any]],
    *,
    code: str = "BadRequestException",
) -> Answer:
    broken = broken_rules(shape, parameters)
    if broken:
        return refused(400, code, "; ".join(broken[:5]))
    try:
        return Answer(200, work())
    except Refused as refusal:
        return refusal.answer


class Refused(Exception):  # noqa: N818  it is an answer, not a failure of ours
    """What a work raises where the vendor refuses the whole call."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        self.answer = refused(status, code, message, **more)
        super().__init__(code)


def refused(status: int, code: str, message: str, **more: str) -> Answer:
    """An error as AWS writes it; `more` are members of its shape beside the message."""
    return Answer(status, {"__type": code, "message": message, **more}, {"x-amzn-errortype": code})


_UNSIGNED = refused(403, "UnrecognizedClientException", "The security token included in the request is invalid.")


def _is_signed(call: Call) -> bool:
    return f"Credential={TOKEN}/" in call.headers.get("authorization", "")


def _named(shape: Any, labels: Mapping[str, str]) -> dict[str, str]:
    """What stands in the path, by the names of the members it fills."""
    members = {each.serialization.get("name", name): name for name, each in shape.members.items()}
    return {members.get(label.replace("__", "-"), label): value for label, value in labels.items()}


def _operation(service: str, call: Call) -> tuple[str, dict[str, str]] | None:
    for name, method, pattern in _routes(service):
        match = pattern.fullmatch(call.path)
        if match and method == call.method:
            return name, {label: unquote(value) for label, value in match.groupdict().items()}
    return None


def _group(label: str) -> str:
    """A label's name as a regular expression may call a group: `application\\-id` as `application__id`."""
    return label.replace("\\-", "__")


@cache
def _routes(service: str) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    found = []
    for name in model(service).operation_names:
        http = model(service).operation_model(name).http
        uri = re.escape(http["requestUri"].split("?")[0])
        pattern = re.sub(r"\\\{([\w\\-]+)\\\}", lambda label: f"(?P<{_group(label[1])}>[^/]+)", uri)
        found.append((name, http["method"], re.compile(pattern)))
    return tuple(found)
