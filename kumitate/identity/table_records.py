"""A bare table's rows as records: each with one name, its newest version, and a place in the order of names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.rules import Rule, column_cleanser
from kumitate.config.source import Semantic
from kumitate.errors import FatalError
from kumitate.identity.components import Integers, positions
from kumitate.identity.table_plan import TablePlan
from kumitate.model.masking import mask

DELETED = "_deleted"
"""A column of a delta: true takes the record out."""
_TRUE = ("true", "1", "yes", "t", "y", "1.0")
_FALSE = ("", "false", "0", "no", "f", "n", "0.0")
UNKNOWN = 0
"""When a row changed that does not say when."""
_FIRST_ROW = 2
"""The line of a file's first row, below its header."""


@dataclass(frozen=True, slots=True)
class Records:
    """Names in their order; `row` is where each record's newest version stands in the table, `at` when it held.

    `superseded` counts rows that a newer version of their record replaced, `deleted` records that deltas took out.
    """

    names: pa.Array
    row: Integers
    at: Integers
    superseded: int = 0
    deleted: int = 0

    def __len__(self) -> int:
        return len(self.row)


def records_of(table: pa.Table, plan: TablePlan, before: Records | None = None) -> Records:
    """The table's records; FatalError where rows have no name, or one name and nothing that tells the newest.

    In what comes after the records `before`, a row that does not say when it changed is as new as what it changes: a
    deletion often names the record alone.
    """
    names = _names(table, plan)
    ranks, at = _ranks(names), _moments(table, plan)
    if before is not None and plan.updated_at is not None and (at == UNKNOWN).any():
        known = np.append(before.at, UNKNOWN)[positions(names.cast(before.names.type), before.names)]
        at = _dated(at, ranks, known)
    order = np.lexsort((np.arange(len(at)), at, ranks))
    ranks = ranks[order]
    last = np.append(ranks[1:] != ranks[:-1], True)[: len(ranks)]
    if not last.all() and plan.updated_at is None:
        raise FatalError(_repeated(names, plan, order[np.flatnonzero(~last)[0] :][:2]))
    row = order[last]
    return Records(names.take(pa.array(row)), row, at[row], len(at) - len(row))


def _dated(at: Integers, ranks: Integers, known: Integers) -> Integers:
    """`at`, where it is UNKNOWN as new as the newest of the record so far: of the rows above it and of `known`."""
    order = np.argsort(ranks, kind="stable")
    moments, place = np.unique(np.maximum(at, known)[order], return_inverse=True)
    newest = np.maximum.accumulate(ranks[order] * len(moments) + place) % len(moments)
    dated = at.copy()
    dated[order] = np.where(at[order] == UNKNOWN, moments[newest], at[order])
    return dated


def _names(table: pa.Table, plan: TablePlan) -> pa.Array:
    if plan.record_id is None:
        names = pa.array(np.arange(1, table.num_rows + 1)).cast(pa.large_string())  # the same however many follow
    else:
        names = pc.utf8_trim_whitespace(table[plan.record_id].cast(pa.large_string()).combine_chunks())
    missing = pc.or_kleene(pc.is_null(names), pc.equal(names, ""))
    if pc.any(missing).as_py():
        line = int(pc.index(missing, True).as_py()) + _FIRST_ROW
        raise FatalError(
            f"column {plan.record_id!r} names no record in {pc.sum(missing).as_py():,} rows, first in line {line}; "
            "fill it, or leave record_id out and records are named by their lines"
        )
    if plan.source is None:
        return names
    sources = pc.fill_null(table[plan.source].cast(pa.large_string()).combine_chunks(), "")
    return pc.binary_join_element_wise(sources, names, pa.scalar("/", pa.large_string()))


def _ranks(names: pa.Array) -> Integers:
    """Where each name stands among the distinct ones."""
    return np.asarray(pc.rank(names, tiebreaker="dense").to_numpy(), np.int64)


def _moments(table: pa.Table, plan: TablePlan) -> Integers:
    """Milliseconds since 1970, UNKNOWN where a row does not tell."""
    if plan.updated_at is None:
        return np.zeros(table.num_rows, np.int64)
    zone = plan.columns[0].rule.timezone if plan.columns else "UTC"
    rule = Rule(plan.updated_at, Semantic.TIMESTAMP, (), "JP", zone)
    found = column_cleanser(rule)(table[plan.updated_at].cast(pa.string()).combine_chunks()).values
    return np.asarray(pc.fill_null(found.cast(pa.timestamp("ms"), safe=False).cast(pa.int64()), 0).to_numpy(), np.int64)


def _repeated(names: pa.Array, plan: TablePlan, rows: Integers) -> str:
    lines = " and ".join(str(int(row) + _FIRST_ROW) for row in np.sort(rows))
    name = mask(str(names[int(rows[0])].as_py()))
    return (
        f"record id {name!r} ({plan.record_id}) stands twice, in lines {lines}; give `updated_at` so that the newest "
        "version counts, or another record_id"
    )


def deleted(table: pa.Table) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which rows of a delta take their record out; FatalError where one says neither that nor that it stays."""
    if DELETED not in table.column_names:
        return np.zeros(table.num_rows, np.bool_)
    column = table[DELETED].cast(pa.string()).combine_chunks()
    texts = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(column, "")))
    told = pc.is_in(texts, pa.array([*_TRUE, *_FALSE]))
    if not pc.all(told, min_count=0).as_py():
        line = int(pc.index(told, False).as_py()) + _FIRST_ROW
        raise FatalError(
            f"the delta: line {line} says neither true nor false in column {DELETED!r}; "
            "write true where the record goes, and nothing where it stays"
        )
    return np.asarray(pc.is_in(texts, pa.array(_TRUE)).to_numpy(zero_copy_only=False))
