"""The raw zone's tables, and the quarantine beside them."""

from __future__ import annotations

from kumitate.config.source import Source
from kumitate.model.table import Column, Table, Type

ORIGIN = (
    Column("_delivery_id", Type.STRING, meaning="the delivered file that first brought it, see raw.deliveries"),
    Column("_line", Type.BIGINT, meaning="first line (or row) in that file, from 1"),
    Column("_run_id", Type.STRING, meaning="the run that read it"),
)

DELIVERIES = Table(
    "raw",
    "deliveries",
    (
        Column("delivery_id", Type.STRING),
        Column("source", Type.STRING),
        Column("file", Type.STRING, meaning="path relative to the project"),
        Column("sha256", Type.STRING),
        Column("bytes", Type.BIGINT),
        Column("rows_in", Type.BIGINT, meaning="rows counted by the reader: rows_read + rows_rejected"),
        Column("rows_read", Type.BIGINT),
        Column("rows_rejected", Type.BIGINT, meaning="rows that could not be read, in quarantine"),
        Column(
            "duplicate_of", Type.STRING, meaning="an earlier delivery of the same content; its rows are not read again"
        ),
        Column("problem", Type.STRING, meaning="why the file as a whole could not be read, e.g. file.empty"),
        Column("run_id", Type.STRING),
        Column("received_at", Type.TIMESTAMP),
    ),
    "one row per delivered file",
)

QUARANTINE = Table(
    "quarantine",
    "rows",
    (
        Column("source", Type.STRING),
        Column("delivery_id", Type.STRING),
        Column("file", Type.STRING),
        Column("line", Type.BIGINT),
        Column("reason", Type.STRING, meaning="a stable code such as date.invalid"),
        Column("field", Type.STRING),
        Column(
            "payload",
            Type.STRING,
            personal=True,
            meaning="the row as delivered: a JSON object, or base64:… where undecodable",
        ),
        Column("run_id", Type.STRING),
        Column("found_at", Type.TIMESTAMP),
    ),
    "every row that was not accepted, with its reason and origin",
)

REPLAYS = Table(
    "quarantine",
    "replays",
    (
        Column("delivery_id", Type.STRING),
        Column("line", Type.BIGINT),
        Column("replay_delivery_id", Type.STRING, meaning="the delivery that brings it back; none where recleansed"),
        Column("at", Type.TIMESTAMP),
        Column(
            "kind", Type.STRING, meaning="replayed (read anew), mended (edited by hand), recleansed (rules changed)"
        ),
        Column("note", Type.STRING, meaning="why it was mended so"),
        Column("author", Type.STRING, meaning="who mended it"),
        Column("run_id", Type.STRING, meaning="the run whose rules accept it, where recleansed"),
    ),
    "quarantined rows that went through cleansing again: sent back by hand, or accepted since rules changed",
)


def raw_table(name: str, source: Source) -> Table:
    """`raw.<source>`: each declared column as the string that was delivered; undeclared ones as JSON in `_extra`."""
    declared = tuple(
        Column(column, Type.STRING, spec.is_personal) for column, spec in source.columns.items() if spec.is_delivered
    )
    extra = Column("_extra", Type.STRING, personal=True, meaning="fields nobody declared, as a JSON object")
    return Table("raw", name, (*ORIGIN, *declared, extra), source.description)
