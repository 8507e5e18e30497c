"""A word that says there is none makes nobody one with another."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from harness.cleansing import rule
from kumitate.cleanse.recognise import recognise
from kumitate.cleanse.rules import column_cleanser
from kumitate.config.source import Semantic
from kumitate.config.table_rules import TableRules
from kumitate.identity.resolving import resolve_table
from kumitate.identity.table_plan import Given, plan_table


@pytest.mark.parametrize(
    ("semantic", "values"),
    [
        (
            Semantic.ID,
            ["NULL", "null", "Ｎ／Ａ", "#N/A", "-", "不明", " なし ", "nan", "00000000-0000-0000-0000-000000000000"],
        ),
        (Semantic.NAME, ["不明", "N/A", "未登録", "Unknown"]),
        (Semantic.KANA, ["なし", "ﾅｼ"]),
        (Semantic.COMPANY, ["なし", "n/a"]),
    ],
)
def test_such_a_word_is_no_value_and_says_why(semantic: Semantic, values: list[str]) -> None:
    found = column_cleanser(rule(semantic))(pa.array(values))
    assert found.values.to_pylist() == [None] * len(values)
    assert set(found.reasons.to_pylist()) == {f"{semantic}.says_none"}


@pytest.mark.parametrize(
    ("semantic", "value"),
    [(Semantic.NAME, "Null"), (Semantic.NAME, "Nan"), (Semantic.ID, "NA"), (Semantic.ID, "0"), (Semantic.TEXT, "N/A")],
)
def test_what_somebody_may_be_called_stays(semantic: Semantic, value: str) -> None:
    assert column_cleanser(rule(semantic))(pa.array([value])).values.to_pylist() == [value]


def test_its_parts_are_none_either() -> None:
    found = column_cleanser(rule(Semantic.COMPANY, parts=("form",)))(pa.array(["株式会社なし", "株式会社山田"]))
    assert found.parts["form"].to_pylist() == [None, "株式会社"]


def test_two_people_without_a_customer_number_are_two() -> None:
    rows = pa.table({"no": ["NULL", "NULL", "C1", "C1"], "name": ["高橋 一郎", "佐藤 花子", "鈴木 一", "鈴木 一"]})
    rules = {"identifiers": {"customer_no": "no"}, "columns": {"no": {"type": "id"}, "name": {"type": "name"}}}
    person = {"person": {"identifiers": {"customer_no": {}}}}
    plan = plan_table(
        rows, TableRules.model_validate(rules | person), Given(recognise=recognise, as_of=date(2026, 3, 1))
    )
    assert len(set(resolve_table(rows, plan, run_id="r1").clusters()["person_id"].to_pylist())) == 3
