"""Deliveries without a network: a scripted transport, a lake of lists, two destinations of ten lines each."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pyarrow as pa

from kumitate.activation.destinations.answers import for_all, json_of
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.activation.tables import OUTCOMES, PLATFORM_FIGURES, changes_table
from kumitate.errors import RecordError
from kumitate.execution.deliver import Delivery, Route
from kumitate.execution.rows import changes_on, page_bytes
from kumitate.execution.sending import Sender
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Request, Response, Verdict
from kumitate.model.step import BatchFunction, Query, Run
from kumitate.model.table import Table
from kumitate.ports import Ledger, Mark

RUN = Run("r000001", datetime(2026, 3, 10, 12, tzinfo=UTC))
OK = Response(200, b"{}")


class Plain(Destination):
    """Two rows a request; the answer may refuse rows by key: `{"p1": "why"}`."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"upsert"}))

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for group in batches(changes, 2):
            yield HttpRequest("POST", "/rows", b"", tuple(change.key for change in group))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        refused = json_of(response)
        return tuple(
            Outcome(key, Verdict.REJECTED, refused[key]) if key in refused else Outcome(key, Verdict.ACCEPTED)
            for key in request.keys
        )


class Once(Plain):
    """Messages: what may have arrived is not sent again."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"append"}), idempotent=False)

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for change in changes:
            yield HttpRequest("POST", "/messages", b"", (change.key,))


class Remembering(Once):
    """Messages at a destination that can be asked: `{"there": ["p1"]}`."""

    def inquiries(self, changes: Sequence[Change], since: datetime) -> Iterable[Request]:
        yield HttpRequest("GET", f"/history?since={since.isoformat()}", b"", tuple(change.key for change in changes))

    def recollections(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        there = json_of(response)["there"]
        return tuple(Outcome(k, Verdict.ACCEPTED if k in there else Verdict.RETRY) for k in request.keys)


class TwoFold(Plain):
    """Each row takes two requests."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for path in ("/remove", "/add"):
            yield HttpRequest("POST", path, b"", tuple(change.key for change in changes))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        assert response.status == 200
        return for_all(request, Verdict.ACCEPTED)


Answer = Response | BaseException | Callable[[Request], Response]


@dataclass
class Script:
    """A transport that answers in turn, then with success; remembers what it was sent."""

    answers: list[Answer] = field(default_factory=list)
    sent: list[tuple[str, ...]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        assert isinstance(request, HttpRequest)
        self.sent.append(request.keys)
        self.paths.append(request.path)
        answer = self.answers.pop(0) if self.answers else OK
        if isinstance(answer, BaseException):
            raise answer
        return answer(request) if callable(answer) else answer


@dataclass
class Clock:
    """Time that passes only in sleep."""

    now: datetime = datetime(2026, 3, 10, 12, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@dataclass
class MemoryLedger:
    """Notes that outlive a kill in a test, not the test."""

    clock: Clock
    pages: dict[tuple[str, str], dict[str, Outcome | datetime]] = field(default_factory=lambda: defaultdict(dict))

    def claim(self, run_id: str, sync: str, keys: Iterable[str]) -> None:
        self.pages[run_id, sync] |= dict.fromkeys(keys, self.clock())

    def settle(self, run_id: str, sync: str, outcomes: Iterable[Outcome]) -> None:
        self.pages[run_id, sync] |= {outcome.key: outcome for outcome in outcomes}

    def notes(self, run_id: str, sync: str) -> Mapping[str, Outcome | datetime]:
        return dict(self.pages[run_id, sync])


@dataclass
class NotedMemory:
    """A Memory of plain JSON, as strict as a file."""

    notes: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def recall(self, sync: str) -> Mapping[str, Mapping[str, Any]]:
        return {name: json.loads(text) for name, text in sorted(self.notes[sync].items())}

    def remember(self, sync: str, name: str, state: Mapping[str, Any] | None) -> None:
        self.notes[sync].pop(name, None)
        if state is not None:
            self.notes[sync][name] = json.dumps(state)


@dataclass
class SentPages:
    """Changes of conversations, by name."""

    pages: dict[str, bytes] = field(default_factory=dict)

    def keep(self, name: str, changes: Sequence[Change]) -> Mapping[str, Any]:
        self.pages[name] = page_bytes(changes)
        return {"page": name}

    def read(self, place: Mapping[str, Any]) -> list[Change]:
        if place["page"] not in self.pages:
            raise RecordError("page.missing")
        return changes_on(self.pages[place["page"]])

    def drop(self, place: Mapping[str, Any]) -> None:
        self.pages.pop(place.get("page", ""), None)


@dataclass
class Lists:
    """An engine and a lake: changes by sync, outcomes as they were committed."""

    changes: dict[str, list[Change]]
    written: list[dict[str, Any]] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        sync = query.name.removeprefix("deliver_")
        rows = [
            {
                "key": change.key,
                "operation": change.operation.value,
                "person_id": change.key,
                "fields": json.dumps(dict(change.fields)),
                "fields_hash": "",
                "previous_fields": json.dumps(dict(change.previous)) if change.previous else None,
            }
            for change in self.changes[sync]
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=changes_table(sync).schema)

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def prepare(self, tables: Iterable[Table]) -> None:
        raise NotImplementedError

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> int:
        assert table in (OUTCOMES, PLATFORM_FIGURES)
        rows = [row for batch in batches for row in batch.to_pylist()]
        (self.written if table is OUTCOMES else self.figures).extend(rows)
        self.marks[mark.step] = mark.run_id
        return len(rows)

    def done_by(self, table: Table, step: str) -> str:
        assert table in (OUTCOMES, PLATFORM_FIGURES)
        return self.marks.get(step, "")

    def verdicts(self, sync: str = "s") -> dict[str, str]:
        return {row["key"]: row["verdict"] for row in self.written if row["sync"] == sync}

    def reasons(self, sync: str = "s") -> dict[str, str]:
        return {row["key"]: row["reason"] for row in self.written if row["sync"] == sync}


def creates(*keys: str) -> list[Change]:
    return [Change(key, Operation.CREATE, {}) for key in keys]


def sender(script: Script, clock: Clock, **options: Any) -> Sender:
    return Sender(connect=lambda: script, clock=clock, sleep=clock.sleep, **options)


def bring(lists: Lists, ledger: Ledger, *routes: Route, **options: Any) -> None:
    def silent(what: str, done: int, total: int | None = None) -> None:
        pass

    given: dict[str, Any] = {"memory": NotedMemory(), "run": RUN} | options
    given.setdefault("sent", lambda _: SentPages())
    Delivery(engine=lists, lake=lists, ledger=ledger, progress=silent, **given).bring(routes)
