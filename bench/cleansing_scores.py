"""How cleansing does on public cases: Unicode's own for NFKC, jaconv's for kana, libphonenumber's phone numbers.

The cases lie beside the repository; what is absent is skipped with a word.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa

from kumitate.cleanse.kana import with_large_kana
from kumitate.cleanse.phones import phone_way
from kumitate.cleanse.rules import Rule, column_cleanser
from kumitate.config.source import Semantic
from kumitate.readings.text import nfkc, with_single_blanks, without_invisible

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
NFKC = DATA / "jp_width_kana" / "unicode_nfkc_jp.csv.gz"
JACONV = DATA / "jp_width_kana" / "jaconv_cases.jsonl.gz"
PHONES = DATA / "phone_libphonenumber" / "example_numbers.csv.gz"

Score = tuple[int, int]
"""Right, of all."""


def clean(semantic: Semantic, value: str) -> str | None:
    found: str | None = (
        column_cleanser(Rule("x", semantic, (), "JP", "Asia/Tokyo"))(pa.array([value])).values[0].as_py()
    )
    return found


JUDGED: Mapping[str, Callable[[str], str | None]] = {
    "hira2kata": lambda value: clean(Semantic.KANA, value),
    "h2z": lambda value: clean(Semantic.KANA, value),
    "normalize": lambda value: clean(Semantic.KANA, value),
    "enlarge_smallkana": with_large_kana,
}
"""jaconv's functions that mean what a semantic means. The others go the other way (kata2hira, z2h, hira2hkata) or to
another alphabet (kana2alphabet, kata2alphabet, alphabet2kana, hiragana2julius), which cleansing never does; cases with
characters to ignore are a setting it does not have."""


def nfkc_score(cases: Path = NFKC) -> dict[str, Score]:
    """The step itself, on sources whose characters this Python knows; and columns of texts, where the rules for blanks
    and invisible characters have nothing to add.
    """
    with gzip.open(cases, "rt", encoding="utf-8", newline="") as lines:
        rows = [(row["source"], row["nfkc"]) for row in csv.DictReader(lines)]
    known = [row for row in rows if not any(unicodedata.category(char) == "Cn" for char in row[0])]
    plain = [row for row in known if with_single_blanks(without_invisible(row[1])) == row[1] != ""]
    columns = column_cleanser(Rule("x", Semantic.TEXT, (), "JP", "Asia/Tokyo"))(pa.array([row[0] for row in plain]))
    texts = columns.values.to_pylist()
    return {
        f"NFKC (Unicode {unicodedata.unidata_version})": (sum(nfkc(row[0]) == row[1] for row in known), len(known)),
        "NFKC, columns of texts": (sum(text == row[1] for text, row in zip(texts, plain, strict=True)), len(plain)),
    }


def jaconv_score(cases: Path = JACONV) -> dict[str, Score]:
    with gzip.open(cases, "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    scores: dict[str, Score] = {}
    for name, judged in JUDGED.items():
        # More than the text is a setting: a form of Unicode (NFKC is ours), or characters to ignore.
        asked = [case for case in found if case["func"] == name and not case["kwargs"] and _plain(case["args"])]
        scores[f"jaconv {name}"] = (sum(judged(case["args"][0]) == case["expected"] for case in asked), len(asked))
    return scores


def _plain(arguments: list[str]) -> bool:
    return arguments[1:] in ([], ["NFKC"])


def phone_score(cases: Path = PHONES) -> dict[str, Score]:
    """Each example number, as it is written in its country, abroad, and in E.164."""
    with gzip.open(cases, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    scores: dict[str, Score] = {}
    for written in ("national", "international", "e164"):
        right = [phone_way(row["region"]).reading(row[written]).value == row["e164"] for row in rows]
        scores[f"phones, {written}"] = (sum(right), len(right))
    return scores


def scores() -> None:
    for cases, judge in ((NFKC, nfkc_score), (JACONV, jaconv_score), (PHONES, phone_score)):
        if not cases.exists():
            print(f"{cases.name}: absent, not judged", file=sys.stderr)
            continue
        for name, (right, count) in judge().items():
            print(f"{name:30}{right:>7,} of {count:>6,}")
