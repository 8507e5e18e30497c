"""Which town of its municipality an address lies in: the longest that the master lists, then 字 up to the number."""

from __future__ import annotations

import re
from typing import NamedTuple

from kumitate.cleanse.addresses.blocks import LEADING, MARKS, NUMERAL_BEFORE_UNIT, begins_block
from kumitate.cleanse.addresses.folding import fold
from kumitate.cleanse.addresses.master import City, Town

_AZA = re.compile(r"大字|小字|字")
_INNER_AZA = re.compile(r"(?:大字|小字|(?<![文十])字)(?!$)")
_LETTERS = r"[\u3041-\u30ff\u3400-\u9fff々ー]"
_STOP = rf"(?:[0-9]|{NUMERAL_BEFORE_UNIT}|無番地|番外地)"
_NUMBERED = re.compile(rf"(?:大字|小字|字)?((?:(?!{_STOP}){_LETTERS}){{1,20}})(?={_STOP})")
_UNNUMBERED = re.compile(rf"(?:大字|小字|字)({_LETTERS}{{1,20}})(?= |$)")
_UNLISTED = re.compile(rf"({_LETTERS}{{1,20}})(?= |$)")
_BUILDING = re.compile(
    r"ビル|マンション|ハイツ|コーポ|アパート|タワー|センター|ホテル|ハウス|レジデンス|プラザ|メゾン|病院|大学|学校|会社|工場|"
    r"郵便局|市役所|[荘寮店館棟様]$"
)
_FOREIGN_NAME = re.compile(r"[ァ-ヴー]{4,}")
_AZA_FIRST = frozenset("大小字")
_MARKS = frozenset(MARKS)
_DIGITS = frozenset("0123456789")
# Streets of Kyoto, before or behind the town.
STREET = re.compile(r"上[るル]|下[るル]|上ガ[るル]|下ガ[るル]|[東西]入[るル]?|入[るル]|通リ?")
_STREET_BEHIND = re.compile(r"[^0-9 ]*(?:上[るル]|下[るル]|[東西]入[るル]?)")
KYOTO = "京都市"


class Text(NamedTuple):
    """A unified text and its folded form, character for character; `code` is the postal code that stood before it."""

    plain: str
    folded: str
    code: int | None


class Match(NamedTuple):
    """A listed town, and where its name ends in the text."""

    town: Town
    end: int


class Aza(NamedTuple):
    """A 字 as it is written (with the word 字 where it would be taken for a building without) and as keys have it.

    One of a single letter belongs to the number: `letter`.
    """

    name: str
    key: str
    end: int
    letter: str = ""


class Named(NamedTuple):
    """The town as it is written, as keys have it, and the master's entry; `end` is where the block begins."""

    name: str
    key: str
    listed: Town | None
    end: int
    street: str = ""
    is_one: bool = True
    """Whether name and street tell one town."""
    letter: str = ""
    """What leads the block's first number."""


def town_at(text: Text, at: int, city: City | None) -> Named:
    """The town that stands at `at`; an empty name where none does."""
    plain = text.plain
    if plain[at : at + 1] in _MARKS:
        at = _after_marks(plain, at)
    if city is None:
        return _unlisted(plain, at)
    if city.name.startswith(KYOTO):
        return _in_kyoto(text, at, city)
    found = known_town(text, at, city)
    if found is None:
        return _unlisted(plain, at)
    town = city.spelt.get(plain[at : found.end], found.town)
    if plain[found.end : found.end + 1] in _DIGITS:
        return Named(town.name, town.name, town, found.end)
    aza = _aza(plain, found.end)
    return Named(town.name + aza.name, town.name + aza.key, town, aza.end, letter=aza.letter)


def _after_marks(text: str, at: int) -> int:
    while text[at : at + 1] in _MARKS:
        at += 1
    return at


def _in_kyoto(text: Text, at: int, city: City) -> Named:
    """The street is left out, but where the ward has several towns of the name, which it tells apart."""
    plain = text.plain
    found, street = _behind_streets(text, at, city)
    found = found or known_town(text, at, city)
    if found is None:
        return _unlisted(plain, at)
    town = city.spelt.get(plain[at : found.end], found.town)
    end = found.end
    if behind := _STREET_BEHIND.match(plain, end):
        street, end = street or behind[0], behind.end()
    has_namesakes = len(town.codes) > 1
    street = _street(street) if has_namesakes else ""
    aza = _aza(plain, end)
    is_one = bool(street) or not has_namesakes
    return Named(town.name + aza.name, street + town.name + aza.key, town, aza.end, street, is_one, aza.letter)


def known_town(text: Text, at: int, city: City) -> Match | None:
    """The longest town of the city that stands there, whether or not 大字 or 字 stand before or inside."""
    return _listed(text.folded, start_of(text.folded, at), city)


def start_of(folded: str, at: int) -> int:
    """Where the town's name begins, behind marks and 大字 or 字."""
    if folded[at : at + 1] in _MARKS:
        at = _after_marks(folded, at)
    if folded[at : at + 1] in _AZA_FIRST and (aza := _AZA.match(folded, at)):
        at = aza.end()
    return at


def _listed(folded: str, at: int, city: City) -> Match | None:
    found = city.towns.longest(folded, at)
    if found is None or folded[found[1] : found[1] + 1] in _AZA_FIRST:
        found = _around_aza(folded, at, city) or found
    if found is None:
        found = _shortened(folded, at, city) or _read(folded, at, city)
    return Match(*found) if found else None


def _around_aza(folded: str, at: int, city: City) -> tuple[Town, int] | None:
    """`保原町大字上保原` is 保原町上保原."""
    aza = _INNER_AZA.search(folded, at + 1, at + 12)
    if aza is None:
        return None
    found = city.towns.longest(folded[at : aza.start()] + folded[aza.end() :], 0)
    if found is None or found[1] <= aza.start() - at:
        return None
    return found[0], at + found[1] + len(aza[0])


def _shortened(folded: str, at: int, city: City) -> tuple[Town, int] | None:
    """`豊川8-19` is 豊川町, if a number follows and no other town is called so."""
    found = city.shortened.longest(folded, at)
    return found if found and (found[1] == len(folded) or begins_block(folded, found[1])) else None


def _read(folded: str, at: int, city: City) -> tuple[Town, int] | None:
    return city.read.longest(folded, at) if "ァ" <= folded[at : at + 1] <= "ヺ" else None


def _behind_streets(text: Text, at: int, city: City) -> tuple[Match | None, str]:
    """`河原町二条下ル一之船入町`: the town stands behind the last street that one follows."""
    for street in reversed(list(STREET.finditer(text.plain, at))):
        found = city.towns.longest(text.folded, street.end())
        if found is not None and street.start() > at:
            return Match(*found), text.plain[at : street.end()]
    return None, ""


def _street(written: str) -> str:
    """In one notation: `寺町通り五条上ル` is 寺町五条上る."""
    street = written.replace("ル", "る").replace("通り", "通").replace(" ", "")
    street = re.sub(r"(?<=[東西])入(?!る)", "入る", street)
    return street.replace("通", "") if street.endswith("る") else street


def _aza(plain: str, at: int) -> Aza:
    """What stands between the town and its number, without the word 字; nothing where a building begins."""
    if plain[at : at + 1] in _DIGITS or at == len(plain) or begins_block(plain, at):
        return Aza("", "", at)
    start = _after_marks(plain, at)
    told = _AZA.match(plain, start)
    found = _NUMBERED.match(plain, start) or _UNNUMBERED.match(plain, start)
    if found is None:
        return Aza("", "", at)
    name = _INNER_AZA.sub("", found[1])
    has_block = begins_block(plain, found.end())
    if has_block and LEADING.fullmatch(name):
        return Aza("", "", found.end(), name)
    if has_block and not _is_building(found[1]):
        return Aza(name, fold(name), found.end())
    return Aza(f"字{name}", fold(name), found.end()) if told else Aza("", "", at)


def _is_building(name: str) -> bool:
    return bool(_BUILDING.search(name) or _FOREIGN_NAME.search(name))


def _unlisted(plain: str, at: int) -> Named:
    """A town that the master does not list, as it is written."""
    aza = _AZA.match(plain, at)
    start = aza.end() if aza else at
    found = None if begins_block(plain, start) else _NUMBERED.match(plain, start) or _UNLISTED.match(plain, start)
    if found is None or _BUILDING.search(found[1]):
        return Named("", "", None, at)
    name = _INNER_AZA.sub("", found[1])
    if LEADING.fullmatch(name) and begins_block(plain, found.end()):
        return Named("", "", None, found.end(), letter=name)
    return Named(name, fold(name), None, found.end())
