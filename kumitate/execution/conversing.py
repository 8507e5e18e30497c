"""A sync's conversations: begun, gone on with after a kill, handed over to the next run, their rows settled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from kumitate.activation.destinations.answers import JOB_RUNNING
from kumitate.activation.destinations.talk import Ask, Conversing, Done, Lapsing, Leaning, Stamping, State, Turn, Wait
from kumitate.errors import RecordError
from kumitate.execution.dialogue import Dialogue, Times
from kumitate.execution.figures import note_figures
from kumitate.execution.portion import Notes, Way, unsettled
from kumitate.model.firing import firing_of
from kumitate.model.request import Change, Outcome, Verdict
from kumitate.ports import Memory

TALK, TOLD = "talk.", "told."
_LEFT_ALONE = timedelta(days=1)
"""So long a firing's conversation is its own, since it last went on: firings of a sync have no order, and may be
brought side by side.
"""
Noted = Mapping[str, Mapping[str, Any]]


class Sent(Protocol):
    """Where the changes of a conversation lie until it has ended: it goes on with those that it began with."""

    def keep(self, name: str, changes: Sequence[Change]) -> Mapping[str, Any]:
        """Where they are to be found, as plain JSON."""
        ...

    def read(self, place: Mapping[str, Any]) -> list[Change]:
        """RecordError where they are gone."""
        ...

    def drop(self, place: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class _Talk:
    """A conversation by its name, and where its changes lie."""

    name: str
    sent: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a portion comes to: rows for plain requests, or a conversation that is to be held, or nothing."""

    plain: Sequence[Change] = ()
    conversation: Callable[[], Outcome | None] | None = None
    """Holds it; returns the trouble that ends it early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talks:
    """The conversations of one sync in one run.

    The memory holds `talk.<run>.<number>`: a conversation under way, and when it has ended, in the same note, what the
    sync must remember: there is no moment in which a swap is made and its result unknown. `told.<run>.<number>` holds
    what an earlier run's conversation said of its rows, for this run's portions.
    """

    way: Way
    talker: Conversing
    memory: Memory
    sent: Sent
    is_whole: bool = False
    takes_up: bool = True
    """Whether this worker goes on with conversations of earlier runs; others wait for it."""

    def earlier(self) -> Outcome | None:
        """End the conversations of earlier runs, or of a firing's own attempts; why they go on, where they do."""
        noted = self._pruned(self.memory.recall(self._sync))
        for name in sorted(name for name, note in noted.items() if self._is_earlier(name, note)):
            if not self.takes_up:
                return Outcome("", Verdict.RETRY, JOB_RUNNING, "a conversation of an earlier run comes first")
            trouble = self._taken_up(name, noted[name])
            if trouble is not None:
                return trouble
        return None

    def opened(self, number: int, changes: Sequence[Change], notes: Notes) -> Opened:
        """How a portion is brought; nothing of it has left yet."""
        name = f"{TALK}{self._run}.{number:06d}"
        noted = self.memory.recall(self._sync)
        left = self._without_told(noted, unsettled(changes, notes))
        own = noted.get(name, {})
        if "state" in own:
            return Opened(conversation=partial(self._taken_up, name, own))
        if not left or "done" in own:
            return Opened()
        about = list(changes) if self.is_whole else left
        memory = memory_for(self.talker, noted, self.memory.recall)
        if isinstance(self.talker, Stamping) and self.talker.stamps():
            memory = {**memory, "run_id": self._run}
        turn = self.talker.begins(about, memory)
        if turn is None:
            return Opened(plain=left)
        return Opened(conversation=partial(self._held, name, turn, about))

    def settle_told(self, changes: Sequence[Change], notes: Notes) -> None:
        """Note what an earlier run's conversation said of these rows; nothing leaves."""
        self._without_told(self.memory.recall(self._sync), unsettled(changes, notes))

    def _held(self, name: str, turn: Turn, about: Sequence[Change]) -> Outcome | None:
        if isinstance(turn, Done):
            return self._closed(_Talk(name, {}), turn, about)
        talk = _Talk(name, self.sent.keep(name, about))
        self._note(talk, turn, Times())
        return self._closed(talk, self._dialogue(talk, about).held(turn), about)

    def _taken_up(self, name: str, note: Mapping[str, Any]) -> Outcome | None:
        talk, asked = _Talk(name, note["sent"]), _time(note, "asked")
        try:
            changes = self.sent.read(note["sent"])
        except RecordError:  # nobody knows its rows any more: they go as new ones
            if asked is not None and isinstance(self.talker, Lapsing):
                return self._closed(talk, self.talker.lapsed((), note["state"]), ())
            self.memory.remember(self._sync, name, None)
            return None
        times = Times(_time(note, "until"), asked)
        return self._closed(talk, self._dialogue(talk, changes).taken_up(note["state"], times), changes)

    def _closed(self, talk: _Talk, ended: Done | Outcome, changes: Sequence[Change]) -> Outcome | None:
        """Outcomes first, then the note that ends the conversation: killed between, it is asked for its end again."""
        is_own = talk.name.startswith(f"{TALK}{self._run}.")
        if isinstance(ended, Outcome):
            if is_own:
                self.way.page.settle(replace(ended, key=change.key) for change in changes)
            return ended
        if is_own:
            self.way.page.settle(ended.outcomes)
        else:
            rows = [[o.key, o.verdict.value, o.reason, o.message] for o in ended.outcomes]
            told = {"run": self._run, "sent": dict(talk.sent), "outcomes": rows}
            self.memory.remember(self._sync, TOLD + talk.name.removeprefix(TALK), told)
        at = self.way.sender.clock().isoformat()
        note_figures(self.memory, self._sync, talk.name, run_id=self._run, at=at, figures=ended.figures)
        ending: dict[str, Any] = {"done": self._run, "sent": dict(talk.sent)}
        if ended.memory is not None:
            ending["memory"] = dict(ended.memory)
        self.memory.remember(self._sync, talk.name, ending)
        if is_own:
            self.sent.drop(talk.sent)
        return None

    def _without_told(self, noted: Noted, changes: list[Change]) -> list[Change]:
        """The rows of which an earlier run's conversation said nothing that still holds; the others are settled.

        What may be repeated is taken as told only where its fields are those that were sent. Where all rows belong
        together, nothing less than the same rows will do.
        """
        for told in (note for name, note in noted.items() if name.startswith(TOLD) and note["run"] == self._run):
            try:
                sent = {change.key: change for change in self.sent.read(told["sent"])}
            except RecordError:
                continue
            same = {c.key for c in changes if self._is_same(c, sent.get(c.key))}
            if self.is_whole and not (len(same) == len(changes) == len(sent)):
                continue
            outcomes = [Outcome(key, Verdict(v), r, m) for key, v, r, m in told["outcomes"] if key in same]
            self.way.page.settle(outcomes)
            over = {outcome.key for outcome in outcomes}
            changes = [change for change in changes if change.key not in over]
        return changes

    def _is_same(self, change: Change, sent: Change | None) -> bool:
        if sent is None or change.operation is not sent.operation:
            return False
        return not self.way.destination.terms.idempotent or dict(change.fields) == dict(sent.fields)

    def _dialogue(self, talk: _Talk, changes: Sequence[Change]) -> Dialogue:
        # One that does not lapse finds out by itself, when it is resumed, what it may do again.
        lapses = isinstance(self.talker, Lapsing) and not self.way.destination.terms.idempotent
        return Dialogue(
            sender=self.way.sender,
            destination=self.talker,
            changes=changes,
            may_go_on=self.way.page.may_go_on,
            note=partial(self._note, talk),
            repeatable=timedelta(seconds=self.way.destination.terms.repeatable_seconds) if lapses else None,
        )

    def _note(self, talk: _Talk, turn: Ask | Wait, times: Times) -> None:
        note: dict[str, Any] = {
            "sent": dict(talk.sent),
            "at": self.way.sender.clock().isoformat(),
            "until": None if times.until is None else times.until.isoformat(),
            "state": dict(turn.state),
        }
        if times.asked is not None:
            note["asked"] = times.asked.isoformat()
        self.memory.remember(self._sync, talk.name, note)

    def _pruned(self, noted: Noted) -> Noted:
        """Ended conversations of earlier runs are forgotten, except what the last of them left to remember."""
        newest = _newest(noted)
        for name, note in noted.items():
            over = name.startswith(TOLD) and note["run"] != self._run
            if over or (name.startswith(TALK) and note.get("done", self._run) != self._run):
                self.sent.drop(note["sent"])
                if name != newest:
                    self.memory.remember(self._sync, name, None)
        return noted

    def _is_earlier(self, name: str, note: Mapping[str, Any]) -> bool:
        if not name.startswith(TALK) or "state" not in note or name.startswith(f"{TALK}{self._run}."):
            return False
        firing, at = firing_of(name.removeprefix(TALK)), _time(note, "at")
        if firing in ("", firing_of(self._run)) or at is None:
            return True
        return self.way.sender.clock() - at > _LEFT_ALONE

    @property
    def _sync(self) -> str:
        return self.way.page.sync

    @property
    def _run(self) -> str:
        return self.way.page.run_id


def memory_of(noted: Noted) -> State:
    """What the sync's last ended conversation left."""
    name = _newest(noted)
    memory: State = noted[name]["memory"] if name else {}
    return memory


def memory_for(talker: Conversing, noted: Noted, recall: Callable[[str], Noted]) -> State:
    """The same, with what the syncs that it leans on remember by now, under `syncs`."""
    memory = memory_of(noted)
    if not isinstance(talker, Leaning):
        return memory
    return {**memory, "syncs": {name: memory_of(recall(name)) for name in talker.leans_on()}}


def _time(note: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(note[name]) if note.get(name) else None


def _newest(noted: Noted) -> str:
    ended = [(note["done"], name) for name, note in noted.items() if name.startswith(TALK) and "memory" in note]
    return max(ended)[1] if ended else ""
