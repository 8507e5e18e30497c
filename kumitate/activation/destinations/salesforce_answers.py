"""Salesforce's answers: error codes, in the words of whichever API spoke, as verdicts of ours.

https://developer.salesforce.com/docs/platform/api-rest/guide/errorcodes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    BATCH_SPOILED,
    BUSY,
    QUOTA_SPENT,
    REQUEST_REFUSED,
    THROTTLED,
    UNAVAILABLE,
    for_all,
)
from kumitate.model.request import Outcome, Request, Response, Verdict

_LATER = {
    "UNABLE_TO_LOCK_ROW": BUSY,
    "SERVER_UNAVAILABLE": UNAVAILABLE,
    "REQUEST_LIMIT_EXCEEDED": THROTTLED,
    "EXCEEDED_QUOTA": QUOTA_SPENT,
    "API_DISABLED_FOR_ORG": AUTH_REFUSED,
    "INSUFFICIENT_ACCESS": AUTH_REFUSED,
    "REQUEST_ENTITY_TOO_LARGE": BATCH_SPOILED,
}
_GONE = re.compile(r"(?:resource|entity|record) (?:does not exist|is deleted|not found)", re.IGNORECASE)
"""How a 404 says that the record is not there; it may as well be the field that is not."""
_NO_SUCH_FIELD = "external ID field"
_OF_THE_DAY = "TotalRequests"
"""What a limit's message names that is the allowance of 24 hours; others are too many calls at once."""


_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


def used_up(response: Response, reserve_percent: int) -> str:
    """Words where so much of the org's API requests is used that only the reserve is left."""
    told = next((value for name, value in response.headers.items() if name.lower() == "sforce-limit-info"), "")
    found = _USAGE.search(told)
    if found is None:
        return ""
    used, most = int(found[1]), int(found[2])
    if used * 100 < most * (100 - reserve_percent):
        return ""
    return (
        f"{used} of the org's {most} API requests of 24 hours are used; the last {reserve_percent} % are left to others"
    )


def refusal(request: Request, answer: Any) -> tuple[Outcome, ...]:
    """A request that was refused as a whole."""
    reason, words = refused(answer)
    return for_all(request, Verdict.RETRY, reason, message=words)


def refused(answer: Any) -> tuple[str, str]:
    """Our reason and Salesforce's words."""
    errors = answer if isinstance(answer, list) and answer else [{}]
    code, words = str(errors[0].get("errorCode", "")), str(errors[0].get("message", ""))
    reason = _LATER.get(code, REQUEST_REFUSED)
    return QUOTA_SPENT if reason == THROTTLED and _OF_THE_DAY in words else reason, f"{code}: {words}"


def row_outcome(key: str, code: str, words: str) -> Outcome:
    """`code` and `words` as Salesforce gives them for one record."""
    message = f"{code}: {words}"
    if code in _LATER:
        return Outcome(key, Verdict.RETRY, _LATER[code], message)
    if code == "NOT_FOUND" and _NO_SUCH_FIELD in words:  # the mapping is to blame, and no row
        return Outcome(key, Verdict.RETRY, REQUEST_REFUSED, message)
    return Outcome(key, Verdict.REJECTED, f"vendor.{code.lower()}", message)


def as_result(part: Mapping[str, Any], *, is_deletion: bool) -> dict[str, Any]:
    """A composite subrequest's answer in the shape of a collection's result; what is gone already is deleted."""
    status = int(part.get("httpStatusCode", 0))
    if 200 <= status < 300:
        return {"success": True}
    errors = part.get("body") or [{}]
    first = errors[0] if isinstance(errors, list) else {"errorCode": "MULTIPLE_CHOICES"}
    if is_deletion and status == 404 and _GONE.search(str(first.get("message", ""))):
        return {"success": True}
    return {"success": False, "errors": [{"statusCode": first.get("errorCode"), "message": first.get("message")}]}
