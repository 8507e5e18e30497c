"""Reading LINE's refusals: `{"message", "details": [{"message", "property"}]}`, and what lies with whom."""

from __future__ import annotations

from typing import Any

from kumitate.activation.destinations.answers import REQUEST_REFUSED, json_of
from kumitate.model.request import Outcome, Response, Verdict

NOT_FOUND = "AUDIENCE_GROUP_NOT_FOUND"
LINE_USER = ("{line_user_id}", "{line_uid}", "{line_id}")
"""The names that the attribute of a LINE user id usually has."""
INSUFFICIENT = "audience.insufficient"
"""The audience has fewer people than the vendor takes."""
_MAX_WORDS = 300
_ROW_STATUSES = frozenset({400, 413, 422})


def words(response: Response) -> str:
    """LINE's own words: `400 The request body has 1 error(s): May not be empty (messages[0].text)`."""
    answer = json_of(response)
    if not isinstance(answer, dict):
        return str(response.status)
    details = "; ".join(_detail(detail) for detail in answer.get("details") or [])
    said = f"{response.status} {answer.get('message', '')}".strip()
    return (f"{said}: {details}" if details else said)[:_MAX_WORDS]


def row_refusal(key: str, response: Response) -> Outcome:
    """A request of one row: a 400 lies with the row, anything else (403: no right to it) with the account."""
    if response.status in _ROW_STATUSES:
        return Outcome(key, Verdict.REJECTED, f"vendor.http_{response.status}", words(response))
    return Outcome(key, Verdict.RETRY, REQUEST_REFUSED, words(response))


def _detail(detail: Any) -> str:
    if not isinstance(detail, dict):
        return ""
    place = detail.get("property")
    return f"{detail.get('message', '')} ({place})" if place else str(detail.get("message", ""))
