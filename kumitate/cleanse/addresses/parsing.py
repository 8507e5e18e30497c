"""Takes a Japanese address apart: prefecture, municipality, town by the postal master; block and building by rules."""

from __future__ import annotations

import re
from typing import NamedTuple

from kumitate.cleanse.addresses.blocks import MARKS, taken_apart
from kumitate.cleanse.addresses.folding import FOLD
from kumitate.cleanse.addresses.master import City, Town
from kumitate.cleanse.addresses.municipalities import municipality
from kumitate.cleanse.addresses.towns import Text, known_town, town_at

_DASH = re.compile(r"(?<=[0-9A-Za-z]) ?[-‐‑‒–—―−─━ー~〜] ?(?=[0-9A-Za-z])|(?<=[目地番号])[-‐‑‒–—―−─━ー~〜](?=[0-9])")
_DASH_BEHIND_UNIT = re.compile(r"(?<=[目地番号])-(?=[0-9])")
_NEEDLESS_BLANK = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")
_CODE = re.compile(r"[^0-9A-Za-z\u3040-\u30ff\u3400-\u9fff]*([0-9]{3})-?([0-9]{4})(?![0-9-]) ?")
_CODE_FIRST = frozenset("〒0123456789(")


_LEFT_OUT = re.compile(r"([東西南北]?[0-9]{1,2})(?=([東西南北])[0-9])")
GOES_ON = re.compile("[東西南北][0-9]")
"""Behind a single number, more of the number than a building: `本通1北1`."""
_LEADING_ZERO = re.compile(r"(?<![0-9])0[0-9]")
UNPARSED = "address_unparsed"


class Place(NamedTuple):
    """An address taken apart; empty where it does not tell. `town` is as the master spells it, 字 added to it.

    `town_key` is the town as keys have it: folded where the master does not know it, with the street where Kyoto has
    several towns of the name.
    """

    postal_code: str = ""
    prefecture: str = ""
    city: str = ""
    town: str = ""
    town_key: str = ""
    block: str = ""
    building: str = ""
    street: str = ""
    notes: tuple[str, ...] = ()
    """Reason codes of what was found out on the way."""
    is_sure: bool = True
    """Whether municipality and town are one and known."""
    is_listed: bool = True
    """Whether the town is the master's, nothing added; otherwise it was told from its neighbours by rules."""

    @property
    def written(self) -> str:
        """The whole address in one notation; a blank keeps numbers apart, and the building from the block."""
        place = f"{self.prefecture}{self.city}{self.street}{self.town}"
        if self.block:
            place = f"{place} {self.block}" if place[-1:].isdigit() else place + self.block
        is_apart = self.block or place[-1:].isascii() or self.building[:1].isascii()
        return f"{place}{' ' if is_apart and self.building else ''}{self.building}"

    @property
    def has_municipality(self) -> bool:
        """Whether there is anything to take apart."""
        return bool(self.prefecture or self.city)

    @property
    def key(self) -> str | None:
        """`東京都|千代田区|紀尾井町|1-3`; None unless the place is told down to its number."""
        if not (self.is_sure and self.block) or ("-" not in self.block and GOES_ON.match(self.building)):
            return None
        return f"{self.prefecture}|{self.city}|{self.town_key}|{self.block}"


def tidy(plain: str) -> str:
    """Dashes between numbers plain, no blanks between Japanese characters, nothing that says nothing at the end."""
    plain = _DASH.sub("-", plain).rstrip(MARKS)
    if "-" in plain:
        plain = _DASH_BEHIND_UNIT.sub("", plain)
    return _NEEDLESS_BLANK.sub("", plain) if " " in plain else plain


def place_of(plain: str) -> Place | None:
    """The place that a unified text tells; None where neither municipality nor number can be made out.

    Where rules had to tell the town's end, the written address is read again until it is read as it was written.
    """
    place = _read(plain)
    for _ in range(_READINGS):
        if place is None or place.is_listed:
            return place
        again = _read(tidy(place.written))
        if again is not None and again.written == place.written:
            return again._replace(postal_code=place.postal_code, notes=place.notes)
        place = again and again._replace(postal_code=place.postal_code, notes=place.notes, is_listed=False)
    return None


_READINGS = 4


def _read(plain: str) -> Place | None:
    folded = plain.translate(FOLD)
    code, at = _postal_code(plain)
    text = Text(plain, folded, code)
    found = municipality(text, at)
    if found is None:
        return _without_municipality(text)
    text = _with_jo(text, found.end, found.city)
    plain = text.plain
    town = town_at(text, found.end, found.city)
    has_chome = town.listed is not None and town.listed.has_chome
    block, building = taken_apart(plain[town.end :].lstrip(MARKS), has_chome=has_chome)
    block = town.letter + block
    is_unlisted = town.name and town.listed is None and found.city is not None
    notes = (*found.notes, "town_unlisted") if is_unlisted else found.notes
    code = code if code is not None else only_code(town.listed)
    names = (found.prefecture, found.name, town.name, town.key, block, building, town.street, notes)
    is_listed = (
        town.listed is not None and town.listed.name == town.name and bool(block or not building) and not town.street
    )
    is_sure = found.city is not None and town.is_one
    return Place(written_code(code) if code is not None else "", *names, is_sure, is_listed)


def _with_jo(text: Text, at: int, city: City | None) -> Text:
    """`北1西2` is short for 北1条西2丁目, where the municipality has such a town."""
    left_out = _LEFT_OUT.match(text.plain, at)
    if left_out is None or city is None:
        return text
    written = f"{text.plain[: left_out.end()]}条{text.plain[left_out.end() :]}"
    whole = Text(written, written.translate(FOLD), text.code)
    town = known_town(whole, at, city)
    return whole if town is not None and town.end == left_out.end() + len("条西") else text


def _without_municipality(text: Text) -> Place | None:
    """Town and number alone, as columns of streets have them: `一番町4番地の5`; None for what has no number, or one
    that begins with 0 (a phone's).
    """
    town = town_at(text, 0, None)
    block, building = taken_apart(text.plain[town.end :].lstrip(MARKS), has_chome=False)
    if not block or _LEADING_ZERO.search(text.plain):
        return None
    names = (town.name, town.key, town.letter + block, building)
    return Place("", "", "", *names, notes=(UNPARSED,), is_sure=False, is_listed=False)


def written_code(code: int) -> str:
    """1020094 is `102-0094`."""
    return f"{code // 10000:03}-{code % 10000:04}"


def _postal_code(plain: str) -> tuple[int | None, int]:
    """The code before the address, and where the address begins."""
    found = _CODE.match(plain) if plain[:1] in _CODE_FIRST else None
    return (int(found[1] + found[2]), found.end()) if found else (None, 0)


def only_code(town: Town | None) -> int | None:
    """The town's postal code, if it has only one."""
    return town.codes[0] if town is not None and len(town.codes) == 1 else None
