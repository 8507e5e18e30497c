"""The sales team's CRM, in the shape of a Salesforce export: contacts and opportunities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from . import noise
from .clock import NOW, TOKYO, salesforce
from .dice import moment
from .files import Entry
from .people import NUMBERS_PER_COPY, Company, Person, World

_API = "/services/data/v67.0/sobjects"
_SOURCES = ("Web", "Trade Show", "Referral", "Phone Inquiry", "Partner")
_STAGES = ("Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost")
_PLANS = ("店頭什器", "卸契約", "ギフトカタログ", "法人ポイント", "季節フェア")


def contact_id(person: Person, card: int) -> str:
    return f"0035g{person.number + card * NUMBERS_PER_COPY // 2:010d}AAA"


def contact_email(person: Person) -> str:
    """Two of five write from the company's address."""
    if person.company and person.number % 5 < 2:
        return f"{person.last.romaji}.{person.first.romaji}{person.number}@{person.company.host}"
    return person.email


def contact_rows(world: World, people: Iterable[Person]) -> Iterator[Entry]:
    """Business cards typed in; some people were entered twice."""
    for person in people:
        rng = world.dice("contact", person.number)
        for entered in range(person.contacts):
            key = contact_id(person, entered)
            yield Entry(key, person.key, _contact(rng, person, key))


def _contact(rng: Random, person: Person, key: str) -> dict[str, Any]:
    created = moment(rng, datetime(2009, 4, 1, tzinfo=TOKYO), NOW - timedelta(days=5))
    home = person.home
    return {
        "attributes": {"type": "Contact", "url": f"{_API}/Contact/{key}"},
        "Id": key,
        "LastName": noise.kanji_name(rng, person.last.kanji) + (" 様" if rng.random() < 0.02 else ""),
        "FirstName": noise.kanji_name(rng, person.first.kanji) if rng.random() < 0.95 else None,
        "Email": noise.email(rng, contact_email(person)) if rng.random() < 0.9 else None,
        "Phone": _phone(rng, person),
        "MailingPostalCode": noise.postal_code(rng, home.place.postal_code) if rng.random() < 0.8 else None,
        "Title": rng.choice(("店長", "購買担当", "マネージャー", "代表", None)),
        "AccountId": _account_id(person.company),
        "Account": _account(rng, person.company),
        "LeadSource": rng.choice(_SOURCES),
        "CreatedDate": salesforce(created),
        "LastModifiedDate": salesforce(moment(rng, created, NOW)),
    }


def _phone(rng: Random, person: Person) -> str | None:
    chance = rng.random()
    if chance < 0.1:
        return None
    if chance < 0.3 and person.company:
        return noise.phone(rng, person.company.phone)
    return noise.phone(rng, person.mobile)


def _account_id(company: Company | None) -> str | None:
    return f"0015g{company.number:010d}AAA" if company else None


def _account(rng: Random, company: Company | None) -> dict[str, Any] | None:
    if company is None:
        return None
    url = f"{_API}/Account/{_account_id(company)}"
    return {"attributes": {"type": "Account", "url": url}, "Name": noise.company(rng, company.name)}


def opportunity_rows(world: World, people: Iterable[Person]) -> Iterator[Entry]:
    """Deals, each tied to its contact."""
    contacts = (person for person in people if person.contacts and person.company)
    for person in contacts:
        rng = world.dice("opportunity", person.number)
        for number in range(rng.choices((0, 1, 2, 3), (55, 30, 10, 5))[0]):
            key = f"0065g{person.number * 10 + number:010d}AAA"
            yield Entry(key, person.key, _opportunity(rng, person, key))


def _opportunity(rng: Random, person: Person, key: str) -> dict[str, Any]:
    stage = rng.choices(_STAGES, (20, 20, 15, 10, 20, 15))[0]
    created = moment(rng, datetime(2011, 1, 5, tzinfo=TOKYO), NOW - timedelta(days=3))
    closed = stage.startswith("Closed")
    close_by = moment(rng, created, NOW) if closed else NOW + timedelta(days=rng.randrange(5, 90))
    return {
        "attributes": {"type": "Opportunity", "url": f"{_API}/Opportunity/{key}"},
        "Id": key,
        "Name": f"{noise.company(rng, person.company.name) if person.company else ''} {rng.choice(_PLANS)}",
        "AccountId": _account_id(person.company),
        "ContactId": contact_id(person, 0),
        "StageName": stage,
        "Amount": float(rng.randrange(5, 400) * 100),
        "CurrencyIsoCode": "GBP",
        "CloseDate": close_by.strftime("%Y-%m-%d"),
        "IsClosed": closed,
        "IsWon": stage == "Closed Won",
        "CreatedDate": salesforce(created),
        "LastModifiedDate": salesforce(moment(rng, created, NOW)),
    }
