"""Web behaviour around the real orders: shopping, browsing, carts left behind, research by business customers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from random import Random

from .clock import NOW, SINCE, local
from .dice import moment, unique_id
from .orders import CUSTOMERS_APART, Invoice, Line
from .people import Person, World
from .sales import contact_email
from .visits import Call, Visit

TABLETS = ("5e0b7ab1-0000-4000-8000-5149a4a00001", "5e0b7ab1-0000-4000-8000-5149a4a00002")
"""In two stores, members log in on the counter's tablet."""
_ONLINE_SHARE = 0.62
_STRANGERS = 700
_DOCUMENTS = ("wholesale-catalogue-2011.pdf", "gift-guide-winter.pdf", "display-fixtures.pdf", "price-list.pdf")
_PAGES = (("/", "Home"), ("/search", "Search"), ("/sale", "Sale"), ("/gift", "Gift ideas"), ("/stores", "Stores"))


def calls(world: World, people: Iterable[Person]) -> Iterator[Call]:
    """Every tracking call of this copy's people; some are delivered twice under one messageId."""
    rng = world.dice("deliveries")
    for person in people:
        for call in _of_person(world, person):
            yield call
            if rng.random() < 0.003:
                yield call
    yield from _strangers(world)


def _of_person(world: World, person: Person) -> Iterator[Call]:
    rng = world.dice("web", person.number)
    devices = [unique_id(rng) for _ in range(1 + (rng.random() < 0.35))]
    if person.is_member:
        for invoice in _invoices(world, person):
            if rng.random() < _ONLINE_SHARE:
                yield from _purchase(rng, rng.choice(devices), (person, invoice))
        yield from _browsing(world, rng, (person, devices))
    if person.contacts and rng.random() < 0.75:
        yield from _research(rng, devices[0], person)


def _invoices(world: World, person: Person) -> Iterator[Invoice]:
    for customer in person.customers:
        yield from world.orders.invoices.get(customer - world.copy * CUSTOMERS_APART, ())


def _purchase(rng: Random, device: str, bought: tuple[Person, Invoice]) -> list[Call]:
    """The visit that led to a real invoice; logged in at the latest before checkout."""
    person, invoice = bought
    visit = Visit(rng, device, local(invoice.at) - timedelta(minutes=8 + 2 * len(invoice.lines)))
    _arrive(visit, person, logs_in=rng.random() < 0.6)
    cart_id = f"C{unique_id(rng)[:8]}"
    for line in invoice.lines:
        visit.view(line)
        if rng.random() < 0.8 or line is invoice.lines[0]:
            visit.add(line, cart_id)
    if visit.member_no is None:
        visit.log_in(person.member_numbers[-1], person.email)
    visit.page("/checkout", "Checkout")
    visit.track("Checkout Started", cart_id=cart_id)
    visit.at = max(visit.at, local(invoice.at))
    revenue = round(sum(line.quantity * line.price for line in invoice.lines), 2)
    visit.track("Order Completed", order_id=invoice.invoice_no, revenue=revenue, currency="GBP", cart_id=cart_id)
    return visit.calls


def _arrive(visit: Visit, person: Person, *, logs_in: bool) -> None:
    visit.page(*visit.rng.choice(_PAGES))
    if logs_in:
        visit.log_in(person.member_numbers[-1], person.email)
    if visit.rng.random() < 0.4:
        visit.page("/search", "Search")
        visit.track("Products Searched", query=visit.rng.choice(("candle", "clock", "bag", "lantern", "クリスマス")))


def _browsing(world: World, rng: Random, who: tuple[Person, list[str]]) -> Iterator[Call]:
    """Visits without a purchase; the last week's are more, for Christmas is near."""
    person, devices = who
    for _ in range(rng.choices((0, 1, 2, 3, 5, 8), (25, 25, 20, 15, 10, 5))[0]):
        since = NOW - timedelta(days=7) if rng.random() < 0.14 else SINCE
        device = rng.choice(TABLETS) if person.cards and rng.random() < 0.03 else rng.choice(devices)
        visit = Visit(rng, device, moment(rng, since, NOW - timedelta(hours=1)))
        _arrive(visit, person, logs_in=device in TABLETS or rng.random() < 0.6)
        _look_around(visit, world.orders.products)
        yield from visit.calls


def _look_around(visit: Visit, products: tuple[Line, ...]) -> None:
    """Some products; now and then one stays in a cart."""
    rng = visit.rng
    cart_id = f"C{unique_id(rng)[:8]}"
    fills_cart = rng.random() < 0.13
    for line in rng.sample(products, rng.randint(1, 5)):
        visit.view(line)
        if fills_cart and rng.random() < 0.6:
            visit.add(line, cart_id)
    if fills_cart and rng.random() < 0.4:
        visit.page("/checkout", "Checkout")
        visit.track("Checkout Started", cart_id=cart_id)


def _research(rng: Random, device: str, person: Person) -> Iterator[Call]:
    """Business customers read prices and fetch documents; an inner circle reads much and fills in nothing."""
    inner = person.company is not None and person.company.inner_circle
    keen = inner or rng.random() < 0.12
    for _ in range(rng.randint(2, 4) if keen else rng.choices((0, 1, 2), (3, 4, 3))[0]):
        since = NOW - timedelta(days=7) if keen else SINCE
        visit = Visit(rng, device, moment(rng, since, NOW - timedelta(hours=1)))
        visit.page("/business", "For business")
        _read_prices(visit, keen)
        if rng.random() < 0.35:
            _fetch(visit, person)
        if not inner and rng.random() < 0.12:
            _ask(visit, person)
        yield from visit.calls


def _read_prices(visit: Visit, keen: bool) -> None:
    for _ in range(visit.rng.randint(1, 3) if keen else visit.rng.randint(0, 2)):
        visit.page("/pricing", "Pricing")


def _fetch(visit: Visit, person: Person) -> None:
    """Documents ask for an account or an e-mail address."""
    visit.log_in(person.member_numbers[-1] if person.is_member else None, contact_email(person))
    visit.track("Document Downloaded", document=visit.rng.choice(_DOCUMENTS))


def _ask(visit: Visit, person: Person) -> None:
    visit.page("/contact", "Contact us")
    visit.log_in(person.member_numbers[-1] if person.is_member else None, contact_email(person))
    visit.track("Form Submitted", form="business_inquiry")


def _strangers(world: World) -> Iterator[Call]:
    """Visitors nobody has met yet, and whoever else stands at the counter's tablets."""
    rng = world.dice("strangers")
    devices = [unique_id(rng) for _ in range(_STRANGERS)] + list(TABLETS) * 5
    for device in devices:
        for _ in range(rng.choices((1, 2, 3), (6, 3, 1))[0]):
            visit = Visit(rng, device, moment(rng, SINCE, NOW - timedelta(hours=1)))
            visit.page(*rng.choice(_PAGES))
            _look_around(visit, world.orders.products)
            yield from visit.calls
