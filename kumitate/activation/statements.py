"""Pieces that the statements of this stage share."""

from __future__ import annotations

from kumitate.activation.tables import OUTCOMES, state_table
from kumitate.model.step import Run
from kumitate.model.table import Table, Type
from kumitate.sql.vocabulary import literal, text


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


def last_outcomes(sync: str, run: Run) -> str:
    """CTEs: what became of each row in the newest earlier run that brought it, where it was not accepted then.

    Most rows were accepted and nothing else: they are looked at for the few that were not, and never grouped.
    """
    earlier = f"sync = {string(sync)} and run_id < {string(run.id)}"
    return f"""unaccepted as (
  select key, max(run_id) as run_id, max_by(operation, run_id) as operation, max_by(verdict, run_id) as verdict
  from {OUTCOMES}
  where {earlier} and verdict <> 'accepted'
  group by key
),
accepted_since as (
  select distinct u.key
  from unaccepted as u
  join (select key, run_id from {OUTCOMES} where {earlier} and verdict = 'accepted') as o
    on o.key = u.key and o.run_id > u.run_id
),
last_outcomes as (
  select u.key, u.operation, u.verdict
  from unaccepted as u
  left join accepted_since as a on a.key = u.key
  where a.key is null
)"""


def tried(changes: Table) -> str:
    """A CTE after `last_outcomes`: the changes, each with `is_retried`: an earlier run has tried the same in vain."""
    return f"""named_changes as (
  select
    h.key,
    h.operation,
    case when t.key is null then false else true end as is_retried
  from {changes} as h
  left join last_outcomes as t
    on t.key = h.key and t.operation = h.operation
)"""
