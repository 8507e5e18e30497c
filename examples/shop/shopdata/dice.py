"""Seeded chance: one stream per topic, so that a draw more in one topic never shifts another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

Item = TypeVar("Item")


def dice(*topic: object) -> Random:
    """`dice(7, "people", 0)`: the same draws on every machine (string seeds do not use hash())."""
    return Random(":".join(map(str, topic)))  # noqa: S311 - a made-up world holds no secrets


def unique_id(rng: Random) -> str:
    """A version 4 UUID, spelled by hand: uuid.UUID costs ten times as much."""
    digits = f"{rng.getrandbits(120):030x}"
    variant = "89ab"[int(digits[0], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-{variant}{digits[15:18]}-{digits[18:]}"


def moment(rng: Random, since: datetime, until: datetime) -> datetime:
    """A second in [since, until)."""
    return since + timedelta(seconds=int(rng.random() * (until - since).total_seconds()))


@dataclass(frozen=True)
class Urn(Generic[Item]):
    """Items drawn by weight."""

    items: Sequence[Item]
    cumulative: Sequence[float]

    @classmethod
    def of(cls, items: Sequence[Item], weights: Sequence[float]) -> Urn[Item]:
        return cls(items, tuple(accumulate(weights)))

    def draw(self, rng: Random) -> Item:
        return rng.choices(self.items, cum_weights=self.cumulative)[0]
