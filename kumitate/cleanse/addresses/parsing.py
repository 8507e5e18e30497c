"""Takes a Japanese address apart: prefecture, municipality, town by the postal master; block and building by rules."""

from __future__ import annotations

import re
from typing import NamedTuple

from kumitate.cleanse.addresses.blocks import taken_apart
from kumitate.cleanse.addresses.master import Town
from kumitate.cleanse.addresses.municipalities import municipality
from kumitate.cleanse.addresses.towns import Text, town_at

_CODE = re.compile(r"[^0-9A-Za-z\u3040-\u30ff\u3400-\u9fff]*([0-9]{3})-?([0-9]{4})(?![0-9-]) ?")
_CODE_FIRST = frozenset("〒0123456789(T")


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

    @property
    def written(self) -> str:
        """The whole address in one notation; a blank keeps numbers apart, and the building from the block."""
        place = f"{self.prefecture}{self.city}{self.street}{self.town}"
        if self.block:
            place = f"{place} {self.block}" if place[-1:].isdigit() else place + self.block
        return f"{place} {self.building}" if self.building else place

    @property
    def key(self) -> str | None:
        """`東京都|千代田区|紀尾井町|1-3`; None unless the place is told down to its number."""
        if not (self.is_sure and self.block):
            return None
        return f"{self.prefecture}|{self.city}|{self.town_key}|{self.block}"


def place_of(plain: str, folded: str) -> Place | None:
    """The place that a unified text tells; None where no municipality can be made out.

    `folded` is `plain` folded, character for character.
    """
    code, at = _postal_code(plain)
    text = Text(plain, folded, code)
    found = municipality(text, at)
    if found is None:
        return None
    town = town_at(text, found.end, found.city)
    has_chome = town.listed is not None and town.listed.has_chome
    block, building = taken_apart(plain[town.end :].lstrip(" "), has_chome=has_chome)
    block = town.letter + block
    is_unlisted = town.name and town.listed is None and found.city is not None
    notes = (*found.notes, "town_unlisted") if is_unlisted else found.notes
    code = code if code is not None else _only_code(town.listed)
    names = (found.prefecture, found.name, town.name, town.key, block, building, town.street, notes)
    is_sure = found.city is not None and town.is_one
    return Place(written_code(code) if code is not None else "", *names, is_sure)


def written_code(code: int) -> str:
    """1020094 is `102-0094`."""
    return f"{code // 10000:03}-{code % 10000:04}"


def _postal_code(plain: str) -> tuple[int | None, int]:
    """The code before the address, and where the address begins."""
    found = _CODE.match(plain) if plain[:1] in _CODE_FIRST else None
    return (int(found[1] + found[2]), found.end()) if found else (None, 0)


def _only_code(town: Town | None) -> int | None:
    return town.codes[0] if town is not None and len(town.codes) == 1 else None
