"""Who is one person, and who is not."""

from datetime import date

import pytest

from harness.people import SOURCES, People, card, member, project, visit
from kumitate.identity.stage import IDENTITY

TARO, HANAKO = {"given_name": "太郎"}, {"given_name": "花子"}
BORN = {"born": date(1990, 4, 1)}


def test_records_that_share_a_mail_address_are_one_person() -> None:
    people = People().resolve(members=[member("1", email="a@x.jp"), member("2", email="a@x.jp"), member("3")])
    assert people.groups() == {frozenset({"members/1", "members/2"}), frozenset({"members/3"})}


def test_records_that_share_nothing_directly_are_one_person_over_a_third() -> None:
    people = People().resolve(
        members=[member("1", email="a@x.jp"), member("2", email="a@x.jp", phone="+81312345678")],
        cards=[card("7", phone="+81312345678")],
    )
    assert people.groups() == {frozenset({"members/1", "members/2", "cards/7"})}


def test_the_same_value_of_another_kind_ties_nobody() -> None:
    people = People().resolve(members=[member("7")], cards=[card("7")])
    assert people.groups() == {frozenset({"members/7"}), frozenset({"cards/7"})}


def test_a_shared_device_does_not_merge_two_people() -> None:
    people = People().resolve(
        members=[member("1"), member("2")], visits=[visit("tablet", "1"), visit("tablet", "2"), visit("tablet")]
    )
    assert people.groups() == {
        frozenset({"members/1", "visits/tablet|1"}),
        frozenset({"members/2", "visits/tablet|2"}),
        frozenset({"visits/tablet|"}),
    }
    assert people.shared() == {("device", "tablet"): "shared_by:member"}


def test_a_family_phone_does_not_merge_the_family() -> None:
    phone = {"phone": "+81312345678"}
    people = People().resolve(members=[member("1", **phone, **TARO)], cards=[card("7", **phone, **HANAKO)])
    assert len(people.groups()) == 2
    assert people.shared() == {("phone", "+81312345678"): "shared_by:given_name"}


def test_a_phone_of_one_name_merges_also_records_without_a_name() -> None:
    phone = {"phone": "+81312345678"}
    people = People().resolve(members=[member("1", **phone, **TARO), member("2", **phone)], cards=[card("7", **phone)])
    assert len(people.groups()) == 1


@pytest.mark.parametrize("email", ["test@x.jp", "TEST@x.jp", "000@example.com"])
def test_a_placeholder_never_merges(email: str) -> None:
    people = People().resolve(members=[member("1", email=email), member("2", email=email)])
    assert len(people.groups()) == 2
    assert people.shared() == {("email", email): "blocked"}


@pytest.mark.parametrize("email", ["contest@x.jp", "000@example.com.jp", "000@exampleXcom"])
def test_a_value_that_only_contains_a_placeholder_identifies(email: str) -> None:
    people = People().resolve(members=[member("1", email=email), member("2", email=email)])
    assert len(people.groups()) == 1


def test_a_pattern_may_hold_quotes_and_backslashes() -> None:
    config = project({"identifiers": {"email": {"blocked": [r"o'hara\\?@.*"]}}})
    people = People(config).resolve(members=[member(str(n), email="o'hara@x.jp") for n in range(2)])
    assert len(people.groups()) == 2


@pytest.mark.parametrize(("records", "persons"), [(4, 1), (5, 5)])
def test_a_value_over_its_limit_of_records_merges_nobody(records: int, persons: int) -> None:
    people = People().resolve(cards=[card(str(number), phone="+81312345678") for number in range(records)])
    assert len(people.groups()) == persons


def test_a_blank_value_identifies_nobody() -> None:
    people = People().resolve(members=[member("1", email=""), member("2", email="")])
    assert len(people.groups()) == 2


def test_a_placeholder_is_no_witness_against_a_shared_value() -> None:
    config = project({"identifiers": {"phone": {"max_distinct": {"email": 1}}, "email": {"blocked": ["test@.*"]}}})
    phone = {"phone": "+81312345678"}
    people = People(config).resolve(
        members=[member("1", **phone, email="a@x.jp"), member("2", **phone, email="test@x.jp")]
    )
    assert len(people.groups()) == 1


def test_a_shared_value_has_one_reason() -> None:
    phone = {"phone": "+81312345678"}
    people = People().resolve(cards=[card(str(n), **phone, given_name=f"name {n}") for n in range(5)])
    assert people.shared() == {("phone", "+81312345678"): "too_many_records"}
    assert people.lake.rows("select records from curated.shared_identifiers") == [(5,)]


def test_a_compound_rule_merges_who_agree_on_all_of_it() -> None:
    people = People().resolve(members=[member("1", **TARO, **BORN)], cards=[card("7", **TARO, **BORN)])
    assert len(people.groups()) == 1
    assert people.lake.rows("select left_record, right_record, rule from curated.edges") == [
        ("cards/7", "members/1", "rule:name_and_birth")
    ]


def test_a_compound_rule_needs_every_attribute() -> None:
    people = People().resolve(
        members=[member("1", **TARO), member("2", **TARO), member("3", **BORN)], cards=[card("7", **BORN)]
    )
    assert len(people.groups()) == 4


def test_a_compound_rule_does_not_run_its_values_together() -> None:
    config = project({"identifiers": {"member": {}}, "rules": {"name_and_city": {"match": ["given_name", "city"]}}})
    people = People(config).resolve(
        members=[member("1", given_name="ab", city="c"), member("2", given_name="a", city="bc")]
    )
    assert len(people.groups()) == 2


def test_a_blocked_value_does_not_merge_by_a_compound_rule_either() -> None:
    person = {
        "identifiers": {"member": {}, "phone": {"blocked": ["0+"]}},
        "rules": {"name_and_phone": {"match": ["given_name", "phone"]}},
    }
    same = {**TARO, "phone": "0000000000"}
    people = People(project(person)).resolve(members=[member("1", **same), member("2", **same)])
    assert len(people.groups()) == 2


def test_a_compound_rule_over_its_limit_merges_nobody() -> None:
    people = People().resolve(cards=[card(str(number), **TARO, **BORN) for number in range(4)])
    assert len(people.groups()) == 4


def test_a_compound_rule_does_not_look_at_events() -> None:
    columns = {"device": {"type": "id"}, "given_name": {"type": "name"}, "born": {"type": "date"}}
    described = {"visits": SOURCES["visits"] | {"columns": columns, "identifiers": {"device": "device"}, "time": None}}
    rows = [{"_record_id": device, "device": device, **TARO, **BORN} for device in ("d", "e")]
    people = People(project(sources=described)).resolve(visits=rows)
    assert people.groups() == {frozenset({"visits/d"}), frozenset({"visits/e"})}


def test_an_anonymous_visitor_is_a_person() -> None:
    people = People().resolve(visits=[visit("d"), visit("d", page="/cart"), visit("e")])
    assert people.groups() == {frozenset({"visits/d|"}), frozenset({"visits/e|"})}


def test_an_anonymous_visitor_joins_the_person_who_logs_in() -> None:
    people = People().resolve(members=[member("1")])
    known = people.person_of("members/1")
    people.resolve(members=[member("1")], visits=[visit("d")])
    visitor = people.person_of("visits/d|")
    people.resolve(members=[member("1")], visits=[visit("d"), visit("d", "1")])
    assert set(people.persons().values()) == {known}
    assert people.events() == [("merged", known, visitor, 1)]


def test_who_says_nothing_about_themselves_is_a_person_too() -> None:
    config = project(
        {"identifiers": {"email": {}}}, {"members": SOURCES["members"] | {"identifiers": {"email": "email"}}}
    )
    people = People(config).resolve(members=[member("1"), member("2")])
    assert people.groups() == {frozenset({"members/1"}), frozenset({"members/2"})}


def test_an_edge_leads_from_the_smallest_record_of_a_value() -> None:
    people = People().resolve(members=[member(number, email="a@x.jp") for number in ("3", "1", "2")])
    assert set(people.lake.rows("select left_record, right_record, rule from curated.edges")) == {
        ("members/1", "members/2", "email"),
        ("members/1", "members/3", "email"),
    }


def test_a_column_may_be_named_as_a_word_of_sql() -> None:
    sources = {
        "group": {
            "kind": "records",
            "path": "group.csv",
            "key": ["order"],
            "updated_at": "from",
            "columns": {"order": {"type": "id"}, "select": {}, "from": {"type": "timestamp"}},
            "identifiers": {"table": "select"},
        }
    }
    person = {
        "identifiers": {"table": {"max_distinct": {"order": 5}}},
        "rules": {"where": {"match": ["select"]}},
        "attributes": {"order": {"policy": "most_frequent"}, "select": {"policy": "longest"}},
    }
    rows = [{"_record_id": number, "order": number, "select": "x"} for number in ("1", "2")]
    people = People(project(person, sources)).resolve(group=rows)
    assert people.golden("group/1")["order"] == "1"


def test_a_project_that_identifies_nobody_has_no_persons() -> None:
    people = People(project(sources={"cards": SOURCES["cards"] | {"identifiers": {}}})).resolve(cards=[card("7")])
    assert all(people.lake.table(table).num_rows == 0 for table in IDENTITY.writes(people.config))
