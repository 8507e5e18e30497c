"""What a trigger's decision costs, and what is remembered of a person.

`python bench/collector_triggers.py`, a part of `make bench-collector`. The example shop's web events are played in the
order in which they happened through the processor with the shop's own triggers, one event a call; the store holds JSON
text, so that each read and write is paid as it would be but for the network. Milliseconds are CPU time of this process.
State bytes are those at the end of the events, as the store keeps them (from 1,000 bytes on gzipped), with their key.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kumitate.errors import RecordError
from kumitate.events.matching import Matching
from kumitate.events.plan import Triggering
from kumitate.events.processor import Processor
from kumitate.events.reading import moment_at
from kumitate.events.triggering import triggering_of
from kumitate.events.words import most_bytes
from kumitate.model.event import MARKS, State
from kumitate.project import open_project

TARGET_MS = 20.0
PEOPLE = 1_000_000
SHOP = Path(__file__).parents[1] / "examples/shop"
_PACKED_FROM = 1_000


@dataclass(slots=True)
class Ports:
    """Store, timers and bus in memory."""

    texts: dict[str, tuple[str, int]] = field(default_factory=dict)
    waiting: dict[str, tuple[datetime, Mapping[str, Any]]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def read(self, keys: Sequence[str]) -> Mapping[str, State]:
        return {key: State(json.loads(self.texts[key][0]), self.texts[key][1]) for key in keys if key in self.texts}

    def write(self, key: str, data: Mapping[str, Any] | None, *, instead_of: int) -> bool:
        self.texts[key] = json.dumps(data, ensure_ascii=False, separators=(",", ":")), instead_of + 1
        return True

    def publish(self, entries: Iterable[tuple[str, Mapping[str, Any] | None]]) -> None:
        for key, data in entries:
            self.write(key, data, instead_of=0)

    def set(self, name: str, at: datetime, payload: Mapping[str, Any]) -> None:
        self.waiting[name] = at, payload

    def cancel(self, name: str) -> None:
        self.waiting.pop(name, None)

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        self.told.append(f"{detail_type} {detail['id']}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=40_000, help="the newest so many of the shop's web events")
    parser.add_argument("--small", action="store_true", help="5,000 of them")
    asked = parser.parse_args()
    files = sorted((SHOP / "data/generated").glob("web_events*.jsonl"))
    if not files:
        print("the example's events are not there; `python examples/shop/generate.py` makes them")
        return 1
    plan = triggering_of(open_project(SHOP).config)
    events = [*_events(files, Matching(plan))]
    ports, took, now = Ports(), [], datetime.fromtimestamp(0, UTC)
    processor = Processor(plan, ports, ports, ports, clock=lambda: now)
    newest = sorted(events)[-(5_000 if asked.small else asked.events) :]
    for at, line in newest:
        now = moment_at(at)
        for name, (when, payload) in sorted(ports.waiting.items(), key=lambda item: item[1][0]):
            if when > now:
                break
            del ports.waiting[name]
            took.append(_milliseconds(lambda payload=payload: processor.wake(payload)))
        took.append(_milliseconds(lambda line=line: processor.process([line])))
    print(f"of one person who fills every bound: p99 {statistics.quantiles(_full(plan), n=100)[98]:.2f} CPU ms")
    return _report(plan, ports, took, until=now)


def _full(plan: Triggering) -> list[float]:
    """Somebody who puts 300 products in their cart, one a second, and looks at the prices in between."""
    ports, begin = Ports(), datetime(2026, 3, 1, tzinfo=UTC)
    took, seconds = [], 0
    processor = Processor(plan, ports, ports, ports, clock=lambda: begin + timedelta(seconds=seconds))
    for seconds in range(300):
        at = (begin + timedelta(seconds=seconds)).isoformat()
        cart = {"cart_id": "c", "product_id": str(seconds), "name": f"product {seconds}" * 8, "price": seconds}
        track = {"type": "track", "event": "Product Added", "properties": cart}
        page = {"type": "page", "context": {"page": {"path": "/pricing"}}}
        for number, kind in enumerate((track, page)):
            who = {"messageId": f"{seconds}.{number}", "timestamp": at, "anonymousId": "a", "userId": "m"}
            line = json.dumps({**kind, **who, MARKS: {"source": "web_events"}})
            took.append(_milliseconds(lambda line=line: processor.process([line])))
    return took


def _events(files: Iterable[Path], matching: Matching) -> Iterable[tuple[int, str]]:
    for file in files:
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                marked = json.dumps({**json.loads(line), MARKS: {"source": "web_events"}})
                found = matching.notice(marked, now=2**50)
            except (ValueError, TypeError, RecordError):  # the example has broken lines on purpose
                continue
            if found is not None:
                yield found.at, marked


def _milliseconds(call: Any) -> float:
    started = time.process_time_ns()
    call()
    return (time.process_time_ns() - started) / 1e6


def _report(plan: Triggering, ports: Ports, took: list[float], *, until: datetime) -> int:
    cuts = statistics.quantiles(took, n=1000)
    print(f"decisions {len(took):,} (wakes included), fired {len(set(ports.told)):,} times")
    print(f"CPU ms a decision: p50 {cuts[499]:.2f}  p99 {cuts[989]:.2f}  p99.9 {cuts[998]:.2f}  max {max(took):.2f}")
    people, links = _sizes(ports, "person#", until), _sizes(ports, "link#", until)
    for name, sizes in (("person", people), ("link", links)):
        ordered = sorted(sizes)
        print(
            f"{name}: {len(ordered):,} items, mean {statistics.mean(ordered):,.0f} B, p99"
            f" {ordered[int(len(ordered) * 0.99)]:,} B, max {ordered[-1]:,} B;"
            f" {PEOPLE:,} of them {statistics.mean(ordered) * PEOPLE / 1e9:.2f} GB"
        )
    print(f"bound of a person's state, uncompressed: {most_bytes(plan):,} B")
    is_met = cuts[989] <= TARGET_MS
    print(f"target p99 <= {TARGET_MS:g} ms: {'met' if is_met else 'MISSED'}")
    return 0 if is_met else 1


def _sizes(ports: Ports, prefix: str, until: datetime) -> list[int]:
    """Bytes of the items that are still kept, with their keys."""
    found = []
    for key, (text, _) in ports.texts.items():
        if key.startswith(prefix) and json.loads(text).get("expires_at", 2**60) >= until.timestamp():
            plain = text.encode("utf-8", "surrogatepass")
            body = plain if len(plain) < _PACKED_FROM and plain.isascii() else gzip.compress(plain, 6)
            found.append(len(body) + len(key) + 40)  # version, expires_at and the attributes' names
    return found


if __name__ == "__main__":
    sys.exit(main())
