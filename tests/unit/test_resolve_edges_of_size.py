"""Tables of next to nobody, and runs within one second: the same rules hold, and no id is given twice."""

from __future__ import annotations

import tracemalloc
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from kumitate.cleanse.recognise import recognise
from kumitate.config.source import Semantic
from kumitate.config.table_rules import TableRules
from kumitate.identity.defaults import Meaning, defaults
from kumitate.identity.graph.model import GraphRules, Keys, KindRule, no_links, no_pairs
from kumitate.identity.graph.resolve import resolve
from kumitate.identity.resolving import Resolved, resolve_table
from kumitate.identity.table_delta import merged_with
from kumitate.identity.table_plan import Given, plan_table

RULES = TableRules.model_validate(
    {"record_id": "id", "identifiers": {"email": "email"}, "person": {"identifiers": {"email": {"type": "email"}}}}
)


def table(*rows: dict[str, str]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


def resolved(rows: pa.Table, rules: TableRules = RULES, **options: Any) -> Resolved:
    plan = plan_table(rows, rules, Given(recognise=recognise, as_of=date(2026, 3, 1)))
    return resolve_table(rows, plan, **{"run_id": "r1", **options})


def groups(found: Resolved) -> set[str]:
    made: dict[str, str] = {}
    for row in sorted(found.clusters().to_pylist(), key=lambda row: row["record"]):
        made[row["person_id"]] = made.get(row["person_id"], "") + row["record"]
    return set(made.values())


def test_runs_of_one_second_never_give_one_id_to_two_persons() -> None:
    together = table({"id": "1", "email": "t@x.jp"}, {"id": "2", "email": "t@x.jp"}, {"id": "3", "email": "t@x.jp"})
    first = resolved(together)
    apart = table({"id": "1", "email": "a@x.jp"}, {"id": "2", "email": "t@x.jp"}, {"id": "3", "email": "t@x.jp"})
    later = resolved(apart, previous=first.clusters())
    assert groups(first) == {"123"}
    assert groups(later) == {"1", "23"}
    assert [event["event"] for event in later.events.to_pylist()] == ["split"]


def test_a_delta_may_take_everybody_out_and_another_bring_somebody() -> None:
    base = table({"id": "1", "email": "t@x.jp"}, {"id": "2", "email": "t@x.jp"})
    nobody, left = merged_with(
        resolved(base), base, table({"id": "1", "_deleted": "1"}, {"id": "2", "_deleted": "1"}), run_id="r2"
    )
    assert groups(left) == set()
    assert [event["event"] for event in left.events.to_pylist()] == ["retired"]
    _, back = merged_with(left, nobody, table({"id": "2", "email": "t@x.jp"}), run_id="r3")
    assert groups(back) == {"2"}


def test_a_model_is_learned_from_two_rows_that_are_alike_in_all() -> None:
    row = {"full_name": "山田 太郎", "email": "taro@x.jp", "birthdate": "1980-01-02"}
    found = resolved(table({"id": "1", **row}, {"id": "2", **row}), TableRules(), model="train")
    assert groups(found) == {"12"}
    assert found.scored is not None


def test_no_shipped_rule_takes_anothers_place_where_columns_have_long_names() -> None:
    names = {"last_name": Semantic.NAME, "first_name": Semantic.NAME, "birthdate": Semantic.BIRTHDATE}
    ways = {"address": Semantic.ADDRESS, "postal_code": Semantic.POSTAL_CODE, "phone": Semantic.PHONE}
    short, long = (
        defaults([Meaning(before + each, each, type_) for each, type_ in (names | ways).items()]).person.rules
        for before in ("", "customer_registration_at_counter_")
    )
    assert len(long) == len(short) == 6
    assert max(map(len, long)) <= 55


def test_a_number_on_very_many_records_that_say_little_is_doubted_without_a_look_at_any_two_of_them() -> None:
    apart = KindRule("member", contradicted_by=((1,), (2,)))
    rules = GraphRules((apart, KindRule("born", merges=False), KindRule("name", merges=False)), largest=5_000)
    record = np.concatenate([np.arange(3_000), [0, 1, 0, 1]])
    kind = np.repeat(np.array([0, 1, 2], np.int16), [3_000, 2, 2])
    value = np.concatenate([np.full(3_000, 7), [1, 2, 3, 4]]).astype(np.uint64)
    keys = Keys(record, kind, value, np.zeros(3_004, np.int64), np.zeros(3_004, np.bool_))
    tracemalloc.start()
    found = resolve(3_000, keys, rules, pairs=no_pairs(), links=no_links())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.held.reason == ("contradicted:born",)
    assert most < 10_000_000
