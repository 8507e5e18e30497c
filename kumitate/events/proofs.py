"""Whether a part of a trigger is so at a moment, and which events make it so.

As in segments: at `as_of` it looks at events before it, as far back as `within`; an event's own moment is the
millisecond after it.
Events of one millisecond do not follow one another in a sequence.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from kumitate.events.plan import Part
from kumitate.events.recollection import Entry, Recollection

Proof = tuple[Entry, ...]
"""The events that make a part so, oldest first."""


class Moment(NamedTuple):
    """When a part comes true, by the events' own time, and how the whole is looked at then.

    `due` is when it may be said, where something must not have happened until then.
    """

    at: int
    as_of: int
    proof: Proof
    due: int = 0


def moments(part: Part, known: Recollection, since: int, *, lateness: int = 0) -> Iterator[Moment]:
    """The moments at which it comes true by events from `since` on; all of those that wait for an absence."""
    if part.spoiler is not None:
        yield from _absences(part, known, lateness)
        return
    ends = part.steps[-1:] if part.kind == "sequence" else tuple(dict.fromkeys(part.steps))
    for at in sorted({entry.at for step in ends for entry in _since(known, step, since)}):
        proof = _AT_ONCE.get(part.kind, _KINDS[part.kind])(part, known, at + 1)
        if proof is not None:
            yield Moment(at, at + 1, proof)


def proof(part: Part, known: Recollection, as_of: int) -> Proof | None:
    """The events that make it so; None where it is not."""
    return _KINDS[part.kind](part, known, as_of)


def _count(part: Part, known: Recollection, as_of: int) -> Proof | None:
    found = known.window(part.steps[0], as_of - max(part.within_ms, 1), as_of)
    return tuple(found) if len(found) >= part.at_least else None


def _first(part: Part, known: Recollection, as_of: int) -> Proof | None:
    """That there was one."""
    found = known.window(part.steps[0], as_of - part.within_ms, as_of)
    return tuple(found[:1]) or None


def _for_the_first_time(part: Part, known: Recollection, as_of: int) -> Proof | None:
    """That there is one now, and was none before."""
    now, step = as_of - 1, part.steps[0]
    found, oldest = known.window(step, now, as_of), now - part.within_ms
    is_first = not known.window(step, oldest, now) and known.floor(step) < oldest
    return (found[0],) if found and is_first else None


def _changed(part: Part, known: Recollection, as_of: int) -> Proof | None:
    """The events of the last moment, if one of them tells another value than the one before it."""
    entries = [entry for entry in known.entries.get(part.steps[0], []) if part.column in entry.values]
    place = bisect_left(entries, (as_of,)) - 1
    while place >= 1 and entries[place].at == as_of - 1:
        before, now = (entries[number].values[part.column] for number in (place - 1, place))
        if before != now and part.from_value in (None, before) and part.to_value in (None, now):
            return (entries[place],)
        place -= 1
    return None


def _score(part: Part, known: Recollection, as_of: int) -> Proof | None:
    """Points in thousandths, each event's share rounded by itself, as the lake's scores are."""
    thousandths, found = 0, []
    for step, (points, most) in zip(part.steps, part.points, strict=True):
        entries = known.window(step, as_of - part.within_ms, as_of)
        counted = entries[-most:] if most is not None else entries
        thousandths += sum(_share(part, points, as_of - entry.at) for entry in counted)
        found += counted
    return tuple(sorted(found, key=lambda entry: entry[:2])) if round(thousandths / 10) / 100 >= part.at_least else None


def _share(part: Part, points: int, age: int) -> int:
    return round(points * 1000 * 0.5 ** (age / part.half_life_ms)) if part.half_life_ms else points * 1000


def _sequence(part: Part, known: Recollection, as_of: int) -> Proof | None:
    """The chain that ends last; with an absence, of those whose time has passed."""
    chain = _chain(part, known, as_of)
    if chain is None:
        return None
    after = chain[-1].at + 1 if chain else as_of - part.within_ms
    ends = known.window(part.steps[-1], after, as_of - part.span_ms + (1 if part.spoiler else 0))
    last = next((end for end in reversed(ends) if not _is_spoilt(part, known, end)), None)
    return None if last is None else (*chain, last)


def _chain(part: Part, known: Recollection, as_of: int) -> Proof | None:
    """The earliest events of all steps but the last, one after another."""
    found: list[Entry] = []
    for step in part.steps[:-1]:
        following = known.window(step, found[-1].at + 1 if found else as_of - part.within_ms, as_of)
        if not following:
            return None
        found.append(following[0])
    return tuple(found)


def _is_spoilt(part: Part, known: Recollection, end: Entry) -> bool:
    """Whether what must not happen did, within the span; where it is no longer known, it counts as if it did."""
    if part.spoiler is None:
        return False
    has_happened = known.window(part.spoiler, end.at + 1, end.at + part.span_ms)
    return bool(has_happened) or known.floor(part.spoiler) > end.at


def _absences(part: Part, known: Recollection, lateness: int) -> Iterator[Moment]:
    """Each end of a chain that nothing has spoilt yet, at the moment its span is over."""
    for end in known.entries.get(part.steps[-1], []):
        at = end.at + part.span_ms
        chain = None if _is_spoilt(part, known, end) else _chain(part, known, at)
        if chain is not None and at - part.within_ms <= end.at and (not chain or chain[-1].at < end.at):
            yield Moment(at, at, (*chain, end), max(at, end.arrived) + lateness)


def _since(known: Recollection, step: str, since: int) -> list[Entry]:
    entries = known.entries.get(step, [])
    return entries[bisect_left(entries, (since,)) :]


_KINDS: Mapping[str, Callable[[Part, Recollection, int], Proof | None]] = {
    "count": _count,
    "first": _first,
    "changed": _changed,
    "score": _score,
    "sequence": _sequence,
}
_AT_ONCE = {"first": _for_the_first_time}
"""What is looked at otherwise at the moment itself than afterwards."""
