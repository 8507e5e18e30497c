"""Support tickets and consent records: what people asked for, and what they allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random

from .clock import NOW, SINCE, TOKYO, plain
from .dice import moment
from .files import Entry
from .people import Person, World

TICKET_COLUMNS = ("ticket_no", "status", "opened_at", "updated_at", "member_no", "email", "channel", "subject")
CONSENT_COLUMNS = ("member_no", "email", "purpose", "channel", "granted", "at", "source")
_SUBJECTS = (
    "配送が届きません", "返品したい", "領収書の発行について", "ログインできない", "ポイントの付与",
    "卸価格の問い合わせ", "Damaged item", "Invoice copy please",
)  # fmt: skip
_PURPOSES = (
    ("marketing", "email", 0.60, 0.15),
    ("marketing", "sms", 0.25, 0.30),
    ("marketing", "phone", 0.30, 0.30),
    ("advertising", "ads", 0.50, 0.20),
    ("analytics", "any", 0.65, 0.10),
)
"""Purpose, channel, share granted, share refused; the rest never answered."""


def ticket_rows(world: World, people: Iterable[Person]) -> Iterator[Entry]:
    """Buyers write in; subjects keep their line breaks and quotation marks."""
    for person in people:
        rng = world.dice("ticket", person.number)
        if not person.is_member or rng.random() > 0.19:
            continue
        for number in range(1 + (rng.random() < 0.1)):
            key = f"T{person.number * 2 + number:07d}"
            yield Entry(key, person.key, (key, *_ticket(rng, person)))


def _ticket(rng: Random, person: Person) -> tuple[str, ...]:
    opened = moment(rng, SINCE, NOW - timedelta(hours=2))
    recent = opened > NOW - timedelta(days=30)
    still_open = rng.random() < (0.4 if recent else 0.05)
    subject = rng.choice(_SUBJECTS)
    if rng.random() < 0.25:
        subject = f'{subject}\n"至急"お願いします、注文の件'
    member_no, email = (person.member_numbers[-1], "") if rng.random() < 0.6 else ("", person.email)
    status = "open" if still_open else "closed"
    updated = plain(moment(rng, opened, NOW))
    return (status, plain(opened), updated, member_no, email, rng.choice(("mail", "phone", "chat")), subject)


def consent_rows(world: World, people: Iterable[Person]) -> Iterator[tuple[object, ...]]:
    """Answers per purpose and channel, and later changes of mind; many never answered."""
    for person in people:
        rng = world.dice("consent", person.number)
        if person.is_member and rng.random() < 0.88:
            yield from _answers(rng, (person.member_numbers[0], ""), person.joined[0])
        elif person.contacts and rng.random() < 0.7:
            yield from _answers(rng, ("", person.email), datetime(2011, 4, 1))


def _answers(rng: Random, who: tuple[str, str], joined: datetime) -> Iterator[tuple[object, ...]]:
    since = joined.replace(tzinfo=TOKYO)
    for purpose, channel, granted, refused in _PURPOSES:
        chance = rng.random()
        if chance >= granted + refused:
            continue
        at = moment(rng, since, NOW)
        yield (*who, purpose, channel, _yes_no(rng, chance < granted), plain(at), "registration")
        if chance < granted and rng.random() < 0.09:
            later = moment(rng, at, NOW)
            yield (*who, purpose, channel, "false", plain(later), "withdrawn")
            if rng.random() < 0.15:
                yield (*who, purpose, channel, "true", plain(moment(rng, later, NOW)), "preference_centre")


def _yes_no(rng: Random, granted: bool) -> str:
    return rng.choices(("true", "1", "yes") if granted else ("false", "0", "no"), (8, 1, 1))[0]


def has_newsletter(world: World, person: Person) -> bool:
    """Old subscribers get the weekly mail whether or not they ever answered the consent form."""
    return person.is_member and world.dice("newsletter", person.number).random() < 0.5
