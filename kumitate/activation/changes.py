"""What a sync has to bring: this run's candidates against what the destination last accepted, counted."""

from __future__ import annotations

from kumitate.activation.statements import last_outcomes, string
from kumitate.activation.tables import SYNC_COUNTS, candidates_table, changes_table, state_table
from kumitate.config.project import Config
from kumitate.model.step import Mode, Query, QueryStep, Run

OPERATIONS = {
    "upsert": "case when s.key is null then 'create' when d.fields_hash <> s.fields_hash then 'update' end",
    "mirror": (
        "case when d.key is null then 'delete' when s.key is null then 'create'"
        " when d.fields_hash <> s.fields_hash then 'update' end"
    ),
    "append": "case when s.key is null then 'create' end",
    "delete": "case when s.key is null then 'delete' end",
}
"""Per mode, the operation that brings `d` (desired now, if at all) and `s` (accepted last, if ever) together.

The state of a `delete` sync is what has been removed: a person who leaves the segment and comes back is
removed again.
"""


def changes(config: Config, name: str) -> QueryStep:
    """The rows whose desired form differs from the accepted one; whatever was not accepted comes again."""
    mode = config.syncs[name].mode
    everything = "full outer join" if mode == "mirror" else "left join"
    query = Query(
        f"changes_{name}",
        f"""with desired as (
  select key, person_id, fields, fields_hash
  from {candidates_table(name)}
  where gate is null
),
compared as (
  select
    coalesce(d.key, s.key) as key,
    {OPERATIONS[mode]} as operation,
    coalesce(d.person_id, s.person_id) as person_id,
    coalesce(d.fields, s.fields) as fields,
    coalesce(d.fields_hash, s.fields_hash) as fields_hash,
    s.fields as previous_fields
  from desired as d
  {everything} {state_table(name)} as s on s.key = d.key
)
select key, operation, person_id, fields, fields_hash, previous_fields
from compared
where operation is not null""",
    )
    return QueryStep(changes_table(name), query)


def changes_in_order(name: str) -> Query:
    """What delivery reads. Removals first: a match key may leave with one person and stay with another."""
    return Query(
        f"deliver_{name}",
        f"""select key, operation, person_id, fields, previous_fields
from {changes_table(name)}
order by case when operation = 'delete' then 0 else 1 end, key""",
    )


def counts(config: Config, run: Run, name: str) -> QueryStep:
    """What becomes of every candidate; removals of those who are candidates no more come beside."""
    leaves = config.syncs[name].mode == "mirror"
    joined = "c.gate is null and h.operation <> 'delete'" if leaves else "c.gate is null"
    query = Query(
        f"counts_{name}",
        f"""with {last_outcomes(name, run)},
{_named_changes(name)},
outcomes_now as (
  select case when c.gate is not null then concat('held:', c.gate) else coalesce(h.outcome, 'unchanged') end as outcome
  from {candidates_table(name)} as c
  left join named_changes as h on h.key = c.key and {joined}
{_LEAVERS if leaves else ""})
select {string(run.id)} as run_id, {string(name)} as sync, outcome, count(*) as rows
from outcomes_now
group by outcome""",
    )
    return QueryStep(SYNC_COUNTS, query, Mode.APPEND)


_LEAVERS = """  union all
  select outcome from named_changes where operation = 'delete'
"""


def _named_changes(name: str) -> str:
    """CTEs: every change, told apart from those that an earlier run has tried in vain."""
    return f"""tried as (
  select key from last_outcomes where age = 1 and verdict <> 'accepted'
),
named_changes as (
  select
    h.key,
    h.operation,
    case
      when t.key is null then h.operation
      when h.operation = 'delete' then 'delete_retried'
      else 'retried'
    end as outcome
  from {changes_table(name)} as h
  left join tried as t on t.key = h.key
)"""
