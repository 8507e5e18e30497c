"""Values are bound by type, names validated, functions whitelisted; the text is Athena's, in lowercase."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlglot import exp

from harness.memory_lake import MemoryLake
from kumitate.engines.dialect.functions import FUNCTIONS as SAME_EVERYWHERE
from kumitate.errors import FatalError
from kumitate.model.table import Type
from kumitate.sql.vocabulary import FUNCTIONS, call, column, literal, table_ref, text, timestamp_literal

TOKYO = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("value", "type_", "sql"),
    [
        ("it's", Type.STRING, "'it''s'"),
        ("SELECT", Type.STRING, "'SELECT'"),
        (12, Type.STRING, "'12'"),
        (-5, Type.BIGINT, "-5"),
        ("7", Type.BIGINT, "7"),
        (Decimal("12.50"), Type.DECIMAL, "cast(12.5 as decimal(18, 4))"),
        (Decimal("-1E+3"), Type.DECIMAL, "cast(-1000 as decimal(18, 4))"),
        (1, Type.DOUBLE, "cast(1 as double)"),
        (True, Type.BOOLEAN, "true"),
        (date(2026, 1, 31), Type.DATE, "cast('2026-01-31' as date)"),
        ("2026-01-31T09:00:00+09:00", Type.TIMESTAMP, "cast('2026-01-31 00:00:00.000' as timestamp)"),
        (date(2026, 1, 31), Type.TIMESTAMP, "cast('2026-01-31 00:00:00.000' as timestamp)"),
        (None, Type.STRINGS, "cast(null as array(varchar))"),
    ],
)
def test_a_value_is_bound_as_the_type_it_meets(value: Any, type_: Type, sql: str) -> None:
    assert text(literal(value, type_)) == sql


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (1.5, Type.BIGINT),
        (2**63, Type.BIGINT),
        ("many", Type.BIGINT),
        (True, Type.BIGINT),
        ("nan", Type.DOUBLE),
        (Decimal("0.00001"), Type.DECIMAL),
        (Decimal(10**14), Type.DECIMAL),
        ("31 January", Type.DATE),
        (datetime(2026, 1, 31, tzinfo=UTC), Type.DATE),
        ("soon", Type.TIMESTAMP),
        ("yes", Type.BOOLEAN),
        ("a", Type.STRINGS),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value: Any, type_: Type) -> None:
    with pytest.raises(FatalError):
        literal(value, type_)


def test_a_moment_is_said_in_utc_to_the_millisecond() -> None:
    moment = datetime(2026, 3, 10, 8, 30, 0, 123_999, tzinfo=TOKYO)
    assert text(timestamp_literal(moment)) == "cast('2026-03-09 23:30:00.123' as timestamp)"


@pytest.mark.parametrize("name", ["A", "a b", "a;drop", "", "1a", "a.b"])
def test_a_name_that_is_no_identifier_reaches_no_sql(name: str) -> None:
    with pytest.raises(FatalError):
        column(name)
    with pytest.raises(FatalError):
        table_ref(f"clean.{name}")


def test_names_that_mean_something_in_sql_are_quoted() -> None:
    query = exp.select(column("order", "g"), column("_line", "g")).from_(table_ref("clean.group", "g"))
    assert text(query) == 'select\n  g."order",\n  g._line\nfrom clean."group" as g'


def test_only_whitelisted_functions_are_called() -> None:
    with pytest.raises(FatalError, match="date_diff is not in the SQL vocabulary"):
        call("date_diff", column("a"), column("b"))


def test_every_function_of_the_vocabulary_is_held_to_athenas_answer() -> None:
    assert set(SAME_EVERYWHERE) >= FUNCTIONS


def test_text_keeps_what_is_quoted_as_it_is() -> None:
    words = "SELECT 'It''s' FROM \"Group\""
    query = exp.select(literal(words, Type.STRING).as_("words"))
    assert MemoryLake().rows(text(query)) == [(words,)]
    assert text(query).startswith("select\n")
