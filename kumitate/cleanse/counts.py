"""What became of each row: counted per run, so that accepted and refused add up to what was read."""

from __future__ import annotations

from kumitate.cleanse.expressions import bound, delivered, equal, named, same, same_key
from kumitate.cleanse.statements import PLACE, query
from kumitate.cleanse.tables import COUNTS, clean_table, staging_table
from kumitate.config.source import Source
from kumitate.ingest.tables import QUARANTINE
from kumitate.model.step import Query


def row_counts(name: str, source: Source, run_id: str) -> Query:
    """The fates of all rows since they were last counted; those counted before, cleansed again, stand apart.

    Such a row is `recleansed`, with a reason where this run put it into quarantine.
    """
    return query(
        f"counts_{name}",
        f"""
        with {_ctes(name, source, run_id)},
        fates as (
            {_accepted_or_not(name, source)}
            union all
            {_REFUSED_AGAIN}
            union all
            {_REFUSED}
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


def _ctes(name: str, source: Source, run_id: str) -> str:
    """Up to which run rows are counted, which of these are refused now, and what lies in quarantine since then."""
    return f"""
        counted as (
            select coalesce(max(run_id), '') as run_id from {COUNTS} where source = {bound(name)}
        ),
        refused_again as (
            select s._delivery_id, s._line, s._reason
            from {staging_table(name, source)} as s
            cross join counted as c
            where s._reason is not null and s._run_id <= c.run_id
        ),
        set_aside as (
            select q.delivery_id, q.line, q.reason
            from {QUARANTINE} as q
            cross join counted as c
            where q.source = {bound(name)} and q.run_id <= {bound(run_id)} and q.run_id > c.run_id
        )
        """


_REFUSED_AGAIN = """
            select 'recleansed' as outcome, q.reason
            from refused_again as s
            left join set_aside as q on q.delivery_id = s._delivery_id and q.line = s._line and q.reason = s._reason
            """
_REFUSED = """
            select 'quarantined' as outcome, q.reason
            from set_aside as q
            left join refused_again as s
                on s._delivery_id = q.delivery_id and s._line = q.line and s._reason = q.reason
            where s._line is null
            """


def _accepted_or_not(name: str, source: Source) -> str:
    """An accepted row is in the clean table under its own origin; any other lost to the row that is there."""
    clean = clean_table(name, source)
    is_event = source.kind == "events"
    alike = f"case when {same(delivered(source), 'kept', 'new')} then 'duplicate' else 'superseded' end"
    lost = "'duplicate'" if is_event else alike
    winner = "" if is_event else f"left join {clean} as kept on {same_key(source, 'kept', 'new')}"
    return f"""
            select
                case
                    when new._run_id <= c.run_id then 'recleansed'
                    when own._line is not null then 'accepted'
                    else {lost}
                end as outcome,
                {bound(None)} as reason
            from {staging_table(name, source)} as new
            cross join counted as c
            left join {clean} as own on {equal(PLACE, "own", "new")}
            {winner}
            where new._reason is null
            """
