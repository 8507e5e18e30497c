"""A tablet that several people log in on is nobody in a bare table either."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from kumitate.cleanse.recognise import recognise
from kumitate.config.table_rules import TableRules
from kumitate.identity.resolving import resolve_table
from kumitate.identity.table_delta import merged_with
from kumitate.identity.table_plan import Given, plan_table

RULES = TableRules.model_validate(
    {
        "record_id": "id",
        "columns": {"member": {"type": "text"}, "device": {"type": "text"}},
        "identifiers": {"member": "member", "device": "device"},
        "person": {"identifiers": {"member": {}, "device": {"within": "30d"}}},
    }
)
ROWS = {
    "id": ["1", "2", "3", "4", "5"],
    "member": ["m1", "m2", "", "", "m1"],
    "device": ["tablet", "tablet", "tablet", "tablet", ""],
}


def groups(clusters: pa.Table) -> set[str]:
    made: dict[str, str] = {}
    for row in clusters.to_pylist():
        made[row["person_id"]] = made.get(row["person_id"], "") + row["record"]
    return set(made.values())


def test_a_device_with_a_span_ties_anonymous_rows_alone() -> None:
    rows = pa.table(ROWS)
    plan = plan_table(rows, RULES, Given(recognise=recognise, as_of=date(2026, 3, 1)))
    found = resolve_table(rows, plan, run_id="r1")
    assert groups(found.clusters()) == {"15", "2", "34"}
    delta = pa.table({"id": ["4", "6"], "member": ["m2", ""], "device": ["tablet", "tablet"]})
    _, later = merged_with(found, rows, delta, run_id="r2")
    assert groups(later.clusters()) == {"15", "24", "36"}
