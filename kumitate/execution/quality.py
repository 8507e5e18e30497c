"""What the quality rules found in a run, read from the lake as the stages left it, and what follows for the run."""

from __future__ import annotations

from collections.abc import Sequence

from kumitate.config.project import Config
from kumitate.errors import FatalError
from kumitate.model.step import Stage
from kumitate.ports import Engine
from kumitate.profiles.quality import PROFILE_QUALITY
from kumitate.quality.stage import QUALITY
from kumitate.quality.tables import PROFILE_RESULTS, RESULTS
from kumitate.quality.verdict import Failed, at_level, failed, failed_query

_RESULTS = {QUALITY.name: RESULTS, PROFILE_QUALITY.name: PROFILE_RESULTS}


def failures(engine: Engine, config: Config, run_id: str = "", *, stage: Stage | None = None) -> tuple[Failed, ...]:
    """The rules that a run did not pass, in one stage or in all; of the newest run that was judged, unless one is
    named. None where the project has no rules.
    """
    found: list[Failed] = []
    for each in (QUALITY, PROFILE_QUALITY):
        results = _RESULTS[each.name]
        if stage in (None, each) and results in each.writes(config):
            query = failed_query(str(results), run_id)
            found += failed(row for batch in engine.rows(query) for row in batch.to_pylist())
    return tuple(found)


def stop_if_told(found: Sequence[Failed]) -> None:
    """FatalError where a rule of level `stop` failed."""
    grave = at_level(found, "stop")
    if grave:
        raise FatalError(
            f"stopped by quality rules: {told(grave)}. Nothing was activated; mend the data, or the rule in quality/, "
            "and run again: the next run judges anew"
        )


def told(found: Sequence[Failed]) -> str:
    return "; ".join(map(str, found))
