"""What an answer, or its absence, says of a request's rows and of the account."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    NO_MATCH_KEY,
    ROW_REASONS,
    UNAVAILABLE,
    UNREADABLE,
    common_outcomes,
    for_all,
)
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.model.request import Outcome, Request, Response, Verdict

if TYPE_CHECKING:  # a cold start pays for destinations when it knows which
    from kumitate.activation.destinations.base import Destination

SETTLED = (Verdict.ACCEPTED, Verdict.REJECTED)
_WORST_FIRST = (Verdict.REJECTED, Verdict.UNKNOWN, Verdict.RETRY, Verdict.ACCEPTED)

Listener = Callable[[Request, Response], None]


def missed(destination: Destination, request: Request, error: Exception) -> tuple[Outcome, ...]:
    """Outcomes of a request that has no answer."""
    if isinstance(error, FatalError):
        return for_all(request, Verdict.RETRY, AUTH_REFUSED, message=str(error))
    never_left = isinstance(error, RetryableError) and error.never_left
    verdict = Verdict.RETRY if destination.terms.idempotent or never_left else Verdict.UNKNOWN
    return for_all(request, verdict, UNAVAILABLE, message=str(error))


def answered(
    destination: Destination, request: Request, response: Response, *, listener: Listener | None
) -> tuple[Outcome, ...]:
    """Outcomes of a request that has one; `listener` hears of it where it was taken."""
    idempotent = destination.terms.idempotent
    known = common_outcomes(request, response, idempotent=idempotent)
    if known is not None:
        return known
    try:
        found = destination.outcomes(request, response)
    except (RecordError, LookupError, TypeError, ValueError, AttributeError):
        # An answer of a shape that the vendor never documented must not stop the other rows.
        verdict = Verdict.RETRY if idempotent else Verdict.UNKNOWN
        return for_all(request, verdict, UNREADABLE, message=f"HTTP {response.status}")
    if listener is not None and any(outcome.verdict is Verdict.ACCEPTED for outcome in found):
        listener(request, response)
    return found


def gravest(outcomes: Iterable[Outcome]) -> Outcome | None:
    """An outcome that lies with the account, not with its row: one without a verdict before one to try again."""
    grave = [outcome for outcome in outcomes if outcome.verdict not in SETTLED and _is_trouble(outcome)]
    return next((outcome for outcome in grave if outcome.verdict is Verdict.UNKNOWN), grave[0] if grave else None)


def _is_trouble(outcome: Outcome) -> bool:
    if outcome.verdict is Verdict.UNKNOWN:
        return True
    return outcome.verdict is Verdict.RETRY and outcome.reason not in ROW_REASONS


def stays(request: Request, trouble: Outcome) -> tuple[Outcome, ...]:
    """Rows that were not sent: nothing happened to them, whatever happened before."""
    return for_all(request, Verdict.RETRY, trouble.reason, message=trouble.message)


def worse(one: Outcome, other: Outcome) -> Outcome:
    """Of two of one row the graver; a row without a match key waits as long as its old ones have to leave."""
    for unfound, removal in ((one, other), (other, one)):
        if unfound.reason == NO_MATCH_KEY and removal.verdict is not Verdict.ACCEPTED:
            return removal
    if one.verdict is other.verdict is Verdict.ACCEPTED and one.message != other.message:
        return replace(other, message=f"{other.message} {one.message}".strip())
    return min(other, one, key=lambda outcome: _WORST_FIRST.index(outcome.verdict))
