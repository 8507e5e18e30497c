"""`quality/*.yaml`: what must hold of a table's rows, and what happens where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from kumitate.model.expression import Scalar, Section, Span

Level = Literal["warn", "hold", "stop"]
Kind = Literal["freshness", "volume", "nulls", "unique", "ranges", "values", "drift"]

PROFILES = "profiles"
"""The one table beside those of the sources that rules may speak of."""


class Freshness(Section):
    """The newest time in `column` lies within this span of the run's clock: `{column: updated_at, within: 2d}`."""

    column: str
    within: Span


class Volume(Section):
    """The rows of this run against the mean of the last runs that had any: `{min_ratio: 0.5, max_ratio: 2}`."""

    min_ratio: Decimal | None = Field(None, ge=0)
    max_ratio: Decimal | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _one_bound(self) -> Volume:
        if self.min_ratio is None and self.max_ratio is None:
            raise ValueError("give min_ratio, max_ratio or both")
        return self


class Bounds(Section):
    """No value lies below `min` or above `max`; a missing one is no matter of this rule."""

    min: Scalar | None = None
    max: Scalar | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Bounds:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        return self


class QualityRules(Section):
    """Rules of one table: a source's clean rows, by the source's name, or `profiles`.

    A rule that fails is reported (`warn`), keeps the run from activating anybody (`hold`), or ends the run before
    persons are looked for (`stop`; of profiles: before activation). `levels` says so for one kind of rule:
    `levels: {nulls: warn}`. Rules of several levels for one table stand under several names, with `table`.
    """

    table: str | None = None
    """What the rules are for; the section's own name, unless given."""
    level: Level = "hold"
    levels: dict[Kind, Level] = {}
    of: Literal["all", "new"] = "all"
    """Which rows `nulls`, `ranges` and `values` look at: all, or those that this run brought."""
    against: int = Field(7, ge=1, le=100)
    """How many earlier runs `volume` and `drift` are held against."""
    freshness: Freshness | None = None
    volume: Volume | None = None
    nulls: dict[str, Decimal] = {}
    """Column -> the highest share of rows without a value, from 0 to 1."""
    unique: tuple[tuple[str, ...], ...] = ()
    """Columns that together are never twice the same; rows without one of them are left out."""
    ranges: dict[str, Bounds] = {}
    values: dict[str, tuple[str, ...]] = {}
    """Column -> all values it may have."""
    drift: dict[str, Decimal] = {}
    """Column -> the highest share of rows (from 0 to 1) that may have moved between its values, or between magnitudes
    of numbers: the total variation distance to the runs before, less what chance explains."""

    def level_of(self, kind: Kind) -> Level:
        return self.levels.get(kind, self.level)

    def columns(self) -> Iterator[RuleColumn]:
        """Every column that a rule names, with its place in the section."""
        if self.freshness is not None:
            yield RuleColumn("freshness", self.freshness.column, ("freshness", "column"))
        for kind in ("nulls", "ranges", "values", "drift"):
            yield from (RuleColumn(kind, column, (kind, column)) for column in getattr(self, kind))
        for place, together in enumerate(self.unique):
            yield from (RuleColumn("unique", column, ("unique", place, at)) for at, column in enumerate(together))


@dataclass(frozen=True, slots=True)
class RuleColumn:
    """A column that a rule speaks of, and where it does."""

    kind: str
    column: str
    path: tuple[str | int, ...]
