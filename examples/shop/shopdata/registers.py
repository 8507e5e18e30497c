"""Two customer registers: the online store's members (UTF-8) and the stores' loyalty cards (cp932, narrow kana)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from random import Random

from . import noise
from .clock import plain
from .dice import moment
from .files import Entry
from .people import NUMBERS_PER_COPY, Person, World
from .places import Address

MEMBER_COLUMNS = (
    "member_no", "customer_no", "last_name", "first_name", "last_kana", "first_kana", "birthdate", "gender", "email",
    "phone", "postal_code", "address", "registered_at", "updated_at",
)  # fmt: skip
CARD_COLUMNS = ("カード番号", "カナ氏名", "電話番号", "郵便番号", "住所カナ", "生年月日", "発行日", "店舗")
_STORES = ("新宿店", "梅田店", "栄店", "博多店", "札幌店", "仙台店")
_NO_PHONES = ("0000000000", "09000000000", "000-0000-0000", "090-1111-1111")
_NO_MAILS = ("test@example.com", "info@example.jp", "noreply@example.com")
_EXPORTED = datetime(2011, 12, 9, 23, 0)


def member_rows(world: World, people: Iterable[Person]) -> Iterator[Entry]:
    """Each account; a few stand there twice, as they were before a move and after."""
    for person in people:
        rng = world.dice("member", person.number)
        for account, member_no in enumerate(person.member_numbers):
            joined = person.joined[account]
            updated = moment(rng, joined, _EXPORTED)
            if person.former_home and rng.random() < 0.12:
                before = _member(rng, person, person.former_home)
                times = (plain(joined), plain(moment(rng, joined, updated)))
                yield Entry(member_no, person.key, (member_no, person.customers[account], *before, *times))
            now = _member(rng, _reregistered(rng, person) if account else person, person.home)
            customer_no = (
                noise.wide(str(person.customers[account])) if rng.random() < 0.005 else person.customers[account]
            )
            yield Entry(member_no, person.key, (member_no, customer_no, *now, plain(joined), plain(updated)))


def _reregistered(rng: Random, person: Person) -> Person:
    """Who registers again has often forgotten the password of an old mailbox."""
    return replace(person, email=person.other_email) if rng.random() < 0.6 else person


def _member(rng: Random, person: Person, home: Address) -> tuple[str, ...]:
    kana = (person.last.kana, person.first.kana)
    if rng.random() < 0.012:
        kana = (kana[0], noise.typo(rng, kana[1]))
    written = noise.half_kana if rng.random() < 0.04 else str
    return (
        noise.kanji_name(rng, person.last.kanji),
        noise.kanji_name(rng, person.first.kanji),
        written(kana[0]),
        written(kana[1]),
        noise.birthdate(rng, person.born),
        _gender(rng, person.gender),
        _email(rng, person),
        _phone(rng, person),
        noise.postal_code(rng, home.place.postal_code) if rng.random() < 0.97 else "",
        noise.address(rng, home),
    )


def _gender(rng: Random, gender: str) -> str:
    spellings = {"female": ("female", "女性", "F", "2", ""), "male": ("male", "男性", "M", "1", "")}
    return rng.choices(spellings[gender], (70, 15, 8, 2, 5))[0]


def _email(rng: Random, person: Person) -> str:
    chance = rng.random()
    if chance < 0.02:
        return ""
    return rng.choice(_NO_MAILS) if chance < 0.03 else noise.email(rng, person.email)


def _phone(rng: Random, person: Person) -> str:
    chance = rng.random()
    if chance < 0.05:
        return ""
    return rng.choice(_NO_PHONES) if chance < 0.07 else noise.phone(rng, person.phone)


def card_rows(world: World, people: Iterable[Person]) -> Iterator[Entry]:
    """Paper forms typed in by clerks: no e-mail, fields left out, and the surname of the day they were filled in."""
    for person in people:
        rng = world.dice("card", person.number)
        for card in range(person.cards):
            card_no = f"S{person.number + card * NUMBERS_PER_COPY // 2:07d}"
            yield Entry(card_no, person.key, (card_no, *_card(rng, person, card > 0)))


def _card(rng: Random, person: Person, reissued: bool) -> tuple[str, ...]:
    last = person.last if reissued or person.former_last is None else person.former_last
    home = person.home if reissued or person.former_home is None else person.former_home
    first_kana = noise.typo(rng, person.first.kana) if rng.random() < 0.02 else person.first.kana
    issued = moment(rng, datetime(2005, 4, 1), datetime(2011, 11, 30))
    block = "-".join(map(str, home.block))
    return (
        noise.half_kana(f"{last.kana} {first_kana}"),
        _phone(rng, person) if rng.random() < 0.85 else "",
        noise.postal_code(rng, home.place.postal_code) if rng.random() < 0.8 else "",
        noise.half_kana(f"{home.place.kana} {block}") if rng.random() < 0.6 else "",
        noise.birthdate(rng, person.born) if rng.random() < 0.75 else "",
        issued.strftime("%Y/%m/%d"),
        rng.choice(_STORES),
    )
