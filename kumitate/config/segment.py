"""`segments/*.yaml`: named groups of people, as conditions or SQL."""

from __future__ import annotations

from pydantic import Field

from kumitate.model.expression import Condition, Section


class Segment(Section):
    """A named group: `vips: {when: {trait: lifetime_value, top_percent: 10}, description: …}`."""

    when: Condition
    description: str = ""


class PriorityList(Section):
    """Segments that exclude each other: a person counts for the first of them only."""

    segments: tuple[str, ...] = Field(min_length=2)
