"""What a sync has to bring: this run's candidates against what the destination last accepted, counted."""

from __future__ import annotations

from kumitate.activation.destinations.registry import destination_class, registered
from kumitate.activation.doubted import IN_DOUBT, in_doubt, taken_out
from kumitate.activation.gates import consent_join
from kumitate.activation.holdouts import held_out, holdouts_of
from kumitate.activation.sharing import shared
from kumitate.activation.statements import accepted_rows, follows_persons, last_outcomes, merged_rows, string, tried
from kumitate.activation.tables import OUTCOMES, SYNC_COUNTS, candidates_table, changes_table
from kumitate.config.project import Config
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.expression import Consent
from kumitate.model.step import Mode, Query, QueryStep, Run

_CREATE = "when s.key is null then 'create'"
_CREATE_ONCE = "case when s.key is null and g.key is null then 'create' end"
_UPDATE = "when d.fields_hash <> s.fields_hash then 'update'"
_UPDATE_IN_DOUBT = "when d.fields_hash <> s.fields_hash or x.key is not null then 'update'"
_IF_WITHDRAWN = "case when w.key is not null then 'delete' end"

OPERATIONS = {
    "insert": f"case {_CREATE} end",
    "append": f"case {_CREATE} end",
    "update": "case when s.key is null or d.fields_hash <> s.fields_hash then 'update' end",
    "upsert": f"case {_CREATE} {_UPDATE_IN_DOUBT} end",
    "mirror": f"case when d.key is null then 'delete' {_CREATE} {_UPDATE_IN_DOUBT} end",
    "add": f"case when d.key is null then {_IF_WITHDRAWN} {_CREATE} {_UPDATE_IN_DOUBT} end",
    "rebuild": f"case when d.key is null then 'delete' {_CREATE} {_UPDATE} else 'keep' end",
    "delete": "case when s.key is null then 'delete' end",
}
"""Per mode, the operation that brings `d` (desired now, if at all) and `s` (accepted last, if ever) together; `w` are
rows that must go whatever the mode, `x` those whose last request had no answer.

The state of a `delete` sync is what has been removed: a person who leaves the segment and comes back is
removed again.
"""

REMOVING = frozenset({"mirror", "rebuild", "add"})
"""Modes that take out rows of people who are no candidates; these stand beside the candidates when they are counted."""


def changes(config: Config, name: str, run: Run | None = None) -> QueryStep:
    """The rows whose desired form differs from the accepted one; whatever was not accepted comes again.

    Without a run no reset is known.
    """
    mode = config.syncs[name].mode
    withdrawn = _withdrawn(config, name, run) if mode == "add" else ""
    if mode == "add" and not withdrawn:
        mode = "upsert"
    may_return = mode in ("mirror", "add")
    follows = follows_persons(config.syncs[name])
    merged = f"{merged_rows(name, run)},\n" if follows else ""
    and_withdrawn = "\n  left join withdrawn as w on w.key = s.key" if withdrawn else ""
    left = {"mirror": "false", "add": "w.key is null"}.get(mode, "true")
    kept = shared(config, name, state=accepted_rows(name, run), stays=left, joins=and_withdrawn)
    removed = _removed(name, run) if may_return else ""
    unsure = in_doubt(name, run) if mode in ("mirror", "add", "upsert") else ""
    sql = _COMPARED.format(
        withdrawn="".join((merged, withdrawn, removed, unsure, kept.ctes)),
        candidates=candidates_table(name),
        operation=_CREATE_ONCE if follows else OPERATIONS[mode],
        join="full outer join" if mode in REMOVING else "left join",
        state=accepted_rows(name, run),
        and_merged="\n  left join merged_rows as g on g.key = d.key" if follows else "",
        and_withdrawn=and_withdrawn + (IN_DOUBT if unsure else "") + kept.joins,
        and_removed="\n  left join removed as r on r.key = d.key" if may_return else "",
        accepted=_accepted_in(name, run, may_return=may_return),
        shared=kept.column,
        brought=_REBUILT if mode == "rebuild" else _CHANGED + taken_out(config, name, state=accepted_rows(name, run)),
    )
    return QueryStep(changes_table(name), Query(f"changes_{name}", sql))


_COMPARED = """with desired as (
  select key, person_id, fields, fields_hash
  from {candidates}
  where gate is null
),
{withdrawn}compared as (
  select
    coalesce(d.key, s.key) as key,
    {operation} as operation,
    coalesce(d.person_id, s.person_id) as person_id,
    coalesce(d.fields, s.fields) as fields,
    coalesce(d.fields_hash, s.fields_hash) as fields_hash,
    s.fields as previous_fields,
    {accepted} as accepted_run_id,
    {shared} as shared
  from desired as d
  {join} {state} as s on s.key = d.key{and_merged}{and_withdrawn}{and_removed}
){brought}"""


_CHANGED = """
select
  key,
  operation,
  person_id,
  fields,
  fields_hash,
  previous_fields,
  accepted_run_id,
  shared
from compared
where operation is not null"""

_REBUILT = """,
moving as (
  select count(*) as rows
  from compared
  where operation <> 'keep'
)
select
  c.key,
  c.operation,
  c.person_id,
  c.fields,
  c.fields_hash,
  c.previous_fields,
  c.accepted_run_id,
  c.shared
from compared as c
cross join moving as m
where c.operation <> 'keep' or m.rows > 0"""
"""An audience is built anew, with everybody, as soon as one row differs: a destination takes what comes for the whole.
"""


def _removed(name: str, run: Run | None) -> str:
    """A CTE: rows that the destination took out, by the newest run that did."""
    earlier = f" and run_id < {string(run.id)}" if run else ""
    return f"""removed as (
  select key, max(run_id) as run_id
  from {OUTCOMES}
  where sync = {string(name)} and verdict = 'accepted' and operation = 'delete'{earlier}
  group by key
),
"""


def _accepted_in(name: str, run: Run | None, *, may_return: bool) -> str:
    """The run in which the destination took the row, or took it out; the run of a reset where that is newer.

    It tells a change from the same one made before: joined, left, joined again.
    """
    forgotten = run.forgotten.get(name) if run else None
    removed = "r.run_id" if may_return else "null"
    if forgotten is not None:
        reset = string(forgotten)
        removed = f"case when r.run_id > {reset} then r.run_id else {reset} end" if may_return else reset
    return "s.accepted_run_id" if removed == "null" else f"coalesce(s.accepted_run_id, {removed})"


def _withdrawn(config: Config, name: str, run: Run | None) -> str:
    """CTEs: accepted rows of people who took consent back, or are held out; empty where the destination keeps them."""
    sync = config.syncs[name]
    if not isinstance(sync.consent, Consent) or not removes_rows(config, name):
        return ""
    holdouts = holdouts_of(config, sync)
    person = "coalesce(a.person_id, s.person_id)"
    gone = "k.granted is null or k.granted = false" + (" or o.person_id is not null" if holdouts else "")
    return (
        (f"{held_out(holdouts)},\n" if holdouts else "")
        + f"""withdrawn as (
  select s.key
  from {accepted_rows(name, run)} as s
  left join {PERSON_ALIASES} as a on a.alias = s.person_id
  {f"left join held_out as o on o.person_id = {person}" if holdouts else ""}
  {consent_join(sync.consent, person)}  where {gone}
),
"""
    )


def removes_rows(config: Config, name: str) -> bool:
    """Whether the sync's destination can take single rows out again."""
    sync = config.syncs[name]
    return "mirror" in destination_class(registered(config.destinations[sync.destination], sync)).terms.modes


def changes_in_order(name: str) -> Query:
    """What delivery reads. Removals first: a match key may leave with one person and stay with another."""
    return Query(
        f"deliver_{name}",
        f"""select key, operation, person_id, fields, previous_fields, accepted_run_id, shared
from {changes_table(name)}
order by case when operation = 'delete' then 0 else 1 end, key""",
    )


def counts(config: Config, run: Run, name: str) -> QueryStep:
    """What becomes of every candidate; removals of those who are candidates no more come beside."""
    leaves = config.syncs[name].mode in REMOVING
    joined = "c.gate is null and h.operation <> 'delete'" if leaves else "c.gate is null"
    query = Query(
        f"counts_{name}",
        f"""with {last_outcomes(config.syncs[name], run, name)},
{tried(name, run)},
outcomes_now as (
  select
    case
      when c.gate is not null then concat('held:', c.gate)
      when h.operation is null or h.operation = 'keep' then 'unchanged'
      {_OUTCOME}
    end as outcome
  from {candidates_table(name)} as c
  left join named_changes as h on h.key = c.key and {joined}
{_LEAVERS if leaves else ""})
select {string(run.id)} as run_id, {string(name)} as sync, outcome, count(*) as rows
from outcomes_now
group by outcome""",
    )
    return QueryStep(SYNC_COUNTS, query, Mode.APPEND)


_OUTCOME = """when not h.is_retried then h.operation
      when h.operation = 'delete' then 'delete_retried'
      else 'retried'"""

_LEAVERS = """  union all
  select case when is_retried then 'delete_retried' else 'delete' end as outcome
  from named_changes
  where operation = 'delete'
"""
