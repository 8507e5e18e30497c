"""Deliveries in the cloud without one: pages in a dict, a book and a fenced ledger in memory, a vendor that counts."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from harness.deliveries import OK, RUN, Clock, Lists, NotedMemory, creates
from harness.talkers import Job, Launch, Platform, Reported, Swap
from kumitate.activation.destinations.base import Destination
from kumitate.activation.portions import WHOLE
from kumitate.activation.routes import CONCURRENCY, Route
from kumitate.aws.book import Opened, PageId, State
from kumitate.aws.ledger import Fence
from kumitate.cloud.collecting import Collection
from kumitate.cloud.delivering import Delivered, Deliveries, TimeLeft
from kumitate.cloud.pages import manifest_of, write_pages
from kumitate.errors import RecordError, RetryableError
from kumitate.model.request import HttpRequest, Outcome, Request, Response

SYNC = "s"
TALKERS = (Job, Launch, Swap, Reported)


class Kill(BaseException):
    """The process dies here."""


@dataclass
class Fuse:
    """Does something at the nth touch of the world, before or after its effect."""

    at: int = -1
    act: Callable[[], object] = lambda: None
    passed: int = 0

    def around(self, effect: Callable[[], Any]) -> Any:
        self.point()
        result = effect()
        self.point()
        return result

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            self.at = -1
            self.act()


@dataclass
class Vendor:
    """A destination account that remembers what happened to it; `answers` come first."""

    fuse: Fuse
    answers: list[Response | Exception] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    requests: list[tuple[str, ...]] = field(default_factory=list)
    refuses: frozenset[str] = frozenset()
    """Rows that spoil their request."""

    def send(self, request: Request) -> Response:
        assert isinstance(request, HttpRequest)
        if request.method == "GET":
            there = [key for key in request.keys if self.effects[key]]
            return Response(200, json.dumps({"there": there}).encode())
        self.requests.append(request.keys)
        if self.refuses & set(request.keys):
            return Response(400, b"{}")
        answer = self.answers.pop(0) if self.answers else OK
        if isinstance(answer, Exception):
            raise answer
        if answer.status == 200:
            self.fuse.around(lambda: self.effects.update(request.keys))
        return answer


class FusedMemory(NotedMemory):
    """What functions remember; another thing they do to the world."""

    fuse: Fuse

    def remember(self, sync: str, name: str, state: Mapping[str, Any] | None) -> None:
        self.fuse.around(lambda: super(FusedMemory, self).remember(sync, name, state))


@dataclass
class MemoryShelf:
    """Pages by name."""

    contents: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, content: bytes) -> None:
        self.contents[name] = content

    def get(self, name: str) -> bytes:
        if name not in self.contents:
            raise RecordError("page.missing", name)
        return self.contents[name]

    def names(self, prefix: str) -> Iterable[str]:
        return sorted(name for name in self.contents if name.startswith(prefix))


@dataclass
class _Leaf:
    opening: int = 0
    free_at: datetime | None = None
    closed: bool = False


@dataclass
class MemoryBook:
    """The book's rules in a few lines; `test_cloud_ledger` holds it and the real one to the same claims."""

    clock: Clock
    fuse: Fuse = field(default_factory=Fuse)
    planned: dict[tuple[str, str], int] = field(default_factory=dict)
    closed: set[tuple[str, str]] = field(default_factory=set)
    finished: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    leaves: dict[tuple[str, str, int], _Leaf] = field(default_factory=dict)

    def begin(self, run_id: str, sync: str, *, pages: int = -1) -> None:
        self.planned.setdefault((run_id, sync), pages)

    def plan(self, run_id: str, sync: str, pages: int) -> bool:
        if (run_id, sync) not in self.planned or (run_id, sync) in self.closed:
            return False
        self.planned[run_id, sync] = pages
        return True

    def open(self, page: PageId, *, until: datetime) -> Opened:
        opened: Opened = self.fuse.around(lambda: self._open(page, until))
        return opened

    def _open(self, page: PageId, until: datetime) -> Opened:
        sync = (page.run_id, page.sync)
        if sync not in self.planned:
            raise RecordError("run.unknown", page.run_id)
        done, leaf = self.done(*sync), self.leaf(page.run_id, page.sync, page.number)
        if sync in self.closed or leaf.closed:
            return Opened(State.CLOSED)
        if page.number in done:
            return Opened(State.DONE)
        if not done.issuperset(range(1, page.after + 1)):
            return Opened(State.BUSY, wait_seconds=20)
        if leaf.free_at is not None and leaf.free_at >= self.clock():
            return Opened(State.BUSY, wait_seconds=(leaf.free_at - self.clock()).total_seconds())
        leaf.opening, leaf.free_at = leaf.opening + 1, until
        return Opened(State.OPEN, opening=leaf.opening)

    def finish(self, page: PageId) -> None:
        self.fuse.around(lambda: self.done(page.run_id, page.sync).add(page.number))

    def holds(self, page: PageId, opening: int) -> bool:
        leaf = self.leaf(page.run_id, page.sync, page.number)
        still: bool = self.fuse.around(lambda: not leaf.closed and leaf.opening == opening)
        return still

    def release(self, page: PageId, opening: int) -> None:
        leaf = self.leaf(page.run_id, page.sync, page.number)
        if leaf.opening == opening:
            leaf.free_at = None

    def close(self, run_id: str, sync: str) -> None:
        self.closed.add((run_id, sync))
        for number in range(1, self.planned[run_id, sync] + 1):
            self.leaf(run_id, sync, number).closed = True

    def done(self, run_id: str, sync: str) -> set[int]:
        return self.finished.setdefault((run_id, sync), set())

    def leaf(self, run_id: str, sync: str, number: int) -> _Leaf:
        return self.leaves.setdefault((run_id, sync, number), _Leaf())


@dataclass
class FencedLedger:
    """Notes of all pages in one list, in the order of their page's openings."""

    book: MemoryBook
    clock: Clock
    fence: Fence | None = None
    written: list[tuple[tuple[str, str], Fence, dict[str, Outcome | datetime]]] = field(default_factory=list)

    def of(self, fence: Fence) -> "FencedLedger":
        return FencedLedger(self.book, self.clock, fence, self.written)

    def claim(self, run_id: str, sync: str, keys: Iterable[str]) -> None:
        self.book.fuse.around(lambda: self._claim(run_id, sync, tuple(keys)))

    def _claim(self, run_id: str, sync: str, keys: tuple[str, ...]) -> None:
        fence = self.fence or Fence()
        leaf = self.book.leaf(run_id, sync, fence.page)
        if self.fence and (leaf.closed or leaf.opening != fence.opening):
            raise RetryableError("the page is closed, or in other hands", never_left=True)
        self.written.append(((run_id, sync), fence, dict.fromkeys(keys, self.clock())))

    def settle(self, run_id: str, sync: str, outcomes: Iterable[Outcome]) -> None:
        rows: dict[str, Outcome | datetime] = {outcome.key: outcome for outcome in outcomes}
        note = ((run_id, sync), self.fence or Fence(), rows)
        self.book.fuse.around(lambda: self.written.append(note))

    def notes(self, run_id: str, sync: str) -> Mapping[str, Outcome | datetime]:
        page = self.fence.page if self.fence else None
        mine = [note[1:] for note in self.written if note[0] == (run_id, sync) and page in (None, note[1].page)]
        found: dict[str, Outcome | datetime] = {}
        for _, rows in sorted(mine, key=lambda note: (note[0].page, note[0].opening)):
            found |= rows
        return found


@dataclass
class World:
    """What outlives every process: vendor, book, ledger, pages, lake; one sync of a few rows."""

    destination: Destination
    keys: tuple[str, ...] = ("p1", "p2", "p3", "p4", "p5")
    rows_a_page: int = 3
    pace: float = 0.0
    clock: Clock = field(default_factory=Clock)
    fuse: Fuse = field(default_factory=Fuse)

    def __post_init__(self) -> None:
        self.vendor = Vendor(self.fuse)
        self.book = MemoryBook(self.clock, self.fuse)
        self.ledger = FencedLedger(self.book, self.clock)
        self.shelf = MemoryShelf()
        self.memory = FusedMemory()
        self.memory.fuse = self.fuse
        self.platform = Platform(self.fuse.around)
        self.workers = count()
        self.lists = Lists({SYNC: creates(*self.keys)})
        self.book.begin(RUN.id, SYNC)
        rows = WHOLE if self.destination.terms.is_whole else self.rows_a_page
        pages = write_pages([self.lists.changes[SYNC]], self.shelf, run_id=RUN.id, sync=SYNC, rows=rows)
        self.book.plan(RUN.id, SYNC, pages)

    def messages(self) -> Iterator[str]:
        for number, name in enumerate(manifest_of(self.shelf, RUN.id, SYNC).names(RUN.id, SYNC), 1):
            yield json.dumps({"run_id": RUN.id, "sync": SYNC, "page": name, "number": number, "after": 0})

    def process(self) -> Deliveries:
        """A new process of the delivery function."""
        whole = self.destination.terms.is_whole
        route = Route(SYNC, "account", "plain", {}, None, None, self.pace / CONCURRENCY, whole)
        return Deliveries(
            routes={SYNC: route},
            pages=self.book,
            contents=self.shelf,
            ledger=self.ledger.of,
            memory=self.memory,
            worker=f"w{next(self.workers)}",
            connect=lambda _: self.platform if isinstance(self.destination, TALKERS) else self.vendor,
            clock=self.clock,
            destination=lambda _: self.destination,
        )

    def time(self, seconds: float = 600) -> TimeLeft:
        return TimeLeft(ends=self.clock() + timedelta(seconds=seconds), clock=self.clock, pause=self.clock.sleep)

    def receive(self, body: str) -> Delivered | None:
        """A message received by a process of its own; None where it goes back."""
        try:
            return self.process().deliver(body, self.time())
        except RetryableError:
            return None

    def collect(self) -> dict[str, str]:
        """Verdicts by key, as they stand in the lake."""
        collection = Collection(
            engine=self.lists, lake=self.lists, ledger=self.ledger, book=self.book, memory=self.memory, run=RUN
        )
        collection.collect(SYNC, self.destination.terms)
        collection.collect_figures(SYNC)
        return self.lists.verdicts(SYNC)
