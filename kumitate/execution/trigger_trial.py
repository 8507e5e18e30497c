"""A trigger tried on events of the past: played in the order in which they happened, through the very engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from kumitate.errors import FatalError, RecordError
from kumitate.events.identifiers import Name, normalised
from kumitate.events.matching import Matching, Noticed, parsed
from kumitate.events.misses import nearest
from kumitate.events.plan import Triggering
from kumitate.events.processor import MOVED_TO, Processor
from kumitate.events.reading import milliseconds, moment_at
from kumitate.events.recollection import Entry, Recollection
from kumitate.events.state_keys import person_key, root_of
from kumitate.events.stitching import Stitching
from kumitate.model.event import MARKS, State
from kumitate.model.masking import mask

_MOVES = 4
"""From a browser to an address to a customer number."""


@dataclass(frozen=True, slots=True)
class Fire:
    """That it would have fired: when, for whom (masked), with what."""

    at: datetime
    who: str
    key: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody for whom it would not, and why not."""

    who: str
    why: str
    nearness: float


@dataclass(slots=True)
class Trial:
    """What a trigger would have done."""

    trigger: str
    events: int = 0
    """Of the sources that it looks at."""
    matching: int = 0
    """That it asks for."""
    refused: Counter[str] = field(default_factory=Counter)
    """Lines that cannot be used, by reason."""
    fires: list[Fire] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    """The nearest first."""
    first: datetime | None = None
    last: datetime | None = None


@dataclass(slots=True)
class _Ports:
    """A store, timers and a bus in memory."""

    states: dict[str, State] = field(default_factory=dict)
    timers: dict[str, tuple[datetime, Mapping[str, Any]]] = field(default_factory=dict)
    told: list[Mapping[str, Any]] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    """Whose each event was as it came, in the order in which they were played; empty for nobody's."""

    def read(self, keys: Sequence[str]) -> Mapping[str, State]:
        return {key: self.states[key] for key in keys if key in self.states}

    def write(self, key: str, data: Mapping[str, Any] | None, *, instead_of: int) -> bool:
        self.states[key] = State(data or {}, instead_of + 1)
        return True

    def publish(self, entries: Iterable[tuple[str, Mapping[str, Any] | None]]) -> None:
        self.states.update((key, State(data or {}, 1)) for key, data in entries)

    def set(self, name: str, at: datetime, payload: Mapping[str, Any]) -> None:
        self.timers[name] = at, payload

    def cancel(self, name: str) -> None:
        self.timers.pop(name, None)

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:  # noqa: ARG002 -- the port's
        self.told.append(detail)


@dataclass(slots=True)
class _Clock:
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a trigger is tried."""

    source: str = ""
    """Whose plain Segment events are, where the trigger looks at several."""
    person: str = ""
    """Only who is called so is told of."""
    as_of: datetime | None = None
    now: datetime
    """The past ends at `as_of`, if no event is later, else here: until then timers go off."""

    def end(self, last: datetime) -> datetime:
        return self.as_of if self.as_of is not None and last <= self.as_of else max(self.now, last)


def tried(triggering: Triggering, trigger: str, lines: Iterable[str], *, asked: Asked) -> Trial:
    """Play the lines, which may stand in any order."""
    plan = _alone(triggering, trigger)
    trial, events = Trial(trigger), list[Noticed]()
    matching = Matching(plan)
    for line in lines:
        try:
            event = _marked(line, plan, asked.source)
            found = None if event is None else matching.marked(event, now=None)
        except RecordError as error:
            trial.refused[error.reason] += 1
            continue
        trial.events += event is not None
        if found is not None:
            events.append(found)
    events.sort(key=lambda event: event.at)
    if events:
        trial.first, trial.last = moment_at(events[0].at), moment_at(events[-1].at)
        _Report(trial, plan, _played(plan, events, until=asked.end(trial.last)), asked).write(events)
    return trial


def _alone(triggering: Triggering, trigger: str) -> Triggering:
    """The plan of this trigger only."""
    watch = triggering.watches[trigger]
    steps = {name: triggering.steps[name] for name in sorted(watch.looks_at)}
    sources = {step.source: triggering.sources[step.source] for step in steps.values()}
    return replace(triggering, sources=sources, steps=steps, watches={trigger: watch})


def _marked(line: str, plan: Triggering, source: str) -> Mapping[str, Any] | None:
    """The event as the collector would have made it; None for another source's."""
    event = dict(parsed(line))
    marks = event.get(MARKS)
    if isinstance(marks, Mapping):
        return event if marks.get("source") in plan.sources else None
    if not event.get("messageId"):
        event["messageId"] = sha256(line.encode("utf-8", "surrogatepass")).hexdigest()
    event[MARKS] = {"source": source or _only(plan)}
    return event


def _only(plan: Triggering) -> str:
    if len(plan.sources) > 1:
        raise FatalError(f"whose events are these? Name one with --source: {', '.join(sorted(plan.sources))}")
    return next(iter(plan.sources))


def _played(plan: Triggering, events: Sequence[Noticed], *, until: datetime) -> _Ports:
    ports, clock = _Ports(), _Clock()
    processor = Processor(plan, ports, ports, ports, clock=clock)
    for event in events:
        _pass(ports, clock, processor, until=moment_at(event.at))
        processor.see([event])
        ports.owners.append(_owner(ports, event))
    _pass(ports, clock, processor, until=until)
    return ports


def _owner(ports: _Ports, event: Noticed) -> str:
    if not event.known_by:
        return ""
    surest = event.known_by[0]
    return Stitching(ports, 0).lead(root_of(surest.named.kind, surest.value), event.at, surest)[0].root


def _pass(ports: _Ports, clock: _Clock, processor: Processor, *, until: datetime) -> None:
    """Timers go off in their order."""
    while ports.timers and (due := min(ports.timers.items(), key=lambda item: (item[1][0], item[0])))[1][0] <= until:
        name, (when, payload) = due
        del ports.timers[name]
        clock.now = when
        processor.wake(payload)
    clock.now = until


@dataclass(frozen=True, slots=True)
class _Report:
    """Says of what was played for whom it fired, and why not for the others."""

    trial: Trial
    plan: Triggering
    ports: _Ports
    asked: Asked

    def write(self, events: Sequence[Noticed]) -> None:
        self.trial.matching = sum(bool(event.steps) for event in events)
        names = {root_of(name.named.kind, name.value): name for event in events for name in event.known_by}
        meant = self._meant() & names.keys()
        if self.asked.person and not meant:
            raise FatalError("no event calls anybody so; give an identifier as the events have it, e.g. a userId")
        stitching = Stitching(self.ports, 0)
        meant |= {stitching.lead(ref)[0].root for ref in meant}  # whoever a browser was named with
        fired = self._fires(names, meant)
        for root, each in self._owned(events).items():
            if root not in fired and any(event.steps for event in each):
                self._miss(each, meant)
        self.trial.missed.sort(key=lambda missed: -missed.nearness)

    def _meant(self) -> set[str]:
        """What is asked for, read as an identifier of each kind that events carry."""
        return {
            root_of(named.kind, value)
            for watched in self.plan.sources.values()
            for named in watched.names
            if (field := watched.fields[named.column])
            and (value := normalised(self.asked.person, field, country=named.country, zone=watched.zone))
        }

    def _fires(self, names: Mapping[str, Name], meant: set[str]) -> set[str]:
        """Everybody for whom it fired."""
        fired, stitching = set[str](), Stitching(self.ports, 0)
        for detail in self.ports.told:
            refs = [who.removeprefix("who#").replace("#", ":", 1) for who in detail["who"]]
            fired |= {*refs, *(stitching.lead(ref)[0].root for ref in refs)}
            if not meant or meant & set(refs):
                surest = names[refs[0]]
                whole = detail["person_id"] or next((ref for ref in refs if ref in detail["key"]), refs[0])
                key = detail["key"].replace(whole, mask(surest.value))
                self.trial.fires.append(
                    Fire(datetime.fromisoformat(detail["at"]), _masked(surest), key, detail["facts"])
                )
        return fired

    def _owned(self, events: Iterable[Noticed]) -> dict[str, list[Noticed]]:
        """Events by whose they were, or turned out to be: a browser may have been somebody else's before."""
        owned: dict[str, list[Noticed]] = {}
        for event, owner in zip(events, self.ports.owners, strict=True):
            if owner:
                owned.setdefault(self._moved_to(owner), []).append(event)
        return owned

    def _moved_to(self, root: str) -> str:
        """Where somebody's own state went when they named themselves, however long ago that is by now."""
        for _ in range(_MOVES):
            state = self.ports.states.get(person_key(root))
            if state is None or MOVED_TO not in state.data:
                break
            root = str(state.data[MOVED_TO])
        return root

    def _miss(self, events: Sequence[Noticed], meant: set[str]) -> None:
        names = [name for event in events for name in event.known_by]
        if meant and not meant & {root_of(name.named.kind, name.value) for name in names}:
            return
        watch, last = self.plan.watches[self.trial.trigger], self.trial.last
        until = milliseconds(self.asked.end(last)) if last is not None else 0
        miss = nearest(self.plan, watch, _all_of(events), until=until)
        surest = min(names, key=lambda name: (name.named.within_ms is not None, name.named.kind))
        self.trial.missed.append(Missed(_masked(surest), miss.why, miss.nearness))


def _all_of(events: Iterable[Noticed]) -> Recollection:
    """Everything, with no bounds."""
    known = Recollection()
    for step, entry in sorted(_entries(events), key=lambda pair: pair[1][:2]):
        held = known.entries.setdefault(step, [])
        if not held or held[-1].id != entry.id:
            held.append(entry)
    return known


def _entries(events: Iterable[Noticed]) -> Iterator[tuple[str, Entry]]:
    for event in events:
        for step, values in event.steps.items():
            yield step, Entry(event.at, event.id, values)


def _masked(name: Name) -> str:
    return f"{name.named.kind} {mask(name.value)}"
