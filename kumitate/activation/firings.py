"""What became of triggers that have fired, taken into the lake: every firing once, and its outcome among the others."""

from __future__ import annotations

from kumitate.activation.statements import string
from kumitate.activation.tables import FIRINGS, FIRINGS_TOLD, LIVE_PUBLISHED, OUTCOMES
from kumitate.config.project import Config
from kumitate.model.step import Live, LiveStep, Mode, Query, QueryStep, Run, Step
from kumitate.model.table import Table

_SENT = "'accepted', 'rejected', 'unknown'"


def gathered_tables(config: Config) -> tuple[Table, ...]:
    """Of every project with triggers: syncs that are gone from it may have fired before they went."""
    return (FIRINGS_TOLD, FIRINGS) if config.triggers else ()


def gathering_steps(config: Config, run: Run) -> tuple[Step, ...]:
    """Before anybody is planned, so that budgets count what was fired since the run before.

    Killed in between, the same is gathered again by the next run, and is noted once all the same.
    """
    if not config.triggers:
        return ()
    return (
        LiveStep(FIRINGS_TOLD, Live.GATHER),
        QueryStep(OUTCOMES, Query("firing_outcomes", _outcomes(run)), Mode.APPEND),
        QueryStep(FIRINGS, Query("firings", _NEWEST)),
        LiveStep(FIRINGS_TOLD, Live.SETTLE),
    )


def firing_run_id(run: Run) -> str:
    """Outcomes of firings that `run` gathers stand between the run before and this one, whose budgets count them."""
    return f"r{int(run.id[1:]) - 1:06d}.fired"


def former_syncs() -> Query:
    """Syncs with cards as of the run before, or with firings that have not ended: some are gone from the project."""
    return Query(
        "former_syncs",
        f"""select distinct regexp_extract(key, '^card#([^#]+)#', 1) as sync
from {LIVE_PUBLISHED}
where key like 'card#%'
union
select sync
from {FIRINGS}
where state = 'pending'
order by 1""",
    )


def _outcomes(run: Run) -> str:
    return f"""with known as (
  select distinct sync, key, at
  from {OUTCOMES}
  where sync in (select t.sync from {FIRINGS_TOLD} as t)
)
select
  {string(firing_run_id(run))} as run_id,
  t.told_at as at,
  t.sync,
  t.key,
  t.person_id,
  'create' as operation,
  t.state as verdict,
  t.reason,
  t.message
from {FIRINGS_TOLD} as t
left join known as k on k.sync = t.sync and k.key = t.key and k.at = t.told_at
where t.state in ({_SENT}) and k.key is null"""


_COLUMNS = ", ".join(f"{{0}}.{column.name}" for column in FIRINGS.columns)
_NEWEST = f"""select {_COLUMNS.format("t")}
from {FIRINGS_TOLD} as t
union all
select {_COLUMNS.format("f")}
from {FIRINGS} as f
left join {FIRINGS_TOLD} as t on t.fired_id = f.fired_id and t.sync = f.sync
where t.fired_id is null"""
