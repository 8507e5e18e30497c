"""Deliveries on a laptop that die at any touch of the world, and what must be true when they have been taken up."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from harness.deliveries import RUN, Clock, Once, Plain, bring, creates
from harness.fused import LINES, Fuse, FusedLedger, FusedLists, FusedMemory, FusedPages, Kill, Vendor
from harness.talkers import Job, Launch, Platform, Reported, Swap
from kumitate.activation.destinations.answers import BATCH_SPOILED, for_all
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.execution.deliver import Route
from kumitate.execution.flight import Line
from kumitate.execution.sending import Patience, Sender
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict
from kumitate.model.step import Run

KEYS = ("p1", "p2", "p3", "p4", "p5")
BAD = "p2"


class Keyed(Once):
    """Messages whose vendor knows a request again for an hour."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"append"}), idempotent=False, repeatable_seconds=3600)


class Atomic(Plain):
    """Three rows a request, all or none."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"upsert"}), most_rows=3)

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for group in batches(changes, 3):
            yield HttpRequest("POST", "/rows", b"", tuple(change.key for change in group))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if response.status == 400:
            return for_all(request, Verdict.RETRY, BATCH_SPOILED, message="no name")
        return for_all(request, Verdict.ACCEPTED)


class AtomicOnce(Atomic):
    """The same with messages."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"append"}), most_rows=3, idempotent=False)


@dataclass
class World:
    """What outlives the process: the vendor, the ledger's file, the memory's, the lake."""

    destination: Destination
    line: Line = LINES["direct"]
    keys: tuple[str, ...] = KEYS
    talk_seconds: float = 300
    late_at: frozenset[int] = frozenset()
    fuse: Fuse = field(default_factory=Fuse)
    clock: Clock = field(default_factory=Clock)
    number: int = 1

    def __post_init__(self) -> None:
        atomic = isinstance(self.destination, Atomic)
        self.vendor = Vendor(
            self.fuse.around,
            self.clock,
            frozenset({BAD} if atomic else ()),
            knows_again=isinstance(self.destination, Keyed),
            late_at=self.late_at,
        )
        self.platform = Platform(self.fuse.around)
        self.ledger, self.memory, self.sent = FusedLedger(self.clock), FusedMemory(), FusedPages()
        self.lists = FusedLists({"s": creates(*self.keys)})
        self.ledger.fuse = self.lists.fuse = self.memory.fuse = self.sent.fuse = self.fuse

    @property
    def talks(self) -> bool:
        return isinstance(self.destination, Job | Launch | Swap | Reported)

    def run(self, kill_at: int = -1) -> bool:
        """Whether the run came to its end; begun again, it is taken up."""
        self.fuse.burns_at, self.fuse.passed = kill_at, 0
        sender = Sender(
            connect=lambda: self.platform if self.talks else self.vendor,
            clock=self.clock,
            sleep=self.clock.sleep,
            line=self.line,
            patience=Patience(talk_seconds=self.talk_seconds),
        )
        whole = frozenset({"s"} if self.destination.terms.is_whole else ())
        run = Run(f"r{self.number:06d}", RUN.as_of + timedelta(days=self.number))
        route = Route(sender, {"s": self.destination}, whole)
        try:
            bring(self.lists, self.ledger, route, run=run, memory=self.memory, sent=lambda _: self.sent, rows_at_once=4)
        except Kill:
            self.clock.sleep(5)
            return False
        return True

    def next_run(self) -> None:
        """A day later: what has not been accepted is a change again."""
        accepted = {key for key, verdict in self.lists.verdicts().items() if verdict == "accepted"}
        self.lists.changes["s"] = [change for change in self.lists.changes["s"] if change.key not in accepted]
        self.number += 1
        self.clock.sleep(86_400)

    def points(self) -> range:
        """Every touch of the world that an unbroken run makes."""
        assert self.run()
        return range(1, self.fuse.passed + 1)


def check(world: World) -> None:
    """After the last run: every change is delivered, and nothing twice that must not be."""
    verdicts, kind = world.lists.verdicts(), type(world.destination)
    runs = Counter((row["run_id"], row["key"]) for row in world.lists.written)
    assert set(runs.values()) == {1}, "each row is accounted for once a run"
    assert set(verdicts) == set(world.keys)
    _CHECKS[kind.__name__](world, verdicts)


def _plain(world: World, verdicts: Mapping[str, str]) -> None:
    assert set(world.vendor.settled()) == set(world.keys)
    assert verdicts == dict.fromkeys(world.keys, "accepted")


def _once(world: World, verdicts: Mapping[str, str]) -> None:
    effects = world.vendor.settled()
    assert max(effects.values()) <= 1
    assert set(verdicts.values()) <= {"accepted", "unknown"}
    assert all(effects[key] == 1 for key, verdict in verdicts.items() if verdict == "accepted")


def _exactly(world: World, verdicts: Mapping[str, str]) -> None:
    assert world.vendor.settled() == Counter(world.keys)
    assert verdicts == dict.fromkeys(world.keys, "accepted")


def _remembering(world: World, verdicts: Mapping[str, str]) -> None:
    (_once if world.late_at else _exactly)(world, verdicts)


def _atomic(world: World, verdicts: Mapping[str, str]) -> None:
    assert set(world.vendor.settled()) == set(world.keys) - {BAD}
    assert verdicts == {**dict.fromkeys(world.keys, "accepted"), BAD: "rejected"}


def _atomic_once(world: World, verdicts: Mapping[str, str]) -> None:
    """A refused request did nothing; one without an answer leaves its rows to a person."""
    effects = world.vendor.settled()
    assert max(effects.values()) <= 1
    assert effects[BAD] == 0
    assert verdicts[BAD] in ("rejected", "unknown")
    assert set(verdicts.values()) <= {"accepted", "unknown", "rejected"}
    assert all(effects[key] == 1 for key, verdict in verdicts.items() if verdict == "accepted")


def _job(world: World, verdicts: Mapping[str, str]) -> None:
    assert verdicts == dict.fromkeys(world.keys, "accepted")
    assert {key for rows in world.platform.jobs.values() for key in rows} == set(world.keys)
    received = [row["receipt"] for row in world.lists.figures]
    assert len(received) == len(set(received)), "figures are written once"


def _launch(world: World, verdicts: Mapping[str, str]) -> None:
    assert verdicts == dict.fromkeys(world.keys, "accepted")
    assert Counter(key for keys in world.platform.launches for key in keys) == Counter(world.keys)


def _swap(world: World, verdicts: Mapping[str, str]) -> None:
    assert verdicts == dict.fromkeys(world.keys, "accepted")
    platform = world.platform
    assert len(platform.current) == len(set(platform.current)), "nothing is swapped in twice"
    newest = platform.current[-1]
    assert platform.audiences == {newest: list(world.keys)}, "the audience is whole, and no other is left over"
    assert [note["memory"]["id"] for note in world.memory.recall("s").values() if "memory" in note][-1] == newest


def _reported(world: World, verdicts: Mapping[str, str]) -> None:
    assert verdicts == dict.fromkeys(world.keys, "accepted")
    told = Counter(row["receipt"] for row in world.lists.figures)
    assert max(told.values(), default=1) == 1
    assert not [name for name in world.memory.recall("s") if name.startswith("receipt.")] or world.number == 1


_CHECKS: Mapping[str, Callable[[World, Mapping[str, str]], None]] = {
    "Plain": _plain,
    "Once": _once,
    "Remembering": _remembering,
    "Keyed": _exactly,
    "Atomic": _atomic,
    "AtomicOnce": _atomic_once,
    "Job": _job,
    "Launch": _launch,
    "Swap": _swap,
    "Reported": _reported,
}
