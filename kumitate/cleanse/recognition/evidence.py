"""What a column's values say they are: shares of the distinct values that fit a pattern or that cleanse."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.codes import boolean, country, gender, json_text
from kumitate.cleanse.contacts import email
from kumitate.cleanse.numbers import decimal, integer
from kumitate.cleanse.times import cleanse_date, cleanse_timestamp
from kumitate.config.source import Semantic
from kumitate.errors import RecordError

SAMPLED = 500
"""Distinct values that are looked at, taken evenly from the column."""
_LOOKED_AT = 50_000
_LONGEST = 500

_PREFECTURE = r"(?:北海道|東京都|(?:京都|大阪)府|(?:神奈川|和歌山|鹿児島|.{2})県)"
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "phone": re.compile(r"(?=(?:\D*\d){9,15}\D*$)(?:\+|\(|0)[\d\s().\-/‐–−ー]+(?:(?:x|ext\.?|内線)\s?\d+)?|"
                        r"\d{3}[-. ]\d{3,4}[-. ]\d{4}(?:\s?(?:x|ext\.?)\s?\d+)?"),
    "phone_if_named": re.compile(r"[+(\d][\d\s().\-/‐–−ー+]{5,}(?:\s?(?:x|ext\.?|#|内線)\s?\d+)?"),
    "postal_code": re.compile(r"〒?\s?\d{3}[-‐–−ー]\d{4}"),
    "postal_code_if_named": re.compile(r"〒?\s?(?=[A-Z\- ]*\d)[A-Z\d][A-Z\d\- ‐–−ー]{2,9}", re.IGNORECASE),
    "kana": re.compile(r"[ァ-ヺーｦ-ﾟぁ-ゖ゛゜\s・･]+"),
    "address": re.compile(rf"{_PREFECTURE}?.{{1,12}}?[市区町村郡].*\d.*|{_PREFECTURE}.+"),
    "street": re.compile(r"(?:\d+[\w/-]*\s)?.*\b(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|court|ct|place|pl|"
                         r"crescent|circuit|close|way|boulevard|blvd|square|terrace|parade)\b\.?.*", re.IGNORECASE),
    "prefecture": re.compile(_PREFECTURE),
    "city": re.compile(r"[^\d\s]{1,10}[市区町村]"),
    "company": re.compile(r".*(?:株式会社|有限会社|合同会社|\([株有同]\)).*|.*[\s,](?:inc|ltd|llc|gmbh|corp|plc|co)\.?",
                          re.IGNORECASE),
    "url": re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE),
    "two_names": re.compile(r"[A-ZÀ-Þ][\w'’-]+(?:\s[A-ZÀ-Þ]\.?)?\s[A-ZÀ-Þ][\w'’-]+"),
    "two_kanji_names": re.compile(r"[㐀-鿿々]{1,4}[\s　][㐀-鿿々ぁ-ヺー]{1,4}"),
    "letters": re.compile(r"[^\d@/:]{1,40}"),
    "leading_zero": re.compile(r"0\d+"),
    "hash": re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{24,64}"),
    "code": re.compile(r"[\w./:-]{1,64}"),
    "language": re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?"),
    "clock": re.compile(r".*\d[:時]\s?\d{1,2}.*|.*\d[T ]\d{6}.*"),
    "json_begun": re.compile(rf"(?s)[\[{{].{{{_LONGEST - 1}}}"),
    "long": re.compile(r"(?s).{61,}"),
}  # fmt: skip
_CLEANSERS: Mapping[Semantic, Callable[[str], object]] = {
    Semantic.EMAIL: email,
    Semantic.INTEGER: integer,
    Semantic.DECIMAL: decimal,
    Semantic.BOOLEAN: boolean,
    Semantic.DATE: partial(cleanse_date, formats=(), zone="UTC"),
    Semantic.TIMESTAMP: partial(cleanse_timestamp, formats=(), zone="UTC"),
    Semantic.GENDER: gender,
    Semantic.COUNTRY: country,
    Semantic.JSON: lambda text: json_text(text) if text[:1] in "[{" and len(text) < _LONGEST else None,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A column's figures; `shares` are of its distinct values that say anything, by pattern and by semantic type."""

    rows: int
    filled: int
    distinct: int
    shares: Mapping[str, float]
    years: tuple[int, ...] = ()
    """Of values that are dates, sorted."""

    @property
    def uniqueness(self) -> float:
        """Distinct values in rows that have one; 1 where no two rows agree."""
        return self.distinct / self.filled if self.filled else 0.0

    def share(self, what: str) -> float:
        return self.shares.get(what, 0.0)


def evidence_of(values: pa.ChunkedArray) -> Evidence:
    """Figures of a column of texts: counts over all rows, shares over a sample."""
    texts = pc.if_else(pc.equal(pc.utf8_trim_whitespace(values), ""), None, values)
    filled = len(texts) - texts.null_count
    return counted(texts, filled=filled, distinct=pc.count_distinct(texts, mode="only_valid").as_py())


def counted(values: pa.ChunkedArray, *, filled: int, distinct: int) -> Evidence:
    """Figures where the counts are known; `values` may be a sample of the rows."""
    sample = _sample(values)
    folded = [unicodedata.normalize("NFKC", text) for text in sample]
    shares = {name: _share(pattern.fullmatch, folded) for name, pattern in _PATTERNS.items()}
    if sample:
        shares |= {semantic.value: _share(_usable(cleanse), sample) for semantic, cleanse in _CLEANSERS.items()}
    return Evidence(len(values), filled, distinct, shares, _years(sample) if shares.get("date") else ())


def _sample(values: pa.ChunkedArray) -> list[str]:
    """Distinct values, the longest cut off, from evenly spread rows."""
    if len(values) > _LOOKED_AT:
        values = values.take(pa.array(range(0, len(values), len(values) // _LOOKED_AT)))
    trimmed = pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(values.drop_null(), 0, _LONGEST))
    found = [text for text in pc.unique(trimmed).to_pylist() if text]
    return found[:: max(len(found) // SAMPLED, 1)][:SAMPLED]


def _share(fits: Callable[[str], object], texts: Sequence[str]) -> float:
    return sum(bool(fits(text)) for text in texts) / len(texts) if texts else 0.0


def _usable(cleanse: Callable[[str], object]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            return cleanse(text) is not None or cleanse is gender
        except RecordError:
            return False

    return fits


def _years(sample: Sequence[str]) -> tuple[int, ...]:
    years = []
    for text in sample:
        try:
            found = cleanse_date(text, (), "UTC")
        except RecordError:
            continue
        if found is not None:
            years.append(found.year)
    return tuple(sorted(years))
