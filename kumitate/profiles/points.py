"""Scores: points per matching row, halved as they age, summed in whole thousandths: no order of summing matters."""

from __future__ import annotations

from sqlglot import exp

from kumitate.config.trait import PointRule, Points
from kumitate.errors import FatalError
from kumitate.model.table import Type
from kumitate.profiles.metrics import OWNER, Metrics, Rows, count_rows
from kumitate.sql.shapes import case, descending, divided, epoch_seconds, window
from kumitate.sql.vocabulary import call, column, literal

_THOUSANDTHS = 1000


def whole_points(metrics: Metrics, trait: Points, rule: PointRule) -> exp.Condition:
    """A rule without decay, in thousandths: matching rows, at most `most` of them, times its points."""
    rows: exp.Condition = metrics.add(_rows(trait, rule), count_rows())
    if rule.most is not None:
        most = literal(rule.most, Type.BIGINT)
        rows = case(exp.GT(this=rows, expression=most), most.copy(), rows.copy())
    return exp.Mul(this=rows, expression=literal(rule.points * _THOUSANDTHS, Type.BIGINT))


def decayed_points(metrics: Metrics, trait: Points, rule: PointRule) -> exp.Condition:
    """A rule with decay, in thousandths, each row's share rounded by itself."""
    return metrics.add(_rows(trait, rule), call("sum", _share(metrics, trait, rule)))


def newest_points(metrics: Metrics, trait: Points, rule: PointRule) -> exp.Select:
    """A rule with decay of which only a person's newest `most` rows count: `person_id`, `value` in thousandths."""
    source = metrics.source(rule.source)
    person, time = column("person_id", OWNER), source.needed_time("half_life")
    place = window(call("row_number"), partition=[person], order=[descending(time)])
    rows = source.select(person.copy(), _share(metrics, trait, rule).as_("share"), exp.alias_(place, "place"))
    matching = source.matching(_rows(trait, rule))
    ranked = (rows if matching is None else rows.where(matching)).subquery("ranked")
    counted = column("place") <= literal(rule.most, Type.BIGINT)
    total = call("sum", column("share")).as_("value")
    return exp.select(column("person_id"), total).from_(ranked).where(counted).group_by(column("person_id"))


def score(thousandths: list[exp.Condition]) -> exp.Condition:
    """The rules' sum as a number of two decimals; halves are exact before rounding, so all engines round alike."""
    parts = [call("coalesce", part, literal(0, Type.BIGINT)) for part in thousandths]
    total = parts[0]
    for part in parts[1:]:
        total = exp.Add(this=total, expression=part)
    return divided(call("round", divided(exp.paren(total), 10)), 100)


def _rows(trait: Points, rule: PointRule) -> Rows:
    return Rows(rule.source, rule.event, rule.where, trait.within)


def _share(metrics: Metrics, trait: Points, rule: PointRule) -> exp.Condition:
    """`cast(round(points * power(0.5, age / half_life) * 1000) as bigint)`; null where the row's time is unknown."""
    if not trait.half_life:
        raise FatalError("half_life must be longer than nothing")
    time = metrics.source(rule.source).needed_time("half_life")
    clock = literal(int(metrics.as_of.timestamp()), Type.DOUBLE)
    age = exp.paren(exp.Sub(this=clock, expression=epoch_seconds(time)))
    halvings = divided(age, int(trait.half_life.total_seconds()))
    left = call("power", literal(0.5, Type.DOUBLE), halvings)
    full = literal(rule.points * _THOUSANDTHS, Type.DOUBLE)
    return exp.cast(call("round", exp.Mul(this=full, expression=left)), Type.BIGINT)
