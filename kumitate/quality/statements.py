"""Quality rules as SQL: what is counted for later runs, and one verdict per rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from sqlglot import exp, parse_one

from kumitate.config.quality import Bounds, Kind, QualityRules
from kumitate.config.types import NUMBERS
from kumitate.model.step import Query, Run
from kumitate.model.table import Table, Type
from kumitate.quality.comparisons import DISTANCE, RATIO, STANDING
from kumitate.sql.vocabulary import DIALECT, column, literal, text, timestamp_literal

_MOST_BUCKETS = 100
_DIGITS = 6
"""Of what is found: sums of fractions differ behind them, from engine to engine."""
_OTHERS, _NONE = "(others)", "(none)"


@dataclass(frozen=True, slots=True)
class Judged:
    """The rules of one section, the table they are for, and where their results and history lie."""

    name: str
    rules: QualityRules
    table: Table
    results: Table
    history: Table
    of_run: str = ""
    """The column that tells which run brought a row; empty where every run makes all rows anew."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """One verdict: SQL that yields `found` in one row, and how it is held against the threshold."""

    kind: Kind
    rule: str
    column: str
    threshold: Decimal
    sql: str
    ctes: tuple[tuple[str, str], ...] = ()
    passes: str = "found <= threshold"


def history_query(judged: Judged, run: Run) -> Query | None:
    """The rows of this run, as a whole and by value; None where no rule looks back."""
    selects = []
    scope = _scope(judged, run, new_only=True)
    if judged.rules.volume is not None:
        selects.append(
            f"select cast(null as varchar) as column_name, cast(null as varchar) as bucket, count(*) as held "
            f"from {scope} having count(*) > 0"
        )
    selects += [_buckets(judged, name, scope) for name in judged.rules.drift]
    if not selects:
        return None
    return _query(
        f"history_{judged.name}",
        f"""
        select {_text(run.id)} as run_id, {_text(judged.name)} as name, column_name, bucket, held
        from ({" union all ".join(selects)}) as counted
        """,
    )


def results_query(judged: Judged, run: Run) -> Query:
    """One row per rule."""
    measures = list(_measures(judged, run))
    ctes = [f"{name} as ({body})" for each in measures for name, body in each.ctes]
    selects = [_select(judged, each) for each in measures]
    beginning = f"with {', '.join(ctes)}" if ctes else ""
    return _query(
        f"quality_{judged.name}",
        f"""
        {beginning}
        select
            {_text(run.id)} as run_id,
            {timestamp_literal(run.as_of).sql(DIALECT)} as at,
            {_text(judged.name)} as name,
            {_text(str(judged.table))} as table_name,
            rule, column_name, level, threshold, found, passed
        from ({" union all ".join(selects)}) as verdicts
        """,
    )


def _select(judged: Judged, measure: _Measure) -> str:
    threshold = literal(measure.threshold, Type.DOUBLE).sql(DIALECT)
    return f"""
        select
            {_text(measure.rule)} as rule,
            {_text(measure.column)} as column_name,
            {_text(judged.rules.level_of(measure.kind))} as level,
            threshold,
            found,
            coalesce({measure.passes}, true) as passed
        from (
            select {threshold} as threshold, round(cast(found as double), {_DIGITS}) as found
            from ({measure.sql}) as measured
        ) as held
        """


def _measures(judged: Judged, run: Run) -> Iterator[_Measure]:
    rules, rows = judged.rules, _scope(judged, run, new_only=judged.rules.of == "new")
    if rules.freshness is not None:
        yield _freshness(judged, run)
    yield from _volume(judged, run)
    for name, share in rules.nulls.items():
        missing = f"sum(case when {_named(name)} is null then 1 else 0 end)"
        found = f"cast({missing} as double) / cast(count(*) as double)"
        sql = f"select case when count(*) > 0 then {found} end as found from {rows}"
        yield _Measure("nulls", "nulls", name, share, sql)
    for together in rules.unique:
        yield _Measure("unique", "unique", ", ".join(together), Decimal(0), _repeated(judged, together))
    for name, bounds in rules.ranges.items():
        yield _counting("ranges", name, _beyond(judged.table, name, bounds), rows=rows)
    for name, allowed in rules.values.items():
        listed = ", ".join(map(_text, allowed))
        yield _counting("values", name, f"{_named(name)} not in ({listed})", rows=rows)
    for number, (name, most) in enumerate(rules.drift.items()):
        yield _drift(judged, name, most, run=run, number=number)


def _freshness(judged: Judged, run: Run) -> _Measure:
    """Hours between the newest time and the run's clock; a table without any is not fresh.

    What lies ahead of the clock says nothing: one mistyped year would make a table fresh for as long.
    """
    rule = judged.rules.freshness
    assert rule is not None  # noqa: S101 - asked for where it is given
    at = f"cast({_named(rule.column)} as timestamp)"
    clock = timestamp_literal(run.as_of).sql(DIALECT)
    newest = f"max(case when {at} <= {clock} then {at} end)"
    sql = f"select (to_unixtime({clock}) - to_unixtime({newest})) / 3600.0e0 as found from {judged.table}"
    hours = Decimal(rule.within / timedelta(hours=1)).quantize(Decimal("0.0001"))
    passes = "found is not null and found <= threshold"
    return _Measure("freshness", "freshness", rule.column, hours, sql, passes=passes)


def _volume(judged: Judged, run: Run) -> Iterator[_Measure]:
    rule = judged.rules.volume
    if rule is None:
        return
    past, rows = "volume_past", "volume_rows"
    met = f"{_of_section(judged)} and column_name is null"
    ctes: tuple[tuple[str, str], ...] = (
        (past, _past(judged, met, run)),
        (rows, _recent(judged, met, run, past=past)),
    )
    for name, ratio, sign in (("volume_min", rule.min_ratio, ">="), ("volume_max", rule.max_ratio, "<=")):
        if ratio is not None:
            measure = _Measure("volume", name, "", ratio, RATIO, ctes, passes=f"found {sign} threshold")
            yield _standing(judged, run, measure)
            ctes = ()


def _drift(judged: Judged, name: str, most: Decimal, *, run: Run, number: int) -> _Measure:
    past, rows = f"drift_past_{number}", f"drift_rows_{number}"
    met = f"{_of_section(judged)} and column_name = {_text(name)}"
    ctes = ((past, _past(judged, met, run)), (rows, _recent(judged, met, run, past=past)))
    return _standing(judged, run, _Measure("drift", "drift", name, most, DISTANCE.format(rows=rows), ctes))


def _standing(judged: Judged, run: Run, measure: _Measure) -> _Measure:
    """The measure of a delivery: what was found holds until the next one, or until somebody lets a run go."""
    if not judged.of_run or judged.rules.level_of(measure.kind) == "warn":
        return measure
    of_column = f"column_name = {_text(measure.column)}"
    rule = f"{_of_section(judged)} and rule = {_text(measure.rule)} and {of_column}"
    released = ", ".join(map(_text, sorted(run.released)))
    stands = f"not passed and run_id not in ({released})" if released else "not passed"
    sql = STANDING.format(found=measure.sql, results=judged.results, rule=rule, stands=stands, run=_text(run.id))
    return replace(measure, sql=sql)


def _past(judged: Judged, met: str, run: Run) -> str:
    """The last runs before this one that had rows."""
    return f"""
        select run_id
        from (select distinct run_id from {judged.history} where {met} and run_id < {_text(run.id)}) as earlier
        order by run_id desc
        limit {judged.rules.against}
        """


def _recent(judged: Judged, met: str, run: Run, *, past: str) -> str:
    """Per value: its rows in this run, and in the runs before."""
    this = _text(run.id)
    return f"""
        select
            coalesce(bucket, '') as bucket,
            sum(case when run_id = {this} then held else 0 end) as now_rows,
            sum(case when run_id <> {this} then held else 0 end) as before_rows
        from {judged.history}
        where {met} and (run_id = {this} or run_id in (select run_id from {past}))
        group by coalesce(bucket, '')
        """


def _of_section(judged: Judged) -> str:
    return f"name = {_text(judged.name)}"


def _counting(kind: Kind, name: str, condition: str, *, rows: str) -> _Measure:
    """How many rows there are that there should not be."""
    sql = f"select coalesce(sum(case when {condition} then 1 else 0 end), 0) as found from {rows}"
    return _Measure(kind, kind, name, Decimal(0), sql)


def _beyond(table: Table, name: str, bounds: Bounds) -> str:
    found = table.column(name)
    type_ = found.type if found is not None else Type.DOUBLE
    limits = (("<", bounds.min), (">", bounds.max))
    return " or ".join(
        f"{_named(name)} {mark} {literal(value, type_).sql(DIALECT)}" for mark, value in limits if value is not None
    )


def _repeated(judged: Judged, together: Iterable[str]) -> str:
    """Rows beyond the first of each combination."""
    names = [_named(name) for name in together]
    given = " and ".join(f"{name} is not null" for name in names)
    listed = ", ".join(names)
    counted = f"select count(*) as held from {judged.table} where {given} group by {listed}"
    return f"select coalesce(sum(held - 1), 0) as found from ({counted}) as combinations"


def _buckets(judged: Judged, name: str, scope: str) -> str:
    """The commonest values and their rows, the rest as one."""
    found = judged.table.column(name)
    is_number = found is not None and found.type in NUMBERS
    value = _magnitude(name) if is_number else f"cast({_named(name)} as varchar)"
    return f"""
        select {_text(name)} as column_name, bucket, sum(held) as held
        from (
            select case when place <= {_MOST_BUCKETS} then value else '{_OTHERS}' end as bucket, held
            from (
                select value, held, row_number() over (order by held desc, value) as place
                from (
                    select coalesce({value}, '{_NONE}') as value, count(*) as held
                    from {scope}
                    group by coalesce({value}, '{_NONE}')
                ) as each_value
            ) as placed
        ) as kept
        group by bucket
        """


def _magnitude(name: str) -> str:
    """Sign, first digit and number of digits: 345.6 is `3e3`, 0.5 is `0e1`."""
    digits = f"cast(cast(floor(abs({_named(name)})) as bigint) as varchar)"
    sign = f"case when {_named(name)} < 0 then '-' else '' end"
    return f"{sign} || substr({digits}, 1, 1) || 'e' || cast(length({digits}) as varchar)"


def _scope(judged: Judged, run: Run, *, new_only: bool) -> str:
    """The rows looked at, as what stands behind `from`."""
    if not (new_only and judged.of_run):
        return str(judged.table)
    columns = ", ".join(_named(name) for name in judged.table.schema.names)
    return f"(select {columns} from {judged.table} where {_named(judged.of_run)} = {_text(run.id)}) as new_rows"


@lru_cache(maxsize=4_096)  # a plan names the same few columns thousands of times
def _named(name: str) -> str:
    return column(name).sql(DIALECT)


def _text(value: str) -> str:
    return literal(value, Type.STRING).sql(DIALECT)


def _query(name: str, sql: str) -> Query:
    parsed = parse_one(sql, read=DIALECT)
    assert isinstance(parsed, exp.Query)  # noqa: S101 - written above
    return Query(name, text(parsed, copy=False))
