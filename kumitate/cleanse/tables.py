"""The clean zone's tables."""

from __future__ import annotations

from kumitate.config.source import Source
from kumitate.ingest.tables import ORIGIN
from kumitate.model.table import Column, Table, Type

RECORD_ID = Column(
    "_record_id", Type.STRING, meaning="what identity merges: the key (records) or the identifiers (events)"
)

TOUCHED = (
    Column("_changes", Type.STRINGS, meaning="what cleansing did, as column:code; null where nothing"),
    Column(
        "_originals",
        Type.STRING,
        personal=True,
        meaning="what was delivered where cleansing changed or dropped it, as a JSON object; null where nowhere",
    ),
)

_OURS = (*ORIGIN, RECORD_ID, *TOUCHED)


def clean_column(source: Source, name: str) -> Column | None:
    """The column that `clean_table` would have, found without making the table."""
    spec = source.columns.get(name)
    if spec is None:
        return next((column for column in _OURS if column.name == name), None)
    return Column(name, spec.type.type, spec.is_personal, spec.meaning)


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
    return Table(
        "staging", name, (*ORIGIN, RECORD_ID, *_typed(source, derived=False), *TOUCHED, *verdict), rebuilt=True
    )


def clean_table(name: str, source: Source) -> Table:
    """`clean.<source>`: accepted rows, one per key, with derived columns.

    Columns may change their type: what decides it changes the source's recipe, and all rows are cleansed again.
    """
    columns = (*ORIGIN, RECORD_ID, *_typed(source, derived=True), *TOUCHED)
    return Table("clean", name, columns, source.description, rebuilt=True)


COUNTS = Table(
    "clean",
    "source_counts",
    (
        Column("run_id", Type.STRING),
        Column("source", Type.STRING),
        Column("outcome", Type.STRING, meaning="accepted, duplicate, superseded or quarantined; recleansed, see below"),
        Column("reason", Type.STRING),
        Column("rows", Type.BIGINT),
    ),
    "what became of each run's rows; per run and source the counts add up to the rows read. Rows of earlier runs that"
    " changed rules cleanse again are recleansed, beside that sum; with a reason where these rules refuse them anew",
)

CHANGES = Table(
    "clean",
    "changes",
    (
        Column("run_id", Type.STRING),
        Column("source", Type.STRING),
        Column("column_name", Type.STRING),
        Column("semantic", Type.STRING, meaning="the column's type in the project, which decides how it is cleansed"),
        Column("rules_version", Type.STRING),
        Column(
            "code", Type.STRING, meaning="why; null with kind changed: rows whose value changed, for whatever reason"
        ),
        Column("kind", Type.STRING, meaning="changed, unusable (now null) or rejected (the row, with it)"),
        Column("rows", Type.BIGINT),
        Column("samples", Type.STRINGS, meaning="what was delivered, as shapes: 9 for a digit, a for a letter"),
    ),
    "what cleansing did to the values of each run's rows, by column and reason",
)
