"""Is a schedule one that AWS accepts, wherever it is written?"""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.config.findings import Finding, Spot
from kumitate.config.schedules import timing


def schedule_findings(expression: str, spot: Spot) -> Iterator[Finding]:
    try:
        timing(expression)
    except ValueError as error:
        yield spot.wrong(str(error))
