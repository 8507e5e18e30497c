"""Audiences of hashed people: who joins, who leaves, and what an audience must forget of those who stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from kumitate.activation.destinations.answers import BATCH_SPOILED, NO_MATCH_KEY, for_all
from kumitate.activation.destinations.usual_fields import (
    COUNTRY,
    EMAIL,
    FAMILY_NAME,
    GIVEN_NAME,
    PHONE,
    POSTAL_CODE,
)
from kumitate.activation.matchkeys import RuleSet, match_keys
from kumitate.model.request import Change, Operation, Outcome, Request, Verdict

Known = TypeVar("Known")
"""What an audience knows a person by: a row of hashes, or a list of identifiers. Empty where it knows nobody."""

CONTACTS: Mapping[str, tuple[str, ...]] = {"email": EMAIL, "phone": PHONE}
"""Usual fields of an audience that knows people by e-mail and phone."""
PERSONS: Mapping[str, tuple[str, ...]] = {
    **CONTACTS,
    "given_name": GIVEN_NAME,
    "family_name": FAMILY_NAME,
    "postal_code": POSTAL_CODE,
    "country": COUNTRY,
}
"""Usual fields of an audience that knows them by name and place as well."""
SHARED = "identifier.shared"
"""Nothing had to be taken out: somebody who stays is known by all that the row is known by."""
REFUSED = "vendor.refused"
"""The vendor refuses this row, in its own words."""


@dataclass(frozen=True, slots=True)
class Movements(Generic[Known]):
    """What changes mean to an audience; rows as (key of the change, what the audience knows it by)."""

    leaving: tuple[tuple[str, Known], ...]
    present: tuple[tuple[str, Known], ...]
    unusable: tuple[Outcome, ...]


def movements(
    changes: Sequence[Change],
    *,
    known_by: Callable[[Mapping[str, Any]], Known],
    outdated: Callable[[Known, Known], Known],
    why: Callable[[Mapping[str, Any]], str],
) -> Movements[Known]:
    """Removals, and then of those who stay what the audience was told earlier and what is theirs no more.

    An audience holds what a row says now and nothing else: a field that is absent is forgotten as one that is empty,
    or nobody would know any more what to take out when the person leaves. What a row has in common with somebody who
    stays is not taken out. Removals come first: an identifier may leave with one person and come with another.
    """
    gone, stale, present, unusable = [], [], [], []
    for change in changes:
        leaves = change.operation is Operation.DELETE
        now = known_by(_own(change.fields, change) if leaves else change.fields)
        if not now and leaves and change.shared:
            unusable.append(Outcome(change.key, Verdict.ACCEPTED, SHARED))
        elif not now:
            unusable.append(Outcome(change.key, Verdict.REJECTED, NO_MATCH_KEY, why(change.fields)))
        elif leaves:
            gone.append((change.key, now))
        else:
            present.append((change.key, now))
        told = _own(change.previous, change) if not leaves else {}
        before = outdated(known_by(told), now) if told else None
        if before:
            stale.append((change.key, before))
    return Movements((*gone, *stale), tuple(present), tuple(unusable))


def _own(fields: Mapping[str, Any], change: Change) -> Mapping[str, Any]:
    """Without what nobody may be taken out by, because somebody who stays has it as well."""
    if not change.shared:
        return fields
    return {name: value for name, value in fields.items() if name not in change.shared}


def only_leavers_leave(changes: Sequence[Change]) -> list[Change]:
    """For an audience built anew that nobody of its segment can be put into: who left goes, nobody else is touched.

    Rows that lost every match key at once are more likely a broken mapping than people to take out.
    """
    return [
        change if change.operation is Operation.DELETE else Change(change.key, change.operation, change.fields)
        for change in changes
    ]


def still_in(outcomes: Iterable[Outcome], changes: Sequence[Change]) -> tuple[Outcome, ...]:
    """Refusals of a rebuild that did not take place: who is in the audience from before is still in it, and waits."""
    held = {change.key for change in changes if change.operation in (Operation.KEEP, Operation.UPDATE)}
    return tuple(replace(each, verdict=Verdict.RETRY) if each.key in held else each for each in outcomes)


def no_longer(before: tuple[Known, ...], now: tuple[Known, ...]) -> tuple[Known, ...]:
    """Identifiers that an audience was given earlier and that are this member's no more."""
    return tuple(identifier for identifier in before if identifier not in now)


def why_unusable(rules: RuleSet, fields: Mapping[str, Any], country: str) -> str:
    """Reason codes by field, `email: email.invalid, phone: phone.invalid`; never a value."""
    dropped = match_keys(rules, fields, country=country).dropped
    return ", ".join(f"{name}: {reason}" for name, reason in sorted(dropped.items())) or "no match key mapped"


def spoiled(request: Request, words: str) -> tuple[Outcome, ...]:
    """A request refused as a whole for a row that nobody names: halved, until a row stands alone and is refused."""
    if len(request.keys) == 1:
        return for_all(request, Verdict.REJECTED, REFUSED, message=words)
    return for_all(request, Verdict.RETRY, BATCH_SPOILED, message=words)


def erased(
    changes: Sequence[Change], requests: Callable[[Sequence[Change]], Iterable[Request | Outcome]]
) -> tuple[Request | Outcome, ...]:
    """Requests that take people out under everything they were known by: as accepted last, and as they are now.

    An Outcome for those whom neither finds.
    """
    told = [Change(change.key, Operation.DELETE, change.previous) for change in changes if change.previous]
    now = [
        Change(change.key, Operation.DELETE, change.fields) for change in changes if change.fields != change.previous
    ]
    items = [item for rows in (told, now) if rows for item in requests(rows)]
    sent = [item for item in items if not isinstance(item, Outcome)]
    found = {key for request in sent for key in request.keys}
    unusable = {item.key: item for item in items if isinstance(item, Outcome) and item.key not in found}
    return (*unusable.values(), *sent)


def in_runs(rows: Sequence[tuple[str, Known]], size: int) -> Iterator[Sequence[tuple[str, Known]]]:
    """Rows in runs of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
