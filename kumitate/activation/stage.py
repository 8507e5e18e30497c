"""The last two stages: what changes at every destination, and bringing it there."""

from __future__ import annotations

from datetime import UTC, datetime

from kumitate.activation.candidates import candidates, held
from kumitate.activation.changes import changes, counts
from kumitate.activation.settlement import rejected, state
from kumitate.activation.tables import OUTCOMES, REJECTED, SYNC_COUNTS, candidates_table, changes_table, state_table
from kumitate.config.project import Config
from kumitate.model.step import DeliverStep, Run, Stage, Step
from kumitate.model.table import Table
from kumitate.profiles.tables import CONSENTS, profiles_table
from kumitate.segments.tables import SEGMENT_BITS, masks_table

_NO_RUN = Run("r000000", datetime(1970, 1, 1, tzinfo=UTC))


def _masks(config: Config) -> Table:
    return masks_table("curated", config, _NO_RUN)


def _states(config: Config) -> tuple[Table, ...]:
    return tuple(state_table(name) for name in sorted(config.syncs))


def _plans(config: Config) -> tuple[Table, ...]:
    return tuple(table(name) for name in sorted(config.syncs) for table in (candidates_table, changes_table))


def _activate(config: Config, run: Run) -> tuple[Step, ...]:
    return tuple(
        step
        for name in sorted(config.syncs)
        for step in (candidates(config, run, name), held(name, run), changes(config, name), counts(config, run, name))
    )


def _deliver(config: Config, run: Run) -> tuple[Step, ...]:
    if not config.syncs:
        return ()
    names = sorted(config.syncs)
    return (
        *(DeliverStep(OUTCOMES, name) for name in names),
        *(state(config, run, name) for name in names),
        rejected(config),
    )


ACTIVATION = Stage(
    "activation",
    reads=lambda config: (_masks(config), SEGMENT_BITS, profiles_table(config), CONSENTS, OUTCOMES, *_states(config)),
    writes=lambda config: (*_plans(config), SYNC_COUNTS),
    plan=_activate,
)

DELIVERY = Stage(
    "delivery",
    reads=lambda config: (OUTCOMES, *_plans(config), *_states(config)),
    writes=lambda config: (OUTCOMES, *_states(config), REJECTED),
    plan=_deliver,
)
