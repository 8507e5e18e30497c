"""Reading an answer: the verdicts that mean the same at every vendor, and the reason codes they carry."""

from __future__ import annotations

import json
import re
from typing import Any

from kumitate.errors import RecordError
from kumitate.model.request import AwsCall, HttpRequest, Outcome, Request, Response, Verdict

UNCONFIRMED = "accepted.unconfirmed"
"""The vendor took the request; which rows it could use it does not say."""
THROTTLED = "throttled"
UNAVAILABLE = "unavailable"
BUSY = "row.busy"
BATCH_REFUSED = "batch.refused"
"""Another row spoiled the request; this one goes again without it."""
BATCH_SPOILED = "batch.spoiled"
"""One of these rows spoils the request, and the vendor does not say which: halved until it is found."""
JOB_RUNNING = "job.running"
"""The vendor works on it; a later run asks what became of it."""
QUOTA_SPENT = "quota.spent"
"""The account's allowance of the day or month is used up: nothing more until it is renewed."""
TOO_LARGE = 413
"""The status of a request whose body is larger than its receiver takes."""
TOO_LARGE_WORDS = "HTTP 413: the request is larger than the destination takes"
NO_MATCH_KEY = "matchkey.none"
"""The row has not a single usable match key."""
AUTH_REFUSED = "auth.refused"
REQUEST_REFUSED = "request.refused"
REDIRECT_REFUSED = "redirect.refused"
UNREADABLE = "answer.unreadable"

ROW_REASONS = frozenset({BUSY, BATCH_REFUSED, BATCH_SPOILED, JOB_RUNNING, NO_MATCH_KEY})
"""Reasons that lie with single rows; after any other RETRY the account itself is in trouble."""

AGAIN = frozenset({THROTTLED, UNAVAILABLE, BUSY, BATCH_REFUSED, BATCH_SPOILED})
"""Reasons worth another try within the run; any other RETRY waits for the next run."""

_SPENT = re.compile(rb"monthly limit|\bDAILY\b|daily (?:limit|quota)", re.IGNORECASE)
"""How vendors tell in a 429 that more patience is of no use today: LINE's monthly messages, HubSpot's `DAILY`."""
_ANY = "*/*"
"""The `Accept` of a request to somebody whose answer need not be JSON (a webhook that says `ok`)."""

_AWS_THROTTLES = frozenset(
    {"ThrottlingException", "TooManyRequestsException", "LimitExceededException", "Throttling", "RequestLimitExceeded"}
)
_AWS_AUTH = frozenset(
    {"AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"}
)


def for_all(request: Request, verdict: Verdict, reason: str = "", *, message: str = "") -> tuple[Outcome, ...]:
    """The same outcome for every row of a request."""
    return tuple(Outcome(key, verdict, reason, message) for key in request.keys)


def common_outcomes(request: Request, response: Response, *, idempotent: bool) -> tuple[Outcome, ...] | None:
    """Outcomes that need no knowledge of the vendor; None where the destination has to read the answer."""
    reason = _common_reason(request, response)
    if reason is None:
        return None
    if reason == UNREADABLE and response.status == TOO_LARGE:
        return too_large(request)
    may_have_arrived = reason == UNAVAILABLE or (reason == UNREADABLE and response.status < 300)
    verdict = Verdict.UNKNOWN if may_have_arrived and not idempotent else Verdict.RETRY
    return for_all(request, verdict, reason, message=f"HTTP {response.status}")


def too_large(request: Request) -> tuple[Outcome, ...]:
    """A request that is larger than the vendor, or a gateway before it with a page of its own, takes: halved, until
    a row stands alone and is refused.
    """
    if len(request.keys) == 1:
        return for_all(request, Verdict.REJECTED, f"vendor.http_{TOO_LARGE}", message=TOO_LARGE_WORDS)
    return for_all(request, Verdict.RETRY, BATCH_SPOILED, message=TOO_LARGE_WORDS)


def _common_reason(request: Request, response: Response) -> str | None:
    aws_code = str(aws_error(response).get("Code", "")) if isinstance(request, AwsCall) else ""
    if response.status == 429 or aws_code in _AWS_THROTTLES:
        return QUOTA_SPENT if _SPENT.search(response.body) else THROTTLED
    if response.status == 401 or aws_code in _AWS_AUTH:
        return AUTH_REFUSED
    if response.status >= 500:
        return UNAVAILABLE
    if 300 <= response.status < 400:
        return REDIRECT_REFUSED
    takes_any = isinstance(request, HttpRequest) and request.headers.get("Accept") == _ANY
    return None if takes_any or _is_json(response) else UNREADABLE


def _is_json(response: Response) -> bool:
    try:
        json_of(response)
    except RecordError:
        return False
    return True


def json_of(response: Response) -> Any:
    """The answer's JSON; RecordError where it is none (a proxy's HTML page, a cut connection)."""
    if not response.body:
        return {}
    try:
        return json.loads(response.body)
    except ValueError:
        raise RecordError(UNREADABLE) from None


def own_answer(response: Response, *members: str) -> dict[str, Any]:
    """The vendor's JSON object; RecordError where it holds none of what each of its answers holds.

    An empty page, or somebody else's, is no word of the vendor that it took anything.
    """
    answer = json_of(response)
    if not isinstance(answer, dict) or answer.keys().isdisjoint(members):
        raise RecordError(UNREADABLE)
    return answer


def aws_error(response: Response) -> dict[str, Any]:
    """`{"Code": …, "Message": …}` of an AWS answer, empty where it is no error."""
    try:
        error = json_of(response).get("Error", {})
    except (RecordError, AttributeError):
        return {}
    return error if isinstance(error, dict) else {}
