"""The cleanse stage's SQL: which rows are cleansed, which are refused or come back, and which are kept."""

from __future__ import annotations

from kumitate.cleanse.expressions import bound, carried, described, key_of, listed, named, same_key, value_of
from kumitate.cleanse.tables import clean_table, staging_table
from kumitate.config.source import Source
from kumitate.ingest.replayed import QUARANTINED, RECLEANSED
from kumitate.ingest.tables import DELIVERIES, REPLAYS, raw_table
from kumitate.model.step import Query, Run
from kumitate.sql.vocabulary import DIALECT, laid_out, timestamp_literal


def rows_to_cleanse(name: str, source: Source, run: Run, *, after: str) -> Query:
    """The raw rows of runs after `after`, up to this one; after none, each as it was read last.

    A row that came back from quarantine lies in the raw table twice. Whoever reads from the beginning on takes what
    was read later; otherwise the earlier is behind anyway.
    """
    table = raw_table(name, source)
    columns = ", ".join(f"r.{named(column)}" for column in table.schema.names)
    read_again = f"""
        and not exists (
            select 1
            from {REPLAYS} as p
            join {DELIVERIES} as d on d.delivery_id = p.replay_delivery_id
            where p.delivery_id = r._delivery_id and p.line = r._line and d.run_id > r._run_id
        )
        """
    return query(
        f"staging_{name}",
        f"""
        select {columns}
        from {table} as r
        where r._run_id > {bound(after)} and r._run_id <= {bound(run.id)} {"" if after else read_again}
        """,
    )


def refused_rows(name: str, source: Source, run: Run, *, again: bool) -> Query:
    """Rows that cannot be used, with file, line and reason; cleansed `again`, only those that do not lie there so."""
    lies_there = f"""
        and not exists (
            select 1
            from ({QUARANTINED}) as q
            where q.is_open and q.delivery_id = s._delivery_id and q.line = s._line and q.reason = s._reason
        )
        """
    return query(
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
            {_clock(run)} as found_at
        from {staging_table(name, source)} as s
        left join {DELIVERIES} as d on d.delivery_id = s._delivery_id
        where s._reason is not null {lies_there if again else ""}
        """,
    )


def recovered_rows(name: str, source: Source, run: Run) -> Query:
    """Rows in quarantine that changed rules accept, as entries that close them there."""
    return query(
        f"recovered_{name}",
        f"""
        select
            q.delivery_id,
            q.line,
            {bound(None)} as replay_delivery_id,
            {_clock(run)} as {named("at")},
            {bound(RECLEANSED)} as kind,
            {bound(None)} as note,
            {bound(None)} as author,
            {bound(run.id)} as run_id
        from ({QUARANTINED}) as q
        join {staging_table(name, source)} as s on s._delivery_id = q.delivery_id and s._line = q.line
        where q.is_open and q.source = {bound(name)} and s._reason is null
        """,
    )


def kept_events(name: str, source: Source, *, again: bool) -> Query:
    """Accepted events, each key once; only those that no earlier run has, unless all are cleansed `again`."""
    is_new = f"""
        and not exists (
            select 1 from {clean_table(name, source)} as known where {same_key(source, "known", "fresh")}
        )
        """
    return query(
        f"clean_{name}",
        f"""
        with fresh as (
            select
                {carried(source)},
                row_number() over (partition by {listed(key_of(source))} order by {listed(PLACE)}) as _place
            from {staging_table(name, source)}
            where _reason is null
        )
        select {described(name, source)}
        from fresh
        where _place = 1 {"" if again else is_new}
        """,
    )


def kept_records(name: str, source: Source, *, again: bool) -> Query:
    """The newest version of each key; between equally new ones the later delivery wins."""
    newest = f"{value_of(source, source.updated_at)} desc nulls last, " if source.updated_at else ""
    later = ", ".join(f"{part} desc" for part in PLACE)
    known = f"select {carried(source)} from {clean_table(name, source)} union all"
    return query(
        f"clean_{name}",
        f"""
        with versions as (
            {"" if again else known}
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


PLACE = ("_run_id", "_delivery_id", "_line")
"""Where a row comes from, oldest first."""


def query(name: str, sql: str) -> Query:
    """The statement, laid out to be read."""
    return Query(name, laid_out(sql))


def _clock(run: Run) -> str:
    return timestamp_literal(run.as_of).sql(DIALECT)
