"""Cleansing held to what others published: Unicode's NFKC, jaconv's kana, libphonenumber's phone numbers."""

from __future__ import annotations

import csv
import gzip
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from harness.cleansing import outcome, rule
from kumitate.cleanse.kana import with_large_kana
from kumitate.cleanse.phones import phone_way
from kumitate.cleanse.rules import column_cleanser
from kumitate.cleanse.text import STABLE, half_width
from kumitate.config.source import Semantic
from kumitate.readings.text import nfkc, with_single_blanks, without_invisible

DATA = Path(__file__).parents[3] / "shared" / "data"


def opened(name: str) -> Iterator[str]:
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not beside the repository")
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as lines:
        yield from lines


def nfkc_cases() -> list[tuple[str, str]]:
    """Those whose characters this Python's Unicode knows."""
    rows = [(row["source"], row["nfkc"]) for row in csv.DictReader(opened("jp_width_kana/unicode_nfkc_jp.csv.gz"))]
    return [row for row in rows if not any(unicodedata.category(char) == "Cn" for char in row[0])]


def test_width_is_unicodes_nfkc_by_value_and_by_kernel() -> None:
    cases = nfkc_cases()
    assert len(cases) >= 1106
    assert [nfkc(source) for source, _ in cases] == [wanted for _, wanted in cases]
    assert half_width(pa.array([source for source, _ in cases])).to_pylist() == [wanted for _, wanted in cases]


def test_text_is_nfkc_where_blanks_and_invisible_characters_have_no_say() -> None:
    cases = [row for row in nfkc_cases() if with_single_blanks(without_invisible(row[1])) == row[1] != ""]
    column = column_cleanser(rule(Semantic.TEXT))(pa.array([source for source, _ in cases]))
    assert column.values.to_pylist() == [wanted for _, wanted in cases]


def test_what_is_taken_for_stable_is_stable_under_nfkc_in_any_order() -> None:
    column = pa.array([chr(point) for point in range(0x21, 0xFFFF) if not 0xD800 <= point < 0xE000])
    is_stable = pa.compute.match_substring_regex(column, f"^[{STABLE}]$")
    stable = column.filter(is_stable).to_pylist()
    assert len(stable) > 30_000
    assert [char for char in stable if nfkc(char) != char or unicodedata.combining(char)] == []


@pytest.mark.parametrize("function", ["hira2kata", "h2z", "normalize"])
def test_kana_is_as_jaconv_has_it(function: str) -> None:
    cases = [json.loads(line) for line in opened("jp_width_kana/jaconv_cases.jsonl.gz")]
    judged = [case for case in cases if case["func"] == function and not case["kwargs"]]
    assert judged
    for case in judged:
        assert outcome(Semantic.KANA, case["args"][0]) == case["expected"]


def test_large_kana_are_as_jaconv_has_them() -> None:
    cases = [json.loads(line) for line in opened("jp_width_kana/jaconv_cases.jsonl.gz")]
    judged = [case for case in cases if case["func"] == "enlarge_smallkana" and len(case["args"]) == 1]
    assert [with_large_kana(case["args"][0]) for case in judged] == [case["expected"] for case in judged]


@pytest.mark.parametrize(
    "written",
    [pytest.param("national", marks=pytest.mark.slow), pytest.param("international", marks=pytest.mark.slow), "e164"],
)
def test_example_numbers_of_all_regions_are_read(written: str) -> None:
    rows = list(csv.DictReader(opened("phone_libphonenumber/example_numbers.csv.gz")))
    wrong = [row for row in rows if phone_way(row["region"]).reading(row[written]).value != row["e164"]]
    assert len(rows) == 1374
    assert wrong == []
