"""Traits that are one figure over a person's rows: count, sum, avg, min, max, first, last, days since."""

from __future__ import annotations

from sqlglot import exp

from kumitate.config.trait import Aggregate
from kumitate.errors import FatalError
from kumitate.model.table import Type
from kumitate.profiles.metrics import Metrics, Rows, count_rows
from kumitate.sql.shapes import divided, epoch_seconds, ordering
from kumitate.sql.vocabulary import call, literal, timestamp_literal

_DAY_SECONDS = 86_400
_SUMMED = (Type.BIGINT, Type.DECIMAL)


def aggregate_value(metrics: Metrics, trait: Aggregate) -> exp.Condition:
    """The trait's value over metrics; counts are 0 for people without rows, all else is null."""
    match trait.kind:
        case "count" | "count_distinct":
            return call("coalesce", metrics.add(rows_of(trait), _counted(metrics, trait)), literal(0, Type.BIGINT))
        case "avg":
            total = metrics.add(rows_of(trait), call("sum", _number(metrics, trait)))
            return divided(total, metrics.add(rows_of(trait), call("count", _number(metrics, trait))))
        case "sum":
            return metrics.add(rows_of(trait), call("sum", _number(metrics, trait)))
        case "min" | "max":
            return metrics.add(rows_of(trait), call(trait.kind, _looked_at(metrics, trait)))
        case "first" | "last":
            return _at_the_end(metrics, trait)
        case "days_since":
            return _days_since(metrics, trait)
        case _:
            raise FatalError(f"{trait.kind} is no figure over rows")


def rows_of(trait: Aggregate) -> Rows:
    return Rows(trait.source, trait.event, trait.where, trait.within)


def looked_at(trait: Aggregate) -> str:
    if trait.column is None:
        raise FatalError(f"{trait.kind} needs a column")
    return trait.column


def _looked_at(metrics: Metrics, trait: Aggregate) -> exp.Condition:
    return metrics.source(trait.source).column(looked_at(trait))


def _number(metrics: Metrics, trait: Aggregate) -> exp.Condition:
    type_ = metrics.source(trait.source).type_of(looked_at(trait))
    if type_ not in _SUMMED:
        raise FatalError(f"{trait.kind} needs a number, and {trait.source}.{trait.column} is {type_}")
    return _looked_at(metrics, trait)


def _counted(metrics: Metrics, trait: Aggregate) -> exp.Condition:
    if trait.kind == "count_distinct":
        return exp.Count(this=exp.Distinct(expressions=[_looked_at(metrics, trait)]), big_int=True)
    return count_rows() if trait.column is None else call("count", _looked_at(metrics, trait))


def _at_the_end(metrics: Metrics, trait: Aggregate) -> exp.Condition:
    """The value at the first or last time there was one; at the very same time the smallest, or greatest."""
    value, time = _looked_at(metrics, trait), metrics.source(trait.source).needed_time(trait.kind)
    known = exp.and_(value.is_(exp.null()).not_(), time.is_(exp.null()).not_())
    order = ordering(time) if time == value else ordering(time, value.copy())
    return metrics.add(rows_of(trait), call("max_by" if trait.kind == "last" else "min_by", value, order), where=known)


def _days_since(metrics: Metrics, trait: Aggregate) -> exp.Condition:
    """Whole days from the latest row (or the latest value of `column` that is past) to the run's clock."""
    source = metrics.source(trait.source)
    time = source.needed_time("days_since") if trait.column is None else source.as_time(trait.column)
    past = exp.LT(this=time, expression=timestamp_literal(metrics.as_of))
    newest = metrics.add(rows_of(trait), call("max", time.copy()), where=past)
    clock = literal(int(metrics.as_of.timestamp()), Type.DOUBLE)
    age = exp.paren(exp.Sub(this=clock, expression=epoch_seconds(newest)))
    return call("floor", divided(age, _DAY_SECONDS))
