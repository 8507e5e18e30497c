"""Who lives together, by the golden records, with ids that last."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from kumitate.config.identity import Entity
from kumitate.identity.households import LARGEST, household_members, with_limits

FAMILY = Entity.model_validate(
    {
        "of": "persons",
        "crowded": {"address": {"last_name": 3}},
        "identifiers": {"home_phone": {"max_distinct": {"last_name": 2}}},
        "rules": {"name_at_address": {"match": ["last_name", "address"]}},
    }
)
HOME = "千代田区麹町1-2-3"

Person = dict[str, str | None]


def person(person_id: str, last_name: str | None, address: str | None = None, phone: str | None = None) -> Person:
    return {"person_id": person_id, "last_name": last_name, "address": address, "home_phone": phone}


def members_of(persons: list[Person], before: pa.Table | None = None, run_id: str = "r000001") -> pa.Table:
    strings = pa.schema([(name, pa.string()) for name in ("person_id", "last_name", "address", "home_phone")])
    empty = pa.table({name: pa.array([], pa.string()) for name in ("person_id", "household_id", "since_run_id")})
    known = empty if before is None else before
    runs = known.group_by("household_id").aggregate([("since_run_id", "min")])
    return household_members(
        {
            "household_nodes": pa.Table.from_pylist(persons, schema=strings),
            "household_members_before": known.rename_columns(["member", "group_id", "since_run_id"]),
            "households_before": pa.table(
                {"group_id": runs["household_id"], "minted_run_id": runs["since_run_id_min"]}
            ),
        },
        entity=with_limits(FAMILY, LARGEST),
        run_id=run_id,
    )


def homes(members: pa.Table) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for row in members.to_pylist():
        groups.setdefault(row["household_id"], set()).add(row["person_id"])
    return {frozenset(group) for group in groups.values()}


def ids(members: pa.Table) -> dict[str, Any]:
    return {row["person_id"]: row["household_id"] for row in members.to_pylist()}


def test_a_family_at_one_address_is_a_household_and_who_lives_alone_is_in_none() -> None:
    found = members_of(
        [person("p1", "佐藤", HOME), person("p2", "佐藤", HOME), person("p3", "佐藤", "別の町1"), person("p4", "鈴木")]
    )
    assert homes(found) == {frozenset({"p1", "p2"})}


def test_flatmates_of_different_names_are_no_household() -> None:
    assert homes(members_of([person("p1", "佐藤", HOME), person("p2", "鈴木", HOME)])) == set()


def test_a_building_without_room_numbers_makes_no_household_of_namesakes() -> None:
    building = [
        person(f"p{number}", name, HOME) for number, name in enumerate(["佐藤", "佐藤", "鈴木", "高橋", "田中"])
    ]
    assert homes(members_of(building)) == set()
    assert homes(members_of(building[:4])) == {frozenset({"p0", "p1"})}


def test_more_namesakes_at_one_address_than_a_family_has_are_no_household() -> None:
    assert homes(members_of([person(f"p{number:02}", "佐藤", HOME) for number in range(LARGEST + 1)])) == set()


def test_a_home_telephone_ties_a_family_that_has_two_names() -> None:
    phone = "+81312345678"
    found = members_of(
        [person("p1", "佐藤", HOME, phone), person("p2", "鈴木", HOME, phone), person("p3", "鈴木", HOME)]
    )
    assert homes(found) == {frozenset({"p1", "p2", "p3"})}


def test_an_office_telephone_ties_nobody() -> None:
    phone = "+81312345678"
    colleagues = [person(f"p{number}", name, None, phone) for number, name in enumerate(["佐藤", "鈴木", "高橋"])]
    assert homes(members_of(colleagues)) == set()


def test_a_household_keeps_its_id_when_somebody_moves_in_or_out() -> None:
    first = members_of([person("p2", "佐藤", HOME), person("p3", "佐藤", HOME)])
    grown = members_of(
        [person("p1", "佐藤", HOME), person("p2", "佐藤", HOME), person("p3", "佐藤", "外国")], first, "r000002"
    )
    assert set(ids(grown)) == {"p1", "p2"}
    assert set(ids(grown).values()) == {ids(first)["p2"]}
    assert {row["person_id"]: row["since_run_id"] for row in grown.to_pylist()} == {"p1": "r000002", "p2": "r000001"}


def test_of_two_households_that_become_one_the_older_id_stays() -> None:
    one, two = (
        [person("p8", "佐藤", HOME), person("p9", "佐藤", HOME)],
        [person("p1", "佐藤", "b"), person("p2", "佐藤", "b")],
    )
    first = members_of(one)
    both = members_of(one + two, first, "r000002")
    together = members_of([person(each["person_id"] or "", "佐藤", HOME) for each in one + two], both, "r000003")
    assert homes(together) == {frozenset({"p1", "p2", "p8", "p9"})}
    assert set(ids(together).values()) == {ids(first)["p8"]}


def test_of_two_households_as_old_as_each_other_the_same_id_stays_in_every_order_of_rows() -> None:
    two = [person("p1", "佐藤", HOME), person("p2", "佐藤", HOME), person("p3", "佐藤", "b"), person("p4", "佐藤", "b")]
    first = members_of(two)
    together = [person(f"p{number}", "佐藤", HOME) for number in (1, 2, 3, 4)]
    backwards = first.take(pa.array(range(first.num_rows - 1, -1, -1)))
    kept = set(ids(members_of(together, first, "r000002")).values())
    assert kept == set(ids(members_of(together, backwards, "r000002")).values()) == {min(ids(first).values())}


def test_the_same_persons_in_another_order_and_run_change_nothing() -> None:
    persons = [
        person("p1", "佐藤", HOME),
        person("p2", "佐藤", HOME),
        person("p3", "鈴木", "b"),
        person("p4", "鈴木", "b"),
    ]
    first = members_of(persons)
    assert members_of(persons[::-1], first, "r000002") == first


def test_persons_of_whom_nothing_is_known_are_in_no_household() -> None:
    assert members_of([person("p1", None), person("p2", None)]).num_rows == 0
    assert members_of([]).num_rows == 0
