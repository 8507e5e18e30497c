"""Postal codes and postal addresses."""

from __future__ import annotations

import re
import unicodedata

from kumitate.cleanse.text import text
from kumitate.cleanse.values import settled
from kumitate.errors import RecordError

_POSTAL_MARKS = re.compile(r"[\s〒\-‐‑‒–—―−ー]")
_SEVEN_DIGITS = re.compile(r"[0-9]{7}")

_DASHES = r"[-‐‑‒–—―−ー~〜のノ]"
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_KANJI_CHOME = re.compile(r"([一二三四五六七八九十]{1,3})(?=丁目)")
_BLOCK_WORD = re.compile(r"(?<=\d)\s?(?:丁目|番地の|番地|番の|番|号)(?![町街館室棟線])\s?(?=(\d)?)")
_DASH_BETWEEN = re.compile(rf"(?<=\d)\s?{_DASHES}\s?(?=\d)")
_NEEDLESS_BLANK = re.compile(r"(?<![0-9A-Za-z])\s|\s(?![0-9A-Za-z])")
_KANJI_DIGITS = {digit: number for number, digit in enumerate("一二三四五六七八九", 1)}


def postal_code(value: str, country: str) -> str | None:
    """`〒１０００００１` is `100-0001` in Japan; elsewhere upper case, blanks single."""
    plain = text(value)
    if plain is None or country != "JP":
        return plain and plain.upper()
    digits = _POSTAL_MARKS.sub("", plain)
    if not _SEVEN_DIGITS.fullmatch(digits):
        raise RecordError("postal_code.invalid")
    return f"{digits[:3]}-{digits[3:]}"


def address(value: str) -> str | None:
    """`千代田区一丁目２番３号 サンハイツ` is `千代田区1-2-3サンハイツ`; outside Japan only the text is unified."""
    plain = text(value)
    if plain is None or not _JAPANESE.search(plain):
        return plain
    return settled(_with_dashes, _KANJI_CHOME.sub(_arabic, plain)) or plain


def _with_dashes(value: str) -> str:
    value = _BLOCK_WORD.sub(lambda word: "-" if word[1] else "", value)
    value = _NEEDLESS_BLANK.sub("", _DASH_BETWEEN.sub("-", value))
    return unicodedata.normalize("NFKC", value)  # a mark may have come to stand behind its letter


def _arabic(numeral: re.Match[str]) -> str:
    """二十三 is 23; numerals of streets stay below a hundred."""
    tens, ten, ones = numeral[1].rpartition("十")
    if len(tens) > 1 or len(ones) > 1:
        return numeral[1]
    return str((_KANJI_DIGITS.get(tens, 1) * 10 if ten else 0) + _KANJI_DIGITS.get(ones, 0))
