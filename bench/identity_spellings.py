"""How synthetic persons are written down: texts from numbers, with slips of the pen, in the notations of forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from identity_facts import MOBILES, Facts, Integers
from identity_names import VARIANTS, Lists, Names, foreign, joined

Texts = pa.Array
_OTHER_SPELLING, _VARIANT, _HALF_WIDTH, _HIRAGANA, _HONORIFIC = 0.02, 0.3, 0.15, 0.10, 0.01
_VOWELS = {
    "ア": "オ",
    "イ": "エ",
    "ウ": "オ",
    "オ": "ウ",
    "カ": "ガ",
    "キ": "ギ",
    "シ": "ジ",
    "ツ": "ヅ",
    "ト": "ド",
    "ヤ": "ア",
    "ズ": "ス",
    "ダ": "タ",
    "マ": "ミ",
    "ミ": "マ",
    "ナ": "ノ",
    "ラ": "タ",
    "リ": "ル",
    "ユ": "ヨ",
}
_DOMAINS = ("gmail.com", "yahoo.co.jp", "docomo.ne.jp", "icloud.com", "ezweb.ne.jp", "outlook.jp", "au.com")


def pick(texts: list[str] | Texts, numbers: Integers) -> Texts:
    return pa.array(texts, pa.string()).take(pa.array(numbers))


def _all(names: Lists, *, given: bool) -> Names:
    last, first = foreign()
    return joined((*names.first, first)) if given else joined((names.last, last))


def name(number: Integers, rng: np.random.Generator, names: Lists, *, given: bool = False, delivered: bool) -> Texts:
    """A name as it is written; some are spelt with other characters of the same reading, some in variant characters."""
    all_ = _all(names, given=given)
    if given:
        number = np.where(rng.random(len(number)) < _OTHER_SPELLING, _same_reading(all_)[number], number)
    if not delivered:
        return pick(all_.written, number)
    ways = [all_.written, [_variant(text) for text in all_.written], [text + "　様" for text in all_.written]]
    way = rng.choice(3, len(number), p=[1 - _VARIANT - _HONORIFIC, _VARIANT, _HONORIFIC])
    return pick([text for texts in ways for text in texts], way * len(all_.written) + number)


def _same_reading(names: Names) -> Integers:
    """For each name the next one that is read the same; itself where there is none."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(names.kana):
        places.setdefault(text, []).append(place)
    following = np.arange(len(names.kana))
    for text, alike in places.items():
        if text:
            following[alike] = np.roll(alike, 1)
    return following


def _variant(text: str) -> str:
    return "".join(VARIANTS.get(letter, letter) for letter in text)


def kana(number: Integers, rng: np.random.Generator, names: Lists, *, given: bool = False, **how: float) -> Texts:
    """A reading in katakana, wrong in one letter now and then; as delivered also in half width and hiragana."""
    all_ = _all(names, given=given).kana
    ways = [all_, [_misheard(text) for text in all_]]
    if how["delivered"]:
        ways += [[_half(text) for text in all_], [_hiragana(text) for text in all_]]
    shares = [0.0, how["wrong"], _HALF_WIDTH, _HIRAGANA][: len(ways)]
    shares[0] = 1 - sum(shares)
    way = rng.choice(len(ways), len(number), p=shares)
    texts = pick([text for texts in ways for text in texts], way * len(all_) + number)
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _misheard(text: str) -> str:
    """One letter that is often taken for another, else the last one lost."""
    for place in range(len(text) - 1, -1, -1):
        if text[place] in _VOWELS:
            return text[:place] + _VOWELS[text[place]] + text[place + 1 :]
    return text[:-1] or text


_FULL = (
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンァィゥェォッャュョー"
)
_HALF = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｧｨｩｪｫｯｬｭｮｰ"
_VOICED = dict(
    zip("ガギグゲゴザジズゼゾダヂヅデドバビブベボヴ", "カキクケコサシスセソタチツテトハヒフヘホウ", strict=True)
)
_TO_HALF = dict(zip(_FULL, _HALF, strict=True))
_TO_HALF |= {letter: _TO_HALF[plain] + "ﾞ" for letter, plain in _VOICED.items()}
_TO_HALF |= {letter: _TO_HALF[plain] + "ﾟ" for letter, plain in zip("パピプペポ", "ハヒフヘホ", strict=True)}
_TO_HIRAGANA = {point: point - 0x60 for point in range(0x30A1, 0x30F4)}


def _half(text: str) -> str:
    return "".join(_TO_HALF.get(letter, letter) for letter in text)


def _hiragana(text: str) -> str:
    return text.translate(_TO_HIRAGANA)


def birthdate(days: Integers, rng: np.random.Generator, *, wrong: float, delivered: bool) -> Texts:
    """ISO dates, some off by a day, ten days, a month or a year; as delivered also with strokes and in eras."""
    slip = rng.choice([1, -1, 10, -10, 31, -31, 365, -365], len(days))
    days = np.where(rng.random(len(days)) < wrong, days + slip, days)
    first = int(days.min())
    calendar = [date.fromordinal(day) for day in range(first, int(days.max()) + 1)]
    ways = [[day.isoformat() for day in calendar]]
    if delivered:
        ways += [[f"{day.year}/{day.month}/{day.day}" for day in calendar], [_era(day) for day in calendar]]
    way = rng.choice(len(ways), len(days), p=[1.0] if len(ways) == 1 else [0.6, 0.3, 0.1])
    return pick([text for texts in ways for text in texts], way * len(calendar) + days - first)


_ERAS = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
)


def _era(day: date) -> str:
    begin, era = next((begin, era) for begin, era in _ERAS if day >= begin)
    year = day.year - begin.year + 1
    return f"{era}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def latin_of(told: Facts, names: Lists) -> Texts:
    """What people put before the @ of their first address: `taro.yamada`."""
    given = pick(_all(names, given=True).latin, told["first"])
    return pc.binary_join_element_wise(given, pick(_all(names, given=False).latin, told["maiden"]), ".")


def email(number: Integers, latin: Texts, *, rng: np.random.Generator, wrong: float, delivered: bool) -> Texts:
    """An address per number; one letter of it is wrong now and then, as delivered also in capitals."""
    local = pc.binary_join_element_wise(latin, pc.cast(pa.array(number % 9973), pa.string()), "")
    texts = pc.binary_join_element_wise(local, pick(list(_DOMAINS), number % len(_DOMAINS)), "@")
    texts = _some(texts, rng, wrong, change=_mistyped)
    return pc.if_else(pa.array(rng.random(len(number)) < 0.05), pc.utf8_upper(texts), texts) if delivered else texts


def _mistyped(text: str, place: int) -> str:
    """Two letters swapped, one doubled or one lost."""
    at = place % max(len(text) - 2, 1)
    return (
        text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        text[: at + 1] + text[at:],
        text[:at] + text[at + 1 :],
    )[place % 3]


def _some(texts: Texts, rng: np.random.Generator, share: float, *, change: Callable[[str, int], str]) -> Texts:
    """`change` made to so many of the texts."""
    chosen = np.flatnonzero(rng.random(len(texts)) < share)
    places = rng.integers(0, 1 << 30, len(chosen))
    changed = [change(text, int(at)) for text, at in zip(texts.take(pa.array(chosen)).to_pylist(), places, strict=True)]
    mask = np.zeros(len(texts), dtype=np.bool_)
    mask[chosen] = True
    return pc.replace_with_mask(texts, pa.array(mask), pa.array(changed, pa.string()))


def phone(number: Integers, rng: np.random.Generator, *, wrong: float, delivered: bool) -> Texts:
    """E.164, one digit wrong now and then; as delivered with marks, country code or full-width digits."""
    slip = 10 ** rng.integers(0, 7, len(number)) * rng.choice([-1, 1], len(number))
    number = np.where(rng.random(len(number)) < wrong, np.abs(number + slip), number)
    mobile = number < MOBILES
    area = np.where(mobile, 7 + number // 80_000_000, 3)
    line = np.where(mobile, 10_000_000 + number % 80_000_000, 30_000_000 + (number - MOBILES) % 40_000_000)
    area_text = pc.if_else(
        pa.array(mobile), pc.binary_join_element_wise(pc.cast(pa.array(area), pa.string()), "0", ""), "3"
    )
    line_text = pc.cast(pa.array(line), pa.string())
    if not delivered:
        return pc.binary_join_element_wise("+81", area_text, line_text, "")
    head, tail = pc.utf8_slice_codeunits(line_text, 0, 4), pc.utf8_slice_codeunits(line_text, 4, 8)
    national = pc.binary_join_element_wise("0", area_text, "")
    ways = (
        pc.binary_join_element_wise(national, line_text, ""),
        pc.binary_join_element_wise(national, head, tail, "-"),
        pc.binary_join_element_wise("+81", area_text, head, tail, "-"),
        _full_width(pc.binary_join_element_wise(national, head, tail, "-")),
    )
    return pc.choose(pa.array(rng.choice(4, len(number), p=[0.4, 0.45, 0.05, 0.1])), *ways)


def _full_width(texts: Texts) -> Texts:
    for digit in "0123456789-":
        texts = pc.replace_substring(texts, digit, chr(ord(digit) + 0xFEE0))
    return texts


def address(told: Facts, rng: np.random.Generator, names: Lists, *, wrong: float, delivered: bool) -> dict[str, Texts]:
    """Postal code and address: one notation, or as delivered several, with and without prefecture and building."""
    count = len(told["town"])
    block = np.where(rng.random(count) < wrong, told["block"] + rng.choice([1, 100, 10_000], count), told["block"])
    parts = [pc.cast(pa.array(part), pa.string()) for part in (block // 10_000, block // 100 % 100, block % 100)]
    prefectures, cities, towns, codes = (list(column) for column in zip(*names.towns, strict=True))
    place = pick([city + town for city, town in zip(cities, towns, strict=True)], told["town"])
    dashes = pc.binary_join_element_wise(*parts, "-")
    if not delivered:
        return {
            "postal_code": pick([_postal(code) for code in codes], told["town"]),
            "address": pc.binary_join_element_wise(place, dashes, ""),
        }
    words = pc.binary_join_element_wise(parts[0], "丁目", parts[1], "番", parts[2], "号", "")
    block_text = pc.choose(pa.array(rng.choice(3, count, p=[0.5, 0.3, 0.2])), dashes, words, _full_width(dashes))
    prefecture = pc.if_else(pa.array(rng.random(count) < 0.6), pick(prefectures, told["town"]), "")
    building = pc.if_else(pa.array((told["room"] > 0) & (rng.random(count) < 0.7)), _building(told), "")
    postal = pc.choose(
        pa.array(rng.choice(3, count, p=[0.6, 0.3, 0.1])),
        *(pick([way(code) for code in codes], told["town"]) for way in (_postal, str, _marked)),
    )
    return {"postal_code": postal, "address": pc.binary_join_element_wise(prefecture, place, block_text, building, "")}


def _building(told: Facts) -> Texts:
    house = pick(
        [f"　{first}{second}" for first in ("サン", "グリーン", "メゾン", "パーク") for second in ("ハイツ", "コーポ")],
        told["block"] % 8,
    )
    return pc.binary_join_element_wise(house, pc.cast(pa.array(told["room"]), pa.string()), "")


def _postal(code: str) -> str:
    return f"{code[:3]}-{code[3:]}"


def _marked(code: str) -> str:
    return f"〒{_postal(code)}"
