"""A project of syncs over people who are said in the test, and a delivery without any network."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from harness.memory_lake import MemoryLake
from kumitate.activation.stage import ACTIVATION, DELIVERY, of_syncs
from kumitate.activation.tables import OUTCOMES, changes_table
from kumitate.config.project import Config
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.step import DeliverStep, Run
from kumitate.profiles.tables import CONSENTS, profiles_table
from kumitate.segments.tables import assign_bits, masks_table

AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)
COLUMNS = {
    "id": {"type": "id"},
    "email": {"type": "email"},
    "phone": {"type": "phone"},
    "family_name": {"type": "name"},
    "born": {"type": "date"},
    "seen": {"type": "timestamp"},
    "value": {"type": "decimal"},
    "visits": {"type": "integer"},
    "active": {"type": "boolean"},
}
SLACK = {"team": {"type": "slack", "settings": {"channel": "C1"}}}
UPSERT = {
    "destination": "crm",
    "segment": "vips",
    "object": "Contact",
    "key": "{person_id}",
    "fields": {"LastName": "{family_name}"},
    "settings": {"external_id": "Kumitate_Key__c"},
    "consent": "not_needed",
    "consent_reason": "a test",
}


def run(number: int) -> Run:
    return Run(f"r{number:06d}", AS_OF + timedelta(days=number - 1))


def project(syncs: Mapping[str, Any], *, gates: Mapping[str, Any] | None = None, **destinations: Any) -> Config:
    """A project with the segments vips, buyers and lapsed; `gates` are holdouts, exclusions, budgets, rankings."""
    people = {"kind": "records", "path": "p.csv", "key": ["id"], "columns": COLUMNS}
    attributes = {name: {} for name in COLUMNS if name != "id"}
    segment = {"when": {"attribute": "email", "known": True}}
    return Config.model_validate(
        {
            "root": ".",
            "settings": {"project": "syncs"},
            "sources": {"people": people},
            "identity": {"person": {"identifiers": {"id": {}}, "attributes": attributes}},
            "segments": dict.fromkeys(("vips", "buyers", "lapsed"), segment),
            "destinations": destinations or {"crm": {"type": "salesforce"}, **SLACK},
            "syncs": syncs,
            **(gates or {}),
        }
    )


@dataclass
class World:
    """What the lake holds for one project, put there without the stages before."""

    config: Config
    lake: MemoryLake = field(default_factory=MemoryLake)
    forgotten: Mapping[str, str] = field(default_factory=dict)
    """Per sync that was reset, the run up to which nothing counts."""

    def people(self, **members: tuple[Mapping[str, Any], Iterable[str]]) -> None:
        """`people(p1=({"email": "a@b.jp"}, ["vips"]))`: attributes, and segments the person is in."""
        profiles = profiles_table(self.config)
        names = profiles.schema.names
        self.lake.put(
            profiles, [dict.fromkeys(names) | {"person_id": id_} | dict(given) for id_, (given, _) in members.items()]
        )
        bits = assign_bits(self.config, run(1))
        masks = masks_table("curated", self.config, run(1))
        rows = [{"person_id": id_, "mask_0": sum(1 << bits[s] for s in where)} for id_, (_, where) in members.items()]
        self.lake.put(masks, rows)

    def consents(self, **granted: bool | None) -> None:
        """`consents(p1=True)`: the newest word on advertising by e-mail."""
        rows = [
            {"person_id": id_, "purpose": "ads", "channel": "email", "granted": word, "at": AS_OF.replace(tzinfo=None)}
            for id_, word in granted.items()
        ]
        self.lake.put(CONSENTS, rows)

    def brand_consents(self, *words: tuple[str, bool, str | None]) -> None:
        """`brand_consents(("p1", True, "tea"))`: the newest words on advertising by e-mail."""
        names = ("person_id", "granted", "brand")
        about = {"purpose": "ads", "channel": "email", "at": AS_OF.replace(tzinfo=None)}
        self.lake.put(CONSENTS, [dict(zip(names, word, strict=True)) | about for word in words])

    def merged(self, **into: str) -> None:
        """`merged(p2="p1")`: p2 went into p1."""
        self.lake.put(PERSON_ALIASES, [{"alias": alias, "person_id": id_} for alias, id_ in into.items()])

    def activate(self, number: int = 1, *, syncs: Sequence[str] = ()) -> None:
        """All syncs, or these alone; the lake is prepared for all of them."""
        self.lake.run(replace(ACTIVATION, plan=lambda _config, _run: ()), self.config, run(number))
        self.lake.run(of_syncs(ACTIVATION, syncs), self.config, self._run(number))

    def settle(self, number: int = 1, *, sync: str = "s", because: str = "", **verdicts: str) -> None:
        """What became of the changes of a sync: `settle(p1="retry")`; whoever is not named is accepted."""
        if str(OUTCOMES) not in self.lake_tables():
            self.lake.put(OUTCOMES, ())
        old = self.lake.table(OUTCOMES).to_pylist()
        new = [
            {
                "run_id": run(number).id,
                "at": run(number).as_of.replace(tzinfo=None),
                "sync": sync,
                "key": row["key"],
                "person_id": row["person_id"],
                "operation": row["operation"],
                "verdict": verdicts.get(row["key"], "accepted"),
                "reason": because if row["key"] in verdicts else "",
                "message": "",
            }
            for row in self.lake.table(changes_table(sync)).to_pylist()
        ]
        self._settled(number, sync, [*old, *new])

    def settle_as_told(self, number: int, batches: Iterable[pa.RecordBatch], *, sync: str = "s") -> None:
        """What became of the changes, in the rows that a delivery makes of it."""
        old = self.lake.table(OUTCOMES).to_pylist()
        self._settled(number, sync, [*old, *(row for batch in batches for row in batch.to_pylist())])

    def _settled(self, number: int, sync: str, outcomes: Sequence[Mapping[str, Any]]) -> None:
        self.lake.put(OUTCOMES, [dict(row) for row in outcomes])
        of_sync = of_syncs(DELIVERY, (sync,))
        steps = [step for step in of_sync.plan(self.config, self._run(number)) if not isinstance(step, DeliverStep)]
        self.lake.run(replace(DELIVERY, plan=lambda _config, _run: tuple(steps)), self.config, run(number))

    def _run(self, number: int) -> Run:
        return replace(run(number), forgotten=self.forgotten)

    def lake_tables(self) -> set[str]:
        return set(self.lake._tables)

    def changes(self, sync: str = "s") -> dict[str, str]:
        """Key -> operation."""
        return dict(self.lake.rows(f"select key, operation from activation.changes_{sync} order by key"))

    def state(self, sync: str = "s") -> dict[str, str]:
        """Key -> the run in which the destination accepted it."""
        return dict(self.lake.rows(f"select key, accepted_run_id from activation.state_{sync} order by key"))

    def gates(self, sync: str = "s") -> dict[str, str | None]:
        """Person -> gate."""
        return dict(self.lake.rows(f"select person_id, gate from activation.candidates_{sync} order by person_id"))

    def counts(self, number: int = 1, sync: str = "s") -> dict[str, int]:
        where = f"run_id = '{run(number).id}' and sync = '{sync}'"
        return dict(self.lake.rows(f"select outcome, rows from activation.sync_counts where {where} order by outcome"))

    def holds(self, number: int = 1) -> list[tuple[Any, ...]]:
        """Sync, reason, creates, updates, deletes, accepted, limit of what a run holds."""
        figures = "sync, reason, creates, updates, deletes, accepted, limit_rows"
        where = f"run_id = '{run(number).id}'"
        return self.lake.rows(f"select {figures} from activation.sync_holds where {where} order by sync, reason")
