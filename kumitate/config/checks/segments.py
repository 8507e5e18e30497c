"""Do segments' conditions and priority lists name what exists, without a circle?"""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.config.checks.conditions import condition_findings, parts
from kumitate.config.checks.cycles import circles
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot
from kumitate.config.segment import Segment
from kumitate.model.expression import InSegment


def check(draft: Draft) -> Iterator[Finding]:
    for name, segment in draft.config.segments.items():
        yield from condition_findings(draft, segment.when, Spot("segments", (name, "when")))
    graph = {
        name: frozenset((*_referred(segment), *_ahead(draft, name))) for name, segment in draft.config.segments.items()
    }
    for circle in circles(graph):
        yield Spot("segments", (circle[0],)).wrong(f"rests on itself: {' → '.join(circle)}")
    for name, priorities in draft.config.priorities.items():
        spot = Spot("priorities", (name, "segments"))
        for place, segment_name in enumerate(priorities.segments):
            yield from draft.unknown("segments", segment_name, spot.below(place))
            if segment_name in priorities.segments[:place]:
                yield spot.below(place).wrong(f"segment {segment_name!r} stands in the list twice")


def _ahead(draft: Draft, name: str) -> Iterator[str]:
    """Segments before this one in a priority list: their members are not its own."""
    for priorities in draft.config.priorities.values():
        if name in priorities.segments:
            yield from priorities.segments[: priorities.segments.index(name)]


def _referred(segment: Segment) -> Iterator[str]:
    for condition, _ in parts(segment.when, Spot("segments")):
        if isinstance(condition, InSegment):
            yield condition.segment
