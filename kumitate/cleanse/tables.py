"""The clean zone's tables."""

from __future__ import annotations

from kumitate.config.source import Source
from kumitate.ingest.tables import ORIGIN
from kumitate.model.table import Column, Table, Type

RECORD_ID = Column(
    "_record_id", Type.STRING, meaning="what identity merges: the key (records) or the identifiers (events)"
)


def _typed(source: Source, derived: bool) -> tuple[Column, ...]:
    return tuple(
        Column(name, spec.type.type, spec.is_personal, spec.meaning)
        for name, spec in source.columns.items()
        if derived or spec.sql is None
    )


def staging_table(name: str, source: Source) -> Table:
    """`staging.<source>`: this run's new rows, typed; `_reason` is null where the row is accepted."""
    verdict = (
        Column("_reason", Type.STRING),
        Column("_field", Type.STRING),
        Column("_payload", Type.STRING, personal=True, meaning="the raw row as JSON, only where rejected"),
    )
    return Table("staging", name, (*ORIGIN, RECORD_ID, *_typed(source, derived=False), *verdict), rebuilt=True)


def clean_table(name: str, source: Source) -> Table:
    """`clean.<source>`: accepted rows, one per key, with derived columns."""
    return Table("clean", name, (*ORIGIN, RECORD_ID, *_typed(source, derived=True)), source.description)


COUNTS = Table(
    "clean",
    "source_counts",
    (
        Column("run_id", Type.STRING),
        Column("source", Type.STRING),
        Column("outcome", Type.STRING, meaning="accepted, duplicate, superseded or quarantined"),
        Column("reason", Type.STRING),
        Column("rows", Type.BIGINT),
    ),
    "what became of each run's rows; per run and source the counts add up to the rows read",
)
