"""How well addresses are taken apart: public conformance cases, and how many a second.

    python bench/cleansing_addresses.py [--failures]

The cases (geolonia/normalize-japanese-addresses and digital-go-jp/abr-geocoder, both MIT) lie beside the repository;
what is absent is skipped with a word.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from kumitate.cleanse.addresses.columns import address_cleanser
from kumitate.cleanse.addresses.folding import fold, number, spellings
from kumitate.cleanse.addresses.master import master
from kumitate.cleanse.addresses.plain_notations import KNOWN_HEADS
from kumitate.cleanse.addresses.reading import PARTS, read_address

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
GEOLONIA = DATA / "jp_address_geolonia" / "addresses_dev.csv.gz"
ABR = DATA / "jp_address_abr" / "abr_dev.jsonl.gz"
_NUMERALS = "0-9〇一二三四五六七八九十"
_CHOME = re.compile(rf"(?<=[^{_NUMERALS}])([{_NUMERALS}]+)丁目?$")
_AZA = re.compile(r"大字|小字|(?<![文十])字")
COUNT = 100_000


class Case(NamedTuple):
    """An address and what it says; `block` is None where the case does not tell it to the end."""

    address: str
    prefecture: str
    city: str
    town: str
    block: str | None
    rest: str = ""
    """What the case takes for no town: a 字 may lead it."""


class Score(NamedTuple):
    """Cases, and how many of them were right in each respect."""

    name: str
    cases: int
    prefecture: int
    city: int
    town: int
    all_three: int
    block_cases: int
    block: int


def geolonia(path: Path) -> Iterator[Case]:
    """Where the number was found by its source (level 8), it is compared, too."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            town, chome = _without_chome(row["町字"])
            tells_block = row["レベル"] == "8" and row["番地号"] and not row["その他"]
            block = "-".join(filter(None, (chome, row["番地号"]))) if tells_block else None
            yield Case(row["住所"], row["都道府県"], row["市区町村"], town, block, row["その他"])


def abr(path: Path) -> Iterator[Case]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            told = case["result"]
            city = "".join(told.get(part) or "" for part in ("county", "city", "ward"))
            town = (told.get("oaza_cho") or "") + (told.get("koaza") or "")
            yield Case(
                case["input"], told.get("pref") or "", city, _without_chome(town)[0], None, "".join(told["others"])
            )


def _without_chome(town: str) -> tuple[str, str]:
    """`奈佐原二丁目` is 奈佐原 and 2; the master lists towns without 丁目."""
    found = _CHOME.search(town)
    return (town[: found.start()], str(number(found[1]))) if found else (town, "")


def _plain(town: str) -> str:
    return fold(_AZA.sub("", town))


def judged(name: str, cases: list[Case], show: Callable[[str], object] | None) -> Score:
    """A town is right if it is the expected one, but for 大字, 字 and the way its numbers are written.

    A 字 that stands behind it may be told as part of the town or of the rest.
    """
    right = dict.fromkeys(("prefecture", "city", "town", "all", "told", "block"), 0)
    for case in cases:
        parts = read_address(case.address, country="JP").parts
        prefecture = (parts.get("prefecture") or "") == case.prefecture
        city = fold(parts.get("city") or "") == fold(case.city)
        town = _same_town(parts.get("town") or "", case)
        block = case.block is None or parts.get("block") == case.block
        right["prefecture"] += prefecture
        right["city"] += city
        right["town"] += town
        right["all"] += prefecture and city and town
        right["told"] += case.block is not None
        right["block"] += case.block is not None and block
        if show and not (prefecture and city and town and block):
            show(f"{case}\n    {dict(parts)}\n")
    return Score(name, len(cases), *right.values())


def _same_town(found: str, case: Case) -> bool:
    found, expected = _plain(found), _plain(case.town)
    if set(spellings(found)) & set(spellings(expected)) or found == expected:
        return True
    return found.startswith(expected) and _plain(case.rest).startswith(found[len(expected) :])


def speed(count: int) -> float:
    """Distinct addresses per CPU second, taken apart into all parts; the master's towns are read before."""
    addresses = pa.array(generated(count))
    for city in master().cities:
        city.towns.longest("", 0)
    cleanse = address_cleanser("JP", tuple(PARTS))
    KNOWN_HEADS.forget()
    begun = time.process_time()
    cleanse(addresses)
    return count / (time.process_time() - begun)


def generated(count: int) -> list[str]:
    chance = random.Random(1)
    cities = [city for city in master().cities if city.spelt]
    addresses = []
    for _ in range(count):
        city = chance.choice(cities)
        place = city.name + chance.choice(list(city.spelt))
        a, b, c = chance.randint(1, 9), chance.randint(1, 40), chance.randint(1, 40)
        addresses.append(
            chance.choice(
                (
                    f"{city.prefecture}{place}{a}-{b}-{c}",
                    f"{city.prefecture}{place}{a}丁目{b}番{c}号サンハイツ{c}01号室",
                    f"{city.prefecture} {place}{a}－{b}－{c}　コーポ{b}",
                    f"{place}{a}丁目{b}番地{c}",
                )
            )
        )
    return addresses


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--failures", action="store_true", help="print every case that is not right")
    show = sys.stdout.write if options.parse_args().failures else None
    for name, path, cases in (("geolonia", GEOLONIA, geolonia), ("abr-geocoder", ABR, abr)):
        if path.exists():
            sys.stdout.write(told(judged(name, list(cases(path)), show)))
        else:
            sys.stdout.write(f"{name}: skipped, {path.name} is not here\n")
    sys.stdout.write(f"speed: {speed(COUNT):,.0f} distinct addresses per CPU second\n")


def told(score: Score) -> str:
    """One line of figures."""
    parts = ("prefecture", "city", "town", "all_three")
    shares = ", ".join(f"{part} {getattr(score, part) / score.cases:.4f}" for part in parts)
    block = f", block {score.block / score.block_cases:.4f} of {score.block_cases:,}" if score.block_cases else ""
    return f"{score.name}: {score.cases:,} cases, {shares}{block}\n"


if __name__ == "__main__":
    main()
