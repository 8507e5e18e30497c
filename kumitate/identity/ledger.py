"""The merge ledger: what happened to persons in this run, from the previous assignment and the new one."""

from __future__ import annotations

from kumitate.identity.statements import bound, statement
from kumitate.identity.tables import PERSON_EVENTS, PERSON_RECORDS
from kumitate.model.step import Query, Run
from kumitate.model.table import Table, Type

ASSIGNMENT = Table("staging", "person_records", PERSON_RECORDS.columns, "this run's persons, before they are published")


def person_events_query(run: Run) -> Query:
    """One row per event; unchanged persons, grown or not, have none.

    A person who is gone was `merged` into the one who has most of their records now. Whoever else has records of
    another got them by `split`. `created` have only new records; of `retired` no record is left.
    """
    return statement(
        "person_events",
        f"""
        with {_OVERLAPS},
        events as ({_EVENTS})
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


_OVERLAPS = f"""
    persons_before as (
        select person_id, count(*) as records
        from {PERSON_RECORDS}
        group by person_id
    ),
    persons_now as (
        select person_id, count(*) as records, min(record) as smallest_record
        from {ASSIGNMENT}
        group by person_id
    ),
    overlaps as (
        select b.person_id as old_id, n.person_id as new_id, count(*) as records
        from {PERSON_RECORDS} as b
        join {ASSIGNMENT} as n on n.record = b.record
        group by b.person_id, n.person_id
    ),
    homes as (
        select
            o.old_id, o.new_id, o.records,
            row_number() over (partition by o.old_id order by o.records desc, p.smallest_record) as place
        from overlaps as o
        join persons_now as p on p.person_id = o.new_id
    )
"""

_EVENTS = """
    select 'created' as event, p.person_id, cast(null as varchar) as other_person_id, p.records
    from persons_now as p
    left join overlaps as o on o.new_id = p.person_id
    where o.new_id is null
    union all
    select case when place = 1 then 'merged' else 'split' end, new_id, old_id, records
    from homes
    where old_id <> new_id
    union all
    select 'retired', p.person_id, cast(null as varchar), p.records
    from persons_before as p
    left join overlaps as o on o.old_id = p.person_id
    where o.old_id is null
"""
