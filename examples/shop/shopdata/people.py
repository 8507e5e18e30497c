"""The true people behind the records: who they are, and which registers they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from .dice import dice, moment
from .orders import CUSTOMERS_APART, Orders
from .places import Address, Gazetteer, Gender, Name

NUMBERS_PER_COPY = 10_000
"""Room for the people of one copy in member, card and contact numbers."""
_REREGISTERED = 120
_WITHOUT_ORDERS = 150
_MAIL_HOSTS = ("example.com", "example.jp", "mail.example.jp", "example.ne.jp", "m.example.ne.jp", "example.net")
_MAIL_STYLES = ("{first}.{last}{n}", "{last}.{first}{n}", "{first}{n}", "{last}_{first}{n}", "{first}-{last}{n}")
_PREFIXES = (
    "1234", "2345", "3456", "4567", "5678", "6789", "9876", "8765", "7654", "6543", "5432", "4321",
    "1212", "2323", "3434", "4545", "5656", "6767", "7878", "8989", "2121", "3232", "4343", "5454",
    "6565", "7676", "8787", "9898", "1122", "2233", "3344", "4455", "5566", "6677", "7788", "8899",
)  # fmt: skip
_STEMS = (
    "青葉", "若松", "みどり", "朝日", "東海", "北斗", "日の出", "山手", "港", "富士見", "さくら", "光", "大和", "白樺",
    "千歳", "泉", "銀河", "南風", "瑞穂", "曙",
)  # fmt: skip
_TRADES = (
    "商事",
    "物産",
    "工業",
    "フーズ",
    "デザイン",
    "システム",
    "不動産",
    "印刷",
    "運輸",
    "雑貨店",
    "企画",
    "製作所",
)


@dataclass(frozen=True, slots=True)
class Company:
    """A business customer; an `inner_circle` firm studies prices without ever leaving its address."""

    number: int
    name: str
    host: str
    phone: str
    inner_circle: bool


@dataclass(frozen=True, slots=True)
class Person:
    """One human being; `customers` are their numbers in the orders, and
    `joined` when each account was opened (one moment for people without)."""

    number: int
    last: Name
    first: Name
    former_last: Name | None
    gender: Gender
    born: date
    home: Address
    former_home: Address | None
    mobile: str
    family_phone: str | None
    email: str
    other_email: str
    company: Company | None
    customers: tuple[int, ...]
    joined: tuple[datetime, ...]
    is_member: bool
    cards: int
    contacts: int

    @property
    def key(self) -> str:
        return f"P{self.number:07d}"

    @property
    def member_numbers(self) -> tuple[str, ...]:
        """The second account, where there is one, has a number of its own."""
        if not self.is_member:
            return ()
        accounts = range(max(1, len(self.customers)))
        return tuple(f"M{self.number + account * NUMBERS_PER_COPY // 2:07d}" for account in accounts)

    @property
    def phone(self) -> str:
        return self.family_phone or self.mobile


@dataclass(frozen=True, slots=True)
class World:
    """What one copy's people are drawn from."""

    seed: int
    copy: int
    orders: Orders
    gazetteer: Gazetteer

    def dice(self, *topic: object) -> Random:
        return dice(self.seed, self.copy, *topic)

    @property
    def first_number(self) -> int:
        return self.copy * NUMBERS_PER_COPY + 1


def draw_people(world: World) -> list[Person]:
    """Everyone of this copy; some live together, some hold two customer numbers, some have never ordered."""
    rng = world.dice("people")
    companies = _companies(world)
    people: list[Person] = []
    for number, customers in enumerate(_holdings(world, rng), start=world.first_number):
        person = _person(world, number, customers)
        person = _roles(rng, person)
        if person.contacts and rng.random() < 0.9:
            person = replace(person, company=rng.choice(companies))
        if people and rng.random() < 0.05:
            people[-1], person = _household(rng, people[-1], person)
        people.append(person)
    return people


def _holdings(world: World, rng: Random) -> Iterator[tuple[int, ...]]:
    numbers = [customer + world.copy * CUSTOMERS_APART for customer in sorted(world.orders.first_order)]
    rng.shuffle(numbers)
    yield from zip(numbers[:_REREGISTERED], numbers[_REREGISTERED : 2 * _REREGISTERED], strict=True)
    for customer in numbers[2 * _REREGISTERED :]:
        yield (customer,)
    for _ in range(_WITHOUT_ORDERS):
        yield ()


def _person(world: World, number: int, customers: tuple[int, ...]) -> Person:
    rng = world.dice("person", number)
    book = world.gazetteer
    gender = rng.choice(("female", "female", "male"))
    last, first = book.last.draw(rng), book.first[gender].draw(rng)
    married = gender == "female" and rng.random() < 0.04
    born = date(1931, 1, 1) + timedelta(days=int(rng.triangular(0, 62, 45) * 365.25))
    return Person(
        number=number,
        last=last,
        first=first,
        former_last=book.last.draw(rng) if married else None,
        gender=gender,
        born=born,
        home=book.address(rng),
        former_home=book.address(rng) if rng.random() < 0.1 else None,
        mobile=_mobile(number),
        family_phone=None,
        email=_email(rng, (last, first), number),
        other_email=_email(rng, (first, last), number),
        company=None,
        customers=customers,
        joined=tuple(_joined(world, rng, customer) for customer in customers) or (datetime(2011, 9, 1),),
        is_member=False,
        cards=0,
        contacts=0,
    )


def _joined(world: World, rng: Random, customer: int) -> datetime:
    """Early buyers joined in the years before; later ones shortly before their first order."""
    first = world.orders.first_order[customer - world.copy * CUSTOMERS_APART]
    if first < datetime(2011, 1, 10):
        return moment(rng, datetime(2006, 4, 1), datetime(2010, 11, 30))
    return moment(rng, first - timedelta(days=12), first)


def _mobile(number: int) -> str:
    """Patterned blocks that nobody mistakes for a harvest: 090-1234-…, 080-2345-…"""
    carrier, prefix = divmod(number // NUMBERS_PER_COPY, len(_PREFIXES))
    return ("090", "080", "070")[carrier % 3] + _PREFIXES[prefix] + f"{number * 7 % 10_000:04d}"


def _landline(copy: int, tail: int) -> str:
    prefix, area = divmod(copy, 4)
    return f"0{'3456'[area]}{_PREFIXES[prefix % len(_PREFIXES)]}{tail:04d}"


def _email(rng: Random, names: tuple[Name, Name], number: int) -> str:
    last, first = names
    local = rng.choice(_MAIL_STYLES).format(first=first.romaji, last=last.romaji, n=number)
    return f"{local}@{rng.choice(_MAIL_HOSTS)}"


def _roles(rng: Random, person: Person) -> Person:
    """Which registers know the person; without orders they are walk-ins with a card or leads of the sales team."""
    if not person.customers:
        walk_in = rng.random() < 0.4
        return replace(person, cards=int(walk_in), contacts=int(not walk_in))
    member = len(person.customers) > 1 or rng.random() < 0.92
    cards = 0 if rng.random() > 0.46 else 1 + (rng.random() < 0.04)
    contacts = 0 if rng.random() > 0.2 else 1 + (rng.random() < 0.05)
    return replace(person, is_member=member, cards=cards, contacts=contacts)


def _household(rng: Random, elder: Person, younger: Person) -> tuple[Person, Person]:
    """Two at one address, often on one telephone; seldom both give one person's e-mail."""
    phone = elder.family_phone or _landline(*divmod(elder.number, NUMBERS_PER_COPY))
    shared = phone if rng.random() < 0.6 else None
    mail = elder.email if rng.random() < 0.1 else younger.email
    together = replace(younger, last=elder.last, home=elder.home, family_phone=shared, email=mail)
    return replace(elder, family_phone=shared), together


def _companies(world: World) -> list[Company]:
    rng = world.dice("companies")
    names = [f"{stem}{trade}" for stem in _STEMS for trade in _TRADES]
    rng.shuffle(names)
    return [
        Company(
            number=world.copy * NUMBERS_PER_COPY + index,
            name=f"株式会社{name}" if rng.random() < 0.9 else f"{name}有限会社",
            host=f"kaisha{world.copy * NUMBERS_PER_COPY + index}.example.co.jp",
            phone=_landline(world.copy, 9_000 + index),
            inner_circle=index % 18 == 5,
        )
        for index, name in enumerate(names)
    ]
