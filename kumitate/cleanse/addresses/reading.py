"""Reads a postal address: one notation for one place, its parts, and a key that all notations of it share."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kumitate.cleanse.addresses.folding import fold
from kumitate.cleanse.addresses.master import master
from kumitate.cleanse.addresses.parsing import Place, place_of
from kumitate.cleanse.text import read_text
from kumitate.cleanse.values import NOTHING, Reading

_DASH = re.compile(r"(?<=[0-9A-Za-z]) ?[-‐‑‒–—―−─━ー~〜] ?(?=[0-9A-Za-z])")
_DASH_BEHIND_UNIT = re.compile(r"(?<=[目地番号])-(?=[0-9])")
_NEEDLESS_BLANK = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")
_KANJI = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u30a1-\u30fa]{4}")
_UNIT_READINGS = (
    (re.compile(r"(?<=[0-9])(?:チヨウメ|チョウメ)"), "丁目"),
    (re.compile(r"(?<=[0-9])バンチノ?"), "番地"),
    (re.compile(r"(?<=[0-9])バン(?![ァ-ヴ])"), "番"),
    (re.compile(r"(?<=[0-9])ゴウ(?![ァ-ヴ])"), "号"),
)
UNPARSED = "address_unparsed"


def read_address(value: str, *, country: str) -> Reading:
    """`千代田区紀尾井町一丁目２番３号サンハイツ` is `東京都千代田区紀尾井町1-2-3 サンハイツ`; elsewhere only the text is unified.

    What cannot be taken apart is kept without parts, for `address_unparsed`. An address in katakana stays in
    katakana; its parts are those of the place.
    """
    reading = read_text(value)
    if reading.value is None:
        return NOTHING
    if country != "JP":
        return reading
    plain = _tidy(reading.value)
    is_read = not _KANJI.search(plain) and _KANA.search(plain) is not None
    parsed = _with_units(plain) if is_read else plain
    place = place_of(parsed, fold(parsed), master())
    if place is None:
        return Reading(reading.value, (*reading.codes, UNPARSED))
    written = plain if is_read else place.written
    return Reading(written, reading.codes + _codes(reading.value, written, place), _parts(place))


def _tidy(plain: str) -> str:
    plain = _DASH_BEHIND_UNIT.sub("", _DASH.sub("-", plain))
    return _NEEDLESS_BLANK.sub("", plain) if " " in plain else plain


def _with_units(plain: str) -> str:
    """The readings of 丁目, 番地, 番 and 号 as words."""
    for reading, unit in _UNIT_READINGS:
        plain = reading.sub(unit, plain)
    return plain


def _codes(delivered: str, written: str, place: Place) -> tuple[str, ...]:
    same = {written, written.removeprefix(place.prefecture)} if place.notes else {written}
    return place.notes if delivered in same else ("notation", *place.notes)


def _parts(place: Place) -> Mapping[str, str | None]:
    return {
        "postal_code": place.postal_code or None,
        "prefecture": place.prefecture or None,
        "city": place.city or None,
        "town": place.town or None,
        "block": place.block or None,
        "building": place.building or None,
        "key": place.key,
    }
