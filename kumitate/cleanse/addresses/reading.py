"""Reads a postal address: one notation for one place, its parts, and a key that all notations of it share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import NamedTuple

from kumitate.cleanse.addresses.parsing import UNPARSED, Place, place_of, tidy
from kumitate.readings.reading import NOTHING, Reading
from kumitate.readings.text import read_text

_KANJI = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u30a1-\u30fa]{4}")
_UNIT_READINGS = (
    (re.compile(r"(?<=[0-9])(?:チヨウメ|チョウメ)"), "丁目"),
    (re.compile(r"(?<=[0-9])バンチノ?"), "番地"),
    (re.compile(r"(?<=[0-9])バン(?![ァ-ヴ])"), "番"),
    (re.compile(r"(?<=[0-9])ゴウ(?![ァ-ヴ])"), "号"),
)


class Parsed(NamedTuple):
    """A unified text as an address: its one notation, the codes of what was done, and its place, if it tells one."""

    written: str
    codes: str
    place: Place | None


def read_address(value: str, *, country: str) -> Reading:
    """`千代田区紀尾井町一の３号サンハイツ` is `東京都千代田区紀尾井町1-3 サンハイツ`; abroad only the text is unified.

    What names no municipality is kept without parts, for `address_unparsed`; its number is unified. An address in
    katakana stays in katakana; its parts are those of the place.
    """
    reading = read_text(value)
    if reading.value is None:
        return NOTHING
    if country != "JP":
        return reading
    written, codes, place = parsed(reading.value)
    parts = {} if place is None else {part: read(place) or None for part, read in PARTS.items()}
    return Reading(written, reading.codes + tuple(codes.split()), parts)


def parsed(text: str) -> Parsed:
    """A text that is unified already (see `cleanse.text`)."""
    plain = tidy(text)
    is_read = not _KANJI.search(plain) and _KANA.search(plain) is not None
    if is_read:
        return _parsed_reading(text, plain)
    place = place_of(plain)
    if place is None:
        return Parsed(text, UNPARSED, None)
    written = place.written
    return Parsed(written, _codes(text, written, place), place if place.has_municipality else None)


def _parsed_reading(text: str, plain: str) -> Parsed:
    with_units = _with_units(plain)
    place = place_of(with_units)
    if place is None or not place.has_municipality:
        return Parsed(text, UNPARSED, None)
    return Parsed(plain, _codes(text, plain, place), place)


def _with_units(plain: str) -> str:
    """The readings of 丁目, 番地, 番 and 号 as words."""
    for reading, unit in _UNIT_READINGS:
        plain = reading.sub(unit, plain)
    return plain


def _codes(delivered: str, written: str, place: Place) -> str:
    if not place.notes:
        return "" if delivered == written else "notation"
    is_same = delivered in {written, written.removeprefix(place.prefecture)}
    return " ".join(place.notes if is_same else ("notation", *place.notes))


PARTS: Mapping[str, Callable[[Place], str | None]] = {
    "postal_code": attrgetter("postal_code"),
    "prefecture": attrgetter("prefecture"),
    "city": attrgetter("city"),
    "town": attrgetter("town"),
    "block": attrgetter("block"),
    "building": attrgetter("building"),
    "key": attrgetter("key"),
}
"""How each part is read off a place."""
