"""The stage `profile_quality`: profiles are held to the project's rules before anybody is activated."""

from __future__ import annotations

from kumitate.config.project import Config
from kumitate.config.quality import PROFILES
from kumitate.model.step import Run, Stage, Step
from kumitate.model.table import Table
from kumitate.profiles.tables import profiles_table
from kumitate.quality.stage import judged_tables, steps_of
from kumitate.quality.statements import Judged
from kumitate.quality.tables import PROFILE_HISTORY, PROFILE_RESULTS


def _judged(config: Config) -> tuple[Judged, ...]:
    return tuple(
        Judged(name, rules, profiles_table(config), PROFILE_RESULTS, PROFILE_HISTORY)
        for name, rules in config.quality.items()
        if (rules.table or name) == PROFILES
    )


def _reads(config: Config) -> tuple[Table, ...]:
    return (profiles_table(config),) if _judged(config) else ()


def _writes(config: Config) -> tuple[Table, ...]:
    return judged_tables(_judged(config), PROFILE_RESULTS, PROFILE_HISTORY)


def _plan(config: Config, run: Run) -> tuple[Step, ...]:
    return tuple(step for each in _judged(config) for step in steps_of(each, run))


PROFILE_QUALITY = Stage("profile_quality", _reads, _writes, _plan)
