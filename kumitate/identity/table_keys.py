"""A bare table's rows as a graph's keys: cleansed columns, hashed values per kind, and rules by number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.record_countries import cleanse_delivered
from kumitate.cleanse.values import Cleansed
from kumitate.config.source import Semantic
from kumitate.identity.compared_names import NAMES, compared
from kumitate.identity.graph.hashing import distinct_hashes
from kumitate.identity.graph.model import GraphRules, Hashes, Integers, Keys
from kumitate.identity.graph_rules import as_numbers, kind_names, witness_names
from kumitate.identity.graph_rules import graph_rules as rules_of_entity
from kumitate.identity.identifiers import RULE_PREFIX
from kumitate.identity.patterns import portable
from kumitate.identity.table_plan import PlannedColumn, TablePlan

SEVERAL = "identifier.several_values"
"""An identifier that is a list or a JSON object: which of its values it is, nobody said."""


@dataclass(frozen=True, slots=True)
class CleansedTable:
    """Cleansed columns by name, and per column how many values could not be used, by reason."""

    columns: Mapping[str, pa.Array]
    unusable: Mapping[str, Mapping[str, int]]


def cleanse_table(table: pa.Table, plan: TablePlan, *, threads: int) -> CleansedTable:
    """Every planned column; each delivered one is cleansed once, several side by side."""
    wholes = [each for each in plan.columns if not each.part]
    identifying = {column for _, column in plan.stated}
    work = partial(_cleansed, table, identifying=identifying)
    with ThreadPoolExecutor(threads) as pool:
        done = dict(zip((each.name for each in wholes), pool.map(work, wholes), strict=True))
    columns = {
        each.name: done[each.rule.column].parts[each.part] if each.part else done[each.rule.column].values
        for each in plan.columns
    }
    return CleansedTable(columns, {name: each.unusable for name, each in done.items() if each.unusable})


@dataclass(frozen=True, slots=True)
class _Column:
    """One column, its parts by name, and how many of its values could not be used."""

    values: pa.Array
    parts: Mapping[str, pa.Array]
    unusable: Mapping[str, int]


def _cleansed(table: pa.Table, column: PlannedColumn, *, identifying: Collection[str]) -> _Column:
    delivered = {column.rule.column: table[column.delivered].cast(pa.string()).combine_chunks()}
    told_by = column.rule.country_column
    if told_by is not None and told_by not in delivered:
        delivered[told_by] = table[told_by].cast(pa.string()).combine_chunks()
    found = cleanse_delivered(column.rule, delivered)
    reasons = _reasons(found)
    if column.name not in identifying:
        return _Column(found.values, found.parts, reasons)
    values, several = _single(found.values, table[column.delivered])
    return _Column(values, found.parts, reasons | ({SEVERAL: several} if several else {}))


def _reasons(found: Cleansed) -> dict[str, int]:
    """Why values fell out; what was only changed still stands."""
    fallen = found.reasons.filter(pc.and_(pc.is_null(found.values), pc.is_valid(found.reasons)))
    return {row["values"]: row["counts"] for row in pc.value_counts(fallen).to_pylist()}


def _single(values: pa.Array, delivered: pa.ChunkedArray) -> tuple[pa.Array, int]:
    """Values without those that were delivered as a list or an object."""
    given = delivered.combine_chunks()
    several = pc.fill_null(pc.match_substring_regex(given, r"^\s*(\[.*\]|\{.*\})\s*$"), False)
    count = int(pc.sum(several).as_py() or 0)
    return (pc.if_else(several, pa.scalar(None, values.type), values) if count else values), count


@dataclass(frozen=True, slots=True)
class Stated:
    """One kind of key on the table: its rule, and the hash of each row's value (0 beside `is_null`)."""

    hashes: Hashes
    is_null: np.ndarray[tuple[int], np.dtype[np.bool_]]
    is_blocked: np.ndarray[tuple[int], np.dtype[np.bool_]]


def graph_rules(plan: TablePlan) -> GraphRules:
    """The rules by number, as a project's are; a kind without guards is judged by names and birthdates."""
    types = {each.name: each.rule.semantic for each in plan.columns}
    numbers = {kind for kind, column in plan.stated if types.get(column) is Semantic.ID}
    return rules_of_entity(as_numbers(plan.entity, numbers), plan.telling)


def keys_of(cleansed: CleansedTable, plan: TablePlan, *, record: Integers, at: Integers) -> Keys:
    """One key per row, kind and value; `record` and `at` are the rows' positions and times, which only spans need."""
    stated = _stated_columns(cleansed, plan)
    parts: list[tuple[int, Stated]] = []
    for place, name in enumerate(kind_names(plan.entity, plan.telling)):
        parts += ((place, each) for each in _stated(name, plan, stated))
    kept = [(place, each, np.flatnonzero(~each.is_null)) for place, each in parts]
    count, filled = sum(len(rows) for _, _, rows in kept), 0
    keys = _nothing(count)
    has_times = bool(at.any()) and any(kind.within_ms is not None for kind in graph_rules(plan).kinds)
    for place, each, rows in kept:  # filled in place: parts and their whole side by side would be twice as much
        part = slice(filled, filled := filled + len(rows))
        keys.record[part], keys.kind[part], keys.value[part] = record[rows], place, each.hashes[rows]
        if has_times:
            keys.at[part] = at[rows]
        if each.is_blocked.any():
            keys.blocked[part] = each.is_blocked[rows]
    return keys


def _nothing(count: int) -> Keys:
    record, at = (np.zeros(count, np.int64) for _ in range(2))
    return Keys(record, np.zeros(count, np.int16), np.zeros(count, np.uint64), at, np.zeros(count, np.bool_))


def of_positions(keys: Keys) -> Keys:
    """The keys of records that have a position."""
    kept = keys.record >= 0
    if kept.all():
        return keys
    return Keys(keys.record[kept], keys.kind[kept], keys.value[kept], keys.at[kept], keys.blocked[kept])


def _stated_columns(cleansed: CleansedTable, plan: TablePlan) -> dict[str, Stated]:
    """Each column that a kind, a rule or a guard looks at, hashed once."""
    kinds: dict[str, list[str]] = {}
    for kind, column in plan.stated:
        kinds.setdefault(column, []).append(kind)
    columns = set(kinds) | set(_attributes(plan))
    names = {each.name for each in plan.columns if each.rule.semantic in NAMES}
    return {
        name: hashed(
            compared(cleansed.columns[name]) if name in names else cleansed.columns[name],
            [pattern for kind in kinds.get(name, ()) for pattern in plan.entity.identifiers[kind].blocked],
        )
        for name in sorted(columns)
        if name in cleansed.columns
    }


def _attributes(plan: TablePlan) -> Iterator[str]:
    for rule in plan.entity.rules.values():
        yield from rule.match
    yield from witness_names(plan.entity, plan.telling)


def hashed(values: pa.Array, blocked: Iterable[str]) -> Stated:
    """A column's values as hashes; capitals and small letters are one, a blank value says nothing."""
    texts = pc.fill_null(pc.utf8_lower(values.cast(pa.string())), "")
    patterns = [f"^(?:{portable(pattern)})$" for pattern in blocked]
    is_blocked = np.zeros(len(texts), np.bool_)
    for pattern in patterns:
        is_blocked |= pc.match_substring_regex(texts, pattern, ignore_case=True).to_numpy(zero_copy_only=False)
    is_null = pc.equal(texts, "").to_numpy(zero_copy_only=False)
    return Stated(distinct_hashes(texts), is_null, is_blocked)


def _stated(name: str, plan: TablePlan, columns: Mapping[str, Stated]) -> Iterator[Stated]:
    """What states a kind: columns, the combination of several, or the witness itself."""
    if name in plan.entity.identifiers:
        stated = (columns[column] for kind, column in plan.stated if kind == name and column in columns)
        is_device = plan.entity.identifiers[name].within is not None
        yield from (_anonymous(each, plan, columns) for each in stated) if is_device else stated
    elif name.startswith(RULE_PREFIX):
        match = plan.entity.rules[name.removeprefix(RULE_PREFIX)].match
        if all(column in columns for column in match):
            yield _combined([columns[column] for column in match])
    elif name in columns:
        yield columns[name]


def _anonymous(device: Stated, plan: TablePlan, columns: Mapping[str, Stated]) -> Stated:
    """A device merges nobody who says who they are, as in a project: it has as many owners as log in on it."""
    is_null = device.is_null.copy()
    for kind, column in plan.stated:
        if plan.entity.identifiers[kind].within is None and column in columns:
            is_null |= ~columns[column].is_null
    return Stated(device.hashes, is_null, device.is_blocked)


_ODD = np.uint64(0x9E3779B97F4A7C15)


def _combined(parts: Sequence[Stated]) -> Stated:
    """One hash of several, in their order; a part that is missing or blocked tells nothing.

    The step between parts is that of SplitMix64 (Steele, Lea, Flood 2014), which leaves no two orders alike.
    """
    value = np.zeros(len(parts[0].hashes), np.uint64)
    is_null = np.zeros(len(value), np.bool_)
    for part in parts:
        value = _mixed((value * _ODD) ^ part.hashes)
        is_null |= part.is_null | part.is_blocked
    return Stated(value, is_null, np.zeros(len(value), np.bool_))


def _mixed(value: Hashes) -> Hashes:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
