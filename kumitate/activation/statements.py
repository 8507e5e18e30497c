"""Pieces that the statements of this stage share."""

from __future__ import annotations

from kumitate.activation.tables import OUTCOMES, SYNC_COUNTS, changes_table, state_table
from kumitate.activation.templates import parse_template
from kumitate.config.sync import Sync
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.step import Run
from kumitate.model.table import Type
from kumitate.sql.vocabulary import literal, text

ONCE = frozenset({"insert", "append"})
"""Modes that bring a row once, and never touch it again."""
NOT_ASKED = "retry.not_asked"
"""The gate of a candidate with something new, in a run that only tries again."""


def string(value: str) -> str:
    """A text as a bound literal: `it's` is `'it''s'`."""
    return text(literal(value, Type.STRING))


def accepted_rows(name: str, run: Run | None) -> str:
    """What the destination has accepted, as far as it was not forgotten by a reset: a table, or a statement over it."""
    table, forgotten = state_table(name), run.forgotten.get(name) if run else None
    if forgotten is None:
        return str(table)
    columns = ", ".join(column.name for column in table.columns)
    return f"(select {columns} from {table} where accepted_run_id > {string(forgotten)})"


def follows_persons(sync: Sync) -> bool:
    """Whether what a person got stays theirs when they merge: rows that are brought once, named after the person."""
    return sync.mode in ONCE and "person_id" in parse_template(sync.key).columns


def todays_key(row: str, alias: str) -> str:
    """The key that a row has by now whose person is another since: the old id in it is the new one."""
    return f"replace({row}.key, {row}.person_id, {alias}.person_id)"


def merged_rows(name: str, run: Run | None) -> str:
    """A CTE `merged_rows`: keys under which accepted rows would come today, because their persons have merged, once."""
    return f"""merged_rows as (
  select distinct {todays_key("s", "a")} as key
  from {accepted_rows(name, run)} as s
  join {PERSON_ALIASES} as a on a.alias = s.person_id
)"""


def brought_rows(sync: Sync, run: Run, name: str) -> str:
    """CTEs, the last of which is `brought_rows`: the keys of what was accepted, once each."""
    rows = f"select key from {accepted_rows(name, run)} as s"
    if not follows_persons(sync):
        return f"brought_rows as (\n  {rows}\n)"
    return f"{merged_rows(name, run)},\nbrought_rows as (\n  {rows}\n  union\n  select key from merged_rows\n)"


def last_outcomes(sync: Sync, run: Run, name: str) -> str:
    """CTEs: what became of each row in the newest earlier run that brought it, where it was not accepted then.

    Most rows were accepted and nothing else: they are looked at for the few that were not, and never grouped.
    """
    follows = follows_persons(sync)
    earlier = _earlier(name, run)
    ctes = f"""unaccepted as (
  select
    key,
    max(run_id) as run_id,
    max_by(person_id, run_id) as person_id,
    max_by(operation, run_id) as operation,
    max_by(verdict, run_id) as verdict
  from {OUTCOMES}
  where {earlier} and verdict <> 'accepted'
  group by key
),
accepted_since as (
  select distinct u.key
  from (select key, run_id from {OUTCOMES} where {earlier} and verdict = 'accepted') as o
  join unaccepted as u on u.key = o.key and u.run_id < o.run_id
),
{"own_outcomes" if follows else "last_outcomes"} as (
  select u.key, u.run_id, u.person_id, u.operation, u.verdict
  from unaccepted as u
  left join accepted_since as a on a.key = u.key
  where a.key is null
)"""
    return ctes + _FOLLOWED if follows else ctes


_FOLLOWED = f""",
last_outcomes as (
  select key, max(run_id) as run_id, max_by(operation, run_id) as operation, max(verdict) as verdict
  from (
    select key, run_id, operation, verdict from own_outcomes
    union all
    select {todays_key("u", "a")} as key, u.run_id, u.operation, u.verdict
    from own_outcomes as u
    join {PERSON_ALIASES} as a on a.alias = u.person_id
  ) as named_by_any_id
  group by key
)"""
"""Of several persons who are one by now `unknown` goes before all else, as it does in the order of letters."""


def _earlier(name: str, run: Run) -> str:
    return f"sync = {string(name)} and run_id < {string(run.id)}"


def tried(name: str, run: Run) -> str:
    """CTEs after `last_outcomes`: the changes, each with `is_retried`: the run before has tried the same in vain.

    What was not to be brought in between is new again. A run of which nothing left does not count where all that was
    left over was still to be brought, nor one that tried some rows alone.
    """
    return f"""counted_runs as (
  select
    run_id,
    sum(case when outcome in ('retried', 'delete_retried') then rows else 0 end) as retried,
    max(case when outcome = 'held:{NOT_ASKED}' then 1 else 0 end) as is_partial
  from {SYNC_COUNTS}
  where {_earlier(name, run)}
  group by run_id
),
left_over as (
  select max(run_id) as run_id, max_by(rows, run_id) as rows
  from (
    select run_id, count(*) as rows from last_outcomes where verdict <> 'unknown' group by run_id
  ) as by_run
),
last_planned as (
  select max(c.run_id) as run_id
  from counted_runs as c
  cross join left_over as l
  left join (select distinct run_id from {OUTCOMES} where {_earlier(name, run)}) as o on o.run_id = c.run_id
  where c.is_partial = 0 and (o.run_id is not null or c.retried < l.rows)
),
tried_rows as (
  select t.key, t.operation
  from last_outcomes as t
  cross join last_planned as p
  where t.run_id >= p.run_id
),
{_named(name, "tried_rows")}"""


def tried_ever(name: str) -> str:
    """As `tried`, in whichever run it was: what somebody asks for by name need not have been tried just before."""
    return _named(name, "last_outcomes")


def _named(name: str, rows: str) -> str:
    return f"""named_changes as (
  select
    h.key,
    h.operation,
    case when t.key is null then false else true end as is_retried
  from {changes_table(name)} as h
  left join {rows} as t
    on t.key = h.key and t.operation = h.operation
)"""
