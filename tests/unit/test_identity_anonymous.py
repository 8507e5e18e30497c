"""Whose the events of a device are: of whoever logs in near them, and of nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from harness.people import PERSON, People, Row, member, project, visit
from kumitate.config.project import Config

NOON = datetime(2026, 2, 1, 12)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def config(**device: object) -> Config:
    person: Row = PERSON | {"identifiers": PERSON["identifiers"] | {"device": {"within": "1d", **device}}}
    return project(person)


def seen(device: str, at: datetime, member_id: str | None = None) -> Row:
    return visit(device, member_id, at=at)


def people(visits: list[Row], members: tuple[str, ...] = ("1", "2", "3"), **device: object) -> People:
    return People(config(**device)).resolve(members=[member(one) for one in members], visits=visits)


def owner(found: People, device: str, at: datetime) -> str | None:
    """The member whose session an anonymous event of the device falls into."""
    moment = at.isoformat(sep=" ", timespec="milliseconds")
    persons = found.lake.rows(
        f"""
        select person_id from curated.anonymous_sessions
        where value = '{device}' and from_at <= timestamp '{moment}' and timestamp '{moment}' < to_at
        """
    )
    assert len(persons) <= 1, "an event counts once"
    if not persons:
        return None
    return next(
        record for record in ("members/1", "members/2", "members/3") if found.person_of(record) == persons[0][0]
    )


@pytest.mark.slow
def test_a_login_counts_what_the_device_did_within_the_span_before_and_after() -> None:
    found = people([seen("d", NOON, "1"), seen("d", NOON - HOUR)])
    assert owner(found, "d", NOON - DAY) == "members/1"
    assert owner(found, "d", NOON + DAY) == "members/1"
    assert owner(found, "d", NOON - DAY - timedelta(milliseconds=1)) is None
    assert owner(found, "d", NOON + DAY + timedelta(milliseconds=1)) is None


def test_two_people_on_one_tablet_stay_two() -> None:
    found = people([seen("t", NOON, "1"), seen("t", NOON + HOUR, "2"), seen("t", NOON - HOUR)])
    assert len({found.person_of(f"members/{one}") for one in "12"}) == 2
    assert found.person_of("visits/t|") not in {found.person_of(f"members/{one}") for one in "12"}


@pytest.mark.slow
def test_between_two_logins_the_nearer_has_the_event_and_of_equally_near_ones_the_earlier() -> None:
    found = people([seen("t", NOON, "1"), seen("t", NOON + HOUR, "2")])
    assert owner(found, "t", NOON + 29 * MINUTE) == "members/1"
    assert owner(found, "t", NOON + 30 * MINUTE) == "members/1"
    assert owner(found, "t", NOON + 31 * MINUTE) == "members/2"
    assert owner(found, "t", NOON - HOUR) == "members/1"
    assert owner(found, "t", NOON + DAY) == "members/2"


@pytest.mark.slow
def test_on_a_tablet_of_too_many_persons_only_what_one_login_alone_reaches_is_attributed() -> None:
    logins = [seen("t", NOON + number * 3 * DAY / 2, one) for number, one in enumerate("12")]
    found = people(logins, max_distinct={"member": 1})
    assert owner(found, "t", NOON) == "members/1"
    assert owner(found, "t", NOON + 3 * DAY / 4) is None
    assert owner(found, "t", NOON + 2 * DAY) == "members/2"
    assert len({found.person_of(f"members/{one}") for one in "12"}) == 2


@pytest.mark.slow
def test_logins_of_one_person_in_a_row_are_one_session() -> None:
    found = people([seen("d", NOON + number * DAY, "1") for number in range(4)] + [seen("d", NOON + 9 * DAY, "1")])
    sessions = found.lake.rows("select from_at, to_at from curated.anonymous_sessions order by 1")
    inclusive = timedelta(milliseconds=1)
    assert sessions == [
        (NOON - DAY, NOON + 4 * DAY + inclusive),
        (NOON + 8 * DAY, NOON + 10 * DAY + inclusive),
    ]


@pytest.mark.slow
def test_anonymous_records_of_one_device_are_one_anonymous_person() -> None:
    found = people([seen("d", NOON), seen("d", NOON + HOUR), seen("e", NOON)])
    assert found.person_of("visits/d|") != found.person_of("visits/e|")
    assert found.lake.rows("select count(*) from curated.anonymous_sessions") == [(0,)]


@pytest.mark.slow
def test_a_login_by_a_value_that_merges_nobody_is_nobodys() -> None:
    person: Row = PERSON | {
        "identifiers": PERSON["identifiers"] | {"device": {"within": "1d"}, "member": {"blocked": ["0+"]}}
    }
    found = People(project(person)).resolve(members=[member("1")], visits=[seen("d", NOON, "000"), seen("d", NOON)])
    assert found.lake.rows("select count(*) from curated.anonymous_sessions") == [(0,)]


@pytest.mark.slow
def test_a_blocked_device_has_no_sessions() -> None:
    found = people([seen("0000", NOON, "1")], blocked=["0+"])
    assert found.lake.rows("select count(*) from curated.anonymous_sessions") == [(0,)]


@pytest.mark.slow
def test_a_device_of_one_person_does_not_make_two_registrations_one_person() -> None:
    found = people([seen("d", NOON, "1"), seen("d", NOON + MINUTE, "2")])
    assert found.person_of("members/1") != found.person_of("members/2")
    assert found.person_of("visits/d|1") == found.person_of("members/1")


def owners(found: People) -> dict[str, list[tuple[str, datetime | None, datetime | None]]]:
    """Record -> the members (or `nobody`) who own its rows, in time."""
    persons = {found.person_of(f"members/{one}"): f"members/{one}" for one in "123"}
    rows = found.lake.rows("select record_id, person_id, from_at, to_at from curated.record_owners order by 1, 3, 4")
    spans: dict[str, list[tuple[str, datetime | None, datetime | None]]] = {}
    for record, person, begin, end in sorted(rows, key=lambda row: (row[0], row[2] or datetime.min)):
        spans.setdefault(record, []).append((persons.get(person, "nobody"), begin, end))
    return spans


@pytest.mark.slow
def test_an_anonymous_record_changes_hands_without_gap_or_overlap() -> None:
    found = people([seen("t", NOON, "1"), seen("t", NOON + 5 * DAY, "2"), seen("t", NOON + 6 * DAY)])
    after = timedelta(milliseconds=1)
    assert owners(found) == {
        "t|": [
            ("nobody", None, NOON - DAY),
            ("members/1", NOON - DAY, NOON + DAY + after),
            ("nobody", NOON + DAY + after, NOON + 4 * DAY),
            ("members/2", NOON + 4 * DAY, NOON + 6 * DAY + after),
            ("nobody", NOON + 6 * DAY + after, None),
        ],
        "t|1": [("members/1", None, None)],
        "t|2": [("members/2", None, None)],
    }


@pytest.mark.slow
def test_a_device_that_nobody_logs_in_on_keeps_its_anonymous_person_for_ever() -> None:
    assert owners(people([seen("d", NOON)])) == {"d|": [("nobody", None, None)]}
