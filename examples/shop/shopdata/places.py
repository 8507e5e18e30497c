"""Names with readings and real postal codes, from the samples beside the orders."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .dice import Urn

Gender = str


@dataclass(frozen=True, slots=True)
class Name:
    """One part of a name in its three scripts."""

    kanji: str
    kana: str
    romaji: str


@dataclass(frozen=True, slots=True)
class Place:
    """A postal code's area."""

    postal_code: str
    prefecture: str
    city: str
    town: str
    kana: str


@dataclass(frozen=True, slots=True)
class Address:
    """A home: block numbers as in 1-2-3, and perhaps a building."""

    place: Place
    block: tuple[int, int, int]
    building: str


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """What names and homes are drawn from."""

    last: Urn[Name]
    first: Mapping[Gender, Urn[Name]]
    places: tuple[Place, ...]

    def address(self, rng: Random) -> Address:
        block = (rng.randint(1, 6), rng.randint(1, 30), rng.randint(1, 20))
        building = f"{rng.choice(_BUILDINGS)}{rng.randint(1, 12)}{rng.randint(1, 9):02d}" if rng.random() < 0.3 else ""
        return Address(rng.choice(self.places), block, building)


_BUILDINGS = ("グリーンハイツ", "メゾン青葉", "コーポさくら", "サンシャイン桜台", "パークハイム", "若葉荘")


def read_gazetteer(folder: Path) -> Gazetteer:
    names = _rows(folder / "names.csv")
    places = tuple(
        Place(
            row["postal_code"],
            row["prefecture"],
            row["city"],
            row["town"],
            " ".join((row["prefecture_kana"], row["city_kana"], row["town_kana"])),
        )
        for row in _rows(folder / "postal.csv")
    )
    return Gazetteer(_urn(names, "last"), {gender: _urn(names, gender) for gender in ("female", "male")}, places)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _urn(rows: list[dict[str, str]], kind: str) -> Urn[Name]:
    of_kind = [row for row in rows if row["kind"] == kind]
    names = tuple(Name(row["kanji"], row["kana"], row["romaji"]) for row in of_kind)
    return Urn.of(names, [float(row["weight"]) for row in of_kind])
