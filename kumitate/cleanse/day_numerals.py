"""Days written with kanji numerals (令和三年一月二十日) or with dashes that are no hyphen (2021−01−05)."""

from __future__ import annotations

import re

_NUMERAL = re.compile("[〇零一二三四五六七八九十]+(?=[年月日時分秒])")
_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_TENS = re.compile(r"(\d?)十(\d?)")
_DASH = re.compile(r"(?<=\d)[‐‑‒–—―−ー](?=\d)")


def in_arabic_digits(value: str) -> str:
    """`2021年1月20日` of `二〇二一年一月二十日`, `2021-01-05` of `2021−01−05`; all else stays."""
    if value.isascii():
        return value
    return _DASH.sub("-", _NUMERAL.sub(_read, value))


def _read(found: re.Match[str]) -> str:
    digits = found[0].translate(_DIGITS)
    tens = _TENS.fullmatch(digits)
    return f"{tens[1] or 1}{tens[2] or 0}" if tens else digits
