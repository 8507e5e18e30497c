"""A made-up table of customer records for `cleansing.py`: how often values repeat, and how dirty they are."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache

import pyarrow as pa

from kumitate.cleanse.addresses.master import master
from kumitate.cleanse.rules import Rule
from kumitate.config.source import Semantic

AS_OF = date(2026, 11, 22)
SEED = 20261122

_FAMILIES = """
    佐藤 鈴木 高橋 髙橋 田中 伊藤 渡辺 渡邉 山本 中村 小林 加藤 吉田 𠮷田 山田 佐々木 山口 松本 井上
    木村 林 斎藤 齋藤 清水 山崎 山﨑 森 池田 橋本 阿部
"""
FAMILIES = tuple(_FAMILIES.split())
_READINGS = """
    サトウ スズキ タカハシ タナカ イトウ ワタナベ ヤマモト ナカムラ コバヤシ カトウ ヨシダ ササキ
"""
READINGS = tuple(_READINGS.split())
LETTERS = "一二三太郎次介平和也美子花恵香奈優菜結衣翔大輝蓮陽葵凛咲真理紗智裕健誠浩明彦雄樹里"
_SYLLABLES = """
    タ ロウ ハ ナ コ ユウ キ ショウ ケン ジ ミ サキ リョウ マ エ ヒロ
"""
SYLLABLES = tuple(_SYLLABLES.split())
_DOMAINS = """
    gmail.com yahoo.co.jp docomo.ne.jp ezweb.ne.jp icloud.com example.co.jp outlook.jp hotmail.com
"""
DOMAINS = tuple(_DOMAINS.split())
_COMPANIES = """
    山田商店 東京製作所 みらい ひかり電機 日本システム グローバル サンライズ 北斗 大和 アルファ
"""
COMPANIES = tuple(_COMPANIES.split())
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}

Maker = Callable[[random.Random], str]


def rows(count: int) -> Mapping[str, pa.Array]:
    """Columns of a customer table: 70 % of its records are of people that it knows once, the others repeat them."""
    dice = random.Random(SEED)
    people = [number if dice.random() < 0.7 else dice.randrange(number + 1) for number in range(count)]
    return {name: pa.array(_column(name, maker, people), pa.string()) for name, (_, maker) in COLUMNS.items()}


def _column(name: str, maker: Maker, people: list[int]) -> list[str]:
    """A person's value is the same in each of its records, but one in ten times it is written in another way."""
    made: dict[int, str] = {}
    dice = random.Random(f"{SEED} {name}")
    for person in people:
        if person not in made:
            made[person] = maker(dice)
    return [maker(dice) if dice.random() < 0.1 else made[person] for person in people]


def _dirty(dice: random.Random, share: float) -> bool:
    return dice.random() < share


def _name(dice: random.Random) -> str:
    blank = "　" if _dirty(dice, 0.3) else " "
    title = " 様" if _dirty(dice, 0.02) else ""
    return dice.choice(FAMILIES) + blank + _given(dice) + title


def _given(dice: random.Random) -> str:
    return "".join(dice.choice(LETTERS) for _ in range(dice.randint(1, 3)))


def _family(dice: random.Random) -> str:
    return dice.choice(FAMILIES)


def _kana(dice: random.Random) -> str:
    reading = dice.choice(READINGS) + " " + "".join(dice.choice(SYLLABLES) for _ in range(dice.randint(2, 3)))
    form = dice.random()
    if form < 0.15:
        return "".join(chr(ord(char) - 0x60) if "ァ" <= char <= "ヶ" else char for char in reading)
    return reading.replace(" ", "　") if form < 0.3 else reading


def _company(dice: random.Random) -> str:
    """One in four is of the 2,000 biggest employers, as a share of employees is."""
    number = dice.randrange(2_000) if dice.random() < 0.25 else dice.randrange(200_000)
    name = f"{COMPANIES[number % 10]}{LETTERS[number // 10 % 40]}{LETTERS[number // 400 % 40]}"
    return dice.choice(("株式会社{}", "{}株式会社", "㈱{}", "(株){}", "有限会社{}", "{}", "{} Inc.")).format(name)


def _email(dice: random.Random) -> str:
    local = "".join(dice.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(dice.randint(4, 9)))
    address = f"{local}{dice.choice(('', '.', '_', '-'))}{dice.randrange(10_000)}@{dice.choice(DOMAINS)}"
    form = dice.random()
    if form < 0.05:
        return address.capitalize()
    return f" {address}" if form < 0.06 else address.replace("@", "") if form < 0.065 else address


def _phone(dice: random.Random) -> str:
    number = dice.choice(("090", "080", "070")) + f"-{dice.randint(1000, 9999)}-{dice.randint(0, 9999):04}"
    form = dice.random()
    if form < 0.2:
        number = f"03-{dice.randint(3200, 6999)}-{dice.randint(0, 9999):04}"
    shapes = ((0.45, number), (0.75, number.replace("-", "")), (0.85, "+81" + number[1:].replace("-", "")))
    written = next((shape for share, shape in shapes if form < share), None)
    if written is None:
        written = number.translate(FULL_WIDTH) if form < 0.9 else f"+81 {number[1:]}" if form < 0.99 else "000"
    return written


def _birthdate(dice: random.Random) -> str:
    day = AS_OF - timedelta(days=dice.randint(18 * 365, 85 * 365))
    form = dice.random()
    if form < 0.01:
        return f"S{day.year - 1925}.{day.month}.{day.day}" if 1927 <= day.year <= 1988 else "0000-00-00"
    return f"{day:%Y/%m/%d}" if form < 0.2 else f"{day:%Y-%m-%d}"


def _moment(dice: random.Random) -> str:
    moment = datetime(2024, 1, 1) + timedelta(seconds=dice.randrange(86_400 * 700))
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _amount(dice: random.Random) -> str:
    amount = int(dice.expovariate(1 / 8_000)) * 10
    form = dice.random()
    return f"¥{amount:,}" if form < 0.1 else f"{amount:,}" if form < 0.3 else str(amount)


def _gender(dice: random.Random) -> str:
    return dice.choice(("男性", "女性", "male", "female", "1", "2", "不明"))


def _member(dice: random.Random) -> str:
    return f"M{dice.randrange(10**9):09}"


def _postal_code(dice: random.Random) -> str:
    code = f"{100 + dice.randrange(900)}{dice.randrange(8):04}"
    form = dice.random()
    return f"{code[:3]}-{code[3:]}" if form < 0.7 else code if form < 0.95 else f"〒{code[:3]}-{code[3:]}"


@cache
def _places() -> list[str]:
    """Cities with their towns, as the postal master spells them."""
    cities = [city for city in master().cities if city.spelt]
    return [f"{city.prefecture}{city.name}{town}" for city in cities for town in city.spelt]


def _address(dice: random.Random) -> str:
    """One in three as forms print it, the others as people write; half live in a building with a name."""
    place = dice.choice(_places())
    a, b, c, room = dice.randint(1, 9), dice.randint(1, 40), dice.randint(1, 40), dice.randint(1, 12) * 100 + 1
    number = dice.choice((f"{a}-{b}-{c}", f"{a}丁目{b}番{c}号", f"{a}－{b}－{c}"))
    return f"{place}{number}" + (f"　サンハイツ{room}号室" if _dirty(dice, 0.5) else "")


COLUMNS: Mapping[str, tuple[Semantic, Maker]] = {
    "member_no": (Semantic.ID, _member),
    "name": (Semantic.NAME, _name),
    "family_name": (Semantic.NAME, _family),
    "kana": (Semantic.KANA, _kana),
    "company": (Semantic.COMPANY, _company),
    "email": (Semantic.EMAIL, _email),
    "phone": (Semantic.PHONE, _phone),
    "postal_code": (Semantic.POSTAL_CODE, _postal_code),
    "address": (Semantic.ADDRESS, _address),
    "birthdate": (Semantic.BIRTHDATE, _birthdate),
    "gender": (Semantic.GENDER, _gender),
    "amount": (Semantic.MONEY, _amount),
    "updated_at": (Semantic.TIMESTAMP, _moment),
}


def rule(column: str) -> Rule:
    return Rule(column, COLUMNS[column][0], (), "JP", "Asia/Tokyo", as_of=AS_OF)
