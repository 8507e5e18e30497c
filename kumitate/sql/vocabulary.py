"""The bricks of compiled SQL: bound values, validated names, whitelisted functions, and the text Athena runs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

from sqlglot import exp, parse_one
from sqlglot.dialects.dialect import Dialect

from kumitate.errors import FatalError
from kumitate.model.table import Table, Type, validate_identifier

DIALECT = Dialect.get_or_raise("athena")
"""Made once: under its name alone, sqlglot would build it anew for every text."""

Value = bool | int | float | Decimal | date | datetime | str | None

FUNCTIONS = frozenset(
    {
        "array_agg", "array_sort", "bitwise_and", "bitwise_xor", "coalesce", "concat", "contains", "count",
        "day_of_month", "floor", "max", "max_by", "min", "min_by", "month", "power", "rank", "round", "row_number",
        "starts_with", "strpos", "substr", "sum", "to_unixtime", "transform",
    }
)  # fmt: skip
"""What compiled SQL may call: few, and each with a case that holds every engine to Athena's answer."""

_OPERATORS: dict[str, type[exp.Binary]] = {"bitwise_and": exp.BitwiseAnd, "bitwise_xor": exp.BitwiseXor}
"""Functions to Athena, operators to sqlglot."""

_QUOTED = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""")
_BIGINT = range(-(2**63), 2**63)


def literal(value: Value, type_: Type) -> exp.Condition:
    """`value` as a literal of `type_`, e.g. `cast(12.5 as decimal(18, 4))`; FatalError where it does not fit."""
    if value is None:
        return exp.cast(exp.Null(), str(type_))
    build = _LITERALS.get(type_)
    if build is None:
        raise FatalError(f"a value cannot be bound as {type_}")
    return build(value)


def timestamp_literal(moment: datetime) -> exp.Condition:
    """A moment as the lake keeps it: UTC, no zone, milliseconds."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    plain = moment.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    return exp.cast(exp.Literal.string(plain), "timestamp")


def column(name: str, table: str | None = None) -> exp.Column:
    """A column, `table.name` where a table or its alias is given."""
    validate_identifier(name.lstrip("_") or name)
    return exp.column(name, validate_identifier(table) if table else None)


def table_ref(table: Table | str, alias: str | None = None) -> exp.Table:
    """A lake table (`clean.orders`) or the name of a CTE, perhaps under an alias."""
    *database, name = str(table).split(".")
    if len(database) > 1:
        raise FatalError(f"{str(table)!r} is no table name; write database.table")
    for part in (*database, name, *([alias] if alias else [])):
        validate_identifier(part)
    return exp.table_(name, db=database[0] if database else None, alias=alias)


def call(name: str, *arguments: exp.Expr) -> exp.Condition:
    """A whitelisted function, e.g. `call("strpos", column("path"), literal("/cart", Type.STRING))`."""
    if name not in FUNCTIONS:
        raise FatalError(f"{name} is not in the SQL vocabulary of kumitate.sql")
    if name in _OPERATORS:  # sqlglot's compiled form gives back functions alone
        left, right = arguments
        return _OPERATORS[name](this=left, expression=right)
    return exp.func(name, *arguments, dialect=DIALECT)


def text(expression: exp.Expr, *, copy: bool = True) -> str:
    """Athena's SQL, laid out to be read: lowercase, one clause a line; without a copy the expression is used up."""
    upper = expression.sql(dialect=DIALECT, pretty=True, comments=False, copy=copy)
    parts = _QUOTED.split(upper)
    return "".join(part if number % 2 else part.lower() for number, part in enumerate(parts))


@lru_cache(maxsize=2_048)
def laid_out(sql: str) -> str:
    """A statement written by hand, in the same layout; a plan made again costs no parsing."""
    return text(parse_one(sql, read=DIALECT), copy=False)


def _string(value: Value) -> exp.Condition:
    if isinstance(value, bool):
        value = str(value).lower()
    return exp.Literal.string(str(value))


def _boolean(value: Value) -> exp.Condition:
    if value not in (True, False, "true", "false"):
        raise FatalError("the value is no boolean; write true or false")
    return exp.true() if value in (True, "true") else exp.false()


def _decimal(value: Value) -> Decimal:
    if isinstance(value, bool | date):
        raise FatalError("the value is no number")
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise FatalError("the value is no number") from error
    if not number.is_finite():
        raise FatalError("the value is no finite number")
    return number


def _bigint(value: Value) -> exp.Condition:
    number = _decimal(value)
    if number != number.to_integral_value() or int(number) not in _BIGINT:
        raise FatalError("the value is no 64-bit integer")
    return _number(Decimal(int(number)))


def _fixed(value: Value) -> exp.Condition:
    number = _decimal(value)
    if abs(number) >= 10**14 or number != number.quantize(Decimal("0.0001"), ROUND_HALF_EVEN):
        raise FatalError("the value does not fit decimal(18, 4)")
    return exp.cast(_number(number), Type.DECIMAL)


def _double(value: Value) -> exp.Condition:
    return exp.cast(_number(_decimal(value)), Type.DOUBLE)


def _number(number: Decimal) -> exp.Condition:
    magnitude = exp.Literal.number(f"{abs(number).normalize():f}")  # 1.50 and 1.5 are one value, and one text
    return exp.Neg(this=magnitude) if number < 0 else magnitude


def _date(value: Value) -> exp.Condition:
    if isinstance(value, datetime):
        raise FatalError("the value is a time where a date is asked; write 2026-01-31")
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        raise FatalError("the value is no date; write 2026-01-31") from error
    return exp.cast(exp.Literal.string(day.isoformat()), "date")


def _timestamp(value: Value) -> exp.Condition:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise FatalError("the value is no time; write 2026-01-31T09:00:00Z") from error
    return timestamp_literal(moment)


_LITERALS = {
    Type.STRING: _string,
    Type.BOOLEAN: _boolean,
    Type.BIGINT: _bigint,
    Type.DECIMAL: _fixed,
    Type.DOUBLE: _double,
    Type.DATE: _date,
    Type.TIMESTAMP: _timestamp,
}
