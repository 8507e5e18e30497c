"""What stands behind the town: 丁目, 番地 and 号 in every notation as digits, then the building."""

from __future__ import annotations

import re
from typing import NamedTuple

from kumitate.cleanse.addresses.folding import number

_KANJI = "〇零一二三四五六七八九十百千壱弐参"
_UNIT = r"(?:丁目?|番地[のノ之]|番[のノ之]|番地|番|号|地割|地|街区|[区条線字]|-|[のノ之乃丿])"
# A number that names a room, a floor or a house is the building's; 番町 and 条 belong to names of towns.
_OTHER = (
    r"(?![A-Z]?(?:[号番]?室|棟)|号館|号車|階|F(?![a-z])|番館|番街|番町|号線|通|町|村|軒|[区条線](?!第?[東西南北]?[0-9])"
    r"|[A-Za-z](?:\s|$|[(),]))"
)
# Kanji that are no numeral but a name (三井ビル) have no unit behind them.
_NUMERAL = rf"(?:[0-9]++|[{_KANJI}]++(?=丁|番|号|地割|地|-|[のノ之乃丿][0-9{_KANJI}]|[0-9]|\s|$|[(,、]))"
_SIDE = r"[東西南北]?"
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスい-ん"
_LETTERS = f"A-Z甲乙丙丁戊己庚辛壬癸{_IROHA}"
_LETTER = rf"(?:[{_LETTERS}](?=-?[0-9])-?)?"
LEADING = re.compile(rf"[東西南北{_LETTERS}]")
"""What may stand before a number as part of it: `東23-1`, `イ9-65`, `甲1234`."""
_BLOCK = re.compile(
    rf"{_LETTER}第?{_SIDE}{_NUMERAL}{_OTHER}(?:{_UNIT} ?第?{_SIDE}{_NUMERAL}{_OTHER})*+"
    r"(?:丁目|番地|番(?![町街館])|号|地割)?"
)
NUMERAL_BEFORE_UNIT = rf"[{_KANJI}]+(?:丁目?|番地?(?![町館])|号|地割|-[0-9]|[のノ之乃丿][0-9{_KANJI}])"
_UNNUMBERED = re.compile(r"無番地|番外地")
# The most frequent notation needs no reading.
_PLAIN = re.compile(r"[1-9][0-9]{0,7}(?:-[1-9][0-9]{0,7})*+(?=\s|$)")
_PIECES = re.compile(rf"({_SIDE})([0-9]+|[{_KANJI}]+)")
MARKS = " -・,、/"
"""What may part a block from its building, and says nothing."""
_ROOM = 101
_SURE = 9
_WITH_ROOM = 4


class Rest(NamedTuple):
    """`block` in digits with hyphens (`1-2-3`), `building` with its room; empty where there is none."""

    block: str
    building: str


def taken_apart(rest: str, *, has_chome: bool) -> Rest:
    """`3丁目5番12号サンハイツ101号室` is 3-5-12 and サンハイツ101号室.

    In a town of 丁目 a fourth number of three digits and more is a room: `3-5-12-405`.
    """
    found = _PLAIN.match(rest)
    if found is not None:
        pieces: list[str] | None = found[0].split("-")
    else:
        found = _BLOCK.match(rest) or _UNNUMBERED.match(rest)
        pieces = _numbers(found[0]) if found is not None else None
    if found is None or pieces is None:
        return Rest("", rest.lstrip(f"{MARKS}ー").rstrip(MARKS))
    building = _building(rest[found.end() :])
    if has_chome and len(pieces) == _WITH_ROOM and pieces[-1].isdigit() and int(pieces[-1]) >= _ROOM and not building:
        building = pieces.pop()
    return Rest("-".join(pieces), building)


def begins_block(text: str, at: int) -> bool:
    return bool(_BLOCK.match(text, at) or _UNNUMBERED.match(text, at))


def _numbers(written: str) -> list[str] | None:
    """None where a numeral cannot be read."""
    if _UNNUMBERED.match(written):
        return [written]
    pieces = []
    for side, numeral in _PIECES.findall(written):
        value = int(numeral) if len(numeral) < _SURE and numeral.isdecimal() else number(numeral)
        if value is None:
            return None
        pieces.append(f"{side}{value}")
    letter = written[0]
    if not letter.isdigit() and letter not in _KANJI and letter not in "第東西南北":
        pieces[0] = f"{letter}{pieces[0]}"
    return pieces


def _building(rest: str) -> str:
    """Without the marks that part it from the block."""
    if not rest:
        return ""
    building = rest.lstrip(f"{MARKS}ー").rstrip(MARKS)
    if building.startswith("(") and building.endswith(")") and building.count("(") == 1:
        return building[1:-1].strip(MARKS)
    return building
