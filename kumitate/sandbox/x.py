"""X Ads' stand-in: custom audiences by operations that all succeed or all fail, signed with OAuth 1.0a."""

from __future__ import annotations

import re
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_USERS = re.compile(r"/\d+/accounts/[0-9a-z]+/custom_audiences/([0-9a-z]+)/users")
_SIGNED_WITH = re.compile(r'(oauth_\w+)="([^"]*)"')
_MOST_BYTES = 5_000_000
_WHOLE = frozenset({"maxItems", "minItems", "type"})
"""Rules that the request breaks, not one of its operations, where the path is empty."""


def answer(call: Call, store: Store) -> Answer:
    if not _is_signed(call):
        return _refused(401, "UNAUTHORIZED_ACCESS", "This request is not properly authenticated")
    audience = _USERS.fullmatch(call.path)
    if audience is None or call.method != "POST":
        return _refused(404, "ROUTE_NOT_FOUND", "The requested resource could not be found")
    if len(call.body) > _MOST_BYTES:
        return _refused(413, "REQUEST_TOO_LARGE", "The request body is too large")
    try:
        operations = call.json()
    except ValueError:
        return _refused(400, "INVALID_PARAMETER", "The body is not JSON")
    return _operated(store, audience[1], operations)


def _operated(store: Store, audience: str, operations: Any) -> Answer:
    broken = violations("x_users", operations)
    if any(not violation.path and violation.rule in _WHOLE for violation in broken):
        return _refused(400, "INVALID_PARAMETER", "The batch has no operation or too many")
    if broken:
        return _bad_operations(operations, {violation.path[0] for violation in broken if violation.path})
    for operation in operations:
        for user in operation["params"]["users"]:
            _apply(store, audience, user, adds=operation["operation_type"] == "Update")
    counts = {"success_count": len(operations), "total_count": len(operations)}
    return Answer(200, {"data": counts, "request": {"params": {"custom_audience_id": audience}}})


def _is_signed(call: Call) -> bool:
    """With the sandbox's keys; whether the signature is right, a test of signing tells."""
    header = call.headers.get("authorization", "")
    parts = dict(_SIGNED_WITH.findall(header))
    keys = (parts.get("oauth_consumer_key"), parts.get("oauth_token"))
    return header.startswith("OAuth ") and keys == (TOKEN, TOKEN) and bool(parts.get("oauth_signature"))


def _apply(store: Store, audience: str, user: dict[str, list[str]], *, adds: bool) -> None:
    for kind, values in user.items():
        for value in values:
            if adds:
                store.put(audience, value, {"kind": kind})
            else:
                store.remove(audience, value)


def _bad_operations(operations: list[Any], bad: set[str | int]) -> Answer:
    """The errors in the operations' order, a place each."""
    error = {"code": "INVALID_PARAMETER", "message": "Expected a SHA256 hash"}
    errors = [[error] if number in bad else [] for number in range(len(operations))]
    return Answer(400, {"errors": [], "operation_errors": errors, "request": {}})


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"errors": [{"code": code, "message": message}], "request": {}})
