"""Taking in what is new gives what resolving everything anew gives: persons, ids and events."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.config.table_rules import TableRules
from kumitate.identity.resolving import Resolved, resolve_table
from kumitate.identity.table_delta import merged_with
from kumitate.identity.table_plan import Given, TablePlan, plan_table

NAMES = ("id", "email", "phone", "name", "member", "device")
RULES = TableRules.model_validate(
    {
        "record_id": "id",
        "columns": {name: {} for name in NAMES},
        "person": {
            "identifiers": {
                "member": {"unique": True, "priority": 1},
                "email": {"blocked": ["e0"], "max_distinct": {"name": 2}, "priority": 2},
                "phone": {"max_records": 3, "priority": 3},
                "device": {"max_distinct": {"member": 1}, "limit": {"most": 2}, "priority": 4},
            },
            "rules": {"name_phone": {"match": ["name", "phone"], "max_records": 4}},
            "largest": 6,
        },
    }
)


def _value(prefix: str, most: int) -> st.SearchStrategy[str]:
    return st.sampled_from(["", *(f"{prefix}{number}" for number in range(most))])


ROW = st.fixed_dictionaries(
    {"email": _value("e", 4), "phone": _value("p", 4), "name": _value("n", 3), "member": _value("m", 3),
     "device": _value("d", 3)}
)  # fmt: skip
ROWS = st.dictionaries(st.integers(0, 20).map(str), ROW, min_size=1, max_size=16)
GONE = st.sets(st.integers(0, 20).map(str), max_size=4)


def table(rows: dict[str, dict[str, str]], gone: set[str] | None = None) -> pa.Table:
    listed = [{"id": name, **row, "_deleted": ""} for name, row in rows.items()]
    listed += [{"id": name, "_deleted": "true"} for name in sorted(gone or ())]
    names = NAMES if gone is None else (*NAMES, "_deleted")
    return pa.table({name: pa.array([row.get(name) for row in listed], pa.string()) for name in names})


def plan(rows: pa.Table) -> TablePlan:
    return plan_table(rows, RULES, Given(recognise=lambda _: {}, as_of=date(2026, 3, 1)))


def told(found: Resolved) -> tuple[Any, ...]:
    clusters = sorted(map(repr, found.clusters().to_pylist()))
    return clusters, sorted(map(repr, found.events.to_pylist()))


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=25, deadline=None)
@given(ROWS, st.lists(st.tuples(ROWS, GONE), min_size=1, max_size=3))
def test_deltas_give_what_a_full_run_gives(
    first: dict[str, dict[str, str]], changes: list[tuple[dict[str, dict[str, str]], set[str]]]
) -> None:
    rows, known = table(first), dict(first)
    found = resolve_table(rows, plan(rows), run_id="r1")
    for number, (changed, gone) in enumerate(changes, 2):
        gone = gone - changed.keys()
        known = {name: row for name, row in {**known, **changed}.items() if name not in gone}
        before = found.clusters()
        rows, found = merged_with(found, rows, table(changed, gone), run_id=f"r{number}")
        everything = table(known)
        full = resolve_table(everything, plan(everything), run_id=f"r{number}", previous=before)
        assert told(found) == told(full)
