"""The postal master: every municipality and town of Japan with reading and postal codes, read once when first asked."""

from __future__ import annotations

import lzma
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from kumitate.cleanse.addresses.folding import fold, spellings

T = TypeVar("T")

_FORMER = re.compile(r".{1,6}?[町村](?=.)")
_UP_TO_DIGIT = re.compile(r"([^0-9]*)[0-9]")
_FILE = "data/postal_master.tsv.xz"


@dataclass(frozen=True, slots=True)
class Town:
    """A town of the master; `codes` are its postal codes, more than one where the number decides."""

    name: str
    has_chome: bool
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Names(Generic[T]):
    """Folded spellings of places, found as the longest beginning of a text."""

    found: Mapping[str, T]
    lengths: Mapping[str, tuple[int, ...]]
    """First character -> the lengths of spellings that begin with it, longest first."""

    def longest(self, folded: str, start: int) -> tuple[T, int] | None:
        """The place whose spelling stands at `start`, and where it ends."""
        found = self.found
        for length in self.lengths.get(folded[start : start + 1], ()):
            if (place := found.get(folded[start : start + length])) is not None:
                return place, min(start + length, len(folded))
        return None


@dataclass(frozen=True, eq=False)
class City:
    """A municipality (a ward of one, where it has wards); its towns are read when first asked for."""

    prefecture: str
    prefecture_kana: str
    name: str
    kana: str
    line: tuple[str, ...]

    @cached_property
    def towns(self) -> Names[Town]:
        """Every spelling of every town; its own name wins over another's spelling."""
        own = {fold(name): town for name, town in self.spelt.items()}
        others = {spelling: town for name, town in self.spelt.items() for spelling in spellings(name)}
        return _names(others | own)

    @cached_property
    def before_numbers(self) -> frozenset[str]:
        """What stands before the first digit in spellings of towns: `北` of `北24条西`, nothing of `12丁目`."""
        return frozenset(found[1] for spelling in self.towns.found if (found := _UP_TO_DIGIT.match(spelling)))

    @cached_property
    def spelt(self) -> Mapping[str, Town]:
        """Towns by name as the master spells it, which tells 舟屋町 from 船屋町."""
        return {town.name: town for town in self.listed if town.name}

    @cached_property
    def shortened(self) -> Names[Town]:
        """Towns without a 町 of their name (not the first character), where no other is called so."""
        stems: dict[str, set[Town]] = defaultdict(set)
        for spelling, town in self.towns.found.items():
            for place in range(2, len(spelling)):
                if spelling[place] == "町":
                    stems[spelling[:place] + spelling[place + 1 :]].add(town)
        towns = self.towns.found
        return _names({stem: next(iter(of)) for stem, of in stems.items() if len(of) == 1 and stem not in towns})

    @cached_property
    def read(self) -> Names[Town]:
        """Towns by reading, where only one is read so."""
        by_kana: dict[str, set[Town]] = defaultdict(set)
        for town, kana in zip(self.listed, self.line[1].split(","), strict=True):
            if town.name and kana:
                by_kana[fold(kana)].add(town)
        return _names({kana: next(iter(towns)) for kana, towns in by_kana.items() if len({t.name for t in towns}) == 1})

    @cached_property
    def listed(self) -> tuple[Town, ...]:
        """A town per line of the master; those of one name are equal."""
        names, _, chome, steps = self.line
        codes: dict[str, list[int]] = defaultdict(list)
        with_chome = set()
        for name, has_chome, code in zip(names.split(","), chome, _codes(steps), strict=True):
            codes[name].append(code)
            if has_chome == "1":
                with_chome.add(name)
        towns = {name: Town(name, name in with_chome, tuple(of_name)) for name, of_name in codes.items()}
        return tuple(towns[name] for name in names.split(","))


@dataclass(frozen=True, eq=False)
class Master:
    """All municipalities, by whatever they are called."""

    source: str
    cities: tuple[City, ...]
    codes: npt.NDArray[np.int32]
    """Every postal code, in order; offices' own among them."""
    places: npt.NDArray[np.int32]
    """For each code the place of its city in `cities`."""

    @cached_property
    def prefectures(self) -> Mapping[str, str]:
        """The 47 by folded name."""
        return {fold(city.prefecture): city.prefecture for city in self.cities}

    @cached_property
    def bare_prefectures(self) -> Mapping[str, str]:
        """Without 都, 府 or 県: `東京`."""
        return {name[:-1]: prefecture for name, prefecture in self.prefectures.items() if name[-1] != "道"}

    @cached_property
    def prefecture_readings(self) -> Names[str]:
        """By folded reading: `トウキヨウト`."""
        return _names({fold(city.prefecture_kana): city.prefecture for city in self.cities})

    @cached_property
    def within(self) -> Mapping[str, Names[tuple[City, ...]]]:
        """The municipalities of a prefecture by name, also without 郡, and a city of wards for all its wards."""
        of: dict[str, list[City]] = defaultdict(list)
        for city in self.cities:
            of[city.prefecture].append(city)
        return {prefecture: _by_name(cities) for prefecture, cities in of.items()}

    @cached_property
    def anywhere(self) -> Names[tuple[City, ...]]:
        """Those of all Japan, for addresses that name no prefecture."""
        return _by_name(list(self.cities))

    @cached_property
    def _former(self) -> dict[str, dict[str, list[City]]]:
        return {}

    def with_towns_of(self, prefecture: str, former: str) -> list[City]:
        """The municipalities of today with towns that are named by a former one: `保原町` 宮下."""
        if prefecture not in self._former:
            self._former[prefecture] = _by_former(city for city in self.cities if city.prefecture == prefecture)
        return self._former[prefecture].get(former, [])

    def lists(self, codes: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Which of these codes there are."""
        at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.asarray(self.codes[at] == codes)

    def city_of(self, code: int) -> City | None:
        """The municipality that a postal code belongs to."""
        at = int(np.searchsorted(self.codes, code))
        return self.cities[self.places[at]] if at < len(self.codes) and self.codes[at] == code else None


@cache
def master() -> Master:
    """Read from the package's data, once in a process."""
    content = lzma.decompress(files(__package__).joinpath(_FILE).read_bytes()).decode()
    head, *lines = content.split("\n")
    cities, codes, places = [], [], []
    for place, line in enumerate(lines):
        _, prefecture, prefecture_kana, name, kana, *towns, offices = line.split("\t")
        cities.append(City(prefecture, prefecture_kana, name, kana, tuple(towns)))
        of_city = [*_codes(towns[-1]), *_codes(offices)]
        codes += of_city
        places += [place] * len(of_city)
    known, first = np.unique(np.array(codes, np.int32), return_index=True)
    return Master(head.replace("\t", ", "), tuple(cities), known, np.array(places, np.int32)[first])


def _codes(steps: str) -> Iterator[int]:
    return accumulate(int(step) for step in steps.split())


def _names(found: Mapping[str, T]) -> Names[T]:
    lengths: dict[str, set[int]] = defaultdict(set)
    for spelling in found:
        lengths[spelling[0]].add(len(spelling))
    return Names(found, {first: tuple(sorted(those, reverse=True)) for first, those in lengths.items()})


def _by_name(cities: list[City]) -> Names[tuple[City, ...]]:
    """A full name stands for its own municipality, also where another's shortened one is spelt alike; but 中央区 is a
    ward of Tokyo and of many cities.
    """
    full: dict[str, list[City]] = defaultdict(list)
    short: dict[str, list[City]] = defaultdict(list)
    for city in cities:
        for spelling in {fold(city.name), fold(city.kana)}:
            full[spelling].append(city)
        for spelling in _shortened(city):
            short[spelling].append(city)
        if fold(city.name)[-1] == "区" and "市" in city.name:
            full[fold(city.name).rpartition("市")[2]].append(city)
    return _names({name: tuple(of_name) for name, of_name in (short | full).items()})


def _by_former(cities: Iterable[City]) -> dict[str, list[City]]:
    by_former: dict[str, list[City]] = defaultdict(list)
    for city in cities:
        formers = {match[0] for name in city.spelt if (match := _FORMER.match(fold(name)))}
        for former in formers:
            by_former[former].append(city)
    return by_former


def _shortened(city: City) -> set[str]:
    """`立山町` of 中新川郡立山町, `横浜市` of 横浜市西区."""
    name, kana = fold(city.name), fold(city.kana)
    short = set()
    if "郡" in name[1:-2] and name[-1] in "町村":
        short |= {name[name.index("郡", 1) + 1 :], kana.partition("グン")[2]}
    if name[-1] == "区" and "市" in name[1:]:
        short |= {name[: name.rindex("市") + 1], kana[: kana.rindex("シ") + 1]}
    return short - {"", name}
