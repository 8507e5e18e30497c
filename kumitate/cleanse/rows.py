"""Raw rows to typed rows with a verdict: the batch function of the cleanse stage, one for laptop and Spark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.rules import Rule, cleanser, rules_of
from kumitate.cleanse.tables import RECORD_ID, staging_table
from kumitate.cleanse.values import on_distinct
from kumitate.config.settings import Settings
from kumitate.config.source import Source
from kumitate.ingest.tables import ORIGIN
from kumitate.model.step import BatchFunction

MISSING = "required.missing"


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that cleansing one source needs to know; plain values, so that it can travel to a Spark worker."""

    schema: pa.Schema
    rules: tuple[Rule, ...]
    record_id: tuple[str, ...]


def cleansing(name: str, source: Source, settings: Settings) -> BatchFunction:
    """The function from `raw.<source>` to `staging.<source>`."""
    rules = rules_of(source, settings)
    delivered = {rule.column for rule in rules}
    record_id = tuple(column for column in record_id_columns(source) if column in delivered)
    return partial(cleanse_rows, recipe=Recipe(staging_table(name, source).schema, rules, record_id))


def record_id_columns(source: Source) -> tuple[str, ...]:
    """The columns whose values name a record, in declared order: a record's key, an event's identifiers."""
    if source.kind == "records" and source.key != "row":
        return source.key
    return tuple(dict.fromkeys(source.identifiers.values()))


def cleanse_rows(batch: pa.RecordBatch, *, recipe: Recipe) -> pa.RecordBatch:
    """Every row of the batch, in order, typed; `_reason` and `_field` tell the first thing that makes it unusable."""
    columns: dict[str, pa.Array] = {column.name: batch.column(column.name) for column in ORIGIN}
    reason, field = pa.nulls(batch.num_rows, pa.string()), pa.nulls(batch.num_rows, pa.string())
    for rule in recipe.rules:
        type_ = recipe.schema.field(rule.column).type
        values, reasons = on_distinct(batch.column(rule.column), cleanser(rule), type_)
        columns[rule.column] = values
        if rule.is_required and values.null_count:
            is_first = pc.and_(values.is_null(), reason.is_null())
            reason = pc.if_else(is_first, pc.fill_null(reasons, MISSING), reason)
            field = pc.if_else(is_first, rule.column, field)
    columns |= {"_reason": reason, "_field": field, "_payload": _payloads(batch, reason, recipe)}
    columns[RECORD_ID.name] = _joined([columns[name] for name in recipe.record_id], batch.num_rows)
    return pa.RecordBatch.from_arrays([columns[name] for name in recipe.schema.names], schema=recipe.schema)


def _joined(parts: list[pa.Array], count: int) -> pa.Array:
    """Values joined by `|`, nothing for null ones; null where all are."""
    if not parts:
        return pa.nulls(count, pa.string())
    texts = [part.cast(pa.string()) for part in parts]
    joined = pc.binary_join_element_wise(*(pc.fill_null(text, "") for text in texts), "|")
    return pc.if_else(pc.equal(pc.coalesce(*texts, ""), ""), pa.scalar(None, pa.string()), joined)


def _payloads(batch: pa.RecordBatch, reason: pa.Array, recipe: Recipe) -> pa.Array:
    """The rejected rows as they were delivered, as JSON objects."""
    places = pc.indices_nonzero(reason.is_valid())
    payloads: dict[int, str] = {}
    if len(places):
        names = [rule.column for rule in recipe.rules] + ["_extra"]
        for place, row in zip(places.to_pylist(), batch.select(names).take(places).to_pylist(), strict=True):
            payloads[place] = json.dumps(_delivered(row), ensure_ascii=False)
    return pa.array([payloads.get(place) for place in range(batch.num_rows)], pa.string())


def _delivered(row: Mapping[str, str | None]) -> dict[str, object]:
    declared = {name: value for name, value in row.items() if value is not None and name != "_extra"}
    extra = row["_extra"]
    return declared | ({"_extra": json.loads(extra)} if extra else {})
