"""What happened to households and company accounts: their events, the history of their members, ids that went.

It is the ledger of persons once more, over members instead of records. Members who are persons are followed to the ids
that they have today: two families whose persons all turn out to be the same become one.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from kumitate.config.project import Config
from kumitate.identity.aliases import Ledger, alias_queries, aliases
from kumitate.identity.entity_tables import (
    COMPANY,
    COMPANY_MEMBERS,
    GROUP_ALIASES,
    GROUP_EVENTS,
    GROUP_HISTORY,
    HOUSEHOLD,
    HOUSEHOLD_MEMBERS,
)
from kumitate.identity.ledger import changes
from kumitate.identity.statements import bound, statement
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.step import GraphStep, Mode, Query, QueryStep, Run, Step
from kumitate.model.table import Type


def group_steps(config: Config, run: Run) -> tuple[Step, ...]:
    """After the members are known; nothing where the project declares neither households nor companies."""
    members = _members(config)
    if not members:
        return ()
    ledger = Ledger("members", "history", "happened", "known", given=f"members as ({members}), {_KNOWN}")
    return (
        QueryStep(GROUP_EVENTS, group_events_query(members, run), Mode.APPEND),
        QueryStep(GROUP_HISTORY, group_history_query(members, run)),
        GraphStep(GROUP_ALIASES, alias_queries(ledger), group_aliases),
    )


def group_aliases(inputs: Mapping[str, pa.Table]) -> pa.Table:
    """Each id that merged, with the id that holds now."""
    return aliases(inputs).rename_columns(GROUP_ALIASES.schema.names)


def group_events_query(members: str, run: Run) -> Query:
    """One row per event, by the history as the run before left it; `members` is SQL of entity, record and person_id."""
    return statement(
        "group_events",
        f"""
        with members as ({members}),
        before as (
            select distinct coalesce(a.person_id, h.member) as record, h.group_id as person_id
            from {GROUP_HISTORY} as h
            left join {PERSON_ALIASES} as a on a.alias = h.member
            where h.to_run_id is null
        ),
        {changes("before", "members")}
        select
            {bound(run.id)} as run_id,
            {bound(run.as_of, Type.TIMESTAMP)} as at,
            case when person_id like 'h%' then {bound(HOUSEHOLD)} else {bound(COMPANY)} end as entity,
            event, person_id as group_id, other_person_id as other_group_id, records as members
        from events
        """,
    )


def group_history_query(members: str, run: Run) -> Query:
    """All that was, closed where it holds no more, and what holds from this run on."""
    clock, none = bound(run.as_of, Type.TIMESTAMP), bound(None, Type.TIMESTAMP)
    return statement(
        "group_history",
        f"""
        with members as ({members})
        select
            h.entity, h.member, h.group_id, h.from_run_id, h.from_at,
            case when h.to_run_id is null and n.record is null then {bound(run.id)} else h.to_run_id end as to_run_id,
            case when h.to_run_id is null and n.record is null then {clock} else h.to_at end as to_at
        from {GROUP_HISTORY} as h
        left join members as n on n.record = h.member and n.person_id = h.group_id
        union all
        select
            n.entity, n.record as member, n.person_id as group_id,
            {bound(run.id)} as from_run_id,
            {clock} as from_at,
            {bound(None)} as to_run_id,
            {none} as to_at
        from members as n
        left join {GROUP_HISTORY} as h
            on h.member = n.record and h.group_id = n.person_id and h.to_run_id is null
        where h.member is null
        """,
    )


def _members(config: Config) -> str:
    """Who is in which group today, in the words of the ledger of persons."""
    selects = {
        HOUSEHOLD: f"select {bound(HOUSEHOLD)} as entity, person_id as record, household_id as person_id"
        f" from {HOUSEHOLD_MEMBERS}",
        COMPANY: f"select {bound(COMPANY)} as entity, coalesce(record, person_id) as record, company_id as person_id"
        f" from {COMPANY_MEMBERS}",
    }
    return "\nunion all\n".join(sql for name, sql in selects.items() if name in config.identity)


_KNOWN = f"""
    history as (select member as record, group_id as person_id, to_run_id from {GROUP_HISTORY}),
    happened as (
        select run_id, event, group_id as person_id, other_group_id as other_person_id from {GROUP_EVENTS}
    ),
    known as (select alias, group_id as person_id from {GROUP_ALIASES})
"""
