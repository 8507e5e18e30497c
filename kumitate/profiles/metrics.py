"""Metrics: figures over a person's rows, each computed once however many ask, all of a source in one scan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlglot import exp

from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.errors import FatalError
from kumitate.identity.entity_tables import OWNERS
from kumitate.identity.owners import owned_sources
from kumitate.identity.tables import PERSON_RECORDS
from kumitate.model.expression import Condition
from kumitate.model.table import Table, Type
from kumitate.sql.conditions import located, row_condition
from kumitate.sql.vocabulary import column, literal, table_ref, text, timestamp_literal

ROW, OWNER = "o", "r"
"""Aliases: a row of a clean table, and the person record it belongs to."""


_TIMES = (Type.TIMESTAMP, Type.DATE)


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows of a source: `Rows("orders", where={...}, within=timedelta(days=90))`; none after the run's clock."""

    source: str
    event: str | None = None
    where: Condition | None = None
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RowSource:
    """A clean table as people's rows: its columns, its time, and the condition that `Rows` puts."""

    config: Config
    name: str
    as_of: datetime

    def __post_init__(self) -> None:
        if self.name not in self.config.sources:
            raise FatalError(f"no source {self.name!r}; there are {', '.join(sorted(self.config.sources))}")

    @property
    def table(self) -> Table:
        return clean_table(self.name, self.config.sources[self.name])

    def type_of(self, name: str) -> Type:
        found = self.table.column(name)
        if found is None:
            raise FatalError(f"{self.name} has no column {name!r}")
        return found.type

    def column(self, name: str) -> exp.Column:
        self.type_of(name)
        return column(name, ROW)

    @property
    def time(self) -> exp.Condition | None:
        """When a row happened (events) or was last changed (records), as a timestamp; None where nothing tells."""
        source = self.config.sources[self.name]
        name = source.time or source.updated_at
        return None if name is None or self.type_of(name) not in _TIMES else self.as_time(name)

    def as_time(self, name: str) -> exp.Condition:
        """A column as a timestamp; a date is its midnight UTC."""
        type_ = self.type_of(name)
        if type_ not in _TIMES:
            raise FatalError(f"{self.name}.{name} is {type_}, no time")
        return column(name, ROW) if type_ is Type.TIMESTAMP else exp.cast(column(name, ROW), Type.TIMESTAMP)

    def needed_time(self, why: str) -> exp.Condition:
        if self.time is None:
            raise FatalError(f"{why} needs a time, and source {self.name} declares none (time or updated_at)")
        return self.time

    def matching(self, rows: Rows) -> exp.Condition | None:
        """The condition that tells the rows meant from all up to the run's clock; None where it is all."""
        parts = [self.called(rows.event)] if rows.event is not None else []
        if rows.within is not None:
            parts.append(self.since(rows.within))
        if rows.where is not None:
            types = {one.name: one.type for one in self.table.columns}
            with located("where"):
                parts.append(row_condition(rows.where, types, self.as_of, table=ROW))
        return exp.and_(*parts) if parts else None

    def select(self, *expressions: exp.Expr, is_said: bool = False) -> exp.Select:
        """`select … from clean.<source> as o join curated.person_records as r …`, nothing from after the clock.

        What a device did before or after a login counts to who logged in, unless it `is_said` by a person: a word of
        consent is never taken from another's mouth.
        """
        same: list[exp.Condition] = [
            column("source", OWNER).eq(literal(self.name, Type.STRING)),
            column("record_id", OWNER).eq(column("_record_id", ROW)),
        ]
        people = table_ref(PERSON_RECORDS, OWNER)
        if self.time is not None and not is_said and self.name in owned_sources(self.config):
            people = table_ref(OWNERS, OWNER)
            same += _owned_at(self.time)
        query = exp.select(*expressions).from_(table_ref(self.table, ROW)).join(people, on=exp.and_(*same))
        if self.time is None:
            return query
        known = exp.LT(this=self.time, expression=timestamp_literal(self.as_of))
        return query.where(exp.or_(self.time.is_(exp.null()), known))

    def since(self, span: timedelta) -> exp.Condition:
        return exp.GTE(this=self.needed_time("within"), expression=timestamp_literal(self.as_of - span))

    def called(self, *events: str) -> exp.Condition:
        """Rows whose event-name column says one of these."""
        name = self.config.sources[self.name].event
        if name is None:
            raise FatalError(f"event: source {self.name} holds one kind of event; leave event out")
        bound = [literal(event, self.type_of(name)) for event in events]
        return self.column(name).isin(*bound) if len(bound) > 1 else self.column(name).eq(bound[0])


def _owned_at(time: exp.Condition) -> tuple[exp.Condition, exp.Condition]:
    """The row lies in the owner's span; a row without a time in the first."""
    begin, end = column("from_at", OWNER), column("to_at", OWNER)
    timeless = exp.and_(time.is_(exp.null()), begin.is_(exp.null()))
    return (
        exp.or_(begin.is_(exp.null()), exp.GTE(this=time.copy(), expression=begin)),
        exp.or_(end.is_(exp.null()), exp.LT(this=time.copy(), expression=end), timeless),
    )


@dataclass(slots=True)
class Metrics:
    """The metrics that were asked for so far, without doubles."""

    config: Config
    as_of: datetime
    _by_source: dict[str, dict[str, exp.Expr]] = field(default_factory=dict)
    _scope: dict[str, list[Rows]] = field(default_factory=dict)

    def source(self, name: str) -> RowSource:
        return RowSource(self.config, name, self.as_of)

    def add(self, rows: Rows, aggregate: exp.Condition, *, where: exp.Condition | None = None) -> exp.Column:
        """Ask for `aggregate` of `rows`, perhaps narrowed by `where`; returns the column that will hold it."""
        conditions = [one for one in (self.source(rows.source).matching(rows), where) if one is not None]
        metric = filtered(aggregate, exp.and_(*conditions) if conditions else None)
        known = self._by_source.setdefault(rows.source, {})
        meaning = text(metric)
        known.setdefault(meaning, metric)
        self._scope.setdefault(rows.source, []).append(rows)
        return column(f"{rows.source}_{list(known).index(meaning) + 1}", scan_name(rows.source))

    def scans(self) -> Iterator[tuple[str, exp.Select]]:
        """One aggregation per source, under its name; each yields `person_id` and the metrics."""
        for name in sorted(self._by_source):
            source = self.source(name)
            figures = [
                exp.alias_(one, f"{name}_{number}") for number, one in enumerate(self._by_source[name].values(), 1)
            ]
            query = source.select(column("person_id", OWNER), *figures)
            scope = self._common_scope(source)
            query = query.where(scope) if scope is not None else query
            yield scan_name(name), query.group_by(column("person_id", OWNER))

    def _common_scope(self, source: RowSource) -> exp.Condition | None:
        """What no metric looks beyond, so that it need not be read: the longest window, the events named."""
        wanted = self._scope[source.name]
        spans = [rows.within for rows in wanted if rows.within is not None]
        events = {rows.event for rows in wanted if rows.event is not None}
        parts = []
        if len(spans) == len(wanted):
            parts.append(source.since(max(spans)))
        if all(rows.event is not None for rows in wanted):
            parts.append(source.called(*sorted(events)))
        return exp.and_(*parts) if parts else None


def count_rows() -> exp.Condition:
    return exp.Count(this=exp.Star(), big_int=True)


def filtered(aggregate: exp.Condition, matching: exp.Condition | None) -> exp.Expr:
    """`count(*) filter (where …)`."""
    return aggregate if matching is None else exp.Filter(this=aggregate, expression=exp.Where(this=matching))


def scan_name(source: str) -> str:
    return f"figures_of_{source}"
