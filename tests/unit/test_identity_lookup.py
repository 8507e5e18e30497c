"""The lookup answers for values that identify, and for ids of before; of all others it says nothing."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pytest

from harness.people import PERSON, People, card, member, project, visit
from kumitate.cli.people import find_person
from kumitate.errors import FatalError
from kumitate.model.step import Query


def found(people: People, kind: str, value: str) -> str | None:
    hashed = sha256(value.encode()).hexdigest()
    rows = people.lake.rows(
        f"select person_id from curated.profile_lookup where kind = '{kind}' and value_hash = '{hashed}'"
    )
    assert len(rows) <= 1
    return rows[0][0] if rows else None


@pytest.mark.slow
def test_a_value_that_identifies_leads_to_its_person() -> None:
    people = People().resolve(members=[member("1", email="太郎@x.jp"), member("2", email="b@x.jp")])
    assert found(people, "email", "太郎@x.jp") == people.person_of("members/1")
    assert found(people, "member", "2") == people.person_of("members/2")
    assert found(people, "email", "nobody@x.jp") is None


@pytest.mark.slow
def test_blocked_and_shared_values_lead_to_nobody() -> None:
    phone = {"phone": "+81312345678"}
    people = People().resolve(
        members=[member("1", email="test@x.jp", given_name="太郎", **phone), member("2", given_name="花子", **phone)]
    )
    assert found(people, "email", "test@x.jp") is None
    assert found(people, "phone", "+81312345678") is None


@pytest.mark.slow
def test_no_value_and_no_rule_stands_there_in_clear() -> None:
    people = People().resolve(
        members=[member("1", email="a@x.jp", given_name="太郎", born=datetime(1990, 1, 1).date())]
    )
    rows = people.lake.rows("select kind, value_hash from curated.profile_lookup")
    assert {kind for kind, _ in rows} == {"member", "email", "person_id"}
    assert {len(value) for _, value in rows} == {64}


@pytest.mark.slow
def test_a_person_id_of_before_leads_to_the_person_of_now() -> None:
    people = People().resolve(members=[member("1")], cards=[card("7", phone="+81312345678")])
    old = {people.person_of("members/1"), people.person_of("cards/7")}
    people.resolve(members=[member("1", phone="+81312345678")], cards=[card("7", phone="+81312345678")])
    now = people.person_of("members/1")
    assert len(old) == 2
    assert {found(people, "person_id", person) for person in old} == {now}


@pytest.mark.slow
def test_a_device_that_changes_hands_is_no_answer() -> None:
    config = project(PERSON | {"identifiers": PERSON["identifiers"] | {"device": {"within": "1d"}}})
    visits = [visit("t", at=datetime(2026, 2, 1)), visit("t", "1", at=datetime(2026, 2, 1)), visit("d", at=None)]
    people = People(config).resolve(members=[member("1")], visits=visits)
    assert found(people, "device", "t") is None
    assert found(people, "device", "d") == people.person_of("visits/d|")


class LakeAsked:
    """What `kumitate profile` asks of a workspace: the project, and rows for SQL."""

    def __init__(self, people: People) -> None:
        self.config = people.config
        self.engine = self
        self._lake = people.lake

    def rows(self, query: Query) -> list[pa.RecordBatch]:
        return self._lake.query(query).to_batches()


def test_a_person_is_found_by_any_identifier_and_by_an_id_of_before() -> None:
    people = People().resolve(members=[member("1", email="a@x.jp")], cards=[card("7", phone="+81312345678")])
    old = people.person_of("cards/7")
    people.resolve(members=[member("1", email="a@x.jp", phone="+81312345678")], cards=[card("7", phone="+81312345678")])
    now = people.person_of("members/1")
    asked: Any = LakeAsked(people)
    for written in (old, now, "members/1", "A@X.JP", "03-1234-5678", "7"):
        assert find_person(asked, written) == now
    with pytest.raises(FatalError, match="nobody has this identifier"):
        find_person(asked, "b@x.jp")
