"""A project with syncs that triggers fire, and the world around a firing in memory: state store, book, ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from harness.activations import COLUMNS, SLACK, World, run
from harness.deliveries import Clock, NotedMemory
from harness.memory_lake import MemoryLake
from kumitate.activation.cards import fired_syncs
from kumitate.activation.stage import ACTIVATION
from kumitate.activation.tables import FIRINGS, OUTCOMES
from kumitate.config.project import Config
from kumitate.execution.fired import Firings
from kumitate.execution.gathered import Gathering
from kumitate.identity.tables import IDENTIFIERS, PERSON_RECORDS
from kumitate.model.event import Fired, State
from kumitate.model.firing import Firing
from kumitate.model.request import Outcome, Verdict
from kumitate.model.step import BatchFunction, LiveStep, Query, Run, Step
from kumitate.model.table import Table
from kumitate.pipeline import all_tables, step_name
from kumitate.ports import Mark

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CART = {
    "destination": "team",
    "trigger": "left_cart",
    "mode": "append",
    "key": "{person_id}:{fact.cart_id}",
    "fields": {"text": "{family_name}: {fact.products}", "products": "{fact.products}", "name": "{family_name}"},
    "consent": {"purpose": "ads", "channel": "email"},
}
LEAD = {
    "destination": "team",
    "trigger": "left_cart",
    "segment": "vips",
    "mode": "append",
    "key": "{person_id}:lead",
    "fields": {"text": "{family_name} is hot"},
    "consent": "not_needed",
    "consent_reason": "a test",
}

PEOPLE = {"kind": "records", "path": "p.csv", "key": ["id"], "columns": COLUMNS, "identifiers": {"email": "email"}}
WEB = {
    "kind": "events",
    "path": "e.jsonl",
    "format": "jsonl",
    "key": ["id"],
    "time": "at",
    "event": "event",
    "identifiers": {"email": "email", "browser": "browser"},
    "columns": {
        "id": {"type": "id"},
        "at": {"type": "timestamp"},
        "event": {},
        "email": {"type": "email"},
        "browser": {"type": "id"},
        "cart_id": {"type": "id"},
        "product": {},
    },
}
LEFT_CART = {
    "when": {"event": {"source": "web", "event": "added"}},
    "key": "{person_id}:{cart_id}",
    "fresh": "1d",
    "facts": {"cart_id": {"column": "cart_id"}, "products": {"column": "product", "take": "list"}},
}


def fired_project(*, gates: Mapping[str, Any] | None = None, **syncs: Any) -> Config:
    """Shop events with the trigger `left_cart`; people and segments as in `activations.project`."""
    person = {
        "identifiers": {"email": {}, "browser": {"within": "30d"}},
        "attributes": {name: {} for name in COLUMNS if name != "id"},
    }
    return Config.model_validate(
        {
            "root": ".",
            "settings": {"project": "fired"},
            "sources": {"people": PEOPLE, "web": WEB},
            "identity": {"person": person},
            "segments": {each: {"when": {"attribute": "email", "known": True}} for each in ("vips", "buyers")},
            "destinations": SLACK,
            "triggers": {"left_cart": LEFT_CART},
            "syncs": syncs or {"cart": CART},
            **(gates or {}),
        }
    )


def fired(number: int = 1, *, person: str = "p1", cart: str = "c1", **more: Any) -> Fired:
    facts = {"cart_id": cart, "products": ["Tea", "Cup"]}
    given: dict[str, Any] = {"at": NOW, "facts": facts} | more
    return Fired(id=f"{number:032x}", trigger="left_cart", key=f"{person}:{cart}", person_id=person, **given)


CARDS: dict[str, dict[str, Any]] = {
    "card#cart#p1": {
        "key": "p1:{fact.cart_id}",
        "fields": {"name": "Sato", "products": "{fact.products}", "text": "Sato: {fact.products}"},
    },
    "card#cart#p2": {"gate": "no_consent"},
}
"""What a run publishes of p1, who has consented, and of p2, who has not."""


@dataclass
class MemoryStates:
    """A StateStore in a dict; `touched` is called before and after each effect."""

    documents: dict[str, State] = field(default_factory=dict)
    touched: Callable[[], None] = lambda: None

    def read(self, keys: Sequence[str]) -> Mapping[str, State]:
        return {key: self.documents[key] for key in keys if key in self.documents}

    def write(self, key: str, data: Mapping[str, Any] | None, *, instead_of: int) -> bool:
        known = self.documents.get(key)
        if (known.version if known else 0) != instead_of:
            return False
        self.touched()
        self._put(key, data)
        self.touched()
        return True

    def publish(self, entries: Iterable[tuple[str, Mapping[str, Any] | None]]) -> None:
        for key, data in entries:
            self.touched()
            self._put(key, data)

    def _put(self, key: str, data: Mapping[str, Any] | None) -> None:
        if data is None:
            self.documents.pop(key, None)
        else:
            version = self.documents[key].version + 1 if key in self.documents else 1
            self.documents[key] = State(json.loads(json.dumps(data)), version)

    def found(self, begins: str) -> dict[str, Mapping[str, Any]]:
        return {key: state.data for key, state in sorted(self.documents.items()) if key.startswith(begins)}


@dataclass
class MemoryFirings:
    """A FiringBook in a dict."""

    firings: dict[tuple[str, str], Firing] = field(default_factory=dict)
    touched: Callable[[], None] = lambda: None

    def read(self, sync: str, fired_id: str) -> Firing | None:
        return self.firings.get((sync, fired_id))

    def write(self, firing: Firing, *, instead_of: int) -> bool:
        place = firing.sync, firing.fired.id
        known = self.firings.get(place)
        if (known.version if known else 0) != instead_of:
            return False
        self.touched()
        told = json.loads(json.dumps(firing.to_json()))
        self.firings[place] = Firing.from_json(told, version=instead_of + 1)
        self.touched()
        return True

    def uncollected(self, sync: str) -> Iterable[Firing]:
        return [each for (name, _), each in sorted(self.firings.items()) if name == sync and not each.is_collected]


@dataclass
class MemoryOut:
    """A way out that notes as the ledger does, to a vendor that counts what arrives."""

    arrived: Counter[str] = field(default_factory=Counter)
    notes: dict[tuple[str, str], Outcome | datetime] = field(default_factory=dict)
    answers: list[Outcome | None] = field(default_factory=list)
    """What the vendor says next; None: nothing, and it has not arrived."""
    touched: Callable[[], None] = lambda: None

    def send(self, firing: Firing) -> None:
        place = firing.run_id, firing.sync
        known = self.notes.get(place)
        if isinstance(known, Outcome) and known.verdict is not Verdict.RETRY:
            return
        if isinstance(known, datetime):  # nobody can be asked
            self.notes[place] = Outcome(firing.key, Verdict.UNKNOWN)
            return
        self.touched()
        self.notes[place] = NOW
        self.touched()
        answer = self.answers.pop(0) if self.answers else Outcome(firing.key, Verdict.ACCEPTED)
        if answer is None or answer.verdict is Verdict.RETRY:
            self.notes[place] = answer or Outcome(firing.key, Verdict.RETRY, "destination.unavailable")
            return
        if answer.verdict is Verdict.ACCEPTED:
            self.arrived[firing.sync + "/" + firing.key] += 1
        self.touched()
        self.notes[place] = answer

    def note(self, firing: Firing) -> Outcome | datetime | None:
        return self.notes.get((firing.run_id, firing.sync))

    def end(self, firing: Firing) -> None:
        assert firing.change is not None
        self.touched()


@dataclass
class LakeOfTests:
    """Engine and lake of a `MemoryLake`, as the live steps use them."""

    lake: MemoryLake
    marks: dict[tuple[str, str], str] = field(default_factory=dict)

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        yield from self.lake.query(query).to_batches()

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        raise AssertionError(f"{query.name}: {function} of {schema} is no live step")

    def prepare(self, tables: Iterable[Table]) -> None:
        """All are there."""

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> int:
        rows = [row for batch in batches for row in batch.to_pylist()]
        self.lake.put(table, rows)
        self.marks[str(table), mark.step] = mark.run_id
        return len(rows)

    def done_by(self, table: Table, step: str) -> str:
        return self.marks.get((str(table), step), "")


class FiredWorld(World):
    """Runs of the activation stage over a lake in memory, and firings in between."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.states, self.book, self.out = MemoryStates(), MemoryFirings(), MemoryOut()
        self.clock, self.memory = Clock(), NotedMemory()
        self.files = LakeOfTests(self.lake)
        for table in all_tables(config):
            self.lake.put(table, ())

    @property
    def firings(self) -> Firings:
        plans = {plan.sync: plan for plan in fired_syncs(self.config)}
        return Firings(plans=plans, store=self.states, book=self.book, out=self.out, clock=self.clock)

    def run(self, number: int = 1, *, steps: int | None = None) -> None:
        """The activation stage, or its first steps, where it is killed then."""
        this = run(number)
        gathering = Gathering(
            engine=self.files,
            lake=self.files,
            store=self.states,
            book=self.book,
            out=self.out,
            memory=self.memory,
            syncs=tuple(sorted(self.config.fired_syncs)),
            run=this,
            clock=self.clock,
        )
        for step in ACTIVATION.plan(self.config, this)[:steps]:
            if isinstance(step, LiveStep):
                gathering.carry_out(step)
            else:
                self._carry_out(step, this)

    def _carry_out(self, step: Step, this: Run) -> None:
        mark = str(step.table), step_name(step)
        if self.files.marks.get(mark) != this.id:
            self.lake.run(replace(ACTIVATION, plan=lambda _config, _run: (step,)), self.config, this)
            self.files.marks[mark] = this.id

    def ties(self, **values: str) -> None:
        """`ties(p1="a@b.jp")`: what identifies whom, as the lake has it."""
        stated = [{"record": f"people/{id_}", "kind": "email", "value": value} for id_, value in values.items()]
        persons = [
            {"record": f"people/{id_}", "source": "people", "record_id": id_, "person_id": id_} for id_ in values
        ]
        self.lake.put(IDENTIFIERS, stated)
        self.lake.put(PERSON_RECORDS, persons)

    def became(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Fired id and sync -> state and reason, as the lake has them; each once."""
        rows = self.lake.rows(f"select fired_id, sync, state, reason from {FIRINGS}")
        assert len({row[:2] for row in rows}) == len(rows)
        return {(row[0][-4:], row[1]): (row[2], row[3]) for row in rows}

    def outcomes(self) -> list[tuple[Any, ...]]:
        return list(self.lake.rows(f"select run_id, sync, key, verdict from {OUTCOMES} order by run_id, sync, key"))
