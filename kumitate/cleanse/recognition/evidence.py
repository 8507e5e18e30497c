"""What a column's values say they are: shares of the distinct values that fit a pattern or that cleanse."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.rules import Rule, column_cleanser
from kumitate.cleanse.values import Cleansed
from kumitate.config.source import Semantic

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
    "corporate_number": re.compile(r"T?\d{4}[-\s]?\d{4}[-\s]?\d{4}[-\s]?\d|T?\d[-\s]?\d{4}[-\s]?\d{4}[-\s]?\d{4}"),
    "code": re.compile(r"[\w./:-]{1,64}"),
    "language": re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?"),
    "date_in_parts": re.compile(r"\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ,]+\d{4}(?:[T ].*)?"),
    "clock": re.compile(r".*\d[:時]\s?\d{1,2}.*|.*\d[T ]\d{6}.*"),
    "json_object": re.compile(r"(?s)[\[{].*[\]}]"),
    "json_begun": re.compile(rf"(?s)[\[{{].{{{_LONGEST - 1}}}"),
    "long": re.compile(r"(?s).{61,}"),
}  # fmt: skip
_CLEANSED = (
    Semantic.EMAIL, Semantic.INTEGER, Semantic.DECIMAL, Semantic.BOOLEAN, Semantic.DATE, Semantic.TIMESTAMP,
    Semantic.GENDER, Semantic.COUNTRY, Semantic.JSON,
)  # fmt: skip
"""Types whose cleansing refuses what is not of them."""


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
    distinct = pc.count_distinct(texts, mode="only_valid").as_py()
    return counted(texts, rows=len(texts), filled=filled, distinct=distinct)


def counted(values: pa.ChunkedArray, *, rows: int, filled: int, distinct: int) -> Evidence:
    """Figures where the counts are known; `values` may be some of the rows."""
    sample = _sample(values)
    texts = pa.array(sample, pa.string())
    folded = [unicodedata.normalize("NFKC", text) for text in sample]
    shares = {name: _share(pattern.fullmatch, folded) for name, pattern in _PATTERNS.items()}
    cleansed = {semantic: column_cleanser(_rule(semantic))(texts) for semantic in _CLEANSED}
    shares |= {semantic.value: _usable(found, semantic) for semantic, found in cleansed.items()}
    years = pc.year(cleansed[Semantic.DATE].values.drop_null()).to_pylist()
    return Evidence(rows, filled, distinct, shares, tuple(sorted(years)))


def _sample(values: pa.ChunkedArray) -> list[str]:
    """Distinct values, the longest cut off, from evenly spread rows."""
    if len(values) > _LOOKED_AT:
        values = values.take(pa.array(range(0, len(values), len(values) // _LOOKED_AT)))
    trimmed = pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(values.drop_null(), 0, _LONGEST))
    found = [text for text in pc.unique(trimmed).to_pylist() if text]
    return found[:: max(len(found) // SAMPLED, 1)][:SAMPLED]


def _share(fits: Callable[[str], object], texts: Sequence[str]) -> float:
    return sum(bool(fits(text)) for text in texts) / len(texts) if texts else 0.0


def _rule(semantic: Semantic) -> Rule:
    return Rule("value", semantic, (), "JP", "UTC")


def _usable(found: Cleansed, semantic: Semantic) -> float:
    """The share of values that have one or, for genders, that say in words that there is none."""
    if not len(found.values):
        return 0.0
    unusable = found.values.is_null()
    if semantic is Semantic.GENDER:
        unusable = pc.and_(unusable, found.reasons.is_valid())
    return 1 - float(pc.sum(unusable).as_py() or 0) / len(unusable)
