"""Sessions against an oracle that asks every login, and tablets that merge nobody whoever uses them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.people import PERSON, SOURCES, People, member, project, visit
from kumitate.identity.sessions import sessions

SPAN = 10
"""Milliseconds."""
Login = tuple[str, str, int]
LOGINS = st.lists(st.tuples(st.sampled_from("de"), st.sampled_from("pqr"), st.integers(0, 60)), max_size=8)


def found(logins: list[Login], most: int | None) -> list[tuple[str, int, int, str]]:
    """Device, from, to (ms) and person of each session."""
    devices, persons, times = zip(*logins, strict=True) if logins else ((), (), ())
    at = pa.array(times, pa.int64()).cast(pa.timestamp("ms"))
    columns = {"kind": ["device"] * len(logins), "value": devices, "person_id": persons}
    table = pa.table(
        {name: pa.array(column, pa.string()) for name, column in columns.items()} | {"first_at": at, "last_at": at}
    )
    result = sessions({"logins": table}, spans={"device": SPAN}, limits={"device": most})
    begins, ends = (result[name].cast(pa.timestamp("ms")).cast(pa.int64()).to_pylist() for name in ("from_at", "to_at"))
    return list(zip(result["value"].to_pylist(), begins, ends, result["person_id"].to_pylist(), strict=True))


def owners(logins: list[Login], device: str, moment: int, most: int | None) -> set[str | None]:
    """Who may have the moment, by hand."""
    there = [(at, person) for where, person, at in logins if where == device]
    near = [(at, person) for at, person in there if abs(at - moment) <= SPAN]
    if most is not None and len({person for _, person in there}) > most:
        persons = {person for _, person in near}
        return {*persons} if len(persons) == 1 else {None}
    if not near:
        return {None}
    distance = min(abs(at - moment) for at, _ in near)
    nearest = [(at, person) for at, person in near if abs(at - moment) == distance]
    earliest = min(at for at, _ in nearest)
    return {person for at, person in nearest if at == earliest}


@settings(max_examples=60, deadline=None)
@given(LOGINS, st.sampled_from([None, 1, 2]))
def test_each_moment_of_a_device_is_the_nearest_logins_or_nobodys(logins: list[Login], most: int | None) -> None:
    spans = found(logins, most)
    for device in "de":
        for moment in range(-SPAN - 1, 60 + SPAN + 2):
            having = [person for where, begin, end, person in spans if where == device and begin <= moment < end]
            assert len(having) <= 1
            assert (having or [None])[0] in owners(logins, device, moment, most)


@settings(max_examples=20, deadline=None)
@given(LOGINS, st.randoms(use_true_random=False))
def test_the_order_of_logins_changes_no_session(logins: list[Login], random: Random) -> None:
    shuffled = list(logins)
    random.shuffle(shuffled)
    assert found(shuffled, 1) == found(logins, 1)


HOURS = st.integers(0, 72).map(lambda hour: datetime(2026, 2, 1) + timedelta(hours=hour))
VISITS = st.lists(st.builds(visit, st.sampled_from("xy"), st.none() | st.sampled_from("123"), at=HOURS), max_size=12)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(VISITS)
def test_however_people_use_a_tablet_it_makes_no_two_of_them_one(visits: list[dict[str, object]]) -> None:
    identifiers = PERSON["identifiers"] | {"device": {"within": "12h"}}
    config = project({"identifiers": identifiers}, SOURCES)
    people = People(config).resolve(members=[member(one) for one in "123"], visits=visits)
    persons = people.persons()
    assert len({persons[f"members/{one}"] for one in "123"}) == 3
    for row in visits:
        record = f"visits/{row['_record_id']}"
        whose = {persons[f"members/{one}"] for one in "123"}
        assert (persons[record] in whose) == (row["member_id"] is not None)
