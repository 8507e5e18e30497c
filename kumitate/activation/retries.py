"""Trying again, by itself, what a destination has not taken: the rows that wait, the plan that brings them alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from kumitate.activation.changes import REMOVING, changes
from kumitate.activation.gates import UNKNOWN_DELIVERY
from kumitate.activation.stage import ACTIVATION, DELIVERY, of_syncs
from kumitate.activation.statements import NOT_ASKED as NOT_ASKED
from kumitate.activation.statements import last_outcomes, string, tried_ever
from kumitate.activation.tables import (
    OUTCOMES,
    REJECTED,
    SYNC_COUNTS,
    SYNC_HOLDS,
    candidates_table,
    changes_table,
)
from kumitate.activation.unreported import FAILED_LATER
from kumitate.config.project import Config
from kumitate.model.step import Mode, Query, QueryStep, Run, Stage, Step


def waiting_rows(name: str) -> Query:
    """Rows of a sync whose newest answer is no acceptance, in the destination's own words, newest first.

    Counted since the row was accepted last. `status` is `rejected`, `pending` (it goes again by itself) or `unknown`
    (it may have arrived and must not go twice).
    """
    sql = _WAITING.format(
        changes=changes_table(name),
        candidates=candidates_table(name),
        unknown=string(UNKNOWN_DELIVERY),
        failed=string(FAILED_LATER),
        outcomes=OUTCOMES,
        sync=string(name),
    )
    return Query(f"waiting_{name}", sql)


_WAITING = """with waiting as (
  select key, person_id from {changes}
  union
  select key, person_id from {candidates} where gate = {unknown}
  union
  select c.key, c.person_id
  from {candidates} as c
  join {outcomes} as f on f.key = c.key
  where c.gate is null and f.sync = {sync} and f.reason = {failed}
),
answers as (
  select
    o.key, o.operation, o.verdict, o.reason, o.message, o.at, o.run_id, w.person_id,
    max(case when o.verdict = 'accepted' then o.run_id end) over (partition by o.key) as accepted_run_id,
    row_number() over (partition by o.key order by o.run_id desc) as age
  from {outcomes} as o
  join waiting as w on w.key = o.key
  where o.sync = {sync}
),
since as (
  select key, min(at) as first_seen, max(at) as last_seen, count(*) as attempts
  from answers
  where verdict <> 'accepted' and (accepted_run_id is null or run_id > accepted_run_id)
  group by key
)
select
  a.key,
  a.person_id,
  a.operation,
  case a.verdict when 'retry' then 'pending' else a.verdict end as status,
  a.reason,
  a.message,
  a.run_id,
  s.first_seen,
  s.last_seen,
  s.attempts
from answers as a
join since as s on s.key = a.key
where a.age = 1 and a.verdict <> 'accepted'
order by s.last_seen desc, a.key"""


def retrying(name: str, keys: Sequence[str]) -> Stage:
    """Activation of one sync that brings the rows tried before in vain alone; of these, the named ones if any are.

    What is new waits for the next run, under the gate `retry.not_asked`. No guard is asked: it let these rows pass.
    """
    return replace(ACTIVATION, plan=partial(_plan, name=name, keys=tuple(keys)))


def _plan(config: Config, run: Run, *, name: str, keys: Sequence[str]) -> tuple[Step, ...]:
    known = (SYNC_COUNTS, SYNC_HOLDS)
    steps = [step for step in of_syncs(ACTIVATION, (name,)).plan(config, run) if step.table not in known]
    return (*steps, _counts(config, run, name, keys=keys), _alone(config, run, name, keys=keys))


def settling(name: str) -> Stage:
    """Delivery of such a run; afterwards the sync's changes are again all that is still to be brought."""
    return replace(DELIVERY, plan=partial(_settled, name=name))


def _settled(config: Config, run: Run, *, name: str) -> tuple[Step, ...]:
    left = changes(config, name, replace(run, id=f"{run.id}{_AFTER}"))
    restored = replace(left, query=Query(f"left_{name}", left.query.sql))
    steps = of_syncs(DELIVERY, (name,)).plan(config, run)
    place = next(number for number, step in enumerate(steps) if step.table == REJECTED)
    return (*steps[:place], restored, *steps[place:])


_AFTER = "~"
"""Behind a run's id: later than all that has been said of the run, and before the next one."""


def _asked(keys: Sequence[str]) -> str:
    return f"h.is_retried and h.key in ({', '.join(map(string, keys))})" if keys else "h.is_retried"


def _alone(config: Config, run: Run, name: str, *, keys: Sequence[str]) -> QueryStep:
    table = changes_table(name)
    columns = ", ".join(f"c.{column.name}" for column in table.columns)
    query = Query(
        f"retried_{name}",
        f"""with {last_outcomes(config.syncs[name], run, name)},
{tried_ever(name)}
select {columns}
from {table} as c
join named_changes as h on h.key = c.key and h.operation = c.operation
where {_asked(keys)}""",
    )
    return QueryStep(table, query)


def _counts(config: Config, run: Run, name: str, *, keys: Sequence[str]) -> QueryStep:
    """What becomes of every candidate, before the changes are narrowed to those that are tried again."""
    leaves = config.syncs[name].mode in REMOVING
    joined = "c.gate is null and h.operation <> 'delete'" if leaves else "c.gate is null"
    leavers = _LEAVERS.format(asked=_asked(keys)) if leaves else ""
    query = Query(
        f"counts_{name}",
        f"""with {last_outcomes(config.syncs[name], run, name)},
{tried_ever(name)},
outcomes_now as (
  select
    case
      when c.gate is not null then concat('held:', c.gate)
      when h.operation is null or h.operation = 'keep' then 'unchanged'
      when not ({_asked(keys)}) then 'held:{NOT_ASKED}'
      when h.operation = 'delete' then 'delete_retried'
      else 'retried'
    end as outcome
  from {candidates_table(name)} as c
  left join named_changes as h on h.key = c.key and {joined}
{leavers})
select {string(run.id)} as run_id, {string(name)} as sync, outcome, count(*) as rows
from outcomes_now
group by outcome""",
    )
    return QueryStep(SYNC_COUNTS, query, Mode.APPEND)


_LEAVERS = """  union all
  select 'delete_retried' as outcome
  from named_changes as h
  where h.operation = 'delete' and {asked}
"""
