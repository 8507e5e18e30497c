"""How people and clerks write things down: widths, eras, old kanji, typing errors."""

from __future__ import annotations

import unicodedata
from datetime import date
from random import Random

from .places import Address

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
_VOICED = ("", "\uff9e", "\uff9f")
_HALF = {
    ord(unicodedata.normalize("NFKC", chr(code) + mark)): chr(code) + mark
    for code in range(0xFF61, 0xFF9E)
    for mark in _VOICED
    if len(unicodedata.normalize("NFKC", chr(code) + mark)) == 1
}
_OLD_KANJI = str.maketrans("高崎辺斉斎沢浜広桜国", "髙﨑邊齊齋澤濱廣櫻國")
_ERAS = ((date(2019, 5, 1), "令和", "R"), (date(1989, 1, 8), "平成", "H"), (date(1926, 12, 25), "昭和", "S"))
_KANJI_DIGITS = "〇一二三四五六七八九"


def wide(text: str) -> str:
    """ASCII to its full-width forms: `090-1` → `０９０－１`."""
    return text.translate(_WIDE)


def half_kana(text: str) -> str:
    """Katakana as old registers keep it: `タナカ` → `ﾀﾅｶ`; digits and spaces become narrow too."""
    return unicodedata.normalize("NFKC", text).translate(_HALF)


def old_kanji(text: str) -> str:
    """`高崎` → `髙﨑`, as the family register has it."""
    return text.translate(_OLD_KANJI)


def typo(rng: Random, text: str) -> str:
    """One slip: two neighbours swapped, a character lost, or one typed twice."""
    if len(text) < 2:
        return text
    at = rng.randrange(len(text) - 1)
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return rng.choice((swapped, text[:at] + text[at + 1 :], text[: at + 1] + text[at:]))


def phone(rng: Random, digits: str) -> str:
    """`09012345678` in one of its usual notations."""
    parts = (digits[:3], digits[3:7], digits[7:]) if len(digits) == 11 else (digits[:2], digits[2:6], digits[6:])
    hyphens = "-".join(parts)
    notation = rng.random()
    if notation < 0.5:
        return hyphens
    if notation < 0.75:
        return digits
    return rng.choice((wide(hyphens), f"+81 {hyphens[1:]}", f"({parts[0]}){parts[1]}-{parts[2]}", " ".join(parts)))


def postal_code(rng: Random, digits: str) -> str:
    hyphen = f"{digits[:3]}-{digits[3:]}"
    return rng.choices((hyphen, digits, f"〒{hyphen}", wide(hyphen)), (6, 3, 1, 1))[0]


def birthdate(rng: Random, day: date) -> str:
    """`1980-04-05`, `1980/4/5`, `1980年4月5日`, `昭和55年4月5日`, `S55.4.5`, `19800405`."""
    start, era, letter = next(entry for entry in _ERAS if day >= entry[0])
    year = day.year - start.year + 1
    notations = (
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{era}{'元' if year == 1 else year}年{day.month}月{day.day}日",
        f"{letter}{year}.{day.month}.{day.day}",
        day.strftime("%Y%m%d"),
    )
    return rng.choices(notations, (8, 4, 2, 3, 2, 1))[0]


def address(rng: Random, home: Address) -> str:
    """`東京都新宿区西新宿1丁目2-3`, `…1-2-3`, `…１丁目２番３号`, `…一丁目2番3号`."""
    first, second, third = home.block
    blocks = (
        f"{first}-{second}-{third}",
        f"{first}丁目{second}-{third}",
        wide(f"{first}") + "丁目" + wide(f"{second}") + "番" + wide(f"{third}") + "号",
        f"{_KANJI_DIGITS[first]}丁目{second}番{third}号",
        wide(f"{first}-{second}-{third}"),
    )
    place = home.place
    area = f"{place.city}{place.town}" if rng.random() < 0.08 else f"{place.prefecture}{place.city}{place.town}"
    block = rng.choices(blocks, (5, 3, 2, 1, 1))[0]
    return f"{area}{block} {home.building}".strip()


def email(rng: Random, value: str) -> str:
    """Mostly as it is; sometimes capitals, a stray space, or a full-width sign."""
    spellings = (value, value.upper(), value.title(), f" {value} ", value.replace("@", "＠"))
    return rng.choices(spellings, (90, 2, 3, 3, 2))[0]


def company(rng: Random, name: str) -> str:
    """`株式会社青葉商事` in one of the ways a company writes itself."""
    bare = name.removeprefix("株式会社")
    if bare == name:
        return name
    forms = (name, f"(株){bare}", f"㈱{bare}", f"（株）{bare}", f"株式会社 {bare}")
    return rng.choices(forms, (5, 2, 2, 1, 1))[0]


def kanji_name(rng: Random, text: str) -> str:
    """As registered, sometimes in its old form, seldom with a typing error."""
    chance = rng.random()
    if chance < 0.08:
        return old_kanji(text)
    return typo(rng, text) if chance < 0.088 else text
