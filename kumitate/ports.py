"""Everything the core needs from the world, on one page; each Protocol has at most three methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # a port has no weight: a function that delivers loads neither Arrow nor the tables
    import pyarrow as pa

    from kumitate.model.event import Event, State
    from kumitate.model.firing import Firing
    from kumitate.model.request import Outcome, Request, Response
    from kumitate.model.step import BatchFunction, BatchStep, GraphStep, Mode, Query, QueryStep
    from kumitate.model.table import Table


@dataclass(frozen=True, slots=True)
class Scan:
    """How to read a lake table now: its schema and data files (Parquet), or its rows where files do not suffice."""

    schema: pa.Schema
    files: tuple[str, ...]
    field_ids: Mapping[int, str]
    """Iceberg field id -> current column name (files written before a rename or an addition differ)."""
    batches: pa.RecordBatchReader | None = None
    """Given instead of `files` where delete files exist."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How rows are committed and what for: `Mark(Mode.REPLACE, "curated.profiles", "r000007")`."""

    mode: Mode
    step: str
    run_id: str


class LakeReader(Protocol):
    """Tables by name (`clean.orders`); a table that does not exist raises FatalError naming those that do."""

    def scan(self, table: str) -> Scan: ...
    def tables(self) -> tuple[str, ...]: ...


class LakeWriter(Protocol):
    """Atomic writes that remember which step of which run made them."""

    def prepare(self, tables: Iterable[Table]) -> None:
        """Create what is missing, add missing columns; never drop or narrow."""
        ...

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> int:
        """Commit all batches in one transaction and note `mark` in it; return the rows written."""
        ...

    def done_by(self, table: Table, step: str) -> str:
        """The run that last committed `step` on `table` (any step, for an empty one), or an empty string."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A file a source delivered, e.g. `data/members-1.csv`; `sha256` is empty where it cannot be read."""

    file: str
    place: str
    """Where its inbox finds it."""
    sha256: str = ""
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A file's copy in the raw area: its name there, and what was copied, should the file have changed meanwhile."""

    name: str
    sha256: str
    bytes: int


class Inbox(Protocol):
    """Where sources deliver; what lies there is never touched."""

    def delivered(self, source: str, path: str) -> Iterator[Found]:
        """The source's files as they are now, in the order of their names; `path` is the source's glob."""
        ...

    def keep(self, found: Found, name: str) -> Kept:
        """Copy the file into the raw area, as `name` if that is free."""
        ...


class RawArea(Protocol):
    """What was taken in, by name (`files/orders/r000001-00001-orders.csv`): added once, never changed."""

    def names(self, prefix: str) -> tuple[str, ...]:
        """The names that begin so, sorted."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """The file, to be read from any place in it; FatalError where somebody took it away."""
        ...

    def add(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A file to be written, which is there when all of it is; for a name that is free."""
        ...


class Engine(Protocol):
    """Runs queries (Athena's dialect) and batch functions over lake tables, in bounded memory."""

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]: ...
    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]: ...


class Worker(Protocol):
    """Carries out a step where its table lies: the laptop's engine and lake, or Spark beside the cloud's catalogue."""

    def carry_out(self, step: QueryStep | BatchStep | GraphStep, mark: Mark) -> int:
        """Commit the step's rows to its table, once, and note `mark`; return the rows written."""
        ...


class Transport(Protocol):
    """Carries one request to a destination account; raises RetryableError when there was no answer."""

    def send(self, request: Request) -> Response: ...


class Ledger(Protocol):
    """Durable notes on rows in flight, so that a killed run neither loses nor doubles an effect."""

    def claim(self, run_id: str, sync: str, keys: Iterable[str]) -> None:
        """Note, before sending, that these rows are about to leave (where a row must not leave twice)."""
        ...

    def settle(self, run_id: str, sync: str, outcomes: Iterable[Outcome]) -> None:
        """Note, after the answer, what became of them."""
        ...

    def notes(self, run_id: str, sync: str) -> Mapping[str, Outcome | datetime]:
        """Key -> outcome, or the time of a claim that has no verdict yet."""
        ...


class Memory(Protocol):
    """What syncs remember from run to run: JSON by sync and name (`audience`, `job.3`, `receipt.<id>`), durable."""

    def recall(self, sync: str) -> Mapping[str, Mapping[str, Any]]:
        """Everything the sync remembers, by name."""
        ...

    def remember(self, sync: str, name: str, state: Mapping[str, Any] | None) -> None:
        """Note it before the call returns; None forgets."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """A deployment's run in its register; `state` is `running`, `finished`, `held` or `failed`."""

    id: str
    as_of: datetime
    state: str
    started_at: datetime
    ended_at: datetime | None = None
    reason: str = ""
    """Why it was started; once it has ended, why it ended so."""
    again: bool = False
    """At its end one more run was due: somebody had asked for one meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLock:
    """Held from a run's begin to its end; `execution` is who began it, and `verdict` what it was told."""

    run_id: str
    execution: str
    verdict: str
    since: datetime
    again: bool = False
    """Somebody asked for a run meanwhile."""


class RunRegister(Protocol):
    """A deployment's runs, and the lock that lets one at a time be under way."""

    def read(self) -> tuple[RunEntry | None, RunLock | None]:
        """The newest run, and the lock as it is held now."""
        ...

    def write(self, entry: RunEntry | None, lock: RunLock | None, *, instead_of: RunLock | None) -> bool:
        """Put both at once, where the lock is still `instead_of`; False where it is not, and nothing was put."""
        ...


class EventIntake(Protocol):
    """Where collected events go; safe before the call returns."""

    def take(self, events: Sequence[Event]) -> frozenset[int]:
        """Keep those that are new in 24 hours, by source and id; the places of those that could not be kept now.

        An event whose id is known is passed over in silence. RetryableError where nothing can be kept.
        """
        ...


class RateGate(Protocol):
    """How many events a sender may bring, over all processes."""

    def wait(self, key: str, events: int, *, per_second: float, now: datetime) -> float:
        """0 where they may come now (and are counted), else the seconds to wait."""
        ...


class StateStore(Protocol):
    """Small JSON documents by key, for real time: what a person did lately, who an identifier is, what may be sent.

    A document may hold `expires_at` (seconds since 1970); after it, it may be gone.
    """

    def read(self, keys: Sequence[str]) -> Mapping[str, State]:
        """Those that exist, as they are now."""
        ...

    def write(self, key: str, data: Mapping[str, Any] | None, *, instead_of: int) -> bool:
        """Put it (None: delete it) where its version is still `instead_of`, 0 for none; False where it is not."""
        ...

    def publish(self, entries: Iterable[tuple[str, Mapping[str, Any] | None]]) -> None:
        """Put or delete many, whatever is there; done twice it is the same."""
        ...


class FiringBook(Protocol):
    """What was decided about triggers that fired, by sync, each as one document with a version."""

    def read(self, sync: str, fired_id: str) -> Firing | None: ...
    def write(self, firing: Firing, *, instead_of: int) -> bool:
        """Put it where its version is still `instead_of`, 0 for none; False where it is not."""
        ...

    def uncollected(self, sync: str) -> Iterable[Firing]:
        """Those that the lake has not yet for good."""
        ...


class WayOut(Protocol):
    """How the row of a firing leaves at once."""

    def send(self, firing: Firing) -> None:
        """Begin, or go on with, bringing its row; done twice it leaves once."""
        ...

    def note(self, firing: Firing) -> Outcome | datetime | None:
        """What the ledger says of the newest attempt: a verdict, or the time at which it was about to leave."""
        ...

    def end(self, firing: Firing) -> None:
        """Let nothing of this attempt leave any more."""
        ...


class Timers(Protocol):
    """Wakes the processor once: `set` again under a name moves it; cancelling what is gone is no error."""

    def set(self, name: str, at: datetime, payload: Mapping[str, Any]) -> None: ...
    def cancel(self, name: str) -> None: ...


class EventBus(Protocol):
    """Where it is told what has happened, at least once."""

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None: ...


class Progress(Protocol):
    """Told how far long work is; prints, or not."""

    def __call__(self, what: str, done: int, total: int | None = None) -> None: ...
