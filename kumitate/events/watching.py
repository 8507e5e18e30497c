"""What an event, a timer or two states made one make true: a person's next state, what fires, and which timers to set.

Pure: the same state, event and time give the same answer. Everything may come twice, late, in any order: a trigger is
looked at anew for every moment that an event may have changed, and what has fired is remembered with its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from kumitate.events.facts import facts_of, key_of
from kumitate.events.matching import Noticed
from kumitate.events.plan import Triggering, Watch
from kumitate.events.proofs import Moment, Proof, moments, proof
from kumitate.events.reading import moment_at
from kumitate.events.recollection import Entry, Firing, Recollection
from kumitate.events.state_keys import who_of

_SINCE_EVER = -(2**62)
_UNSURE = 2**31


@dataclass(frozen=True, slots=True)
class Whom:
    """Whose state it is: `root` names it; `person_id` is the lake's, empty while it does not know them."""

    root: str
    person_id: str = ""


@dataclass(slots=True)
class Changes:
    """What is to be done beside writing the state."""

    is_new: bool = False
    """Whether the state is another."""
    fired: list[dict[str, Any]] = field(default_factory=list)
    """As `pending` of the state has them, too."""
    timers: dict[str, int] = field(default_factory=dict)
    """To be set, by trigger; before the state is written."""
    cancelled: list[tuple[str, int]] = field(default_factory=list)
    """Triggers and times of timers that are not needed; after the state is written."""

    def add(self, later: Changes) -> None:
        """What was changed after this."""
        self.is_new |= later.is_new
        self.fired += later.fired
        self.cancelled += later.cancelled
        self.timers |= later.timers


@dataclass(frozen=True)
class Watching:
    """A project's triggers at work on one person's state, which the methods change."""

    triggering: Triggering

    def advance(self, known: Recollection, events: Iterable[Noticed], *, whom: Whom, now: int) -> Changes:
        """The events have come in, in any order; `now` in milliseconds.

        What waits for an absence is decided when all of them are taken in: a backlog may hold what must not have
        happened. Everything else is decided event by event, while what a long batch pushes out is still remembered.
        """
        changes, touched, since = Changes(), set[str](), now
        for event in sorted(events, key=lambda event: (event.at, event.id)):
            changes.is_new |= self._note(known, event)
            taken = {name for name in event.steps if self._take(known, name, event, now=now)}
            if taken:
                touched, since = touched | taken, min(since, event.at)
                changes.is_new = True
                known.forget(self.triggering, now)
                at_once = self._asking(taken, waits=False)
                self._look(known, changes, _Look(whom, now, since=event.at, triggers=at_once))
        self._look(known, changes, _Look(whom, now, since=since, triggers=self._asking(touched, waits=True)))
        return changes

    def wake(self, known: Recollection, *, whom: Whom, now: int) -> Changes:
        """A timer has gone off: what waited is looked at, and waits on where its time has not come."""
        changes = Changes()
        waiting = [name for name, watch in self.triggering.watches.items() if watch.waits]
        gone_off = [name for name, due in known.timers.items() if due <= now]
        for name in gone_off:
            del known.timers[name]
        changes.is_new = bool(gone_off)
        self._look(known, changes, _Look(whom, now, since=now, triggers=waiting))
        return changes

    def unite(self, known: Recollection, *, whom: Whom, now: int) -> Changes:
        """Another state was united with this one: everything may have changed."""
        changes = Changes(is_new=True)
        known.forget(self.triggering, now)
        self._look(known, changes, _Look(whom, now, since=_SINCE_EVER, triggers=list(self.triggering.watches)))
        return changes

    @cached_property
    def _askers(self) -> Mapping[str, frozenset[str]]:
        """Step -> triggers whose condition or facts look at it."""
        looks = {name: watch.looks_at for name, watch in self.triggering.watches.items()}
        return {step: frozenset(name for name in looks if step in looks[name]) for step in self.triggering.steps}

    def _asking(self, steps: set[str], *, waits: bool) -> list[str]:
        """Triggers that look at these steps: those that wait for an absence, or the others."""
        names = {name for step in steps for name in self._askers[step]}
        return sorted(name for name in names if self.triggering.watches[name].waits == waits)

    def _take(self, known: Recollection, step: str, event: Noticed, *, now: int) -> bool:
        entry = Entry(event.at, event.id, event.steps[step], now)
        return known.take(step, entry, step=self.triggering.steps[step], now=now)

    def _note(self, known: Recollection, event: Noticed) -> bool:
        """What an event says of the person, beside what happened."""
        said = [known.note_consent(name, event.at, granted=yes) for name, yes in event.consents.items()]
        has_name = known.note_names(event.names)
        return any(said) or (has_name and bool(known.entries))

    def _look(self, known: Recollection, changes: Changes, look: _Look) -> None:
        for trigger in look.triggers:
            watch = self.triggering.watches[trigger]
            for found in _candidates(watch, known, look.since):
                if found.due <= look.now and look.now - found.at <= watch.fresh_ms + (found.due and watch.lateness_ms):
                    changes.fired += _fired(known, found, self._asked(trigger, look))
            changes.is_new |= bool(changes.fired)
            if watch.waits:
                self._set_timer(known, changes, self._asked(trigger, look))

    def _asked(self, trigger: str, look: _Look) -> _Asked:
        return _Asked(trigger, self.triggering.watches[trigger], look, self._sureness)

    @cached_property
    def _sureness(self) -> Mapping[str, int]:
        """By kind, the last place that it has among those of any source."""
        found: dict[str, int] = {}
        for watched in self.triggering.sources.values():
            for place, named in enumerate(watched.names):
                found[named.kind] = max(place, found.get(named.kind, 0))
        return found

    def _set_timer(self, known: Recollection, changes: Changes, asked: _Asked) -> None:
        """For what waits next; one that is set earlier stays, and is moved on when it wakes."""
        trigger, now, is_set = asked.trigger, asked.look.now, known.timers.get(asked.trigger)
        due = _next_due(known, asked)
        if is_set == due or (is_set is not None and due is not None and now < is_set <= due):
            return
        changes.is_new = True
        if is_set is not None:
            changes.cancelled.append((trigger, is_set))
            del known.timers[trigger]
        if due is not None:
            known.timers[trigger] = changes.timers[trigger] = due


@dataclass(frozen=True, slots=True)
class _Look:
    """What is looked at: these triggers, for moments from `since` on."""

    whom: Whom
    now: int
    _: KW_ONLY
    since: int
    triggers: list[str]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One trigger, looked at."""

    trigger: str
    watch: Watch
    look: _Look
    sureness: Mapping[str, int]
    """How sure kinds of identifiers are: the lower the surer."""


def _candidates(watch: Watch, known: Recollection, since: int) -> list[Moment]:
    """The moments at which any part comes true, in order."""
    found = (each for part in watch.parts for each in moments(part, known, since, lateness=watch.lateness_ms))
    return sorted(found, key=lambda moment: (moment.at, moment.as_of))


def _fired(known: Recollection, moment: Moment, asked: _Asked) -> list[dict[str, Any]]:
    """What it tells, if all of it is so and it has not fired for that already; noted in the state, to be told."""
    held = _whole_proof(asked.watch, known, moment)
    if held is None:
        return []
    facts = facts_of(asked.watch, known, held, as_of=moment.as_of)
    key = _digest(key_of(asked.watch.key, facts))
    if _is_covered(known, asked, key, at=moment.at):
        return []
    known.note_firing(asked.trigger, Firing(moment.at, key))
    told = _told(known, asked, facts, firing=Firing(moment.at, key))
    known.pending.append(told)
    return [told]


def _next_due(known: Recollection, asked: _Asked) -> int | None:
    """When that may be said which waits first, and would not be kept from it by what has fired."""
    watch, now = asked.watch, asked.look.now
    absences = [part for part in watch.parts if part.spoiler is not None]
    found = (each for part in absences for each in moments(part, known, now, lateness=watch.lateness_ms))
    waiting = sorted((each for each in found if each.due > now), key=lambda moment: moment.due)
    return next((each.due for each in waiting if not _will_be_covered(known, each, asked)), None)


def _will_be_covered(known: Recollection, moment: Moment, asked: _Asked) -> bool:
    facts = facts_of(asked.watch, known, moment.proof, as_of=moment.as_of)
    return _is_covered(known, asked, _digest(key_of(asked.watch.key, facts)), at=moment.at)


def _whole_proof(watch: Watch, known: Recollection, moment: Moment) -> Proof | None:
    """The events of all parts, oldest first; None where one of them is not so at the moment."""
    if len(watch.parts) == 1:
        return moment.proof
    found: dict[tuple[int, str], Entry] = {entry[:2]: entry for entry in moment.proof}
    for part in watch.parts:
        held = proof(part, known, moment.as_of)
        if held is None:
            return None
        found.update((entry[:2], entry) for entry in held)
    return tuple(found[order] for order in sorted(found))


def _is_covered(known: Recollection, asked: _Asked, key: str, *, at: int) -> bool:
    """Whether it has fired for this key in the same stretch of `once_per`, or that is no longer known."""
    if at <= known.fired_floor(asked.trigger):
        return True
    once = asked.watch.once_ms
    fired = (one.at for one in known.fired.get(asked.trigger, []) if one.key == key)
    return any(once is None or abs(at - one) < max(once, 1) for one in fired)


def _told(known: Recollection, asked: _Asked, facts: Mapping[str, Any], *, firing: Firing) -> dict[str, Any]:
    """A firing as the bus tells it."""
    whom = asked.look.whom
    return {
        "id": _digest("\x1f".join((asked.trigger, whom.root, firing.key, str(firing.at))), 32),
        "trigger": asked.trigger,
        "key": key_of(asked.watch.key, facts, whom.person_id or whom.root),
        "person_id": whom.person_id,
        "at": moment_at(firing.at).isoformat(),
        "facts": dict(facts),
        "denied": known.denied(),
        "who": [who_of(name) for name in _surest(known.names, asked)],
    }


def _surest(names: Iterable[str], asked: _Asked) -> list[str]:
    """Of the surest kind they are called by, the newest first: a tablet may lead to somebody else."""
    root, rank = asked.look.whom.root, asked.sureness
    called = [*([root] if ":" in root else []), *reversed([*names])]
    best = min((rank.get(_kind(name), _UNSURE) for name in called), default=_UNSURE)
    return list(dict.fromkeys(name for name in called if rank.get(_kind(name), _UNSURE) == best))


def _kind(name: str) -> str:
    return name.partition(":")[0]


def _digest(text: str, digits: int = 12) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
