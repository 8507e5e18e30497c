"""Traits that rank a person's values: the most frequent one, and the list of the newest ones."""

from __future__ import annotations

from sqlglot import exp

from kumitate.config.trait import Aggregate
from kumitate.errors import FatalError
from kumitate.model.table import Type
from kumitate.profiles.metrics import OWNER, Metrics, Rows, count_rows
from kumitate.sql.shapes import ascending, descending, window
from kumitate.sql.vocabulary import call, column, literal

_LISTED = (Type.STRING, Type.BIGINT, Type.DECIMAL, Type.DATE)
_PREFIX = 1000
"""Added to a place (1 to 100) to make four digits that sort as text."""


def most_frequent(metrics: Metrics, trait: Aggregate, name: str) -> exp.Select:
    """`person_id`, `value`: the value of most rows; of equally frequent ones the smallest."""
    often = descending(column("times"))
    first = _ranked(metrics, trait, (name, count_rows().as_("times"), often))
    return exp.select(column("person_id"), column("value")).from_(first).where(column("place").eq(1))


def listed(metrics: Metrics, trait: Aggregate, name: str) -> exp.Select:
    """`person_id`, `value`: the distinct values as an array, newest first; of equally new ones the smallest first.

    Arrays gathered in order are not portable, so each value carries its place as a prefix until it is sorted.
    """
    source = metrics.source(trait.source)
    if source.type_of(name) not in _LISTED:
        raise FatalError(f"list cannot be made of {source.type_of(name)}; use text, numbers or dates")
    newest = call("max", source.needed_time("list")).as_("latest")
    values = _ranked(metrics, trait, (name, newest, descending(column("latest"))))
    place = exp.cast(exp.Add(this=literal(_PREFIX, Type.BIGINT), expression=column("place")), Type.STRING)
    numbered = call("concat", place, exp.cast(column("value"), Type.STRING))
    entry = exp.to_identifier("entry")
    bare = exp.Lambda(this=call("substr", column("entry"), literal(5, Type.BIGINT)), expressions=[entry])
    entries = call("transform", call("array_sort", call("array_agg", numbered)), bare).as_("value")
    kept = column("place") <= literal(trait.limit, Type.BIGINT)
    return exp.select(column("person_id"), entries).from_(values).where(kept).group_by(column("person_id"))


def _ranked(metrics: Metrics, trait: Aggregate, by: tuple[str, exp.Expr, exp.Ordered]) -> exp.Subquery:
    """A person's distinct values with their place: by `measure` first, then the smaller value."""
    name, measure, order = by
    source = metrics.source(trait.source)
    person, value = column("person_id", OWNER), source.column(name)
    rows = source.select(person.copy(), value.as_("value"), measure)
    rows = rows.where(value.is_(exp.null()).not_())
    matching = source.matching(Rows(trait.source, trait.event, trait.where, trait.within))
    rows = rows if matching is None else rows.where(matching)
    values = rows.group_by(person.copy(), value.copy()).subquery("values_seen")
    place = window(call("row_number"), partition=[column("person_id")], order=[order, ascending(column("value"))])
    return exp.select(column("person_id"), column("value"), exp.alias_(place, "place")).from_(values).subquery("ranked")
