"""Watches events as they come in: whose they are, what they make true, and that it is told.

Everything may come twice, late, and on several shards at once. A state is written where nobody else wrote it meanwhile;
timers are set before it, what has fired is told after it and stands in it until then. A state that turns out to be
somebody's is frozen before it is united with theirs, so that nothing fires from both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kumitate.errors import RecordError, RetryableError
from kumitate.events.matching import Matching, Noticed
from kumitate.events.plan import Triggering
from kumitate.events.reading import milliseconds, moment_at
from kumitate.events.recollection import Recollection, recollected, united
from kumitate.events.state_keys import person_key
from kumitate.events.stitching import TRIES, Owner, Stitching, ref_of
from kumitate.events.watching import Changes, Watching, Whom

if TYPE_CHECKING:
    from kumitate.model.event import State
    from kumitate.ports import EventBus, StateStore, Timers

FIRED = "Trigger fired"
"""The detail type on the bus; the detail has the members of `model.event.Fired`."""
MOVED_TO, MOVED_AT = "to", "at"
"""Members of a state that was united with another one's."""
_FOLLOWED_MS = 600_000
"""For so long a moved state leads those on who have not seen yet whose it is."""
_AT_LEAST_DAYS = 30
_DAY_MS = 86_400_000


@dataclass(slots=True)
class _Job:
    """What there is to do about one person."""

    whom: Whom
    also: set[str] = field(default_factory=set)
    events: dict[int, Noticed] = field(default_factory=dict, repr=False)
    """By the places of their lines."""
    is_woken: bool = False

    @property
    def roots(self) -> list[str]:
        return [self.whom.root, *sorted(self.also)]


@dataclass(frozen=True)
class Processor:
    """Advances every person's state by their events; all ports may fail, and every call may come again."""

    triggering: Triggering
    store: StateStore
    timers: Timers
    bus: EventBus
    _: KW_ONLY
    clock: Callable[[], datetime]

    def process(self, lines: Sequence[bytes | str]) -> tuple[tuple[int, str], ...]:
        """Take in collected lines; the places of those that cannot be used, with the reason of each.

        RetryableError where some port failed: then all of the lines come again.
        """
        now = milliseconds(self.clock())
        events, refused = self._noticed(lines, now)
        return tuple(sorted([*refused, *self._seen(events, now)]))

    def see(self, events: Sequence[Noticed]) -> None:
        """The same for events that were noticed already, as by `Matching`."""
        self._seen(dict(enumerate(filter(_is_of_use, events))), milliseconds(self.clock()))

    def _seen(self, events: Mapping[int, Noticed], now: int) -> list[tuple[int, str]]:
        jobs = self._jobs(events, now)
        found = self.store.read([person_key(root) for job in jobs for root in job.roots])
        return [refused for job in jobs for refused in self._in_parts(job, now, found)]

    def wake(self, payload: Mapping[str, Any]) -> None:
        """A timer has gone off; `payload` is what was given when it was set."""
        root, due = payload.get("root"), payload.get("due")
        if not isinstance(root, str) or not isinstance(due, int):
            raise RecordError("timer.unknown")
        now = max(milliseconds(self.clock()), due)
        ref = ref_of(root)
        stitching = Stitching(self.store, now)
        whom, passed = stitching.lead(ref) if ref else stitching.lead_person(root)
        self._do(_Job(whom, {*passed, root} - {whom.root}, is_woken=True), now)

    @cached_property
    def _matching(self) -> Matching:
        return Matching(self.triggering)

    @cached_property
    def _watching(self) -> Watching:
        return Watching(self.triggering)

    def _noticed(self, lines: Sequence[bytes | str], now: int) -> tuple[dict[int, Noticed], list[tuple[int, str]]]:
        events: dict[int, Noticed] = {}
        refused: list[tuple[int, str]] = []
        for place, line in enumerate(lines):
            try:
                event = self._matching.notice(line, now=now)
            except RecordError as error:
                refused.append((place, error.reason))
                continue
            if event is not None and _is_of_use(event):
                events[place] = event
        return events, refused

    def _jobs(self, events: Mapping[int, Noticed], now: int) -> list[_Job]:
        """By person, in the order in which the first event of each came."""
        stitching, jobs = Stitching(self.store, now), dict[str, _Job]()
        stitching.fetch(events.values())
        for place, event in events.items():
            owner: Owner | None = stitching.owner(event)
            if owner is not None:
                job = jobs.setdefault(owner.whom.root, _Job(owner.whom))
                job.also |= owner.also
                job.events[place] = event
        return _gathered(jobs)

    def _in_parts(self, job: _Job, now: int, found: Mapping[str, State] | None) -> list[tuple[int, str]]:
        """What the store refuses as too large is tried by halves, the older first: each tells what it has fired."""
        try:
            self._do(job, now, found)
        except RecordError as error:
            places = sorted(job.events, key=lambda place: job.events[place].at)
            if len(places) <= 1:
                return [(place, error.reason) for place in places]
            half = len(places) // 2
            parts = ({place: job.events[place] for place in some} for some in (places[:half], places[half:]))
            return [each for part in parts for each in self._in_parts(replace(job, events=part), now, None)]
        return []

    def _do(self, job: _Job, now: int, found: Mapping[str, State] | None = None) -> None:
        """`found` are the states as they were read with others'; they may have changed since."""
        for _ in range(TRIES):
            if found is None:
                found = self.store.read([person_key(root) for root in job.roots])
            state = found.get(person_key(job.whom.root))
            if (led_on := _led_on(state, job, now)) is not None:
                job = _Job(led_on, {*job.also, job.whom.root} - {led_on.root}, job.events, job.is_woken)
                found = None
                continue
            others = {root: held for root in job.roots[1:] if (held := found.get(person_key(root))) and _is_live(held)}
            frozen = [self._froze(root, held, job.whom) for root, held in others.items()]
            if all(frozen) and self._advanced(job, state, others, now=now):
                return
            found = None
        raise RetryableError("others are quicker to write this person's state; the events come again")

    def _froze(self, root: str, state: State, whom: Whom) -> bool:
        """From now on nothing but moving it is done with this state."""
        return state.data.get(MOVED_TO) == whom.root or self.store.write(
            person_key(root), {**state.data, MOVED_TO: whom.root}, instead_of=state.version
        )

    def _advanced(self, job: _Job, state: State | None, others: Mapping[str, State], *, now: int) -> bool:
        """Whether the state could be written; where it was, all that follows from it is done, too."""
        known = recollected(state.data if state is not None else None)
        for other in others.values():
            known = united(known, recollected(other.data))
        changes = self._changes(job, known, has_others=bool(others), now=now)
        for trigger, due in changes.timers.items():
            self.timers.set(_timer(job.whom, trigger, due), moment_at(due), _payload(job.whom, trigger, due))
        version = state.version if state is not None else 0
        if changes.is_new:
            if not self.store.write(person_key(job.whom.root), self._data(known, now), instead_of=version):
                return False
            self._clear(job, others, now)
        for trigger, due in changes.cancelled:
            self.timers.cancel(_timer(job.whom, trigger, due))
        if known.pending:
            self._tell(job.whom, known.pending)
        return True

    def _changes(self, job: _Job, known: Recollection, *, has_others: bool, now: int) -> Changes:
        changes = self._watching.advance(known, job.events.values(), whom=job.whom, now=now)
        if has_others:
            changes.add(self._watching.unite(known, whom=job.whom, now=now))
        if job.is_woken:
            changes.add(self._watching.wake(known, whom=job.whom, now=now))
        return changes

    def _clear(self, job: _Job, others: Mapping[str, State], now: int) -> None:
        """What was moved leaves a trace for those who come late; whoever else moved it has left one, too."""
        for root in others:
            state = self.store.read([person_key(root)]).get(person_key(root))
            if state is not None and state.data.get(MOVED_TO) == job.whom.root and _is_live(state):
                trace = {MOVED_TO: job.whom.root, MOVED_AT: now, "expires_at": self._expires_at(now)}
                self.store.write(person_key(root), trace, instead_of=state.version)
        for root, other in others.items():
            for trigger, due in recollected(other.data).timers.items():
                self.timers.cancel(_timer(Whom(root), trigger, due))

    def _tell(self, whom: Whom, pending: Sequence[Mapping[str, Any]]) -> None:
        """Tell what has fired, then forget that it waits; a crash between tells it twice, by the same id."""
        for detail in pending:
            self.bus.put(FIRED, detail)
        told, key = {detail["id"] for detail in pending}, person_key(whom.root)
        for _ in range(TRIES):
            state = self.store.read([key]).get(key)
            if state is None:
                return
            known = recollected(state.data)
            left = [detail for detail in known.pending if detail["id"] not in told]
            data = (
                {**state.data, "p": left} if left else {name: each for name, each in state.data.items() if name != "p"}
            )
            if len(left) == len(known.pending) or self.store.write(key, data, instead_of=state.version):
                return
        raise RetryableError("others are quicker to write this person's state; what fired is told again")

    def _data(self, known: Recollection, now: int) -> dict[str, Any]:
        data = known.data()
        is_for_ever = any(
            (watch := self.triggering.watches.get(trigger)) is not None and watch.once_ms is None
            for trigger in known.fired
        )
        return data if is_for_ever else {**data, "expires_at": self._expires_at(now)}

    def _expires_at(self, now: int) -> int:
        """Seconds since 1970 after which nothing of it can matter."""
        return (now + max(self.triggering.keep_ms, _AT_LEAST_DAYS * _DAY_MS) + _DAY_MS) // 1000


def _gathered(jobs: dict[str, _Job]) -> list[_Job]:
    """What was taken for somebody else's, before a later event of the batch told whose it is, is done with theirs."""
    for root in [*jobs]:
        while root in jobs and (same := jobs[root].also & jobs.keys() - {root}):
            for each in same:
                other = jobs.pop(each)
                jobs[root].also |= other.also - {root}
                jobs[root].events |= other.events
    return [_Job(job.whom, job.also, dict(sorted(job.events.items()))) for job in jobs.values()]


def _is_of_use(event: Noticed) -> bool:
    return bool(event.steps or event.consents or len(event.known_by) > 1)


def _led_on(state: State | None, job: _Job, now: int) -> Whom | None:
    """Where a state has gone that was somebody's own: for those who have not seen it, and timers set before."""
    if state is None or MOVED_TO not in state.data or state.data[MOVED_TO] == job.whom.root:
        return None
    is_recent = now - state.data.get(MOVED_AT, now) <= _FOLLOWED_MS
    if not (is_recent or job.is_woken) or state.data[MOVED_TO] in job.also:
        return None
    to = str(state.data[MOVED_TO])
    return Whom(to, "" if ref_of(to) else to)


def _is_live(state: State) -> bool:
    """Whether there is anything in it but where it went."""
    return any(name not in (MOVED_TO, MOVED_AT, "expires_at") for name in state.data)


def _timer(whom: Whom, trigger: str, due: int) -> str:
    """A name of its own for each time, so that no shard moves another's."""
    return f"{whom.root}|{trigger}|{due}"


def _payload(whom: Whom, trigger: str, due: int) -> dict[str, Any]:
    return {"root": whom.root, "trigger": trigger, "due": due}
