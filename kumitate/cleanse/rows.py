"""Raw rows to typed rows with a verdict: the batch function of the cleanse stage, one for laptop and Spark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.record_countries import cleanse_delivered
from kumitate.cleanse.rules import Rule, rules_of
from kumitate.cleanse.tables import RECORD_ID, staging_table
from kumitate.cleanse.touched import gathered
from kumitate.cleanse.values import Cleansed
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
    parts: Mapping[str, tuple[str, str]]
    """Column -> whose part it is, and which: `{"city": ("address", "city")}`."""
    required_parts: tuple[str, ...] = ()


def cleansing(name: str, source: Source, settings: Settings, *, as_of: date | None = None) -> BatchFunction:
    """The function from `raw.<source>` to `staging.<source>`; `as_of` is the run's day."""
    parts = {column: spec.part for column, spec in source.columns.items() if spec.part is not None}
    recipe = Recipe(
        staging_table(name, source).schema,
        rules_of(source, settings, as_of),
        tuple(column for column in record_id_columns(source) if source.columns[column].sql is None),
        {column: (part.partition(".")[0], part.partition(".")[2]) for column, part in parts.items()},
        tuple(column for column in parts if source.columns[column].required),
    )
    return partial(cleanse_rows, recipe=recipe)


def record_id_columns(source: Source) -> tuple[str, ...]:
    """The columns whose values name a record, in declared order: a record's key, an event's identifiers."""
    if source.kind == "records" and source.key != "row":
        return source.key
    return tuple(dict.fromkeys(source.identifiers.values()))


def cleanse_rows(batch: pa.RecordBatch, *, recipe: Recipe) -> pa.RecordBatch:
    """Every row of the batch, in order, typed.

    `_reason` and `_field` tell the first thing that makes a row unusable; `_changes` and `_originals` what was done
    to its values and what had been delivered in their place.
    """
    count = batch.num_rows
    delivered = {rule.column: batch.column(rule.column) for rule in recipe.rules}
    cleansed = {rule.column: cleanse_delivered(rule, delivered) for rule in recipe.rules}
    columns: dict[str, pa.Array] = {column.name: batch.column(column.name) for column in ORIGIN}
    columns |= {column: each.values for column, each in cleansed.items()}
    columns |= {column: _part(cleansed[whole], part) for column, (whole, part) in recipe.parts.items()}
    columns["_reason"], columns["_field"] = _verdicts(columns, cleansed, recipe)
    columns["_payload"] = _payloads(batch, columns["_reason"], recipe)
    columns[RECORD_ID.name] = _joined([columns[name] for name in recipe.record_id], count)
    reasons = {column: each.reasons for column, each in cleansed.items()}
    columns["_changes"], columns["_originals"] = gathered(delivered, reasons, count)
    return pa.RecordBatch.from_arrays([columns[name] for name in recipe.schema.names], schema=recipe.schema)


def _part(whole: Cleansed, part: str) -> pa.Array:
    found = whole.parts.get(part)
    return pa.nulls(len(whole.values), pa.string()) if found is None else found


def _verdicts(
    columns: Mapping[str, pa.Array], cleansed: Mapping[str, Cleansed], recipe: Recipe
) -> tuple[pa.Array, pa.Array]:
    """Reason and column of the first required value that is missing or unusable; null where none is."""
    count = len(columns["_line"])
    reason, field = pa.nulls(count, pa.string()), pa.nulls(count, pa.string())
    required = (*(rule.column for rule in recipe.rules if rule.is_required), *recipe.required_parts)
    for column in required:
        if columns[column].null_count:
            is_first = pc.and_(columns[column].is_null(), reason.is_null())
            why = MISSING if column not in cleansed else pc.fill_null(_last_code(cleansed[column].reasons), MISSING)
            reason = pc.if_else(is_first, why, reason)
            field = pc.if_else(is_first, column, field)
    return reason, field


def _last_code(reasons: pa.Array) -> pa.Array:
    """Of several the last: what was unified before a value proved unusable is not why the row is rejected."""
    encoded = reasons.dictionary_encode()
    last = [each.split()[-1] for each in encoded.dictionary.to_pylist()]
    return pa.array(last, pa.string()).take(encoded.indices)


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
