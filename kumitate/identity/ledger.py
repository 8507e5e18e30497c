"""The merge ledger: what happened to persons in this run, from the previous assignment and the new one."""

from __future__ import annotations

from kumitate.identity.statements import bound, statement
from kumitate.identity.tables import PERSON_EVENTS, PERSON_HISTORY, PERSON_RECORDS
from kumitate.model.step import Query, Run
from kumitate.model.table import Table, Type

ASSIGNMENT = Table("staging", "person_records", PERSON_RECORDS.columns, "this run's persons, before they are published")


def person_events_query(run: Run) -> Query:
    """One row per event; unchanged persons, grown or not, have none.

    A person who is gone was `merged` into the one who has most of their records now. Who was not there before and has
    records of another got them by `split`; who was there before, by `moved`. `created` have only new records; of
    `retired` no record is left.
    """
    return statement(
        "person_events",
        f"""
        with {changes(str(PERSON_RECORDS), str(ASSIGNMENT))}
        select
            {bound(run.id)} as run_id,
            {bound(run.as_of, Type.TIMESTAMP)} as at,
            event, person_id, other_person_id, records
        from events
        """,
    )


def minted_query() -> Query:
    """The run that each id was minted in; records come and go, so they cannot tell."""
    return statement(
        "minted",
        f"""
        select person_id, min(run_id) as run_id
        from {PERSON_EVENTS}
        where event in ('created', 'split')
        group by person_id
        """,
    )


def person_history_query(run: Run) -> Query:
    """All that was, closed where it holds no more, and what holds from this run on."""
    clock, none = bound(run.as_of, Type.TIMESTAMP), bound(None, Type.TIMESTAMP)
    return statement(
        "person_history",
        f"""
        select
            h.record, h.person_id, h.from_run_id, h.from_at,
            case when h.to_run_id is null and n.record is null then {bound(run.id)} else h.to_run_id end as to_run_id,
            case when h.to_run_id is null and n.record is null then {clock} else h.to_at end as to_at
        from {PERSON_HISTORY} as h
        left join {ASSIGNMENT} as n on n.record = h.record and n.person_id = h.person_id
        union all
        select
            n.record, n.person_id,
            {bound(run.id)} as from_run_id,
            {clock} as from_at,
            {bound(None)} as to_run_id,
            {none} as to_at
        from {ASSIGNMENT} as n
        left join {PERSON_HISTORY} as h on h.record = n.record and h.person_id = n.person_id and h.to_run_id is null
        where h.record is null
        """,
    )


def changes(before: str, now: str) -> str:
    """What happened between two relations of record and person_id, as the CTE `events` and those that it needs."""
    return f"""
        persons_before as (
            select person_id, count(*) as records
            from {before}
            group by person_id
        ),
        persons_now as (
            select person_id, count(*) as records, min(record) as smallest_record
            from {now}
            group by person_id
        ),
        overlaps as (
            select b.person_id as old_id, n.person_id as new_id, count(*) as records
            from {before} as b
            join {now} as n on n.record = b.record
            group by b.person_id, n.person_id
        ),
        homes as (
            select
                o.old_id, o.new_id, o.records,
                row_number() over (partition by o.old_id order by o.records desc, p.smallest_record) as place
            from overlaps as o
            join persons_now as p on p.person_id = o.new_id
        ),
        events as ({_EVENTS})
    """


_EVENTS = """
    select 'created' as event, p.person_id, cast(null as varchar) as other_person_id, p.records
    from persons_now as p
    left join overlaps as o on o.new_id = p.person_id
    where o.new_id is null
    union all
    select
        case
            when h.place = 1 and n.person_id is null then 'merged'
            when b.person_id is null then 'split'
            else 'moved'
        end,
        h.new_id, h.old_id, h.records
    from homes as h
    left join persons_now as n on n.person_id = h.old_id
    left join persons_before as b on b.person_id = h.new_id
    where h.old_id <> h.new_id
    union all
    select 'retired', p.person_id, cast(null as varchar), p.records
    from persons_before as p
    left join overlaps as o on o.old_id = p.person_id
    where o.old_id is null
"""
