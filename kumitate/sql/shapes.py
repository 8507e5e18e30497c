"""Shapes that compiled SQL repeats: case, rows that order, windows, time arithmetic, tables of values, CTEs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlglot import exp

from kumitate.model.table import Type, validate_identifier
from kumitate.sql.vocabulary import call, column, literal


def case(condition: exp.Condition, then: exp.Condition, otherwise: exp.Condition | None = None) -> exp.Condition:
    """`case when condition then … else … end`."""
    chosen = exp.Case().when(condition, then)
    return chosen if otherwise is None else chosen.else_(otherwise)


def flag(condition: exp.Condition) -> exp.Condition:
    """1 where the condition holds, else 0."""
    return case(condition, literal(1, Type.BIGINT), literal(0, Type.BIGINT))


def ordering(*parts: exp.Condition) -> exp.Condition:
    """`row(a, b)`: orders by a, then b; what breaks ties in `max_by`. None of the parts may be null."""
    return exp.Struct(expressions=list(parts))


def epoch_seconds(time: exp.Condition) -> exp.Condition:
    """Whole seconds since 1970 as a double; the fraction is cut off, on every engine."""
    return call("floor", call("to_unixtime", time))


def later(time: exp.Condition, span: timedelta) -> exp.Condition:
    """`time + interval '86400' second`."""
    seconds = exp.Literal.string(str(int(span.total_seconds())))
    return exp.Add(this=time, expression=exp.Interval(this=seconds, unit=exp.var("second")))


def divided(numerator: exp.Condition, denominator: exp.Condition | int) -> exp.Condition:
    """A quotient of doubles, so that no engine divides as integers."""
    below = literal(denominator, Type.DOUBLE) if isinstance(denominator, int) else as_double(denominator)
    return exp.Div(this=as_double(numerator), expression=below)


def as_double(number: exp.Condition) -> exp.Condition:
    return exp.cast(number, Type.DOUBLE)


def descending(value: exp.Condition) -> exp.Ordered:
    """`value desc nulls last`."""
    return exp.Ordered(this=value, desc=True, nulls_first=False)


def ascending(value: exp.Condition) -> exp.Ordered:
    """`value asc nulls last`."""
    return exp.Ordered(this=value, desc=False, nulls_first=False)


def window(
    function: exp.Condition,
    *,
    partition: Sequence[exp.Condition] = (),
    order: Sequence[exp.Ordered] = (),
    frame: exp.WindowSpec | None = None,
) -> exp.Window:
    """`function over (partition by … order by … rows …)`."""
    ordered = exp.Order(expressions=list(order)) if order else None
    return exp.Window(this=function, partition_by=list(partition), order=ordered, spec=frame)


def rows_after() -> exp.WindowSpec:
    """`rows between 1 following and unbounded following`."""
    one, side = exp.Literal.number(1), "FOLLOWING"
    return exp.WindowSpec(kind="ROWS", start=one, start_side=side, end="UNBOUNDED", end_side=side)


def value_rows(name: str, columns: Sequence[str], rows: Iterable[Sequence[exp.Condition]]) -> exp.Select:
    """`select a, b from (values (…), (…)) as name(a, b)`; at least one row."""
    tuples = [exp.Tuple(expressions=list(row)) for row in rows]
    named = exp.TableAlias(
        this=exp.to_identifier(validate_identifier(name)), columns=list(map(exp.to_identifier, columns))
    )
    return exp.select(*map(column, columns)).from_(exp.Values(expressions=tuples, alias=named))


def no_rows(columns: Iterable[tuple[str, Type]]) -> exp.Select:
    """A statement that yields these columns and nothing else."""
    return exp.select(*(exp.alias_(literal(None, type_), name) for name, type_ in columns)).where(exp.false())


def with_ctes(query: exp.Select, ctes: Iterable[tuple[str, exp.Query]]) -> exp.Select:
    """`with name as (…), … query`, a CTE per idea."""
    for name, body in ctes:
        query = query.with_(exp.to_identifier(validate_identifier(name)), as_=body, copy=False)
    return query
