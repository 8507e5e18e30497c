"""Reading the Graph API's refusals: whose matter they are, when to come back, and what to do about them.

Sources: Marketing API error codes, custom audience guides, rate limiting (`X-Business-Use-Case-Usage`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    REQUEST_REFUSED,
    THROTTLED,
    UNAVAILABLE,
    for_all,
    json_of,
)
from kumitate.model.request import Outcome, Request, Response, Verdict

LATER: Mapping[int, str] = {
    **dict.fromkeys((4, 17, 32, 613, 80003, 80004), THROTTLED),
    **dict.fromkeys((1, 2), UNAVAILABLE),
    190: AUTH_REFUSED,
}
_MOST_MINUTES = 24 * 60
"""Whoever asks for more is asked again after a day."""
_SUBCODE_STEPS: Mapping[int, str] = {
    1870090: "accept the custom audience terms for this ad account in Audiences, then run again",
    33: "check the audience's or dataset's id, and give the system user access to it",
    1713230: "Meta has flagged this audience: appeal in Audience Manager, or name another audience",
}
_CODE_STEPS: Mapping[int, str] = {
    10: "give the system user the permission ads_management and the ad account",
    190: "the token has ended or was revoked: make a new one for the system user and put it into the secret",
    200: "give the system user the permission ads_management and the ad account",
    294: "the token lacks the permission ads_management: make one that has it",
    368: "Meta has blocked this action for the account: see Account Quality in Meta Business Suite",
    803: "check the audience's or dataset's id",
}


def error_of(response: Response) -> Mapping[str, Any]:
    """The answer's `error` object, empty where it has none."""
    answer = json_of(response)
    error = answer.get("error", {}) if isinstance(answer, dict) else {}
    return error if isinstance(error, dict) else {}


def code_of(error: Mapping[str, Any]) -> int:
    return int(error.get("code", 0))


def subcode_of(error: Mapping[str, Any]) -> int:
    return int(error.get("error_subcode", 0))


def words_of(error: Mapping[str, Any], minutes: int = 0) -> str:
    """Meta's words, and what the owner does about it where that is known."""
    step = _SUBCODE_STEPS.get(subcode_of(error)) or _CODE_STEPS.get(code_of(error), "")
    step = step or (f"Meta asks to come back in {minutes} minutes" if minutes else "")
    said = f"{error.get('code', 0)}/{error.get('error_subcode', '')}: {error.get('message', '')}"
    return f"{said} ({step})" if step else said


def refusal(request: Request, response: Response) -> tuple[Outcome, ...]:
    """A refusal that lies with the account or its audience: the rows wait."""
    error = error_of(response)
    words = words_of(error, minutes_to_wait(response))
    return for_all(request, Verdict.RETRY, LATER.get(code_of(error), REQUEST_REFUSED), message=words)


def minutes_to_wait(response: Response) -> int:
    """How long Meta keeps the account out, by its header `X-Business-Use-Case-Usage`; 0 where it does not say."""
    told = next((value for name, value in response.headers.items() if name.lower() == "x-business-use-case-usage"), "")
    try:
        uses = [use for uses in json.loads(told).values() for use in uses]
        asked = max((int(use.get("estimated_time_to_regain_access", 0)) for use in uses), default=0)
    except (ValueError, TypeError, AttributeError):
        return 0
    return min(max(0, asked), _MOST_MINUTES)
