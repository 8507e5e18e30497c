"""A project whose one sync is planned, delivered to a vendor's stand-in and settled, run after run, in memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from harness.activations import UPSERT, World, project, run
from harness.deliveries import Clock, MemoryLedger, NotedMemory, SentPages, bring
from harness.talks import transport_to
from kumitate.activation.destinations.registry import destination_for
from kumitate.activation.stage import DELIVERY, of_syncs
from kumitate.activation.tables import OUTCOMES, PLATFORM_FIGURES
from kumitate.execution.deliver import Route
from kumitate.execution.sending import Sender
from kumitate.model.step import BatchFunction, DeliverStep, Query
from kumitate.model.table import Table
from kumitate.ports import Mark, Transport
from kumitate.sandbox.server import Sandbox


@dataclass
class Followed:
    """The sync `s` of mode `mode` to an account of a type; who is in its segment is said by e-mail address."""

    vendor: Sandbox | Transport
    type_: str
    settings: Mapping[str, Any]
    mode: str
    number: int = 0
    memory: NotedMemory = field(default_factory=NotedMemory)
    sent: SentPages = field(default_factory=SentPages)
    clock: Clock = field(default_factory=Clock)
    marks: dict[str, str] = field(default_factory=dict)
    world: World = field(init=False)

    def __post_init__(self) -> None:
        sync = {name: UPSERT[name] for name in ("destination", "segment", "key", "consent", "consent_reason")}
        sync |= {"mode": self.mode, "fields": {"email": "{email}"}}
        account = {"type": self.type_, "settings": dict(self.settings)}
        self.world = World(project({"s": sync}, crm=account))
        self.world.lake.put(OUTCOMES, ())
        self.world.lake.put(PLATFORM_FIGURES, ())

    def run(self, people: Mapping[str, str | None]) -> dict[str, tuple[str, str]]:
        """One run over a segment of these people (key -> e-mail); verdict and reason of each row that was brought."""
        self.number += 1
        now, config, lake = run(self.number), self.world.config, self.world.lake
        self.world.people(**{key: ({"email": email}, ["vips"]) for key, email in people.items()})
        self.world.activate(self.number)
        destination = destination_for(config, "s")
        vendor = self.vendor
        sender = Sender(
            connect=lambda: transport_to(vendor, destination, self.type_) if isinstance(vendor, Sandbox) else vendor,
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        whole = frozenset({"s"} if destination.terms.is_whole_in(self.mode) else ())
        route = Route(sender, {"s": destination}, whole)
        bring(self, MemoryLedger(self.clock), route, run=now, memory=self.memory, sent=lambda _: self.sent)  # type: ignore[arg-type]  # engine and lake in one
        steps = tuple(s for s in of_syncs(DELIVERY, ("s",)).plan(config, now) if not isinstance(s, DeliverStep))
        lake.run(replace(DELIVERY, plan=lambda _config, _run: steps), config, now)
        said = lake.rows(f"select key, verdict, reason from {OUTCOMES} where run_id = '{now.id}'")
        return {key: (verdict, reason) for key, verdict, reason in said}

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        return iter(self.world.lake.query(query).to_batches())

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def prepare(self, tables: Iterable[Table]) -> None:
        raise NotImplementedError

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> int:
        new = [row for batch in batches for row in batch.to_pylist()]
        self.world.lake.put(table, [*self.world.lake.table(table).to_pylist(), *new])
        self.marks[mark.step] = mark.run_id
        return len(new)

    def done_by(self, table: Table, step: str) -> str:
        del table
        return self.marks.get(step, "")
