"""`where:` trees: what is true, what is false, and that what cannot be decided counts as false."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from harness.memory_lake import MemoryLake
from kumitate.errors import FatalError
from kumitate.model.expression import Condition
from kumitate.model.table import Table, Type, columns
from kumitate.sql.conditions import certain, row_condition
from kumitate.sql.vocabulary import text

AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)
TYPES = {
    "n": Type.BIGINT, "amount": Type.DECIMAL, "name": Type.STRING, "yes": Type.BOOLEAN,
    "day": Type.DATE, "at": Type.TIMESTAMP, "tags": Type.STRINGS,
}  # fmt: skip
ROWS = Table("clean", "things", columns(**TYPES))
PARSED: TypeAdapter[Any] = TypeAdapter(Condition)


def sql(condition: dict[str, Any]) -> str:
    return text(certain(row_condition(PARSED.validate_python(condition), TYPES, AS_OF)))


def holds(condition: dict[str, Any], **row: Any) -> bool:
    lake = MemoryLake()
    lake.put(ROWS, [row])
    answer = lake.rows(f"select {sql(condition)} as answer from clean.things")[0][0]
    assert isinstance(answer, bool)
    return answer


@pytest.mark.parametrize(
    "asked", [{"is": 1}, {"is_not": 1}, {"in": [1]}, {"not_in": [2]}, {"less_than": 9}, {"between": [0, 9]}]
)
def test_a_missing_value_satisfies_no_comparison(asked: dict[str, Any]) -> None:
    assert not holds({"column": "n", **asked})


def test_not_of_what_cannot_be_decided_is_true() -> None:
    assert holds({"not": {"column": "n", "is": 1}})
    assert holds({"not": {"any": [{"column": "n", "is": 1}, {"column": "name", "is": "a"}]}}, name="b")
    assert not holds({"not": {"any": [{"column": "n", "is": 1}, {"column": "name", "is": "a"}]}}, name="a")
    assert not holds({"not": {"not": {"column": "n", "is": 1}}})


def test_known_asks_whether_there_is_a_value() -> None:
    assert holds({"column": "n", "known": True}, n=0)
    assert holds({"column": "n", "known": False})
    assert holds({"not": {"column": "n", "known": True}})


def test_all_and_any_nest() -> None:
    condition = {
        "all": [
            {"column": "n", "more_than": 0},
            {"any": [{"column": "name", "is": "a"}, {"column": "yes", "is": True}]},
        ]
    }
    assert holds(condition, n=1, name="b", yes=True)
    assert holds(condition, n=1, name="a")
    assert not holds(condition, n=0, name="a", yes=True)
    assert not holds(condition, n=1, name="b")


@pytest.mark.parametrize(
    ("value", "sought"), [("100%", "%"), ("a_b", "_"), ("it's", "'s"), ("C:\\dir", "\\"), ("東京都", "京")]
)
def test_contains_looks_for_the_letters_themselves(value: str, sought: str) -> None:
    assert holds({"column": "name", "contains": sought}, name=value)
    assert not holds({"column": "name", "contains": sought}, name="abc")


def test_starts_with_looks_at_the_beginning() -> None:
    assert holds({"column": "name", "starts_with": "/cart"}, name="/cart/3")
    assert not holds({"column": "name", "starts_with": "/cart"}, name="/a/cart")


def test_an_array_contains_an_element_not_a_part_of_one() -> None:
    assert holds({"column": "tags", "contains": "tea"}, tags=["tea", "milk"])
    assert not holds({"column": "tags", "contains": "te"}, tags=["tea", "milk"])
    assert not holds({"column": "tags", "contains": "te"})


@pytest.mark.parametrize(
    ("asked", "at", "answer"),
    [
        ({"within": "1d"}, datetime(2026, 3, 9, 12), True),
        ({"within": "1d"}, datetime(2026, 3, 9, 11, 59, 59, 999000), False),
        ({"within": "1d"}, datetime(2026, 3, 10, 12), False),
        ({"before": "1d"}, datetime(2026, 3, 9, 12), False),
        ({"before": "1d"}, datetime(2026, 3, 9, 11, 59), True),
        ({"at_least": date(2026, 3, 9)}, datetime(2026, 3, 9), True),
        ({"is": "2026-03-09T21:00:00+09:00"}, datetime(2026, 3, 9, 12), True),
    ],
)
def test_times_are_compared_to_the_millisecond(asked: dict[str, Any], at: datetime, answer: bool) -> None:
    assert holds({"column": "at", **asked}, at=at) is answer


@pytest.mark.parametrize(
    ("asked", "day", "answer"),
    [
        ({"within": "1d"}, date(2026, 3, 10), True),
        ({"within": "1d"}, date(2026, 3, 9), False),
        ({"within": "36h"}, date(2026, 3, 9), True),
        ({"within": "1d"}, date(2026, 3, 11), False),
        ({"before": "1d"}, date(2026, 3, 9), True),
        ({"before": "1d"}, date(2026, 3, 10), False),
    ],
)
def test_a_date_is_its_midnight(asked: dict[str, Any], day: date, answer: bool) -> None:
    assert holds({"column": "day", **asked}, day=day) is answer


def test_amounts_are_compared_exactly() -> None:
    assert holds({"column": "amount", "is": Decimal("0.3")}, amount=Decimal("0.3"))
    assert holds({"column": "amount", "more_than": "0.2999"}, amount=Decimal("0.3"))


def test_no_value_is_in_an_empty_list() -> None:
    assert not holds({"column": "n", "in": []}, n=1)
    assert holds({"column": "n", "not_in": []}, n=1)
    assert not holds({"column": "n", "not_in": []})


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        ({"column": "n", "is": "many"}, "n: the value is no number"),
        ({"column": "nothing", "is": 1}, "nothing: no such column"),
        ({"column": "yes", "more_than": True}, "yes: more_than cannot be asked of boolean"),
        ({"column": "n", "contains": "1"}, "n: contains cannot be asked of bigint"),
        ({"column": "name", "contains": ""}, "name: contains needs a text"),
        ({"column": "name", "within": "3d"}, "name: within cannot be asked of string"),
        ({"column": "tags", "is": "tea"}, "tags: is cannot be asked of array"),
        ({"trait": "spent", "more_than": 1}, "use column, all, any, not"),
    ],
)
def test_what_has_no_meaning_is_refused_by_its_key(condition: dict[str, Any], complaint: str) -> None:
    with pytest.raises(FatalError, match=complaint):
        sql(condition)


@pytest.mark.parametrize("value", ["'; drop table clean.things; --", "' or '1' = '1", "\\' or true --"])
def test_a_value_cannot_leave_its_quotes(value: str) -> None:
    assert not holds({"column": "name", "is": value}, name="abc")
    assert holds({"column": "name", "is": value}, name=value)
