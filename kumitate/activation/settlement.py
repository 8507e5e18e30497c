"""After delivery: what each destination has accepted by now, and which rows it refuses."""

from __future__ import annotations

from kumitate.activation.changes import removes_rows
from kumitate.activation.destinations.answers import NO_MATCH_KEY
from kumitate.activation.statements import accepted_rows, string
from kumitate.activation.tables import FIRINGS, OUTCOMES, REJECTED, candidates_table, changes_table, state_table
from kumitate.activation.unreported import pending_again, reports_later
from kumitate.config.project import Config
from kumitate.model.step import Query, QueryStep, Run


def state(config: Config, run: Run, name: str) -> QueryStep:
    """The old state less what was accepted in this run, plus what was accepted and is there now."""
    mode = config.syncs[name].mode
    removes = mode == "delete"
    gone = _LEFT_OUT if mode == "rebuild" else _TAKEN_OUT if removes_rows(config, name) else _ACCEPTED
    sql = f"""with settled as (
  select key
  from {OUTCOMES}
  where run_id = {string(run.id)} and sync = {string(name)} and ({gone})
),
brought as (
  select key
  from {OUTCOMES}
  where run_id = {string(run.id)} and sync = {string(name)} and {_ACCEPTED}
)
select c.key, c.person_id, c.fields, c.fields_hash, {string(run.id)} as accepted_run_id
from {changes_table(name)} as c
join brought as b on b.key = c.key
{"" if removes else "where c.operation <> 'delete'"}
union all
select s.key, s.person_id, s.fields, s.fields_hash, s.accepted_run_id
from {accepted_rows(name, run)} as s
left join settled as a on a.key = s.key
where a.key is null{_still_desired(name) if removes else ""}"""
    query = Query(f"state_{name}", pending_again(sql, name) if reports_later(config, name) else sql)
    return QueryStep(state_table(name), query)


_ACCEPTED = "verdict = 'accepted' and operation <> 'keep'"
_LEFT_OUT = f"({_ACCEPTED}) or (verdict = 'rejected' and operation in ('keep', 'update'))"
"""What is refused while an audience is built anew is not in it any more, though it was accepted before."""
_TAKEN_OUT = f"({_ACCEPTED}) or (verdict = 'rejected' and operation = 'update' and reason = {string(NO_MATCH_KEY)})"
"""Who has lost every match key has been taken out under the old ones, or would not be refused but wait: should they
come back, they are to be added.
"""


def _still_desired(name: str) -> str:
    """Who has left the segment of a `delete` sync is forgotten, so that a return counts again."""
    return f" and s.key in (select d.key from {candidates_table(name)} as d where d.gate is null)"


def rejected(config: Config) -> QueryStep:
    """Changes still to bring, and what triggers fired, whose last answer was a refusal.

    Counted since the row was last accepted.
    """
    parts = [f"  select {string(name)} as sync, key from {changes_table(name)}" for name in sorted(config.run_syncs)]
    parts += [f"  select sync, key from {FIRINGS} where state = 'rejected'"] if config.fired_syncs else []
    waiting = "\n  union all\n".join(parts)
    query = Query(
        "rejected_rows",
        f"""with waiting as (
{waiting}
),
answers as (
  select
    o.sync, o.key, o.operation, o.verdict, o.reason, o.message, o.at, o.run_id,
    max(case when o.verdict = 'accepted' then o.run_id end) over (partition by o.sync, o.key) as accepted_run_id,
    row_number() over (partition by o.sync, o.key order by o.run_id desc) as age
  from {OUTCOMES} as o
  join waiting as w on w.sync = o.sync and w.key = o.key
  where o.verdict in ('accepted', 'rejected')
),
refusals as (
  select sync, key, min(at) as first_seen, max(at) as last_seen, count(*) as attempts
  from answers
  where verdict = 'rejected' and (accepted_run_id is null or run_id > accepted_run_id)
  group by sync, key
)
select a.sync, a.key, a.operation, a.reason, a.message, r.first_seen, r.last_seen, r.attempts
from answers as a
join refusals as r on r.sync = a.sync and r.key = a.key
where a.age = 1 and a.verdict = 'rejected'""",
    )
    return QueryStep(REJECTED, query)
