"""A condition on one event says what SQL says of the row that the lake makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from kumitate.engines.dialect import translate
from kumitate.events.conditions import columns_of, compiled, matcher_of
from kumitate.events.reading import milliseconds, moment_at
from kumitate.model.expression import Condition
from kumitate.model.table import Column, Type
from kumitate.sql.conditions import certain, row_condition
from kumitate.sql.vocabulary import text

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
COLUMNS = {
    "path": Type.STRING, "quantity": Type.BIGINT, "price": Type.DECIMAL, "is_gift": Type.BOOLEAN,
    "day": Type.DATE, "at": Type.TIMESTAMP,
}  # fmt: skip
NAMES = {name: type_.value for name, type_ in COLUMNS.items()}
MS = milliseconds(NOW)
VALUES: dict[str, list[Any]] = {
    "path": [None, "", "/pricing", "/Pricing", "/pricing/plans", "価格", "z"],
    "quantity": [None, -1, 0, 1, 2, 3, 2**62],
    "price": [None, Decimal("0"), Decimal("9.9999"), Decimal("10"), Decimal("10.0001"), Decimal("-3.5")],
    "is_gift": [None, True, False],
    "day": [None, "2026-03-03", "2026-03-04", "2026-03-09", "2026-03-10", "2026-03-11"],
    "at": [None, MS - 7 * 86_400_000, MS - 7 * 86_400_000 - 1, MS - 1, MS, MS + 1, 0],
}
ASKED: dict[str, list[dict[str, Any]]] = {
    "path": [
        {"is": "/pricing"}, {"is_not": "/pricing"}, {"in": ["/pricing", "z"]}, {"not_in": ["/pricing"]}, {"in": []},
        {"not_in": []}, {"contains": "ricing"}, {"starts_with": "/pri"}, {"known": True}, {"known": False},
    ],
    "quantity": [
        {"is": 1}, {"is_not": 1}, {"more_than": 1}, {"at_least": 1}, {"less_than": 1}, {"at_most": 1},
        {"between": [0, 2]}, {"in": [1, 3]}, {"not_in": [1, 3]}, {"known": True},
    ],
    "price": [
        {"is": 10}, {"is": "10.0000"}, {"more_than": 10}, {"at_least": "9.9999"}, {"less_than": 10},
        {"between": ["-3.5", 10]}, {"not_in": [10, 0]},
    ],
    "is_gift": [{"is": True}, {"is_not": True}, {"in": [True, False]}, {"known": False}],
    "day": [
        {"is": "2026-03-10"}, {"more_than": "2026-03-09"}, {"within": "7d"}, {"before": "7d"},
        {"between": ["2026-03-04", "2026-03-10"]},
    ],
    "at": [
        {"within": "7d"}, {"before": "7d"}, {"at_least": "2026-03-10T12:00:00Z"}, {"less_than": "2026-03-10"},
        {"is": "2026-03-10T21:00:00+09:00"},
    ],
}  # fmt: skip
LEAVES = [{"column": name, **asked} for name, several in ASKED.items() for asked in several]
NESTED = [
    {"not": {"column": "path", "is": "/pricing"}},
    {"not": {"not": {"column": "quantity", "more_than": 1}}},
    {"all": [{"column": "path", "known": True}, {"not": {"column": "path", "contains": "z"}}]},
    {"any": [{"column": "path", "is": "z"}, {"not": {"column": "path", "starts_with": "/p"}}]},
]  # fmt: skip
PARSED: TypeAdapter[Any] = TypeAdapter(Condition)


def rows() -> list[dict[str, Any]]:
    """Each value once, the other columns missing."""
    empty = dict.fromkeys(COLUMNS)
    return [{**empty, name: value} for name, values in VALUES.items() for value in values]


def in_the_lake(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "day":
        return datetime.fromisoformat(value).date()
    return moment_at(value).replace(tzinfo=None) if name == "at" else value


@pytest.mark.parametrize("asked", [*LEAVES, *NESTED], ids=str)
def test_one_event_is_judged_as_sql_judges_its_row(asked: dict[str, Any]) -> None:
    condition = PARSED.validate_python(asked)
    given = rows()
    table = pa.table({
        name: pa.array([in_the_lake(name, row[name]) for row in given], Column(name, type_).arrow.type)
        for name, type_ in COLUMNS.items()
    })  # fmt: skip
    with duckdb.connect() as connection:
        connection.register("events", table)
        predicate = text(certain(row_condition(condition, COLUMNS, NOW)))
        found = connection.execute(translate(f"select {predicate} as holds from events", "duckdb")).fetchall()
    matches = matcher_of(compiled(condition, NAMES))
    assert [matches(row.__getitem__, MS) for row in given] == [bool(holds) for (holds,) in found]


def test_a_compiled_condition_names_its_columns() -> None:
    where = compiled(PARSED.validate_python(NESTED[3]), NAMES)
    assert columns_of(where) == {"path"}
    assert columns_of(None) == frozenset()
