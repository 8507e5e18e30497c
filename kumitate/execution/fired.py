"""What is done when a trigger fires: decided once for each of its syncs, noted, and sent at most once per key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from kumitate.activation.before import (
    FIRED_ALREADY,
    KEY_SENT,
    fired_key,
    fired_with,
    former_ids,
    not_first,
    sent_key,
    spent_by,
    spent_key,
    unspent,
)
from kumitate.activation.triggered import (
    CARD_OUTDATED,
    PERSON_UNKNOWN,
    TOO_LATE,
    FiredSync,
    Held,
    bring,
    is_fresh,
    person_of,
)
from kumitate.errors import RetryableError
from kumitate.events.facts import key_of
from kumitate.events.state_keys import card_key, past_key
from kumitate.model.event import Fired, State
from kumitate.model.firing import Firing, FiringState
from kumitate.model.request import Change, Outcome, Verdict
from kumitate.ports import FiringBook, StateStore, WayOut

_TRIES = 8
_AT_ONCE = 100
"""Firings whose people are looked up together; a function holds no more of them, however many wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firings:
    """Everything may come twice, be killed between any two calls, or happen in two processes at once.

    A key is claimed in the state store before its row is noted as leaving, and the row is noted before it leaves.
    """

    plans: Mapping[str, FiredSync]
    """By sync."""
    store: StateStore
    book: FiringBook
    out: WayOut
    clock: Callable[[], datetime]
    under_way: timedelta = timedelta(0)
    """So long an attempt is left alone before it is asked what became of it."""

    def told(self, fired: Fired) -> Mapping[str, int]:
        """Decide it for every sync of its trigger; how many came into which state."""
        syncs = (plan for plan in self.plans.values() if plan.trigger == fired.trigger)
        return Counter(self._decided(plan, fired) for plan in syncs)

    def again(self) -> Mapping[str, int]:
        """Whoever waits for what a run publishes is tried once more, and rows that have not arrived go again."""
        states: Counter[str] = Counter()
        for sync in sorted(self.plans):
            waiting = iter(self.book.uncollected(sync))
            while some := list(islice(waiting, _AT_ONCE)):
                states.update(self._again(self.plans[sync], some))
        return states

    def _again(self, plan: FiredSync, waiting: Sequence[Firing]) -> Iterator[str]:
        """Of visitors whom no run has taken in, there may be many, day after day: the map is asked for all at once."""
        who = [key for firing in waiting if firing.reason == PERSON_UNKNOWN for key in firing.fired.who]
        known = self.store.read(list(dict.fromkeys(who))) if who else {}
        for firing in waiting:
            is_pending = firing.state is FiringState.PENDING
            if is_pending and firing.reason == PERSON_UNKNOWN and self._is_unknown(plan, firing.fired, known):
                yield firing.state
            elif is_pending:
                yield self._decided(plan, firing.fired)
            elif firing.state is FiringState.LEAVING and not self._is_under_way(firing):
                yield self._followed(plan, firing)

    def _is_unknown(self, plan: FiredSync, fired: Fired, known: Mapping[str, State]) -> bool:
        return not person_of(fired, known) and is_fresh(plan, fired, self.clock())

    def _decided(self, plan: FiredSync, fired: Fired) -> str:
        for _ in range(_TRIES):
            known = self.book.read(plan.sync, fired.id)
            if known is not None and known.state is FiringState.LEAVING and not known.is_collected:
                is_late = not self._is_under_way(known) and not is_fresh(plan, fired, self.clock())
                return self._followed(plan, known) if is_late else self._sent(known)
            if known is not None and (known.state is not FiringState.PENDING or known.is_collected):
                return known.state
            made = self._made(plan, fired)
            if known is not None and made.state is FiringState.PENDING:
                return made.state
            if self.book.write(made, instead_of=known.version if known else 0):
                return self._sent(made) if made.state is FiringState.LEAVING else made.state
        raise RetryableError("a firing is decided by too many at once; it comes again")

    def _is_under_way(self, firing: Firing) -> bool:
        return self.clock() - firing.told_at < self.under_way

    def _sent(self, firing: Firing) -> str:
        if not _is_final(self.out.note(firing)):
            self.out.send(firing)
        return firing.state

    def _made(self, plan: FiredSync, fired: Fired) -> Firing:
        fired, result = self._result(plan, fired)
        fresh = is_fresh(plan, fired, self.clock())
        firing = Firing(fired=fired, sync=plan.sync, state=FiringState.HELD, told_at=self.clock())
        if isinstance(result, Held):
            waits = result.waits and fresh
            return replace(firing, state=FiringState.PENDING if waits else FiringState.HELD, reason=result.reason)
        if not fresh:
            return replace(firing, reason=TOO_LATE)
        held = self._held_now(plan, fired, result.key)
        return replace(firing, reason=held) if held else replace(firing, state=FiringState.LEAVING, change=result)

    def _result(self, plan: FiredSync, fired: Fired) -> tuple[Fired, Change | Held]:
        """By the newest map and card; a person who has merged since is who they are now."""
        person = person_of(fired, self.store.read(fired.who) if fired.who else {})
        fired = replace(fired, person_id=person)
        place = card_key(plan.sync, person)
        past = [past_key(plan.first_step, each) for each in ("", person)] if plan.first_step else []
        found = self.store.read([place, *past]) if person else {}
        card = found.get(place)
        result = bring(plan, fired, card.data if card else None)
        return fired, result if isinstance(result, Held) else not_first(plan, fired, found) or result

    def _held_now(self, plan: FiredSync, fired: Fired, key: str) -> str:
        """Why a row must not leave that the card lets go: its key is another firing's, or a budget is spent since."""
        place = sent_key(plan.sync, key)
        owner = self.store.read([place]).get(place)
        if owner is not None and owner.data.get("fired") != fired.id:
            return KEY_SENT
        if plan.fired_key and not self._is_first(plan, fired):
            return FIRED_ALREADY
        spent = self._spent(plan, fired)
        if spent:
            return f"frequency:{spent}"
        return "" if self._has_key(plan.sync, key, fired.id) else KEY_SENT

    def _is_first(self, plan: FiredSync, fired: Fired) -> bool:
        """Whether the trigger has not fired for this key of the person under another name; notes that it has now.

        Somebody may fire as a visitor and as a member before anybody knows that these are one.
        """
        whole = self.store.read(fired.who) if fired.who else {}
        persons = [fired.person_id, *former_ids(fired.person_id, whole)]
        place, *former = (fired_key(plan.sync, key_of(plan.fired_key, fired.facts, each)) for each in persons)
        for _ in range(_TRIES):
            found = self.store.read([place, *former])
            known = found.get(place)
            others = [each.data for name, each in found.items() if name != place]
            after = fired_with(plan, known.data if known else {}, fired)
            if after is None or any(fired_with(plan, each, fired) is None for each in others):
                return False
            if known is not None and fired.id in known.data:
                return True
            if self.store.write(place, after, instead_of=known.version if known else 0):
                return True
        raise RetryableError("a trigger's key is told by too many at once; the firing comes again")

    def _spent(self, plan: FiredSync, fired: Fired) -> str:
        """The budget that has no message left, by name; empty where all of them count this one from here on, once.

        What one budget holds back is no message to the others: what they have counted of it is given back.
        """
        own, counted = f"{fired.id}/{plan.sync}", list[str]()
        for budget in plan.budgets:
            place, now = spent_key(budget.name, fired.person_id), self.clock().timestamp()
            if not self._noted(place, partial(spent_by, budget, own=own, now=now)):
                for each in counted:
                    self._noted(each, partial(unspent, own=own))
                return budget.name
            counted.append(place)
        return ""

    def _noted(self, place: str, after: Callable[[Mapping[str, Any]], dict[str, Any] | None]) -> bool:
        """Whether the document has become what `after` makes of it; False where that is nothing."""
        for _ in range(_TRIES):
            known = self.store.read([place]).get(place)
            data = after(known.data if known else {})
            if data is None:
                return False
            if self.store.write(place, data, instead_of=known.version if known else 0):
                return True
        raise RetryableError("a budget is spent by too many at once; the firing comes again")

    def _has_key(self, sync: str, key: str, fired_id: str) -> bool:
        place = sent_key(sync, key)
        if self.store.write(place, {"fired": fired_id}, instead_of=0):
            return True
        owner = self.store.read([place]).get(place)
        return owner is not None and owner.data.get("fired") == fired_id

    def _followed(self, plan: FiredSync, firing: Firing) -> str:
        """An attempt without a verdict is ended; what has not arrived for certain goes again while it is fresh."""
        note = self.out.note(firing)
        if _is_final(note):
            return firing.state
        if isinstance(note, datetime):
            self.out.send(firing)  # it may have left: whoever sends it finds out
            return firing.state
        self.out.end(firing)
        note, now = self.out.note(firing), self.clock()
        if _is_final(note):
            return firing.state
        after = replace(firing, told_at=now, reason=note.reason if isinstance(note, Outcome) else "")
        if isinstance(note, datetime):
            after = replace(after, state=FiringState.UNKNOWN)
        elif not is_fresh(plan, firing.fired, now):
            after = replace(after, state=FiringState.HELD, reason=after.reason or TOO_LATE)
        else:
            after = self._once_more(plan, replace(after, attempt=firing.attempt + 1))
        if self.book.write(after, instead_of=firing.version) and after.state is FiringState.LEAVING:
            self.out.send(after)
        return after.state

    def _once_more(self, plan: FiredSync, firing: Firing) -> Firing:
        """As the newest card has it: whoever was erased meanwhile, or has taken consent back, is sent nothing.

        The key stays, for it is claimed; a card under which it would be another one says nothing of this row.
        """
        _, result = self._result(plan, firing.fired)
        if isinstance(result, Held):
            is_out = result.reason == CARD_OUTDATED
            return firing if is_out else replace(firing, state=FiringState.HELD, reason=result.reason)
        return replace(firing, change=result) if result.key == firing.key else firing


def _is_final(note: Outcome | datetime | None) -> bool:
    return isinstance(note, Outcome) and note.verdict is not Verdict.RETRY
