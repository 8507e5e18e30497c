"""Do segments' conditions and priority lists name what exists, without a circle?"""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.config.checks.conditions import condition_findings
from kumitate.config.checks.cycles import circles
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot
from kumitate.model.expression import All, AnyOf, InSegment, Not, Section


def check(draft: Draft) -> Iterator[Finding]:
    for name, segment in draft.config.segments.items():
        yield from condition_findings(draft, segment.when, Spot("segments", (name, "when")))
    graph = {name: frozenset(_referred(segment.when)) for name, segment in draft.config.segments.items()}
    for circle in circles(graph):
        yield Spot("segments", (circle[0],)).wrong(f"refers to itself: {' → '.join(circle)}")
    for name, priorities in draft.config.priorities.items():
        spot = Spot("priorities", (name, "segments"))
        for place, segment_name in enumerate(priorities.segments):
            yield from draft.unknown("segments", segment_name, spot.below(place))
            if segment_name in priorities.segments[:place]:
                yield spot.below(place).wrong(f"segment {segment_name!r} stands in the list twice")


def _referred(condition: Section) -> Iterator[str]:
    match condition:
        case InSegment(segment=name):
            yield name
        case All(all_=parts) | AnyOf(any_=parts):
            for part in parts:
                yield from _referred(part)
        case Not(not_=part):
            yield from _referred(part)
