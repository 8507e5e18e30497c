"""Which value a person's golden record holds, and where it came from."""

from datetime import date, datetime
from typing import Any

import pyarrow as pa

from harness.people import SOURCES, People, Row, card, member, project, visit

MAIL = {"email": "a@x.jp"}
OLD, NEW = datetime(2024, 1, 1), datetime(2025, 1, 1)


ATTRIBUTES: Row = {
    "born": {},
    "city": {"policy": "most_recent"},
    "given_name": {"policy": "source_priority", "sources": ["cards", "members"]},
    "hobby": {"policy": "most_frequent"},
    "note": {"policy": "longest"},
    "page": {},
    "shoe_size": {},
}


def people_with(attributes: Row, sources: Row | None = None) -> People:
    identifiers: Row = {"member": {}, "email": {}, "phone": {}, "device": {}, "card": {}}
    return People(project({"identifiers": identifiers, "attributes": attributes}, sources))


def provenance(people: People, attribute: str) -> list[tuple[Any, ...]]:
    sql = f"select record, policy from curated.profile_provenance where attribute = '{attribute}'"
    return people.lake.rows(sql)


def test_the_most_recent_value_wins() -> None:
    people = people_with(ATTRIBUTES).resolve(
        members=[member("1", **MAIL, city="Nara", updated=OLD), member("2", **MAIL, city="Kobe", updated=NEW)]
    )
    assert people.golden("members/1")["city"] == "Kobe"
    assert provenance(people, "city") == [("members/2", "most_recent")]


def test_a_missing_value_never_wins() -> None:
    people = people_with(ATTRIBUTES).resolve(
        members=[member("1", **MAIL, city="Nara", updated=OLD), member("2", **MAIL, updated=NEW)]
    )
    golden = people.golden("members/1")
    assert (golden["city"], golden["born"]) == ("Nara", None)
    assert provenance(people, "born") == []


def test_a_value_without_a_time_is_the_least_recent() -> None:
    people = people_with(ATTRIBUTES).resolve(
        members=[member("1", **MAIL, city="Nara"), member("2", **MAIL, city="Kobe", updated=OLD)]
    )
    assert people.golden("members/1")["city"] == "Kobe"


def test_of_values_of_one_time_the_smallest_record_wins() -> None:
    people = people_with(ATTRIBUTES).resolve(
        members=[member("2", **MAIL, city="Kobe", updated=OLD), member("1", **MAIL, city="Nara", updated=OLD)]
    )
    assert people.golden("members/1")["city"] == "Nara"


def test_the_first_source_of_trust_wins_whatever_its_age() -> None:
    phone = {"phone": "+81312345678"}
    people = people_with(ATTRIBUTES).resolve(
        members=[member("1", **phone, given_name="太郎", updated=NEW), member("2", given_name="花子")],
        cards=[card("7", **phone, given_name="タロウ")],
    )
    assert people.golden("members/1")["given_name"] == "タロウ"
    assert people.golden("members/2")["given_name"] == "花子"
    assert set(provenance(people, "given_name")) == {("cards/7", "source_priority"), ("members/2", "source_priority")}


def with_check(**values: Any) -> Row:
    checked = SOURCES["members"]["columns"] | {"is_checked": {"type": "boolean"}}
    return SOURCES | {"members": SOURCES["members"] | {"columns": checked}} | values


def test_a_verified_value_wins_over_newer_ones_and_the_newest_of_the_verified() -> None:
    attributes: Row = {"city": {"policy": "verified", "verified_by": "is_checked"}, "note": {}}
    people = people_with(attributes, with_check()).resolve(
        members=[
            member("1", **MAIL, city="Nara", note="old", updated=OLD, is_checked=True),
            member("2", **MAIL, city="Kobe", note="new", updated=NEW, is_checked=False),
            member("3", **MAIL, city="Otsu", updated=NEW),
            member("4", email="b@x.jp", city="Ise", updated=NEW),
            member("5", email="b@x.jp", city="Uji", updated=OLD),
        ]
    )
    golden = people.golden("members/1")
    assert (golden["city"], golden["note"]) == ("Nara", "new")
    assert people.golden("members/4")["city"] == "Ise"


def test_provenance_tells_since_when_the_record_says_so() -> None:
    people = people_with({"city": {}, "given_name": {}}).resolve(
        members=[member("1", **MAIL, city="Nara", given_name="太郎", updated=OLD), member("2", **MAIL, city="Kobe")],
        cards=[card("7", given_name="花子")],
    )
    sql = 'select attribute, record, "at" from curated.profile_provenance order by attribute, record'
    assert people.lake.rows(sql) == [
        ("city", "members/1", OLD),
        ("given_name", "cards/7", None),
        ("given_name", "members/1", OLD),
    ]


def test_only_named_sources_count_where_sources_are_named() -> None:
    people = people_with({"given_name": {"sources": ["cards"]}}).resolve(members=[member("1", given_name="太郎")])
    assert people.golden("members/1")["given_name"] is None


def test_the_most_frequent_value_wins_then_the_most_recent() -> None:
    people = people_with(ATTRIBUTES).resolve(
        members=[
            member("1", **MAIL, hobby="go", updated=OLD),
            member("2", **MAIL, hobby="go", updated=OLD),
            member("3", **MAIL, hobby="shogi", updated=NEW),
            member("8", hobby="tea", updated=OLD, email="b@x.jp"),
            member("9", hobby="tennis", updated=NEW, email="b@x.jp"),
        ]
    )
    assert people.golden("members/1")["hobby"] == "go"
    assert people.golden("members/9")["hobby"] == "tennis"


def test_the_longest_value_wins_in_characters() -> None:
    people = people_with(ATTRIBUTES).resolve(
        members=[member("1", **MAIL, note="神戸市", updated=NEW), member("2", **MAIL, note="Kobe", updated=OLD)]
    )
    assert people.golden("members/1")["note"] == "Kobe"


def test_events_speak_only_where_no_record_does() -> None:
    sources = SOURCES | {
        "visits": SOURCES["visits"] | {"columns": SOURCES["visits"]["columns"] | {"city": {}}},
    }
    people = people_with({"city": {}, "page": {}}, sources).resolve(
        members=[member("1")],
        visits=[visit("d", "1", city="Kobe", page="/a", at=NEW), visit("d", "1", city="Nara", page="/b", at=OLD)],
    )
    golden = people.golden("members/1")
    assert (golden["city"], golden["page"]) == (None, "/a")


def test_of_events_of_one_time_the_first_line_wins() -> None:
    pages = [visit("d", page=page, at=NEW, _line=line) for line, page in ((2, "/b"), (1, "/a"), (3, "/c"))]
    assert people_with(ATTRIBUTES).resolve(visits=pages).golden("visits/d|")["page"] == "/a"


def test_a_value_is_converted_to_the_type_of_the_first_source_or_does_not_count() -> None:
    columns = SOURCES["members"]["columns"] | {"born": {}}
    sources = SOURCES | {"members": SOURCES["members"] | {"columns": columns}}
    people = people_with({"born": {}}, sources).resolve(
        members=[member("1", born="1990-04-01"), member("2", born="unknown")], cards=[card("7", born=date(1980, 1, 2))]
    )
    assert people.golden("members/1")["born"] == date(1990, 4, 1)
    assert people.golden("members/2")["born"] is None
    assert people.golden("cards/7")["born"] == date(1980, 1, 2)


def test_a_person_has_their_sources_and_records_also_without_any_value() -> None:
    people = people_with(ATTRIBUTES).resolve(visits=[visit("d"), visit("d", "1")], members=[member("1")])
    golden = people.golden("visits/d|")
    assert (golden["records"], golden["sources"], golden["city"]) == (3, ["members", "visits"], None)


def test_an_attribute_that_no_source_has_is_empty() -> None:
    people = people_with(ATTRIBUTES).resolve(members=[member("1")])
    assert people.golden("members/1")["shoe_size"] is None


def test_a_project_without_attributes_has_persons_all_the_same() -> None:
    people = people_with({}).resolve(members=[member("1", **MAIL), member("2", **MAIL)])
    assert people.lake.table("curated.golden_records").select(["records", "sources"]) == pa.table(
        {"records": [2], "sources": [["members"]]},
        schema=pa.schema([("records", pa.int64()), ("sources", pa.list_(pa.field("element", pa.string())))]),
    )
