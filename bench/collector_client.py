"""A sender of events that never gives up, as tracking libraries do, in a process of its own.

`python bench/collector_client.py ADDRESS EVENTS` sends batches over several connections. Whatever is not answered with
200 is sent again, after the time that the answer asks for; now and then a batch that was acknowledged is sent again,
too, as a library does that has not heard the answer. Prints how far it is, and in the end what was answered.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from queue import Empty, Queue
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

BATCH = 100
CONNECTIONS = 8
AGAIN = 20
"""Every so many batches one is sent twice, though it was acknowledged."""
SLOW = 20
"""Every so many batches one goes with a key that is let through at a rate."""
_PATIENCE_SECONDS = 10


class Sending:
    """What all connections share: batches that wait, and what was answered."""

    def __init__(self, address: str, events: int) -> None:
        self.host = urlsplit(address).netloc
        self.batches: Queue[int] = Queue()
        self.answers: Counter[str] = Counter()
        self.acknowledged = 0
        self._lock = Lock()
        for first in range(0, events, BATCH):
            self.batches.put(first)
        self.events = events

    def note(self, answer: str, events: int = 0) -> None:
        with self._lock:
            self.answers[answer] += 1
            self.acknowledged += events

    def work(self) -> None:
        connection = http.client.HTTPConnection(self.host, timeout=_PATIENCE_SECONDS)
        while True:
            try:
                first = self.batches.get_nowait()
            except Empty:
                return
            body, headers = batch(first, self.events)
            times = 2 if first // BATCH % AGAIN == 0 else 1
            for _ in range(times):
                self._until_acknowledged(connection, body, headers)
            self.note("batches", min(BATCH, self.events - first))

    def _until_acknowledged(self, connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]) -> None:
        pause = 0.05
        while True:
            try:
                connection.request("POST", "/v1/batch", body=body, headers=headers)
                answer = connection.getresponse()
                told = answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self.note("cut")
                pause = min(pause * 2, 1.0)
                time.sleep(pause)
                continue
            self.note(str(answer.status))
            if answer.status == 200:
                assert json.loads(told)["rejected"] == [], told
                return
            time.sleep(float(answer.headers.get("Retry-After", pause)))


def batch(first: int, events: int) -> tuple[bytes, dict[str, str]]:
    """Events `first` and the following as a library sends them, every fourth batch packed."""
    number = first // BATCH
    body = json.dumps({"batch": list(_events(first, events)), "sentAt": _iso(time.time())}).encode()
    key = "bench-slow" if number % SLOW == 0 else "bench-free"
    headers = {"Content-Type": "application/json"}
    headers["Authorization"] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    if number % 4 == 0:
        return gzip.compress(body, 1), headers | {"Content-Encoding": "gzip"}
    return body, headers


def _events(first: int, events: int) -> Iterator[dict[str, Any]]:
    now = _iso(time.time())
    for number in range(first, min(first + BATCH, events)):
        yield {
            "type": "track",
            "event": ("Product Viewed", "Product Added", "Order Completed")[number % 3],
            "messageId": f"e-{number:08d}",
            "anonymousId": f"visitor-{number * 7919 % 100_003}",
            "userId": f"member-{number % 50_021}" if number % 3 else None,
            "properties": {"product_id": str(20_000 + number % 4000), "quantity": number % 5 + 1, "price": 12.5},
            "context": {
                "library": {"name": "bench", "version": "1.0"},
                "page": {"path": f"/products/{number % 4000}", "referrer": "https://search.example/", "title": "Tea"},
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
                "locale": "ja-JP",
            },
            "originalTimestamp": now,
        }


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


def main() -> None:
    address, events = sys.argv[1], int(sys.argv[2])
    sending = Sending(address, events)
    threads = [Thread(target=sending.work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.2)
        print(sending.acknowledged, flush=True)
    print(json.dumps({"acknowledged": sending.acknowledged, "answers": dict(sending.answers)}), flush=True)


if __name__ == "__main__":
    main()
