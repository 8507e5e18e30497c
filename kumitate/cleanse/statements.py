"""The cleanse stage's SQL: which rows are new, which are refused, which are kept, and what became of each."""

from __future__ import annotations

from sqlglot import parse_one

from kumitate.cleanse.expressions import (
    bound,
    carried,
    delivered,
    described,
    equal,
    key_of,
    listed,
    named,
    same,
    same_key,
    value_of,
)
from kumitate.cleanse.tables import COUNTS, clean_table, staging_table
from kumitate.config.source import Source
from kumitate.ingest.tables import DELIVERIES, QUARANTINE, raw_table
from kumitate.model.step import Query, Run
from kumitate.sql.vocabulary import DIALECT, text, timestamp_literal


def new_rows(name: str, source: Source, *, after: str, run_id: str) -> Query:
    """The raw rows that no run has cleansed: those of runs after `after`, up to this one."""
    table = raw_table(name, source)
    return _query(
        f"staging_{name}",
        f"""
        select {listed(table.schema.names)}
        from {table}
        where _run_id > {bound(after)} and _run_id <= {bound(run_id)}
        """,
    )


def refused_rows(name: str, source: Source, run: Run) -> Query:
    """New rows that cannot be used, with file, line and reason."""
    return _query(
        f"quarantine_{name}",
        f"""
        select
            {bound(name)} as source,
            s._delivery_id as delivery_id,
            d.file,
            s._line as line,
            s._reason as reason,
            s._field as field,
            s._payload as payload,
            {bound(run.id)} as run_id,
            {timestamp_literal(run.as_of).sql(DIALECT)} as found_at
        from {staging_table(name, source)} as s
        left join {DELIVERIES} as d on d.delivery_id = s._delivery_id
        where s._reason is not null
        """,
    )


def new_events(name: str, source: Source) -> Query:
    """Accepted new events, each key once and only if no earlier run has it."""
    return _query(
        f"clean_{name}",
        f"""
        with fresh as (
            select
                {carried(source)},
                row_number() over (partition by {listed(key_of(source))} order by {listed(_ORIGIN)}) as _place
            from {staging_table(name, source)}
            where _reason is null
        )
        select {described(name, source)}
        from fresh
        where _place = 1 and not exists (
            select 1 from {clean_table(name, source)} as known where {same_key(source, "known", "fresh")}
        )
        """,
    )


def newest_records(name: str, source: Source) -> Query:
    """The newest version of each key; between equally new ones the later delivery wins."""
    newest = f"{value_of(source, source.updated_at)} desc nulls last, " if source.updated_at else ""
    later = ", ".join(f"{part} desc" for part in _ORIGIN)
    return _query(
        f"clean_{name}",
        f"""
        with versions as (
            select {carried(source)}
            from {clean_table(name, source)}
            union all
            select {carried(source)}
            from {staging_table(name, source)}
            where _reason is null
        ),
        ranked as (
            select
                {carried(source)},
                row_number() over (partition by {listed(key_of(source))} order by {newest}{later}) as _place
            from versions
        )
        select {described(name, source)}
        from ranked
        where _place = 1
        """,
    )


def row_counts(name: str, source: Source, run_id: str) -> Query:
    """What became of the new rows, and of those that could not be read since rows were last counted."""
    return _query(
        f"counts_{name}",
        f"""
        with fates as (
            {_fates(name, source)}
            union all
            select 'quarantined' as outcome, reason
            from {QUARANTINE}
            where source = {bound(name)} and run_id <= {bound(run_id)} and run_id > (
                select coalesce(max(run_id), '') from {COUNTS} where source = {bound(name)}
            )
        )
        select
            {bound(run_id)} as run_id,
            {bound(name)} as source,
            outcome,
            reason,
            count(*) as {named("rows")}
        from fates
        group by outcome, reason
        """,
    )


def _fates(name: str, source: Source) -> str:
    """An accepted row is in the clean table under its own origin; any other lost to the row that is there."""
    clean = clean_table(name, source)
    is_event = source.kind == "events"
    alike = f"case when {same(delivered(source), 'kept', 'new')} then 'duplicate' else 'superseded' end"
    lost = "'duplicate'" if is_event else alike
    winner = "" if is_event else f"left join {clean} as kept on {same_key(source, 'kept', 'new')}"
    return f"""
            select
                case when own._line is not null then 'accepted' else {lost} end as outcome,
                {bound(None)} as reason
            from {staging_table(name, source)} as new
            left join {clean} as own on {equal(_ORIGIN, "own", "new")}
            {winner}
            where new._reason is null
            """


_ORIGIN = ("_run_id", "_delivery_id", "_line")
"""Where a row comes from, oldest first."""


def _query(name: str, sql: str) -> Query:
    return Query(name, text(parse_one(sql, read=DIALECT)))
