"""The last two stages: what changes at every destination, and bringing it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from kumitate.activation.candidates import candidates, keys
from kumitate.activation.cards import counted_cards, held_cards
from kumitate.activation.changes import changes, counts
from kumitate.activation.firings import gathered_tables, gathering_steps
from kumitate.activation.gates import held, in_order
from kumitate.activation.guard import guard
from kumitate.activation.holdouts import assignments
from kumitate.activation.publishing import publishing_steps, read_to_publish, written_to_publish
from kumitate.activation.settlement import rejected, state
from kumitate.activation.statements import follows_persons
from kumitate.activation.tables import (
    HOLDOUT_ASSIGNMENTS,
    OUTCOMES,
    PLATFORM_FIGURES,
    REJECTED,
    SYNC_COUNTS,
    SYNC_HOLDS,
    candidates_table,
    changes_table,
    keys_table,
    state_table,
    unreported_table,
)
from kumitate.activation.unreported import failures, reports_later, tells_later, unreported
from kumitate.config.project import Config
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.step import BatchStep, DeliverStep, Live, LiveStep, QueryStep, Run, Stage, Step
from kumitate.model.table import Table
from kumitate.profiles.tables import CONSENTS, profiles_table
from kumitate.segments.tables import SEGMENT_BITS, masks_table

_NO_RUN = Run("r000000", datetime(1970, 1, 1, tzinfo=UTC))


def _masks(config: Config) -> Table:
    return masks_table("curated", config, _NO_RUN)


def _states(config: Config) -> tuple[Table, ...]:
    return tuple(state_table(name) for name in sorted(config.run_syncs))


def _plans(config: Config) -> tuple[Table, ...]:
    tables = (candidates_table, changes_table)
    return (
        *(table(name) for name in sorted(config.run_syncs) for table in tables),
        *(candidates_table(name) for name in sorted(config.fired_syncs)),
    )


def sync_steps(
    config: Config, run: Run, name: str, *, planned: Sequence[str] = ()
) -> tuple[QueryStep | BatchStep, ...]:
    """One sync's: its candidates, its changes, what becomes of everybody, and whether a person must look at it.

    `planned` are syncs whose changes this run has made already. One that a trigger fires has cards, and no changes.
    """
    first = keys(config, run, name)
    if name in config.fired_syncs:
        cards = held_cards(config, run, name, planned=planned)
        return (first, candidates(config, name, cards), counted_cards(run, name))
    guarded = guard(config.syncs[name], run, name)
    return (
        first,
        candidates(config, name, held(config, run, name, planned=planned)),
        changes(config, name, run),
        counts(config, run, name),
        *((guarded,) if guarded else ()),
    )


def of_syncs(stage: Stage, syncs: Sequence[str]) -> Stage:
    """The stage's steps for these syncs alone, if any is named; rows that destinations refuse stay those of all."""
    plans = {ACTIVATION.name: _activate, DELIVERY.name: _deliver}
    if not syncs or stage.name not in plans:
        return stage
    return replace(stage, plan=partial(plans[stage.name], syncs=frozenset(syncs)))


def _activate(config: Config, run: Run, syncs: frozenset[str] | None = None) -> tuple[Step, ...]:
    names = [name for name in in_order(config) if syncs is None or name in syncs]
    names.sort(key=config.fired_syncs.__contains__)  # a card knows what this run is about to send
    assigning = assignments(config, run) if names else None
    is_live = syncs is None or bool(config.fired_syncs.keys() & syncs)
    return (
        *(gathering_steps(config, run) if is_live else ()),
        *((assigning,) if assigning else ()),
        *(step for place, name in enumerate(names) for step in sync_steps(config, run, name, planned=names[:place])),
        *(publishing_steps(config, run) if is_live else ()),
    )


def _deliver(config: Config, run: Run, syncs: frozenset[str] | None = None) -> tuple[Step, ...]:
    names = [name for name in sorted(config.run_syncs) if syncs is None or name in syncs]
    if not names and not config.fired_syncs:
        return ()
    tells = {name for name in config.fired_syncs if tells_later(config, name)}
    return (
        *(DeliverStep(OUTCOMES, name) for name in names),
        *(step for name in names for step in _settled(config, run, name)),
        *((LiveStep(PLATFORM_FIGURES, Live.FIGURES),) if tells and (syncs is None or tells & syncs) else ()),
        rejected(config),
    )


def _settled(config: Config, run: Run, name: str) -> tuple[QueryStep, ...]:
    """The state first, by what was unreported before this run; that is forgotten last."""
    if not reports_later(config, name):
        return (state(config, run, name),)
    return (state(config, run, name), failures(name, run), unreported(name, run))


def _unreported(config: Config) -> tuple[Table, ...]:
    return tuple(unreported_table(name) for name in sorted(config.run_syncs) if reports_later(config, name))


def _remembered(config: Config) -> tuple[Table, ...]:
    """Who merged into whom, where people are known again by it."""
    following = any(sync.mode == "add" or follows_persons(sync) for sync in config.run_syncs.values())
    return (PERSON_ALIASES,) if config.holdouts or config.budgets or following else ()


def _reads(config: Config) -> tuple[Table, ...]:
    known = (_masks(config), SEGMENT_BITS, profiles_table(config), CONSENTS, OUTCOMES, SYNC_COUNTS)
    return (*known, *_remembered(config), *_states(config), *read_to_publish(config))


def _writes(config: Config) -> tuple[Table, ...]:
    assigned = (HOLDOUT_ASSIGNMENTS,) if config.holdouts else ()
    gathered = gathered_tables(config)
    live = (*gathered, *((OUTCOMES,) if gathered else ()), *written_to_publish(config))
    keyed = (keys_table(name) for name in sorted(config.syncs))
    return (*keyed, *_plans(config), SYNC_COUNTS, SYNC_HOLDS, *assigned, *live)


ACTIVATION = Stage("activation", reads=_reads, writes=_writes, plan=_activate)

DELIVERY = Stage(
    "delivery",
    reads=lambda config: (OUTCOMES, SYNC_HOLDS, *_plans(config), *_states(config), *gathered_tables(config)),
    writes=lambda config: (OUTCOMES, PLATFORM_FIGURES, *_states(config), *_unreported(config), REJECTED),
    plan=_deliver,
)
