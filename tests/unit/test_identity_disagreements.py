"""Sources that contradict each other are told apart and told of; nothing is mixed in silence."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from harness.people import PERSON, SOURCES, People, Row, card, member, project

SHOP: Row = SOURCES | {
    "cards": SOURCES["cards"]
    | {
        "columns": SOURCES["cards"]["columns"] | {"customer": {"type": "id"}, "email": {"type": "email"}},
        "identifiers": {"card": "card_no", "phone": "phone", "member": "customer", "email": "email"},
    }
}
ATTRIBUTES: Row = {"given_name": {}, "born": {}, "hobby": {"policy": "most_frequent"}, "note": {"policy": "longest"}}


def people(**member_kind: object) -> People:
    identifiers = PERSON["identifiers"] | {"member": member_kind}
    return People(project({"identifiers": identifiers, "attributes": ATTRIBUTES}, SHOP))


def test_two_numbers_for_one_mailbox_are_two_people_and_wait_for_a_steward() -> None:
    found = people(unique=True).resolve(
        members=[member("1", email="a@x.jp", given_name="太郎")],
        cards=[card("7", customer="2", email="a@x.jp", given_name="花子")],
    )
    assert found.person_of("members/1") != found.person_of("cards/7")
    assert found.shared() == {("email", "a@x.jp"): "limit:member"}
    pairs = found.lake.rows("select left_record, right_record from curated.review_queue")
    assert pairs == [("cards/7", "members/1")]
    assert {found.golden("members/1")["given_name"], found.golden("cards/7")["given_name"]} == {"太郎", "花子"}


@pytest.mark.slow
def test_one_number_that_two_people_claim_ties_nobody_and_says_so() -> None:
    found = people(max_distinct={"born": 1}).resolve(
        members=[member("1", born=date(1980, 1, 1))], cards=[card("7", customer="1", born=date(1990, 1, 1))]
    )
    assert found.person_of("members/1") != found.person_of("cards/7")
    assert found.shared() == {("member", "1"): "shared_by:born"}


@pytest.mark.slow
def test_one_number_of_one_person_merges_what_both_sources_say() -> None:
    found = people(unique=True, max_distinct={"born": 1}).resolve(
        members=[member("1", born=date(1980, 1, 1), updated=datetime(2025, 1, 1))],
        cards=[card("7", customer="1", given_name="太郎")],
    )
    golden = found.golden("members/1")
    assert found.person_of("cards/7") == found.person_of("members/1")
    assert (golden["given_name"], golden["born"], golden["records"]) == ("太郎", date(1980, 1, 1), 2)


@pytest.mark.slow
def test_attributes_that_no_record_holds_are_null_and_have_no_provenance() -> None:
    found = people().resolve(members=[member("1"), member("2")], cards=[card("7")])
    for record in ("members/1", "members/2", "cards/7"):
        golden = found.golden(record)
        assert [golden[name] for name in ATTRIBUTES] == [None] * len(ATTRIBUTES)
    assert found.lake.rows("select count(*) from curated.profile_provenance") == [(0,)]
