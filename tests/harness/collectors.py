"""A collector as a process of its own, what it has laid into the lake, and a line to it that fails on purpose."""

import gzip
import http.client
import json
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import urlsplit

STALL = Path(__file__).parents[1] / "projects/stall"
KUMITATE = (sys.executable, "-m", "kumitate")


@dataclass
class Running:
    """`kumitate collect` under way."""

    process: subprocess.Popen[str]
    address: str
    lake: Path
    ended: dict[str, Any] = field(default_factory=dict)
    """What it told at its end."""

    @property
    def port(self) -> int:
        return urlsplit(self.address).port or 0

    def end(self) -> None:
        if not self.ended:
            self.process.send_signal(signal.SIGTERM)
            told, _ = self.process.communicate(timeout=60)
            self.ended = json.loads(told.splitlines()[-1])


def begin(lake: Path, *, project: Path = STALL, port: int = 0, land_every: str = "1s") -> Running:
    """Start a collector and wait until it listens."""
    command = [*KUMITATE, "collect", "--project", str(project), "--lake", str(lake), "--port", str(port)]
    process = subprocess.Popen([*command, "--land-every", land_every, "--json"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    began = json.loads(process.stdout.readline())
    return Running(process, began["address"], lake)


@contextmanager
def collector(lake: Path, **options: Any) -> Iterator[Running]:
    """A collector that is ended with the block."""
    running = begin(lake, **options)
    try:
        yield running
        running.end()
    finally:
        running.process.kill()
        running.process.communicate()


def landed(lake: Path, source: str = "web") -> list[dict[str, Any]]:
    """The events that lie in the source's files."""
    files = sorted((lake / "streamed" / source).glob("**/*.jsonl.gz"))
    return [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]


class _Line(BaseHTTPRequestHandler):
    """Hands a call on, and spoils its answer while there are faults left."""

    protocol_version = "HTTP/1.1"
    port: ClassVar[int]
    faults: ClassVar[deque[str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        far = http.client.HTTPConnection("127.0.0.1", self.port)
        far.request("POST", self.path, body=body, headers=dict(self.headers))
        answer = far.getresponse()
        told = answer.read()
        far.close()
        fault = self.faults.popleft() if self.faults else str(answer.status)
        if fault == "cut":
            self.close_connection = True
            return
        self.send_response(int(fault))
        if fault == "429":
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        """Nothing is logged."""


@contextmanager
def faulty_line(to: Running, *faults: str) -> Iterator[str]:
    """An address that hands calls on to the collector, and spoils the first answers: each call was kept all the same.

    `500` and `429` are answered instead, `cut` answers nothing and hangs up.
    """
    left = deque(faults)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Line", (_Line,), {"port": to.port, "faults": left}))
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
        assert not left, f"not every fault was met: {left}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class HandClock:
    """A clock that somebody sets."""

    now: datetime = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now
