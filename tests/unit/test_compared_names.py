"""A name is one name however it is written: with a blank or without in Japanese, in large letters and in small."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from harness.people import People, card, member
from kumitate.cleanse.recognise import recognise
from kumitate.config.table_rules import TableRules
from kumitate.identity.resolving import resolve_table
from kumitate.identity.table_plan import Given, plan_table

SAME = [("高橋 一郎", "高橋一郎"), ("マイケル ジャクソン", "マイケルジャクソン"), ("YAMADA Taro", "Yamada Taro")]
OTHERS = [("Anna Maria", "Annamaria"), ("高橋 一郎", "高橋 二郎")]
BORN: dict[str, Any] = {"born": date(1990, 4, 1)}
PHONE: dict[str, Any] = {"phone": "+81312345678"}


def persons_in_a_table(*names: str, **values: str) -> int:
    """How many the rules that ship find."""
    rows = pa.table({"name": list(names), **{column: [value] * len(names) for column, value in values.items()}})
    plan = plan_table(rows, TableRules(), Given(recognise=recognise, as_of=date(2026, 3, 1)))
    return len(set(resolve_table(rows, plan, run_id="r1").clusters()["person_id"].to_pylist()))


@pytest.mark.parametrize(("one", "other", "persons"), [(*pair, 1) for pair in SAME] + [(*pair, 2) for pair in OTHERS])
def test_a_rule_of_a_project_takes_a_name_however_it_is_written(one: str, other: str, persons: int) -> None:
    people = People().resolve(
        members=[member("1", given_name=one, **BORN)], cards=[card("7", given_name=other, **BORN)]
    )
    assert len(people.groups()) == persons


@pytest.mark.parametrize(("one", "other", "persons"), [(*pair, 1) for pair in SAME] + [(*pair, 2) for pair in OTHERS])
def test_the_rules_that_ship_take_a_name_however_it_is_written(one: str, other: str, persons: int) -> None:
    assert persons_in_a_table(one, other, birthdate="1990-04-01") == persons


def test_a_blank_in_a_name_is_no_witness_against_a_shared_value() -> None:
    one, other = SAME[0]
    people = People().resolve(
        members=[member("1", **PHONE, given_name=one)], cards=[card("7", **PHONE, given_name=other)]
    )
    assert len(people.groups()) == 1
    assert people.shared() == {}
    assert persons_in_a_table(one, other, email="t@firma.jp") == 1
