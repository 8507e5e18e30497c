"""Conditions as SQL: `{all: [{column: quantity, more_than: 0}, …]}` becomes a tree of bound comparisons.

A comparison with a missing value is unknown in SQL. `and`, `or` and the places that ask (`where`, `filter`,
`case when`) take unknown for false as they stand, so only `not` has to say it: `not coalesce(…, false)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlglot import exp

from kumitate.errors import FatalError
from kumitate.model.expression import All, AnyOf, ColumnIs, Comparison, Condition, Not
from kumitate.model.table import Type
from kumitate.sql.vocabulary import call, column, literal, timestamp_literal

_ORDERED = {"more_than": exp.GT, "at_least": exp.GTE, "less_than": exp.LT, "at_most": exp.LTE}
_COMPARED = {"is": exp.EQ, "is_not": exp.NEQ, **_ORDERED}
_TIMES = (Type.TIMESTAMP, Type.DATE)


@contextmanager
def located(key: str) -> Iterator[None]:
    """Say where in the project a refusal belongs: `segments.vips: the value is no number`."""
    try:
        yield
    except FatalError as error:
        raise FatalError(f"{key}: {error}") from error


def row_condition(
    condition: Condition, columns: Mapping[str, Type], as_of: datetime, *, table: str | None = None
) -> exp.Condition:
    """A `where:` tree over the row at hand; `columns` are those it may name, `table` their alias."""

    def leaf(part: Condition) -> exp.Condition:
        if not isinstance(part, ColumnIs):
            raise FatalError("where: asks about columns of the row alone; use column, all, any, not")
        with located(part.column):
            if part.column not in columns:
                raise FatalError(f"no such column; there are {', '.join(sorted(columns))}")
            return comparison(part, column(part.column, table), columns[part.column], as_of=as_of)

    return nested(condition, leaf)


def leaves(condition: Condition) -> Iterator[Condition]:
    """The nodes that `all`, `any` and `not` hold together."""
    match condition:
        case All(all_=parts) | AnyOf(any_=parts):
            for part in parts:
                yield from leaves(part)
        case Not(not_=part):
            yield from leaves(part)
        case _:
            yield condition


def nested(condition: Condition, leaf: Callable[[Condition], exp.Condition]) -> exp.Condition:
    """`all`, `any` and `not` around whatever `leaf` makes of the other nodes."""
    match condition:
        case All(all_=parts):
            return exp.and_(*(nested(part, leaf) for part in parts))
        case AnyOf(any_=parts):
            return exp.or_(*(nested(part, leaf) for part in parts))
        case Not(not_=part):
            return exp.not_(certain(nested(part, leaf)))
        case _:
            return leaf(condition)


def certain(predicate: exp.Condition) -> exp.Condition:
    """Unknown counts as false."""
    return call("coalesce", predicate, exp.false())


def comparison(asked: Comparison, subject: exp.Condition, type_: Type, *, as_of: datetime) -> exp.Condition:
    """One subject of type `type_` against the one value that is asked for; unknown where the subject is missing."""
    operator, operand = asked.operator, asked.operand
    if operator == "known":
        return subject.is_(exp.null()).not_() if operand else subject.is_(exp.null())
    _allow(operator, type_)
    if operator in ("within", "before"):
        return _in_time(subject, type_, (operator, operand, as_of))
    if operator in ("contains", "starts_with"):
        return _text_match(operator, subject, (operand, type_))
    return _against_values(operator, subject, (operand, type_))


def _allow(operator: str, type_: Type) -> None:
    """Refuse what has no one meaning on every engine, e.g. `more_than` of a yes-or-no column."""
    if operator in ("within", "before"):
        fits = type_ in _TIMES
    elif operator == "contains":
        fits = type_ in (Type.STRING, Type.STRINGS)
    elif operator == "starts_with":
        fits = type_ is Type.STRING
    elif operator in (*_ORDERED, "between"):
        fits = type_ not in (Type.BOOLEAN, Type.STRINGS)
    else:
        fits = type_ is not Type.STRINGS
    if not fits:
        raise FatalError(f"{operator} cannot be asked of {type_}")


def _against_values(operator: str, subject: exp.Condition, operand: tuple[Any, Type]) -> exp.Condition:
    value, type_ = operand
    if operator in ("in", "not_in"):
        return _among(subject, [literal(one, type_) for one in value], negated=operator == "not_in")
    if operator == "between":
        low, high = (literal(bound, type_) for bound in value)
        return exp.and_(exp.GTE(this=subject, expression=low), exp.LTE(this=subject.copy(), expression=high))
    return _COMPARED[operator](this=subject, expression=literal(value, type_))


def _among(subject: exp.Condition, values: list[exp.Condition], *, negated: bool) -> exp.Condition:
    if not values:
        return subject.is_(exp.null()).not_() if negated else exp.false()
    return subject.isin(*values).not_() if negated else subject.isin(*values)


def _text_match(operator: str, subject: exp.Condition, operand: tuple[str, Type]) -> exp.Condition:
    value, type_ = operand
    if not value:
        raise FatalError(f"{operator} needs a text to look for")
    sought = literal(value, Type.STRING)
    if operator == "starts_with":
        return call("starts_with", subject, sought)
    if type_ is Type.STRINGS:
        return call("contains", subject, sought)
    return call("strpos", subject, sought) > 0


def _in_time(subject: exp.Condition, type_: Type, operand: tuple[str, timedelta, datetime]) -> exp.Condition:
    operator, span, as_of = operand
    bound = moment(as_of - span, type_)
    if operator == "before":
        return exp.LT(this=subject, expression=bound)
    after = exp.GTE(this=subject, expression=bound)
    return exp.and_(after, exp.LT(this=subject.copy(), expression=moment(as_of, type_)))


def moment(at: datetime, type_: Type) -> exp.Condition:
    """A bound in the terms of a time column: a date is its midnight UTC, so a bound within a day is the next day."""
    if type_ is Type.TIMESTAMP:
        return timestamp_literal(at)
    at = at.astimezone(UTC)
    midnight = datetime(at.year, at.month, at.day, tzinfo=UTC)
    day: date = midnight.date() if at == midnight else midnight.date() + timedelta(days=1)
    return literal(day, Type.DATE)
