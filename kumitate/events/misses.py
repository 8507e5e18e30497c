"""Why a trigger has not fired for somebody, as near as they came: `2 of 3 …; the third came after 9 days`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from kumitate.events.plan import Part, Triggering, Watch
from kumitate.events.proofs import moments, proof
from kumitate.events.recollection import Entry, Recollection
from kumitate.events.words import ordinal, span, step_words

_NEVER = -(2**62)


class _Asked(NamedTuple):
    triggering: Triggering
    part: Part
    known: Recollection
    until: int


class Miss(NamedTuple):
    """What kept it from firing, and how near it came: from 0 to 1."""

    why: str
    nearness: float


def nearest(triggering: Triggering, watch: Watch, known: Recollection, *, until: int) -> Miss:
    """`known` are all of the person's events, and `until` the last moment that was looked at."""
    misses = [_KINDS[part.kind](_Asked(triggering, part, known, until)) for part in watch.parts]
    found = [miss for miss in misses if miss is not None]
    if found:
        return Miss("; ".join(miss.why for miss in found), 1 - sum(1 - miss.nearness for miss in found) / len(misses))
    if len(watch.parts) > 1 and not _were_at_once(watch, known):
        return Miss("all parts were so, but never at the same time", 0.95)
    return Miss("it was so, and had fired for the same key already or was no longer fresh", 1.0)


def _were_at_once(watch: Watch, known: Recollection) -> bool:
    comes = (moment for part in watch.parts for moment in moments(part, known, _NEVER))
    return any(all(proof(part, known, moment.as_of) is not None for part in watch.parts) for moment in comes)


def _count(asked: _Asked) -> Miss | None:
    triggering, part, known, _ = asked
    times = [entry.at for entry in known.entries.get(part.steps[0], [])]
    needed, what = int(part.at_least), step_words(triggering.steps[part.steps[0]])
    count, gap = max((_run(times, start, part.within_ms) for start in range(len(times))), default=(0, _NEVER))
    if count >= needed:
        return None
    why = f"{count} of {needed} × {what}"
    if gap > _NEVER:
        why += f"; the {ordinal(count + 1)} came after {span(-gap)}"
    return Miss(why, count / needed)


def _run(times: list[int], start: int, within: int) -> tuple[int, int]:
    """How many events the window holds that begins here, and minus the time to the next one: the more, the nearer."""
    after = bisect_left(times, times[start] + max(within, 1))
    return after - start, times[start] - times[after] if after < len(times) else _NEVER


def _sequence(asked: _Asked) -> Miss | None:
    triggering, part, known, _ = asked
    if any(True for _ in moments(part, known, _NEVER)) and part.spoiler is None:
        return None
    after, reached = _NEVER, 0
    for step in part.steps:
        following = known.window(step, after + 1, 2**62)
        if not following:
            which, missing = f"step {reached + 1} of {len(part.steps)}", step_words(triggering.steps[step])
            after_which = " after the one before" if reached else ""
            return Miss(f"{which} never came{after_which}: {missing}", reached / (len(part.steps) + 1))
        after, reached = following[0].at, reached + 1
    return (
        _absence(asked, since=after)
        if part.spoiler
        else Miss(f"all steps came, but not within {span(part.within_ms)}", 0.9)
    )


def _absence(asked: _Asked, *, since: int) -> Miss | None:
    """Of all last steps the one that was left alone longest; `since` the first that followed the others."""
    triggering, part, known, until = asked
    ends = known.window(part.steps[-1], since, 2**62)
    waited = [spoilers[0].at - end.at for end in ends if (spoilers := _spoilers(part, known, end.at))]
    if len(waited) < len(ends) and ends[-1].at + part.span_ms > until:
        return Miss(f"still waits: {span(part.span_ms)} are not over where the events end", 0.99)
    if len(waited) == len(ends):
        what = step_words(triggering.steps[part.spoiler or ""])
        return Miss(f"{what} after {span(max(waited))}", max(waited) / part.span_ms)
    if any(True for _ in moments(part, known, 0)):
        return None
    return Miss(f"all steps came, but with the wait after them not within {span(part.within_ms)}", 0.9)


def _spoilers(part: Part, known: Recollection, at: int) -> list[Entry]:
    return known.window(part.spoiler or "", at + 1, at + part.span_ms)


def _first(asked: _Asked) -> Miss | None:
    triggering, part, known, _ = asked
    entries = known.entries.get(part.steps[0], [])
    return None if entries else Miss(f"no {step_words(triggering.steps[part.steps[0]])}", 0.0)


def _changed(asked: _Asked) -> Miss | None:
    _, part, known, __ = asked
    if any(True for _ in moments(part, known, _NEVER)):
        return None
    values = {entry.values.get(part.column) for entry in known.entries.get(part.steps[0], [])} - {None}
    return Miss(f"{part.column} has not changed so; {len(values)} different value(s) seen", min(len(values), 2) / 3)


def _score(asked: _Asked) -> Miss | None:
    _, part, known, __ = asked
    if any(True for _ in moments(part, known, _NEVER)):
        return None
    low, high = 0.0, part.at_least
    times = sorted({entry.at for step in part.steps for entry in known.entries.get(step, [])})
    while high - low > 0.05:  # the most that any moment reaches, found by asking for less
        middle = (low + high) / 2
        reached = any(proof(replace(part, at_least=middle), known, at + 1) is not None for at in times)
        low, high = (middle, high) if reached else (low, middle)
    return Miss(f"{low:.1f} of {part.at_least:g} points at most", low / part.at_least)


_KINDS: Mapping[str, Callable[[_Asked], Miss | None]] = {
    "count": _count,
    "sequence": _sequence,
    "first": _first,
    "changed": _changed,
    "score": _score,
}
