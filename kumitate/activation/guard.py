"""The mass-change guard: a run that would add or remove more than a sync declares is held for a person to approve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kumitate.activation.statements import accepted_rows, last_outcomes, string, tried
from kumitate.activation.tables import SYNC_HOLDS
from kumitate.config.gates import Threshold
from kumitate.config.sync import Sync
from kumitate.model.step import Mode, Query, QueryStep, Run
from kumitate.sql.vocabulary import text, timestamp_literal

APPROVAL = "approval"
_NOBODY = "''"


def guard(sync: Sync, run: Run, name: str) -> QueryStep | None:
    """The rows of `activation.sync_holds` that this run adds for the sync; None where nothing could hold it.

    Rows that the run before has tried in vain passed the guard then, and are not counted again.
    """
    cases = tuple(_cases(sync))
    if not cases:
        return None
    sql = _HOLDS.format(
        last_outcomes=last_outcomes(sync, run, name),
        named_changes=tried(name, run),
        counted=",\n".join(f"    {_new(each)} as {each}s" for each in ("create", "update", "delete")),
        accepted=accepted_rows(name, run),
        cases="\n  union all\n".join(cases),
        run=string(run.id),
        at=text(timestamp_literal(run.as_of)),
        sync=string(name),
    )
    return QueryStep(SYNC_HOLDS, Query(f"holds_{name}", sql), Mode.APPEND)


_HOLDS = """with {last_outcomes},
{named_changes},
counted as (
  select
{counted}
  from named_changes
),
known as (
  select cast(count(*) as bigint) as accepted
  from {accepted} as s
),
figures as (
  select c.creates, c.updates, c.deletes, k.accepted
  from counted as c
  cross join known as k
),
held as (
{cases}
)
select
  {run} as run_id,
  {at} as at,
  {sync} as sync,
  reason,
  creates,
  updates,
  deletes,
  accepted,
  limit_rows
from held"""


def _case(reason: str, counts: str, limit: str, *, condition: str = "") -> str:
    return (
        f"  select '{reason}' as reason, creates, updates, deletes, accepted, cast({limit} as bigint) as limit_rows\n"
        f"  from figures\n  where {counts} > {limit}{condition}"
    )


def _new(operation: str) -> str:
    return f"cast(coalesce(sum(case when operation = '{operation}' and not is_retried then 1 else 0 end), 0) as bigint)"


def _cases(sync: Sync) -> Iterator[str]:
    """A statement per reason that may hold the sync."""
    if sync.approval == "required":
        yield _case(APPROVAL, "creates + updates + deletes", "0")
    for kind, counts in (("adds", "creates"), ("removes", "deletes")):
        threshold: Threshold | None = getattr(sync.guard, kind)
        if threshold is None or (kind == "removes" and not _may_remove(sync)):
            continue
        least = sync.guard.least
        if isinstance(threshold, int):
            yield _case(f"guard.{kind}", counts, str(max(threshold, least)))
        elif sync.mode != "delete":
            part = f"cast(floor(cast(accepted as double) * {_percent(threshold)} / 100) as bigint)"
            limit = f"case when {part} > {least} then {part} else {least} end"
            # Where nothing was accepted yet, all of it is new: a first full sync is no mass change.
            yield _case(f"guard.{kind}", counts, limit, condition=" and accepted > 0")


def _may_remove(sync: Sync) -> bool:
    return sync.mode in ("mirror", "rebuild", "delete", "add")


def _percent(threshold: str) -> str:
    return f"cast({threshold.removesuffix('%')} as double)"


def holds_query(run_ids: Iterable[str]) -> Query:
    """What is held in these runs, and how much it was."""
    listed = ", ".join(map(string, sorted(run_ids))) or _NOBODY
    sql = f"""select run_id, sync, reason, creates, updates, deletes, accepted, limit_rows
from {SYNC_HOLDS}
where run_id in ({listed})
order by run_id, sync, reason"""
    return Query("sync_holds", sql)


def held_runs(sync: str) -> Query:
    """The runs in which a sync was held for a person to look at, newest first."""
    return Query(
        f"held_runs_{sync}",
        f"select distinct run_id from {SYNC_HOLDS} where sync = {string(sync)} order by run_id desc",
    )
