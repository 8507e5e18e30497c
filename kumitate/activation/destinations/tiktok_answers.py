"""Reading TikTok's answers: HTTP 200 with a `code`, where 0 alone is good.

Codes: TikTok API for Business, Appendix - Return Codes; 40100 and 40105 are confirmed by a second source, the rest
is not, and an unknown code is the account's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumitate.activation.destinations.answers import AUTH_REFUSED, REQUEST_REFUSED, THROTTLED, UNAVAILABLE, json_of
from kumitate.errors import RecordError
from kumitate.model.request import Response

TOO_SMALL = "audience.too_small"
"""TikTok keeps no audience of fewer than 1,000 people: nothing changes until more are in it."""

_REASONS: Mapping[int, str] = {
    **dict.fromkeys((40016, 40100, 40133), THROTTLED),
    **dict.fromkeys((40102, 40104, 40105), AUTH_REFUSED),
}
_STEPS: Mapping[str, str] = {
    AUTH_REFUSED: "authorise the app again and put the new token into the secret",
    TOO_SMALL: "TikTok needs at least 1,000 people in an audience; let the segment grow, or remove the audience",
}
_NO_PERMISSION = 40001


def code_of(response: Response) -> int:
    """TikTok's `code`; RecordError where the answer has none."""
    answer = json_of(response)
    if not isinstance(answer, dict) or not isinstance(answer.get("code"), int):
        raise RecordError("answer.unreadable")
    return int(answer["code"])


def data_of(response: Response) -> Mapping[str, Any]:
    """The answer's `data`, empty where it has none."""
    data = json_of(response).get("data")
    return data if isinstance(data, dict) else {}


def reason_of(response: Response) -> str:
    """Whose matter a refusal is."""
    code = code_of(response)
    if 50_000 <= code < 60_000:
        return UNAVAILABLE
    if _tells_of_size(str(json_of(response).get("message", ""))):
        return TOO_SMALL
    return _REASONS.get(code, REQUEST_REFUSED)


def words_of(response: Response) -> str:
    """TikTok's words, and what the owner does about it where that is known."""
    said = f"{code_of(response)}: {json_of(response).get('message', '')}"
    step = _STEPS.get(reason_of(response), "")
    if code_of(response) == _NO_PERMISSION:
        step = "give the app the scope Audience Management, and its user the advertiser account"
    return f"{said} ({step})" if step else said


def _tells_of_size(message: str) -> bool:
    told = message.lower().replace(",", "")
    return "1000" in told and any(word in told for word in ("size", "less", "least", "minimum", "small"))
