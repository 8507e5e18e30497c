"""One message of an account's queue delivered: its page opened, sent as far as time goes, and noted row by row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

from kumitate.activation.destinations.answers import AGAIN, AUTH_REFUSED, JOB_RUNNING, QUOTA_SPENT
from kumitate.activation.destinations.talk import Conversing
from kumitate.activation.routes import Route, destination_of
from kumitate.activation.waiting import wait_seconds
from kumitate.aws.book import Opened, PageId, State
from kumitate.aws.ledger import Fence
from kumitate.cloud.standing import Contents, PageSent, Standing
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.execution.bringing import Bringing
from kumitate.execution.budget import Quota
from kumitate.execution.portion import Notes, Page, Way
from kumitate.execution.rows import changes_on
from kumitate.execution.sending import Patience, Sender
from kumitate.model.request import Change, Outcome, Verdict
from kumitate.ports import Ledger, Memory, Transport

if TYPE_CHECKING:  # a cold start pays for destinations when it knows which
    from kumitate.activation.destinations.base import Destination

_LONGEST_REQUEST = timedelta(seconds=75)
_LOOKED_UP_EVERY = timedelta(seconds=2)
_CLOCKS_MAY_DIFFER = timedelta(seconds=15)
_PATIENCE = Patience(rounds=2, longest_wait_seconds=10.0, talk_seconds=10.0)
"""A function that sleeps is paid for: longer waits are spent in the queue."""
_COMES_AGAIN = AGAIN | {JOB_RUNNING}
_TIME_IS_UP = "the function's time is up; the rest follows"

STOPPED = "stopped"

EXPLANATIONS: Mapping[str, str] = {
    "message.unreadable": "the message names no run, sync, page and number; it is none of the planner's",
    "sync.unknown": "the deployed routes have no such sync; deploy again, or let it go",
    "page.missing": "the page is no longer in the results bucket; the next run brings its rows",
    "page.unreadable": "the page is no list of changes; the next run brings its rows",
    "run.unknown": "no activation has opened this run; the next run brings its rows",
}
"""Why a message was set aside, by reason."""


class Pages(Protocol):
    """The book of pages, as a delivery sees it."""

    def open(self, page: PageId, *, until: datetime) -> Opened: ...
    def finish(self, page: PageId) -> None: ...
    def holds(self, page: PageId, opening: int) -> bool: ...
    def release(self, page: PageId, opening: int) -> None: ...


@dataclass(slots=True, kw_only=True)
class TimeLeft:
    """The time of one call of the function; it is up a while before the function is ended."""

    ends: datetime
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    _last_request: datetime = field(init=False)
    _is_up: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._last_request = self.ends - min(_LONGEST_REQUEST, (self.ends - self.clock()) / 4)

    def check(self) -> None:
        """RetryableError where no other request should begin."""
        if self._is_up or self.clock() >= self._last_request:
            raise RetryableError(_TIME_IS_UP, 0.0, never_left=True)

    def sleep(self, seconds: float) -> None:
        self._is_up = self._is_up or self.clock() + timedelta(seconds=seconds) >= self._last_request
        self.check()
        self.pause(seconds)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of a message: rows by verdict where its page is done."""

    state: str
    sync: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Deliveries:
    """The deliveries of one process; senders are kept, so that their pace holds from message to message."""

    routes: Mapping[str, Route]
    pages: Pages
    contents: Contents
    ledger: Callable[[Fence], Ledger]
    memory: Memory
    worker: str
    """Names this process among those that count an account's requests."""
    connect: Callable[[Route], Transport]
    clock: Callable[[], datetime]
    destination: Callable[[Route], Destination] = destination_of
    is_stopped: Callable[[str, str], bool] = lambda _sync, _run_id: False
    """Whether nothing more of a sync may leave in a run: a person has paused the sync or cancelled the run."""
    _senders: dict[str, Sender] = field(default_factory=dict, init=False)
    _called_off: dict[tuple[str, str], tuple[datetime, bool]] = field(default_factory=dict, init=False)
    _time: TimeLeft | None = field(default=None, init=False)

    def deliver(self, body: str, time: TimeLeft) -> Delivered:
        """RetryableError: the message comes again. RecordError, FatalError: it must not."""
        self._time = time
        self._called_off.clear()
        page, name = _task(body)
        if page.sync not in self.routes:
            raise RecordError("sync.unknown", page.sync)
        time.check()
        opened = self.pages.open(page, until=time.ends + _CLOCKS_MAY_DIFFER)
        if opened.state is State.BUSY:
            raise RetryableError("another page goes first, or another delivery has this one", opened.wait_seconds)
        if opened.state is State.CLOSED:
            self.pages.finish(page)  # of a run that is taken up again: nobody need wait for it
        if opened.state is not State.OPEN:
            return Delivered(opened.state, page.sync)
        if self._is_called_off(page):
            self.pages.finish(page)  # its rows have no verdict: they are changes again in the next run
            return Delivered(STOPPED, page.sync)
        try:
            notes = self._sent(page, name, opened=opened)
        except Exception as error:  # whatever it is, the page is let go for who comes next, and it is raised
            if isinstance(error, RetryableError) and self._is_called_off(page):
                self.pages.finish(page)
                return Delivered(STOPPED, page.sync)
            self.pages.release(page, opened.opening)
            raise
        self.pages.finish(page)
        return Delivered(State.DONE, page.sync, _counts(notes))

    def _is_called_off(self, page: PageId) -> bool:
        """Asked before every request, and looked up now and then."""
        now, about = self.clock(), (page.sync, page.run_id)
        known = self._called_off.get(about)
        if known is None or (not known[1] and now - known[0] >= _LOOKED_UP_EVERY):
            known = (now, self.is_stopped(*about))
            self._called_off[about] = known
        return known[1]

    def _sent(self, page: PageId, name: str, *, opened: Opened) -> Notes:
        """The notes when every row of the page has its verdict; RetryableError where some have not."""
        route = self.routes[page.sync]
        standing = Standing(self.memory, route.account, self.clock)
        standing.check_pause()
        changes = changes_on(self.contents.get(name))
        is_warm = route.account in self._senders
        sender = self._sender(route)
        written = self._page(page, opened)
        notes = written.notes()
        if standing.is_spent(page.run_id):
            written.settle(_spent(change) for change in changes if _is_left(notes, change))
            return written.notes()
        bringing = Bringing(
            way=Way(sender, self.destination(route), written),
            memory=self.memory,
            sent=PageSent(self.contents, name, changes),
            is_whole=route.is_whole,
            number=page.number,
        )
        trouble = bringing.bring([(page.number, changes)], notes)
        notes = written.notes()
        if trouble is not None and trouble.reason == AUTH_REFUSED:
            self._forget(route, is_warm=is_warm)
        if trouble is not None:
            standing.tell(trouble, page.run_id, sender.asked_to_wait)
            if any(_is_left(notes, change) for change in changes):
                _put_back(route, trouble, sender.asked_to_wait or None)
        return notes

    def _page(self, page: PageId, opened: Opened) -> Page:
        destination, time = self.destination(self.routes[page.sync]), self._current
        terms = destination.terms
        is_claimed = not terms.idempotent and not terms.repeatable_seconds and not isinstance(destination, Conversing)

        def may_go_on() -> None:
            """What must not leave twice is claimed as well, and no claim is written for a page that is closed."""
            time.check()
            if self._is_called_off(page):
                raise RetryableError("the sync was paused or its run cancelled", never_left=True)
            if not is_claimed and not self.pages.holds(page, opened.opening):
                raise RetryableError("the page is closed, or in other hands", never_left=True)

        ledger = self.ledger(Fence(page.number, opened.opening))
        return Page(ledger, page.run_id, page.sync, may_go_on)

    def _sender(self, route: Route) -> Sender:
        if route.account not in self._senders:
            most = self.destination(route).terms.daily_requests
            self._senders[route.account] = Sender(
                connect=partial(self.connect, route),
                clock=self.clock,
                sleep=lambda seconds: self._current.sleep(seconds),
                seconds_between_requests=route.pace,
                quota=Quota(account=route.account, most=most, memory=self.memory, worker=self.worker),
                patience=_PATIENCE,
            )
        return self._senders[route.account]

    def _forget(self, route: Route, *, is_warm: bool) -> None:
        """Sign in anew next time; at once where the token was an old one, since its secret may have been rotated."""
        del self._senders[route.account]
        if is_warm:
            raise RetryableError(f"the account {route.account} refused a token that worked before", 0.0)

    @property
    def _current(self) -> TimeLeft:
        if self._time is None:
            raise FatalError("a delivery needs to know its time")
        return self._time


def wait_before_next(error: Exception, receives: int) -> float:
    """Seconds until the message shows again: longer each time, and never less than the destination asked for.

    None at all where the function's own time was up, or its token old: there is nothing to wait for.
    """
    asked = error.retry_after_seconds if isinstance(error, RetryableError) else None
    return 0.0 if asked == 0.0 else max(asked or 0.0, wait_seconds(receives))


def verdict_on(error: RecordError | FatalError) -> tuple[str, str]:
    """Reason and explanation of a message that must not come again."""
    if isinstance(error, RecordError):
        return error.reason, EXPLANATIONS.get(error.reason, str(error))
    return "fatal", str(error)


def _task(body: str) -> tuple[PageId, str]:
    try:
        told = json.loads(body)
        page = PageId(run_id=told["run_id"], sync=told["sync"], number=told["number"], after=told.get("after", 0))
        name = told["page"]
    except (ValueError, TypeError, LookupError, AttributeError):
        raise RecordError("message.unreadable") from None
    texts, numbers = (page.run_id, page.sync, name), (page.number, page.after)
    if not all(isinstance(text, str) and text for text in texts) or not all(type(each) is int for each in numbers):
        raise RecordError("message.unreadable")
    return page, name


def _is_left(notes: Notes, change: Change) -> bool:
    note = notes.get(change.key)
    return not isinstance(note, Outcome) or (note.verdict is Verdict.RETRY and note.reason in _COMES_AGAIN)


def _put_back(route: Route, trouble: Outcome, seconds: float | None) -> None:
    """RetryableError where waiting in the queue helps."""
    if trouble.reason in AGAIN:
        raise RetryableError(f"the account {route.account} takes no rows now ({trouble.reason})", seconds)
    if trouble.reason == JOB_RUNNING:
        raise RetryableError(f"the account {route.account} is at work on what it was given", seconds)


def _spent(change: Change) -> Outcome:
    return Outcome(change.key, Verdict.RETRY, QUOTA_SPENT, "the account's requests of the day are used up")


def _counts(notes: Notes) -> Mapping[str, int]:
    return Counter(note.verdict.value for note in notes.values() if isinstance(note, Outcome))
