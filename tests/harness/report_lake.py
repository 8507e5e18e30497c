"""A lake as a report reads it: the tables of a small project, and rows for them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from harness.memory_lake import MemoryLake
from kumitate.activation import tables as activation
from kumitate.cleanse.tables import CHANGES, COUNTS
from kumitate.config.project import Config
from kumitate.engines.dialect.translation import refused
from kumitate.identity import tables as identity
from kumitate.ingest.tables import DELIVERIES, QUARANTINE
from kumitate.model.step import BatchFunction, Query
from kumitate.profiles.tables import CONSENTS, profiles_table
from kumitate.report.collect import collect
from kumitate.report.facts import Report, RunFacts
from kumitate.segments.tables import SEGMENT_CHANGES, SEGMENT_SIZES

CONFIG = Config.model_validate(
    {
        "root": Path("/project"),
        "settings": {"project": "bakery"},
        "sources": {"clients": {"kind": "records", "path": "c.csv", "columns": {"id": {"type": "id"}}, "key": ["id"]}},
        "identity": {"person": {"identifiers": {"email": {}}}},
        "segments": {"regulars": {"when": {"attribute": "town", "is": "Lyon"}}},
        "destinations": {"mail": {"type": "ses"}},
        "syncs": {
            "letter": {
                "destination": "mail",
                "segment": "regulars",
                "fields": {"email": "{email}"},
                "consent": {"purpose": "marketing", "channel": "email"},
            }
        },
    }
)
RUN = RunFacts("r000002", datetime(2026, 1, 31, tzinfo=UTC), "duckdb", 1.5)
TABLES = (
    DELIVERIES, QUARANTINE, COUNTS, CHANGES, CONSENTS, profiles_table(CONFIG), SEGMENT_CHANGES, SEGMENT_SIZES,
    identity.PERSON_RECORDS, identity.PERSON_EVENTS, identity.EDGES, identity.SHARED, identity.golden_table(CONFIG),
    activation.OUTCOMES, activation.REJECTED, activation.SYNC_COUNTS, activation.candidates_table("letter"),
    activation.changes_table("letter"), activation.state_table("letter"), activation.PLATFORM_FIGURES,
)  # fmt: skip
SCHEMAS = {str(table): table.schema for table in TABLES}


class Lake(MemoryLake):
    """Every table the report reads, empty at first."""

    def __init__(self) -> None:
        super().__init__()
        for table in TABLES:
            self.put(table, ())

    def report(self, truth: pa.Table | None = None) -> Report:
        return collect(Reader(self), CONFIG, RUN, truth=truth)


class Reader:
    """An engine over the lake in memory, as strict about SQL as the real ones."""

    def __init__(self, lake: MemoryLake) -> None:
        self._lake = lake

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        assert refused(query.sql, SCHEMAS) == ()
        yield from self._lake.query(query).to_batches()

    def apply(
        self,
        query: Query,  # noqa: ARG002 (the port's)
        function: BatchFunction,  # noqa: ARG002 (the port's)
        schema: pa.Schema,  # noqa: ARG002 (the port's)
    ) -> Iterator[pa.RecordBatch]:
        raise AssertionError("a report only reads")


def delivered(run_id: str, rows: int, **more: object) -> dict[str, object]:
    return {"source": "clients", "run_id": run_id, "rows_in": rows, **more}


def counted(run_id: str, outcome: str, rows: int) -> dict[str, object]:
    return {"source": "clients", "run_id": run_id, "outcome": outcome, "rows": rows}


def quarantined(run_id: str, reason: str, line: int, payload: str = "{}") -> dict[str, object]:
    return {
        "source": "clients", "run_id": run_id, "reason": reason, "field": "email", "file": "c.csv", "line": line,
        "payload": payload,
    }  # fmt: skip
