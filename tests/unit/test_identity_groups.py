"""Households and company accounts have ids that last, and a ledger of what became of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from harness.people import PERSON, SOURCES, People, Row, card, member, run
from kumitate.config.project import Config
from kumitate.identity.stage import IDENTITY

HOUSEHOLD: Row = {"of": "persons", "rules": {"home": {"match": ["city", "hobby"]}}}
COMPANY: Row = {"of": "records", "columns": {"name": "note"}, "rules": {"named": {"match": ["name", "city"]}}}
NARA: Row = {"city": "奈良", "hobby": "茶"}
KOBE: Row = {"city": "神戸", "hobby": "go"}


def town(**entities: Row) -> People:
    person = PERSON | {"attributes": {"city": {}, "hobby": {}}}
    settings: dict[str, Any] = {"root": ".", "settings": {"project": "town"}, "sources": SOURCES}
    return People(Config.model_validate(settings | {"identity": {"person": person, **entities}}))


def household_of(people: People, record: str) -> str | None:
    found = people.lake.rows(
        "select h.household_id from curated.household_members as h"
        f" join curated.person_records as r on r.person_id = h.person_id where r.record = 'members/{record}'"
    )
    return found[0][0] if found else None


def events(people: People) -> set[tuple[Any, ...]]:
    """What the last run told of groups."""
    told = "entity, event, group_id, other_group_id, members"
    return set(people.lake.rows(f"select {told} from curated.group_events where run_id = '{run(people.runs).id}'"))


@pytest.mark.slow
def test_the_same_persons_in_another_order_change_no_group_and_make_no_event() -> None:
    rows = [member("1", note="港", **NARA), member("2", note="港", **NARA), member("3", note="山", **KOBE)]
    people = town(household=HOUSEHOLD, company=COMPANY).resolve(members=rows)
    ids = "select household_id from curated.household_members union all select company_id from curated.company_members"
    before = sorted(people.lake.rows(ids))
    assert {event[:2] for event in events(people)} == {("household", "created"), ("company", "created")}
    assert sorted(people.resolve(members=rows[::-1]).lake.rows(ids)) == before
    assert events(people) == set()


@pytest.mark.slow
def test_of_two_households_that_become_one_the_younger_is_an_alias_of_the_older() -> None:
    first = [member("1", **NARA), member("2", **NARA)]
    people = town(household=HOUSEHOLD).resolve(members=first)
    people.resolve(members=[*first, member("3", **KOBE), member("4", **KOBE)])
    older, younger = household_of(people, "1"), household_of(people, "3")
    assert older != younger
    people.resolve(members=[*first, member("3", **NARA), member("4", **NARA)])
    assert events(people) == {("household", "merged", older, younger, 2)}
    assert people.lake.rows("select alias, group_id from curated.group_aliases") == [(younger, older)]
    history = "select from_run_id, to_run_id from curated.group_history where group_id = "
    assert set(people.lake.rows(f"{history} '{younger}'")) == {("r000002", "r000003")}
    assert set(people.lake.rows(f"{history} '{older}'")) == {("r000001", None), ("r000003", None)}


@pytest.mark.slow
def test_who_moves_out_makes_a_household_of_their_own_and_one_that_nobody_lives_in_retires() -> None:
    four = [member(number, **NARA) for number in "1234"]
    people = town(household=HOUSEHOLD).resolve(members=four)
    old = household_of(people, "1")
    people.resolve(members=[*four[:2], member("3", **KOBE), member("4", **KOBE)])
    new = household_of(people, "4")
    assert events(people) == {("household", "split", new, old, 2)}
    assert people.resolve(members=[member("1", **NARA), member("3", **KOBE), member("4", **KOBE)]).lake
    assert events(people) == {("household", "retired", old, None, 2)}


@pytest.mark.slow
def test_a_household_keeps_its_id_though_all_its_persons_get_those_of_older_records() -> None:
    mail = [{"email": f"{name}@x.jp"} for name in "ab"]
    elders = [card("1", phone="+81312340001"), card("2", phone="+81312340002")]
    people = town(household=HOUSEHOLD).resolve(cards=elders)
    people.resolve(cards=elders, members=[member("3", **mail[0], **NARA), member("4", **mail[1], **NARA)])
    home, younger = household_of(people, "3"), people.person_of("members/3")
    tied = [member("3", phone="+81312340001", **mail[0], **NARA), member("4", phone="+81312340002", **mail[1], **NARA)]
    people.resolve(cards=elders, members=tied)
    assert people.person_of("members/3") != younger
    assert household_of(people, "3") == home
    assert events(people) == set()


@pytest.mark.slow
@pytest.mark.parametrize("entity", ["household", "company"])
def test_a_project_without_the_one_has_the_ledger_of_the_other(entity: str) -> None:
    people = town(**{entity: {"household": HOUSEHOLD, "company": COMPANY}[entity]})
    people.resolve(members=[member("1", note="港", **NARA), member("2", note="港", **NARA)])
    assert {(event[0], event[-1]) for event in events(people)} == {(entity, 2)}


@pytest.mark.slow
def test_a_rebuild_from_nothing_decided_keeps_the_ids_of_groups() -> None:
    rows = [member("1", **NARA), member("2", **NARA)]
    people = town(household=HOUSEHOLD).resolve(members=rows)
    home, put = household_of(people, "1"), people.lake.put
    for table in IDENTITY.writes(people.config):
        if table.database == "staging":
            partial(put, table)(())
    assert household_of(people.resolve(members=rows), "1") == home
