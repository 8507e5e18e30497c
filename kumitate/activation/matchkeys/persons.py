"""Names, gender and date of birth as platforms want them before hashing."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

from kumitate.activation.matchkeys.places import told, uploaded
from kumitate.errors import RecordError

_TITLE = re.compile(r"^(?:mrs|mr|ms|dr)\.?\s+")
_GENERATION = re.compile(r"(?:,\s*|\s+)(?:jr|sr|ii|iii|iv)\.?$")
_NO_NAME = frozenset({"名無し", "匿名"})
_WOMAN = frozenset({"f", "female", "woman", "女", "女性", "おんな"})
_MAN = frozenset({"m", "male", "man", "男", "男性", "おとこ"})
_DATE = re.compile(r"([0-9]{4})(?:([-/.年])([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))(?:[T ].*)?")
_DAY_FIRST_OR_LAST = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
_ERA_DATE = re.compile(r"([^\d.]+)\.?([0-9]{1,2}|元)[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_YEAR_BEFORE_ERA = {
    **dict.fromkeys(("明治", "m"), 1867),
    **dict.fromkeys(("大正", "t"), 1911),
    **dict.fromkeys(("昭和", "s"), 1925),
    **dict.fromkeys(("平成", "h"), 1988),
    **dict.fromkeys(("令和", "r"), 2018),
}
_FIRST_YEAR = 1901
"""1900-01-01 is what forms and spreadsheets make of a missing date."""


@lru_cache(4096)  # the same in many rows
def name(text: str, _country: str) -> str:
    """Lower case without title, punctuation and symbols; any script stays: `Dr. O'Neil` is `oneil`, `山田` `山田`."""
    lowered = _GENERATION.sub("", _TITLE.sub("", _named(text)))
    kept = "".join(sign for sign in lowered if unicodedata.category(sign)[0] not in "PS")
    return " ".join(kept.split())


@lru_cache(4096)
def joined_name(text: str, country: str) -> str:
    """As `name`, but without spaces: `van der Berg` is `vanderberg`."""
    return name(text, country).replace(" ", "")


def compact_name(text: str, country: str) -> str:
    """Letters and digits alone, lower case: `De la Cruz` is `delacruz`, `山田` is `山田`."""
    return uploaded(_named(text), country)


def _named(text: str) -> str:
    try:
        lowered = told(text)
    except RecordError:
        raise RecordError("name.placeholder") from None
    if lowered in _NO_NAME:
        raise RecordError("name.placeholder")
    return lowered


def gender(text: str, _country: str) -> str:
    """`f` or `m`; nobody is made one of them who says neither."""
    lowered = text.lower()
    if lowered in _WOMAN:
        return "f"
    if lowered in _MAN:
        return "m"
    raise RecordError("gender.unsupported")


@lru_cache(4096)
def birthdate(text: str, country: str) -> str:
    """`1990-01-02`, `1990/1/2`, `1990年1月2日`, `平成2年1月2日`, `H2.1.2` and in the US `1/2/1990` are `19900102`."""
    parts = _date_parts(text, country)
    try:
        born = date(*parts)
    except ValueError:
        raise RecordError("birthdate.invalid") from None
    if born.year < _FIRST_YEAR:
        raise RecordError("birthdate.implausible")
    return f"{born:%Y%m%d}"


def _date_parts(text: str, country: str) -> tuple[int, int, int]:
    found = _DATE.fullmatch(text)
    if found:
        return _of_common_era(found)
    found = _DAY_FIRST_OR_LAST.fullmatch(text)
    if found is None:
        return _of_japanese_era(text)
    first, second, year_ = map(int, found.groups())
    return (year_, first, second) if country == "US" else _day_first(first, second, year_)


def _day_first(first: int, second: int, year_: int) -> tuple[int, int, int]:
    """Outside the US a day goes before its month; where both could be either it is not guessed."""
    if first <= 12 and first != second:
        raise RecordError("birthdate.ambiguous")
    return year_, second, first


def _of_common_era(found: re.Match[str]) -> tuple[int, int, int]:
    year, _, month, day, packed_month, packed_day = found.groups()
    return int(year), int(month or packed_month), int(day or packed_day)


def _of_japanese_era(text: str) -> tuple[int, int, int]:
    found = _ERA_DATE.fullmatch(text)
    before = _YEAR_BEFORE_ERA.get(found[1].lower()) if found else None
    if found is None or before is None:
        raise RecordError("birthdate.invalid")
    year = 1 if found[2] == "元" else int(found[2])
    return before + year, int(found[3]), int(found[4])


def birth_year(text: str, country: str) -> str:
    """Four digits of a date of birth."""
    return birthdate(text, country)[:4]


def birth_month(text: str, country: str) -> str:
    """Two digits: January is `01`."""
    return birthdate(text, country)[4:6]


def birth_day(text: str, country: str) -> str:
    """Two digits."""
    return birthdate(text, country)[6:]


def _number(text: str, least: int, most: int, *, width: int) -> str:
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
        raise RecordError("birthdate.invalid")
    return text.zfill(width)


def year(text: str, _country: str) -> str:
    """A year of birth by itself."""
    return _number(text, _FIRST_YEAR, 2200, width=4)


def month(text: str, _country: str) -> str:
    """A month of birth by itself: `1` is `01`."""
    return _number(text, 1, 12, width=2)


def day(text: str, _country: str) -> str:
    """A day of birth by itself: `2` is `02`."""
    return _number(text, 1, 31, width=2)
