"""What the collector itself costs: events parsed, held to a contract, routed and written, a second of one core.

`python bench/collector_core.py`, a part of `make bench-collector`. CPU time of one process, so that neighbours do not
count; the best of some rounds, and the median beside it. Calls are as an SDK in a browser makes them (0.9 KB an event,
pages with products), each event has an id of its own, and what was kept is counted. Events go into a list: what a
stream or a disk costs is measured elsewhere.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kumitate.events.collecting import Collecting, Intake, Key, Terms
from kumitate.events.collector import Collector
from kumitate.model.event import Call, Event

TARGET = 5_000
"""Events a second of one core."""
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari"
CONTRACT = {
    "type": "object",
    "required": ["product_id", "price"],
    "properties": {
        "product_id": {"type": "string", "maxLength": 40},
        "price": {"type": "number", "minimum": 0},
        "quantity": {"type": "integer"},
        "currency": {"enum": ["JPY", "GBP"]},
        "url": {"type": "string", "format": "uri"},
        "products": {"items": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}},
    },
}
INTAKE = Intake(
    source="web_events",
    keys=(Key("pages", "shop-web", origins=("https://shop.example.jp",), events_per_second=1e9),),
    contracts=(Terms("product_added", "track", "Product Added", {"1.0": CONTRACT}, "flag", {}),),
    consent={"advertising": "advertising/ads"},
)
_HEADING = "calls              events a call   KB a call   events/s (best)   (median)"


class Kept:
    """Counts what it takes, once an id."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def take(self, events: Sequence[Event]) -> frozenset[int]:
        self.ids.update(event.id for event in events)
        return frozenset()


class Free:
    """Nobody waits."""

    def wait(self, key: str, events: int, *, per_second: float, now: datetime) -> float:  # noqa: ARG002 -- the port's
        return 0.0


@dataclass(frozen=True)
class Figure:
    """Events a second of one core, of some kind of calls."""

    calls: str
    events_a_call: int
    kb_a_call: float
    best: float
    median: float
    lost: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a taste: fewer events, fewer rounds")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = list(measured(2_000, 2) if given.small else measured(20_000, 5))
    if given.json:
        print(json.dumps([figure.__dict__ for figure in figures]))
    else:
        print(_HEADING)
        for each in figures:
            print(
                f"{each.calls:<22}{each.events_a_call:>10}{each.kb_a_call:>12.1f}{each.best:>18,.0f}{each.median:>11,.0f}"
            )
    lost = sum(figure.lost for figure in figures)
    is_reached = all(figure.best >= TARGET for figure in figures) and not lost
    if not given.json:
        print(f"target: {TARGET:,} events/s of one core, none lost: {'reached' if is_reached else 'MISSED'}")
    return 0 if is_reached else 1


def measured(events: int, rounds: int) -> Iterator[Figure]:
    """Batches, packed batches and single calls, of so many events each."""
    for name, size, is_packed in (("batches", 100, False), ("packed batches", 100, True), ("single calls", 1, False)):
        speeds, lost, calls = [], 0, list[Call]()
        for number in range(rounds):
            calls = list(_calls(events, size, is_packed=is_packed, salt=number))
            speed, missing = _speed(calls, events)
            speeds.append(speed)
            lost += missing
        kb = statistics.mean(len(call.body) for call in calls) / 1024
        yield Figure(name, size, kb, max(speeds), statistics.median(speeds), lost)


def _speed(calls: Sequence[Call], events: int) -> tuple[float, int]:
    """Events a second, and how many were not kept."""
    kept = Kept()
    collector = Collector(Collecting((INTAKE,)), intake=kept, rates=Free(), secret=str)
    collector.answer(calls[0])  # compiles the contract
    began = time.process_time()
    answers = [collector.answer(call) for call in calls]
    seconds = time.process_time() - began
    accepted = sum(json.loads(answer.body).get("accepted", 0) for answer in answers)
    return events / seconds, (events - accepted) + (events - len(kept.ids))


def _calls(events: int, size: int, *, is_packed: bool, salt: int) -> Iterator[Call]:
    headers = {"content-type": "text/plain", "origin": "https://shop.example.jp", "user-agent": AGENT}
    for first in range(0, events, size):
        items = [_event(f"ajs-{salt}-{place}", place) for place in range(first, first + size)]
        content = {"batch": items, "sentAt": "2026-11-22T11:59:59.900Z"} if size > 1 else items[0]
        body = json.dumps({**content, "writeKey": "shop-web"}, separators=(",", ":")).encode()
        path = "/v1/b" if size > 1 else "/v1/t"
        address = f"203.0.113.{first % 250}"
        yield Call("POST", path, headers, gzip.compress(body, 5) if is_packed else body, address, NOW)


def _event(id_: str, place: int) -> dict[str, object]:
    return {
        "timestamp": "2026-11-22T11:59:58.100Z",
        "type": "track",
        "event": "Product Added",
        "messageId": id_,
        "anonymousId": f"1e2ee2a5-6d96-403a-8452-{place % 5000:012d}",
        "userId": f"u{place % 3000}",
        "integrations": {"Segment.io": True},
        "properties": {
            "product_id": f"p{place % 900}",
            "price": 1200 + place % 7,
            "quantity": 1,
            "currency": "JPY",
            "url": f"https://shop.example.jp/products/{place % 900}",
            "products": [{"sku": "a-1", "price": 600}, {"sku": "a-2", "price": 600}],
        },
        "context": _context(place),
    }


def _context(place: int) -> dict[str, object]:
    path = f"/products/{place % 900}"
    return {
        "page": {"path": path, "title": "Tea", "url": f"https://shop.example.jp{path}", "referrer": ""},
        "userAgent": AGENT,
        "locale": "ja-JP",
        "library": {"name": "analytics.js", "version": "next-1.84.3"},
        "consent": {"categoryPreferences": {"advertising": bool(place % 2)}},
        "timezone": "Asia/Tokyo",
    }


if __name__ == "__main__":
    sys.exit(main())
