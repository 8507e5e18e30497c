"""The weekly newsletter's events: sent, delivered or bounced, opened, clicked, unsubscribed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from .clock import NOW, TOKYO
from .dice import unique_id
from .people import Person, World
from .support import has_newsletter

_FIRST_ISSUE = datetime(2011, 9, 8, 11, 0, tzinfo=TOKYO)
_LINKS = ("/sale", "/gift", "/products/85123a", "/pricing", "/stores")


@dataclass(frozen=True, slots=True)
class _Issue:
    """One newsletter."""

    number: int
    at: datetime

    @property
    def campaign_id(self) -> str:
        return f"NL{self.number:02d}"


def mail_events(world: World, people: Iterable[Person]) -> Iterator[dict[str, Any]]:
    for person in people:
        if has_newsletter(world, person):
            yield from _of_reader(world.dice("mail", person.number), person)


def _issues() -> Iterator[_Issue]:
    number, at = 1, _FIRST_ISSUE
    while at < NOW:
        yield _Issue(number, at)
        number, at = number + 1, at + timedelta(days=7)


def _of_reader(rng: Random, person: Person) -> Iterator[dict[str, Any]]:
    """Readers differ: some open nearly all, most open few; a dead mailbox bounces every week."""
    interest = rng.choices((0.02, 0.2, 0.75), (45, 40, 15))[0]
    dead = rng.random() < 0.02
    for issue in _issues():
        sent = issue.at + timedelta(seconds=rng.randrange(900))
        yield _event(rng, "sent", (person, issue, sent))
        after = sent + timedelta(seconds=rng.randrange(1, 90))
        yield _event(rng, "bounced" if dead else "delivered", (person, issue, after))
        if dead or rng.random() > interest:
            continue
        opened = min(after + timedelta(seconds=int(rng.expovariate(1 / 20_000))), NOW - timedelta(minutes=2))
        yield _event(rng, "opened", (person, issue, opened))
        if rng.random() < 0.18:
            yield _event(rng, "clicked", (person, issue, opened + timedelta(seconds=20)), link=rng.choice(_LINKS))
        elif rng.random() < 0.01:
            yield _event(rng, "unsubscribed", (person, issue, opened + timedelta(seconds=30)))
            return


def _event(rng: Random, event: str, what: tuple[Person, _Issue, datetime], **more: str) -> dict[str, Any]:
    person, issue, at = what
    return {
        "event_id": unique_id(rng),
        "event": event,
        "email": person.email,
        "campaign_id": issue.campaign_id,
        "subject": f"週刊ショップ便り 第{issue.number}号",
        "at": at.isoformat(timespec="seconds"),
    } | more
