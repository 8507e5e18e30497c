"""What people write differently and mean alike in the names of places: one character for each of a kind."""

from __future__ import annotations

import re

from kumitate.cleanse.variants import variants

_ALIKE = """
囲圍 闘鬪 余餘 飲飮 茎莖 欠缺 荘庄 弁瓣 舗舖 鯵鰺 鴬鶯 潅灌 諌諫 砿礦 蕊蘂 蝿蠅 侭儘 篭籠 麩麸 潟泻 舟船 塚冢 賎賤 竃竈
頚頸 鈎鉤 掻搔 蝉蟬 醤醬 栃枥 躯軀
"""
"""Kanji that place names mix up, beside the variants of personal names: old and new ones, 荘 and 庄, 舟 and 船."""

_KE = "ケヶヵがガ"
_NO = "ノの之乃丿"
_SMALL = dict(zip("ァィゥェォッャュョヮ", "アイウエオツヤユヨワ", strict=True))
_DASHES = "‐‑‒–—―−─━﹣─"


def _table() -> dict[int, str]:
    folded: dict[str, str] = {}
    for hiragana in range(0x3041, 0x3097):
        katakana = chr(hiragana + 0x60)
        folded[chr(hiragana)] = _SMALL.get(katakana, katakana)
    folded |= _SMALL
    alike = {other: first for first, *others in map(list, _ALIKE.split()) for other in others}
    folded |= {other: alike.get(first, first) for other, first in variants().items()} | alike
    folded |= dict.fromkeys(_KE, "ケ") | dict.fromkeys(_NO, "ノ") | dict.fromkeys(_DASHES, "-")
    return {ord(old): new for old, new in folded.items()}


FOLD = _table()
"""For `str.translate`: one character becomes one, so that places in the text stay where they were."""

_DIGITS = {digit: number for number, digit in enumerate("〇一二三四五六七八九")} | {"零": 0, "壱": 1, "弐": 2, "参": 3}
_TENS = {"十": 10, "百": 100, "千": 1000}
_KANJI_NUMERAL = re.compile(
    r"[〇一二三四五六七八九十百千]+(?=[条番線号丁区ノ通町地軒]|$)|(?<=第)[〇一二三四五六七八九十百千]+"
)
_ARABIC_NUMERAL = re.compile(r"[0-9]+")


def fold(name: str) -> str:
    """`龍ケ崎` and `竜ヶ﨑` are `竜ケ崎`."""
    return name.translate(FOLD)


def number(numeral: str) -> int | None:
    """`二十四`, `二四` and `24` are 24; None for what is no number (`九九十`)."""
    if numeral.isascii():
        return int(numeral) if numeral.isdigit() and len(numeral) < _LONGEST else None
    if not any(character in _TENS for character in numeral):
        digits = "".join(str(_DIGITS[character]) for character in numeral) if len(numeral) < _LONGEST else ""
        return int(digits) if digits else None
    return _positional(numeral)


_LONGEST = 9


def _positional(numeral: str) -> int | None:
    total, digit, unit = 0, 0, _TENS["千"] * 10
    for character in numeral:
        if character in _TENS:
            if _TENS[character] >= unit:
                return None
            unit = _TENS[character]
            total, digit = total + (digit or 1) * unit, 0
        elif digit:
            return None
        else:
            digit = _DIGITS[character]
    return total + digit


def kanji(value: int) -> str:
    """24 is `二十四`; for numbers below ten thousand."""
    written = ""
    for sign, unit in (("千", 1000), ("百", 100), ("十", 10)):
        count, value = divmod(value, unit)
        written += ("" if count == 1 else "〇一二三四五六七八九"[count]) + sign if count else ""
    return written + ("〇一二三四五六七八九"[value] if value else "")


def spellings(name: str) -> tuple[str, ...]:
    """The folded name with its numerals as delivered, in digits and in kanji: `北24条西`, `北二十四条西`."""
    folded = fold(name)
    arabic = _KANJI_NUMERAL.sub(lambda found: str(number(found[0]) or found[0]), folded)
    written = _ARABIC_NUMERAL.sub(lambda found: kanji(int(found[0])) if len(found[0]) < 5 else found[0], folded)
    return tuple(dict.fromkeys(one for one in (folded, arabic, written) if one and not one.isdigit()))
