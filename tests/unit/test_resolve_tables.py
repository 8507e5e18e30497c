"""Any table is resolved: by shipped rules or given ones, whatever its rows' order, and what is new like all of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from kumitate.cleanse.recognise import recognise
from kumitate.config.table_rules import TableRules
from kumitate.errors import ConfigError, FatalError
from kumitate.identity.defaults import Meaning, defaults
from kumitate.identity.held_values import most_held
from kumitate.identity.resolving import Resolved, resolve_table
from kumitate.identity.stewards import Decision
from kumitate.identity.table_delta import merged_with
from kumitate.identity.table_plan import Given, TablePlan, plan_table

PERSON = {
    "identifiers": {"email": {"type": "email", "blocked": ["info@.*"]}, "phone": {"max_distinct": {"name": 1}}},
    "rules": {"name_and_birth": {"match": ["name", "born"]}},
}
RULES: dict[str, Any] = {
    "record_id": "id",
    "columns": {"name": {"type": "name"}, "born": {"type": "birthdate"}, "phone": {"type": "phone"}},
    "identifiers": {"email": "email", "phone": "phone"},
    "person": PERSON,
}
COLUMNS = ("id", "name", "born", "email", "phone", "seen", "shop", "no", "truth", "_deleted")


def table(*rows: dict[str, str]) -> pa.Table:
    """A table of texts with the columns that the rules name or any row has."""
    names = [name for name in COLUMNS if name in COLUMNS[:5] or any(name in row for row in rows)]
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


def plan(rows: pa.Table, rules: dict[str, Any] | None = None, *hidden: str) -> TablePlan:
    given = Given(recognise=recognise, as_of=date(2026, 3, 1), hidden=hidden)
    return plan_table(rows, TableRules.model_validate(RULES if rules is None else rules), given)


def resolved(rows: pa.Table, rules: dict[str, Any] | None = None, **options: Any) -> Resolved:
    return resolve_table(rows, plan(rows, rules), **{"run_id": "r1", **options})


def persons(found: Resolved) -> dict[str, str]:
    return {row["record"]: row["person_id"] for row in found.clusters().to_pylist()}


def groups(found: Resolved) -> set[str]:
    """`{"12", "3"}`: the records of each person."""
    made: dict[str, str] = {}
    for record, person in sorted(persons(found).items()):
        made[person] = made.get(person, "") + record
    return set(made.values())


A = {"id": "1", "name": "山田 太郎", "born": "1980-01-02", "email": "T@x.jp"}
B = {"id": "2", "name": "山田　太郎", "born": "1980/1/2", "phone": "０３−１２３４−５６７８"}
C = {"id": "3", "name": "佐藤 花子", "born": "1990-05-05", "email": "t@x.jp"}
D = {"id": "4", "name": "鈴木 一郎", "born": "1970-05-05", "phone": "03-1234-5678"}


def test_rows_are_one_person_by_what_they_say_once_it_is_cleansed() -> None:
    assert groups(resolved(table(A, B, C))) == {"123"}
    assert groups(resolved(table(A, B, D))) == {"12", "4"}


def test_a_value_of_several_people_is_held_and_shown_masked() -> None:
    (held,) = most_held(resolved(table(A, B, D)), 5)
    assert (held["kind"], held["reason"], held["records"]) == ("phone", "shared_by:name", 2)
    assert held["value"].endswith("5678")
    assert "312345678" not in held["value"]


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [A, B, C, D]
    assert persons(resolved(table(*rows))) == persons(resolved(table(*reversed(rows))))


def test_ids_last_and_the_oldest_wins() -> None:
    first = resolved(table(A, B))
    later = resolved(table(D, B, A), previous=first.clusters(), run_id="r2")
    assert persons(later)["1"] == persons(first)["1"]
    assert later.events.to_pylist() == [
        {"event": "created", "person_id": persons(later)["4"], "other_person_id": None, "records": 1}
    ]
    tied = resolved(table({**D, "email": "t@x.jp"}, B, A), previous=later.clusters(), run_id="r3")
    assert set(persons(tied).values()) == {persons(first)["1"]}
    (event,) = tied.events.to_pylist()
    assert (event["event"], event["other_person_id"]) == ("merged", persons(later)["4"])


def test_a_split_and_a_retired_person_are_told() -> None:
    first = resolved(table(A, B, C, {"id": "9"}))
    later = resolved(table(A, B, {**C, "email": "hanako@x.jp"}), previous=first.clusters(), run_id="r2")
    assert [event["event"] for event in later.events.to_pylist()] == ["split", "retired"]
    assert groups(later) == {"12", "3"}


def test_lines_keep_their_names_when_a_file_grows() -> None:
    rules = {name: section for name, section in RULES.items() if name != "record_id"}
    few, many = ([{"name": f"x{n}", "email": f"{n}@x.jp"} for n in range(count)] for count in (9, 101))
    first = resolved(table(*few), rules)
    later = resolved(table(*many), rules, previous=first.clusters(), run_id="r2")
    assert persons(first).items() <= persons(later).items()


def test_records_that_go_to_a_person_who_was_there_are_moved() -> None:
    first = resolved(table(A, B, C | {"email": "c@x.jp"}))
    second = resolved(table(A, {**C, "id": "2", "email": "c@x.jp"}, C | {"email": "c@x.jp"}), previous=first.clusters())
    assert groups(second) == {"1", "23"}
    (event,) = second.events.to_pylist()
    assert (event["event"], event["person_id"]) == ("moved", persons(first)["3"])


def test_of_several_versions_of_a_record_the_newest_counts() -> None:
    rules = {**RULES, "updated_at": "seen"}
    rows = table({**A, "seen": "2026-01-02"}, {**A, "email": "old@x.jp", "seen": "2026-01-01"}, C | {"seen": ""})
    found = resolved(rows, rules)
    assert groups(found) == {"13"}
    assert found.records.superseded == 1


def test_records_of_several_sources_keep_their_own_names() -> None:
    found = resolved(table({**A, "shop": "web"}, {**D, "id": "1", "shop": "till"}), {**RULES, "source": "shop"})
    assert sorted(persons(found)) == ["till/1", "web/1"]


def test_two_sources_that_disagree_on_one_customer_number_do_not_merge() -> None:
    person = {"identifiers": {"no": {"max_distinct": {"name": 1, "born": 1}}}}
    rows = table({**A, "no": "C17", "shop": "web"}, {**D, "no": "C17", "shop": "till"})
    found = resolved(rows, {**RULES, "source": "shop", "identifiers": {"no": "no"}, "person": person})
    assert len(groups(found)) == 2
    assert most_held(found, 1)[0]["reason"] == "shared_by:born"


NUMBERED = {"source": "shop", "identifiers": {"no": "no"}, "person": {"identifiers": {"no": {"type": "id"}}}}


SAME_DAY, SAME_NAME, NO_DAY = {**D, "born": A["born"]}, {**D, "name": A["name"]}, {**D, "born": ""}


@pytest.mark.parametrize(("other", "held"), [(D, ["contradicted:born"]), (SAME_DAY, []), (SAME_NAME, []), (NO_DAY, [])])
def test_without_a_guard_a_number_is_held_where_name_and_birthdate_differ(
    other: dict[str, str], held: list[str]
) -> None:
    """One difference alone is a typing error or a marriage."""
    rows = [{**A, "no": "C17", "shop": "web"}, {**other, "no": "C17", "shop": "till"}]
    found = resolved(table(*rows), {**RULES, **NUMBERED})
    assert [value["reason"] for value in most_held(found, 1)] == held
    assert len(groups(found)) - 1 == len(found.resolution.review.left) == len(held)


@pytest.mark.parametrize("value", ['["t@x.jp", "u@x.jp"]', '{"email": "t@x.jp"}'])
def test_an_identifier_that_is_a_list_or_json_merges_nobody_and_is_counted(value: str) -> None:
    person = {"identifiers": {"no": {}}}
    rows = table({"id": "1", "no": value}, {"id": "2", "no": value})
    found = resolved(rows, {"record_id": "id", "identifiers": {"no": "no"}, "person": person})
    assert groups(found) == {"1", "2"}
    assert found.cleansed.unusable == {"no": {"identifier.several_values": 2}}


def test_a_blocked_value_tells_nothing_in_a_compound_rule_either() -> None:
    person = {**PERSON, "rules": {"mail": {"match": ["name", "email"]}}}
    rows = table({**A, "email": "info@x.jp"}, {**A, "id": "2", "email": "info@x.jp"})
    assert groups(resolved(rows, {**RULES, "person": person})) == {"1", "2"}


def test_blank_values_say_nothing() -> None:
    assert groups(resolved(table({"id": "8", "email": " "}, {"id": "9", "email": " "}, A))) == {"8", "9", "1"}


def decision(left: str, right: str, link: str) -> Decision:
    return Decision(left, right, link, "Ito", "asked", datetime(2026, 3, 1, tzinfo=UTC))


def test_stewards_outrank_values() -> None:
    rows = table(A, B, C, D)
    found = resolved(rows, decisions=[decision("1", "3", "cannot"), decision("3", "4", "must")])
    assert groups(found) == {"12", "34"}


def test_rows_without_a_name_are_refused_with_their_line() -> None:
    with pytest.raises(FatalError, match="names no record in 1 rows, first in line 3"):
        resolved(table(A, {**B, "id": " "}))


def test_a_record_that_stands_twice_is_refused_unless_the_newest_can_be_told() -> None:
    with pytest.raises(FatalError, match=r"stands twice, in lines 2 and 4; give `updated_at`"):
        resolved(table(A, B, {**C, "id": "1"}))


def test_without_rules_columns_are_recognised_and_rules_ship() -> None:
    rows = pa.table(
        {
            "顧客ID": ["a", "b", "c", "d"],
            "氏名": ["山田 太郎", "山田 太郎", "佐藤 花子", "鈴木 一郎"],
            "生年月日": ["1980-01-02", "1980/01/02", "1990-05-05", "1971-02-03"],
            "メールアドレス": ["taro@x.jp", "", "hanako@x.jp", "ichiro@x.jp"],
        }
    )
    found = resolve_table(rows, plan(rows, {}), run_id="r1")
    assert found.plan.are_defaults
    assert found.plan.record_id == "顧客ID"
    assert {name for name, _ in found.plan.stated} >= {"email"}
    assert groups(found) == {"ab", "c", "d"}


def test_a_family_name_tells_nobody_apart_where_every_kind_has_guards() -> None:
    rows = pa.table({"first_name": ["Ann", "Ann"], "last_name": ["Lee", "Leigh"], "email": ["a@x.org", "A@x.org"]})
    assert len(groups(resolve_table(rows, plan(rows, {}), run_id="r1"))) == 1


def test_a_phone_number_is_read_as_in_its_rows_country() -> None:
    rows = pa.table(
        {"phone": ["020 7946 0958", "+44 20 7946 0958"], "country": ["GB", "JP"], "first_name": ["Ann", "Ann"]}
    )
    assert len(groups(resolve_table(rows, plan(rows, {}), run_id="r1"))) == 1


def test_the_truth_is_never_looked_at() -> None:
    rows = table({**A, "truth": "x"}, {**D, "truth": "x"}, {**C, "truth": "y"})
    assert "truth" not in {column.delivered for column in plan(rows, {}, "truth").columns}


def test_postal_codes_of_another_country_are_compared_as_texts() -> None:
    rows = pa.table({"postcode": ["4510", "2600", "3000"], "name": ["Ann Lee", "Bob Ray", "Cy Fox"]})
    assert {each.name: str(each.rule.semantic) for each in plan(rows, {}).columns}["postal_code"] == "text"


def test_shipped_rules_need_a_name_or_a_birthdate_beside_a_way_to_reach_someone() -> None:
    from kumitate.config.source import Semantic

    made = defaults([Meaning("phone", "phone", Semantic.PHONE), Meaning("city", "city", Semantic.TEXT)])
    assert list(made.person.rules) == []
    made = defaults([Meaning("phone", "phone", Semantic.PHONE), Meaning("first_name", "first_name", Semantic.NAME)])
    assert [rule.match for rule in made.person.rules.values()] == [("first_name", "phone")]
    assert made.person.identifiers["phone"].max_distinct == {"first_name": 1}


def test_a_delta_adds_changes_and_deletes_records() -> None:
    base = table(A, B, D, {**C, "email": "hanako@x.jp"})
    first = resolved(base)
    delta = table({**C, "_deleted": ""}, {**D, "_deleted": "true"}, {"id": "0", "email": "t@x.jp"})
    rows, found = merged_with(first, base, delta, run_id="r2")
    assert groups(found) == {"0123"}
    assert rows.num_rows == 7
    events = {(row["event"], row["other_person_id"]) for row in found.events.to_pylist()}
    oldest, other = sorted({persons(first)["1"], persons(first)["3"]})  # both of one run: the smaller id carries on
    assert set(persons(found).values()) == {oldest}
    assert events == {("merged", other), ("retired", None)}


@pytest.mark.parametrize(
    ("delta", "said"),
    [
        (table({"name": "x"}).drop_columns(["id"]), "the delta has no record ids"),
        (table({"id": "1", "no": "x"}), "the delta: unknown column 'no' in the table"),
    ],
)
def test_a_delta_that_does_not_fit_is_refused(delta: pa.Table, said: str) -> None:
    base = table(A, B)
    with pytest.raises(FatalError, match=said):
        merged_with(resolved(base), base, delta, run_id="r2")


def test_contradicting_decisions_are_refused() -> None:
    with pytest.raises((FatalError, ConfigError)):
        resolved(table(A, B, C), decisions=[decision("1", "3", "cannot"), decision("3", "1", "must")])


def test_a_model_ties_what_no_rule_does() -> None:
    rng = np.random.default_rng(7)
    phones = rng.permutation(np.arange(1000, 9999))[:60]
    names = [f"{chr(0x4E00 + one)}{chr(0x5E00 + one)}" for one in range(150)]
    rows = [
        {"id": f"{one:03}", "name": name, "born": f"19{one % 80 + 10}-0{one % 9 + 1}-1{one % 9}"}
        for one, name in enumerate(names)
    ]
    rows += [
        {**row, "id": f"x{row['id']}", "phone": f"03-{phone}-1234"}
        for row, phone in zip(rows[:60], phones, strict=True)
    ]
    for row in rows[:30]:
        row["born"] = row["born"][:-1] + "9"
    made = pa.table({key: [row.get(key, "") for row in rows] for key in ("id", "name", "born", "phone")})
    rules = {**RULES, "columns": {**RULES["columns"]}, "identifiers": {"phone": "phone"}}
    rules["columns"]["full_name"] = {"from": "name", "type": "name"}
    rules["columns"]["birthdate"] = {"from": "born", "type": "birthdate"}
    made = made.append_column("email", pa.nulls(made.num_rows, pa.string()))
    without = resolved(made, {**rules, "person": {"identifiers": {"phone": {}}}})
    given = resolved(made, {**rules, "person": {"identifiers": {"phone": {}}, "model": {}}}, model="train")
    assert len(groups(without)) == 210
    assert len(groups(given)) <= 180
    assert given.scored is not None
