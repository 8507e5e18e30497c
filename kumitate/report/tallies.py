"""Counts, and sums that must agree."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Balance:
    """A total and the parts that must add up to it."""

    total: int
    parts: tuple[int, ...]

    @property
    def holds(self) -> bool:
        return self.total == sum(self.parts)

    @property
    def missing(self) -> int:
        return self.total - sum(self.parts)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of what: `Tally("date.invalid", 12)`."""

    name: str
    count: int
