"""Cards: what a sync that a trigger fires would send to whom, and what holds it back, as of the newest run.

Candidates of such a sync are everybody whom it may reach, or its segment's members; their fields are rendered with the
facts' places left open. What a firing needs to know besides is compiled into a `FiredSync`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from kumitate.activation.candidates import mapping_of
from kumitate.activation.frequency import budget_of, sent_messages
from kumitate.activation.gates import ByPerson, by_person
from kumitate.activation.statements import string
from kumitate.activation.tables import SYNC_COUNTS, candidates_table, keys_table
from kumitate.activation.triggered import Budget, FiredSync
from kumitate.config.project import Config
from kumitate.events.collecting import purpose_of
from kumitate.events.triggering import first_step_of, once_of
from kumitate.model.expression import Consent
from kumitate.model.step import Mode, Query, QueryStep, Run

READY = "ready"
"""The outcome, in `activation.sync_counts`, of people who are sent something as soon as the trigger fires."""


def fired_sync(config: Config, name: str) -> FiredSync:
    """What a firing needs to know of the sync."""
    sync = config.syncs[name]
    mapping = mapping_of(sync)
    with_facts = {field: template for field, template in mapping.fields if template.facts}
    values = tuple(field for field, template in with_facts.items() if template.is_alone)
    trigger = config.triggers[sync.trigger or ""]
    return FiredSync(
        sync=name,
        trigger=sync.trigger or "",
        account=sync.destination,
        consent=purpose_of(sync.consent) if isinstance(sync.consent, Consent) else "",
        has_segment=sync.segment is not None,
        fresh_seconds=trigger.fresh.total_seconds(),
        fired_key=trigger.key,
        once_seconds=None if (once := once_of(trigger)) is None else once.total_seconds(),
        first_step=first_step_of(config, trigger),
        remember_seconds=getattr(trigger.when, "remember", timedelta(0)).total_seconds(),
        key_facts=bool(mapping.key.facts),
        values=values,
        texts=tuple(field for field in with_facts if field not in values),
        nulls={field: mapping.policy(field) for field in values},
        budgets=tuple(_budget(config, each) for each in budget_of(config, sync)),
    )


def _budget(config: Config, name: str) -> Budget:
    one = config.budgets[name]
    return Budget(name, one.most, one.within.total_seconds())


def fired_syncs(config: Config) -> tuple[FiredSync, ...]:
    """Of every sync that a trigger fires, by name."""
    return tuple(fired_sync(config, name) for name in sorted(config.fired_syncs))


def held_cards(config: Config, run: Run, name: str, *, planned: Sequence[str] = ()) -> str:
    """CTEs as `gates.held`: ranks, hold-outs and budgets alone, which need other syncs or the past.

    Keys are not whole before the trigger fires: that one leaves once is seen to then. `planned` are syncs whose
    changes this run has made already: their messages count, too.
    """
    pieces = by_person(config, name)
    ctes, whens, joins = [*pieces.ctes], [*pieces.whens], [*pieces.joins]
    for budget in budget_of(config, config.syncs[name]):
        ctes.append(sent_messages(config, run, budget, planned=planned))
        most = config.budgets[budget].most
        whens.append(f"when f_{budget}.messages >= {most} then {string(f'frequency:{budget}')}")
        joins.append(f"left join sent_{budget} as f_{budget} on f_{budget}.person_id = c.person_id")
    joined = "".join(f"\n  {join}" for join in joins)
    held = f"""held as (
  select c.person_id, c.key, {ByPerson(ctes, whens, joins).gate} as gate
  from {keys_table(name)} as c{joined}
)"""
    return ",\n".join((*ctes, held))


def counted_cards(run: Run, name: str) -> QueryStep:
    """How many people the sync would reach, and what holds the others."""
    query = Query(
        f"counts_{name}",
        f"""select
  {string(run.id)} as run_id,
  {string(name)} as sync,
  case when gate is null then '{READY}' else concat('held:', gate) end as outcome,
  count(*) as rows
from {candidates_table(name)}
group by case when gate is null then '{READY}' else concat('held:', gate) end""",
    )
    return QueryStep(SYNC_COUNTS, query, Mode.APPEND)
