"""A `where:` over one event, decided as SQL decides it over a row of the lake: what is missing makes it false."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from kumitate.events.plan import Where
from kumitate.events.reading import milliseconds

Values = Callable[[str], Any]
"""A column's value by its name, as `reading.read` gives it."""
Test = Callable[[Values, int], bool]
"""Whether an event's values pass, at a moment in milliseconds (for `within` and `before`)."""

_STRING, _BOOLEAN, _BIGINT, _DECIMAL, _TIMESTAMP = "string", "boolean", "bigint", "decimal(18,4)", "timestamp"
"""Names of the lake's types (`model.table`, which is too heavy to be imported here)."""

_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, operand: value == operand,
    "is_not": lambda value, operand: value != operand,
    "in": lambda value, operands: value in operands,
    "not_in": lambda value, operands: value not in operands,
    "more_than": lambda value, operand: value > operand,
    "at_least": lambda value, operand: value >= operand,
    "less_than": lambda value, operand: value < operand,
    "at_most": lambda value, operand: value <= operand,
    "between": lambda value, operands: operands[0] <= value <= operands[1],
    "contains": lambda value, operand: operand in value,
    "starts_with": lambda value, operand: value.startswith(operand),
}


def compiled(condition: Any, types: Mapping[str, str]) -> Where:
    """A condition of the project's files as plain lists; `types` are the lake's, by column."""
    for name, attribute in (("all", "all_"), ("any", "any_")):
        if hasattr(condition, attribute):
            return [name, [compiled(part, types) for part in getattr(condition, attribute)]]
    if hasattr(condition, "not_"):
        return ["not", compiled(condition.not_, types)]
    type_ = types[condition.column]
    return [condition.operator, condition.column, _operand(condition.operator, condition.operand, type_), type_]


def _operand(operator: str, operand: Any, type_: str) -> Any:
    if operator in ("within", "before"):
        return operand // timedelta(milliseconds=1)
    if operator in ("known", "contains", "starts_with"):
        return operand
    if isinstance(operand, tuple):
        return [operand_of(value, type_) for value in operand]
    return operand_of(operand, type_)


def operand_of(value: Any, type_: str) -> Any:
    """What a column of this type is compared with, as JSON: a decimal as text, a time in milliseconds."""
    if type_ == _TIMESTAMP:
        moment = datetime.fromisoformat(str(value)) if not isinstance(value, datetime) else value
        return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if type_ == _STRING:
        return str(value).lower() if isinstance(value, bool) else str(value)
    if type_ == _BOOLEAN:
        return value in (True, "true")
    return int(value) if type_ == _BIGINT else str(value)


def matcher_of(where: Where | None) -> Test:
    """The compiled condition as a function."""
    match where:
        case None:
            return lambda _, __: True
        case ["all", parts]:
            every = [matcher_of(part) for part in parts]
            return lambda values, now: all(part(values, now) for part in every)
        case ["any", parts]:
            some = [matcher_of(part) for part in parts]
            return lambda values, now: any(part(values, now) for part in some)
        case ["not", part]:
            inner = matcher_of(part)
            return lambda values, now: not inner(values, now)
    return _comparison(where)


def columns_of(where: Where | None) -> frozenset[str]:
    """The columns that a compiled condition asks for."""
    match where:
        case None:
            return frozenset()
        case ["all" | "any", parts]:
            return frozenset(name for part in parts for name in columns_of(part))
        case ["not", part]:
            return columns_of(part)
    return frozenset({where[1]})


def _comparison(where: Where) -> Test:
    operator, column, operand, type_ = where
    if operator == "known":
        return lambda values, _: (values(column) is not None) == operand
    if operator in ("within", "before"):
        return lambda values, now: _in_time(operator, values(column), (operand, now))
    if type_ == _DECIMAL:
        operand = [Decimal(each) for each in operand] if isinstance(operand, list) else Decimal(operand)
    holds = _COMPARED[operator]

    def test(values: Values, _: int) -> bool:
        value = values(column)
        return value is not None and holds(value, operand)

    return test


def _in_time(operator: str, value: int | str | None, bounds: tuple[int, int]) -> bool:
    """A date is its midnight in UTC."""
    if value is None:
        return False
    span, now = bounds
    at = milliseconds(datetime.fromisoformat(value).replace(tzinfo=UTC)) if isinstance(value, str) else value
    return at < now - span if operator == "before" else now - span <= at < now
