"""The cleansing report's figures: what was done to a source's values in a run, by column and reason, with shapes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from kumitate.cleanse.expressions import bound, delivered, named
from kumitate.cleanse.reasons import is_unusable
from kumitate.cleanse.rules import RULES_VERSION
from kumitate.cleanse.tables import CHANGES, staging_table
from kumitate.config.source import Semantic, Source
from kumitate.model.shapes import full_shape, shape
from kumitate.model.step import GraphStep, Mode, Query
from kumitate.model.table import Table
from kumitate.sql.vocabulary import laid_out

_DATES = (Semantic.DATE, Semantic.BIRTHDATE, Semantic.TIMESTAMP)
_PICKS = ("min({0})", "max({0})", "min_by({0}, {1})", "max_by({0}, {1})")
"""Few samples, the same on every engine: first and last by text, first and last by origin."""
_ORIGIN = "row(_run_id, _delivery_id, _line)"

Row = dict[str, Any]


def changes_step(name: str, source: Source, run_id: str) -> GraphStep:
    """`clean.changes` grows by what this run's cleansing did; nothing is read but the staging table."""
    staging = staging_table(name, source)
    queries = (_by_code(name, staging), _by_column(name, source, staging), _rejected(name, staging))
    semantics = {column: spec.type for column, spec in source.columns.items()}
    head = {"run_id": run_id, "source": name, "rules_version": RULES_VERSION}
    return GraphStep(CHANGES, queries, partial(_tell, head=head, semantics=semantics), Mode.APPEND)


def _by_code(name: str, staging: Table) -> Query:
    """Rows and samples per `column:code`."""
    return _query(
        f"changes_{name}",
        f"""
        select entry, count(*) as {named("rows")}, {_samples("_originals")}
        from {staging} cross join unnest(_changes) as t(entry)
        where _reason is null
        group by entry
        """,
    )


def _by_column(name: str, source: Source, staging: Table) -> Query:
    """Rows per column that something was done to: its name stands in `_originals` as a key, and nowhere else so."""
    sums = ", ".join(
        f"sum(case when strpos(_originals, {bound(json.dumps(column) + ':')}) > 0 then 1 else 0 end) as {named(column)}"
        for column in delivered(source)
    )
    return _query(
        f"changed_columns_{name}", f"select {sums} from {staging} where _reason is null and _originals is not null"
    )


def _rejected(name: str, staging: Table) -> Query:
    return _query(
        f"rejected_{name}",
        f"""
        select _field, _reason, count(*) as {named("rows")}, {_samples("_payload")}
        from {staging}
        where _reason is not null
        group by _field, _reason
        """,
    )


def _samples(value: str) -> str:
    picks = (pick.format(value, _ORIGIN) for pick in _PICKS)
    return ", ".join(f"{pick} as sample_{number}" for number, pick in enumerate(picks))


def _query(name: str, sql: str) -> Query:
    return Query(name, laid_out(sql))


def _tell(inputs: Mapping[str, pa.Table], *, head: Row, semantics: Mapping[str, Semantic]) -> pa.Table:
    """The rows of `clean.changes`, in the order of the source's columns."""
    by_code, by_column, rejected = (answer.to_pylist() for answer in inputs.values())
    codes = [_by_its_code(row) for row in by_code]
    rows = [*codes, *_totals(codes, by_column[0]), *map(_by_its_field, rejected)]
    places = {column: place for place, column in enumerate(semantics)}
    rows.sort(key=lambda row: (places[row["column_name"]], row["kind"], row["code"] or ""))
    told = [head | row | _described(row, semantics[row["column_name"]]) for row in rows]
    return pa.Table.from_pylist(told, schema=CHANGES.schema)


def _by_its_code(row: Row) -> Row:
    column, _, code = row["entry"].partition(":")
    kind = "unusable" if is_unusable(code) else "changed"
    return {"column_name": column, "code": code, "kind": kind, "rows": row["rows"], "samples": _values(row, column)}


def _by_its_field(row: Row) -> Row:
    column, code = row["_field"], row["_reason"]
    return {
        "column_name": column,
        "code": code,
        "kind": "rejected",
        "rows": row["rows"],
        "samples": _values(row, column),
    }


def _totals(codes: Sequence[Row], touched: Mapping[str, int | None]) -> Iterator[Row]:
    """Rows per column whose value changed: several codes may hold for one, while one code alone makes it unusable."""
    unusable: Counter[str] = Counter()
    for row in codes:
        unusable[row["column_name"]] += row["rows"] if row["kind"] == "unusable" else 0
    for column, rows in touched.items():
        changed = (rows or 0) - unusable[column]
        if changed:
            yield {"column_name": column, "code": None, "kind": "changed", "rows": changed, "samples": []}


def _values(row: Row, column: str) -> list[str]:
    """What was delivered in `column` of the sampled rows."""
    sampled = (json.loads(row[name]) for name in row if name.startswith("sample_") and row[name])
    return [each[column] for each in sampled if each.get(column)]


def _described(row: Row, semantic: Semantic) -> Row:
    """No value leaves this function, only its shape."""
    mask = shape if semantic in _DATES else full_shape
    return {"semantic": semantic.value, "samples": sorted({mask(value) for value in row["samples"]})}
