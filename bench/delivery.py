"""Delivery measured: the share of time a destination of 5 ms is at work, and what one that is down costs the others.

`make bench-delivery`, or `python bench/delivery.py --small` for a taste. The destination is a process of its own; the
lake is a real one, with the changes of a sync in it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from delivery_data import RUN, SETTINGS, world

from kumitate.activation.destinations.registry import destination_class
from kumitate.errors import RetryableError
from kumitate.execution.deliver import Route
from kumitate.execution.flight import Threaded
from kumitate.execution.grants import Credentials
from kumitate.execution.sending import Patience, Sender
from kumitate.execution.transport import HttpTransport
from kumitate.model.request import Request, Response
from kumitate.ports import Mark, Transport

TARGET_SHARE = 0.90
TARGET_COST = 0.05
"""A healthy account may take so much longer beside one that is down: the noise of two shared cores."""
_HOUR = 3600.0

_HEADING = """\
                          rows a            seconds under way  between   share  by CPU
destination      rows    request requests   in all"""

ROWS = {"salesforce": (200_000, 200), "slack": (1_000, 1), "meta": (100_000, 10_000)}
"""Rows, and rows a request."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--small", action="store_true", help="a tenth of the rows")
    part = 10 if options.parse_args().small else 1
    missed = []
    with vendor() as port, tempfile.TemporaryDirectory() as folder:
        print(_HEADING)
        for type_, (rows, batch) in ROWS.items():
            share = measured(type_, rows // part, Path(folder) / type_, port=port, batch=batch)
            missed += [type_] if share < TARGET_SHARE else []
        cost = isolation(Path(folder), port, rows=100_000 // part)
    print(
        f"target: the destination is waited for {TARGET_SHARE:.0%} of the time; missed by {', '.join(missed) or 'none'}"
    )
    print(f"target: an account that is down costs the others no more than {TARGET_COST:.0%}: {cost:+.1%}")
    return int(bool(missed) or cost > TARGET_COST)


def measured(type_: str, rows: int, folder: Path, *, port: int, batch: int) -> float:
    """The share of the time, from the first request to the last answer, in which the destination was waited for.

    `by CPU` is the share that is left when only our own work between two requests is held against it: on a machine
    that others use as well, wall clocks count their work too. `in all` has reading and writing the lake besides.
    """
    destination = destination_class(type_).model_validate(SETTINGS[type_])
    with world(folder, {type_: (type_, rows)}) as delivery, ExitStack() as stack:
        figures(port)
        meter = Meter(_transport(port))
        sender = _sender(stack, meter)
        started = time.perf_counter()
        delivery.bring([Route(sender, {type_: destination})])
        seconds = time.perf_counter() - started
    told = figures(port)
    assert told["requests"] == -(-rows // batch), "calls = changes ÷ the vendor's maximum, rounded up"
    waited = meter.under_way / (meter.under_way + meter.between)
    by_cpu = told["seconds"] / (told["seconds"] + meter.cpu_between)
    print(
        f"{type_:12} {rows:>8,} {batch:>7,} {told['requests']:>8,.0f} {seconds:>8.2f} {meter.under_way:>9.2f}"
        f" {meter.between:>8.2f} {waited:>7.1%} {by_cpu:>7.1%}"
    )
    return waited


def isolation(folder: Path, port: int, *, rows: int) -> float:
    """How much longer two healthy accounts take beside one that is down for an hour by its clock, in parts of one.

    The hour is played in the time that the others need: first its connections are refused, then they hang.
    """
    alone: list[float] = []
    beside: list[float] = []
    for turn in range(3):
        alone.append(_together(folder / f"alone{turn}", port, rows=rows, down_seconds=0.0))
        beside.append(_together(folder / f"beside{turn}", port, rows=rows, down_seconds=alone[-1]))
    print(f"two healthy accounts alone {min(alone):.2f} s, beside one that is down for an hour {min(beside):.2f} s")
    return min(beside) / min(alone) - 1


def _together(folder: Path, port: int, *, rows: int, down_seconds: float) -> float:
    """Seconds until the slower of two healthy accounts is done."""
    names = {"one": ("salesforce", rows), "two": ("salesforce", rows), "down": ("salesforce", 200)}
    crm = destination_class("salesforce").model_validate(SETTINGS["salesforce"])
    with world(folder, names) as delivery, ExitStack() as stack:
        routes = [Route(_sender(stack, _transport(port)), {name: crm}) for name in ("one", "two")]
        if down_seconds:
            routes.append(Route(Hour(_HOUR / down_seconds, port).sender(stack), {"down": crm}))
        ends: dict[str, float] = {}
        watched = _Ends(delivery.lake, ends)
        object.__setattr__(delivery, "lake", watched)
        started = time.perf_counter()
        delivery.bring(routes)
        if down_seconds:
            assert ends["down"] - started > 0.9 * down_seconds, "the account was tried all the hour long"
    return max(ends["one"], ends["two"]) - started


@dataclass
class Meter:
    """A transport that tells how long requests were under way, and what passed between an answer and the next one."""

    transport: HttpTransport
    under_way: float = 0.0
    between: float = 0.0
    cpu_between: float = 0.0
    _landed: tuple[float, float] | None = None

    def send(self, request: Request) -> Response:
        begun, cpu = time.perf_counter(), time.process_time()
        if self._landed is not None:
            self.between += begun - self._landed[0]
            self.cpu_between += cpu - self._landed[1]
        response = self.transport.send(request)
        self._landed = time.perf_counter(), time.process_time()
        self.under_way += self._landed[0] - begun
        return response


@dataclass
class _Ends:
    """The lake, noting when a sync's outcomes are in it."""

    lake: Any
    ends: dict[str, float]

    def done_by(self, table: Any, step: str) -> str:
        return str(self.lake.done_by(table, step))

    def prepare(self, tables: Any) -> None:
        self.lake.prepare(tables)

    def write(self, table: Any, batches: Any, mark: Mark) -> int:
        rows: int = self.lake.write(table, batches, mark)
        self.ends[mark.step.removeprefix("deliver.")] = time.perf_counter()
        return rows


@dataclass
class Hour:
    """An account that is down for an hour by its own clock, which runs `speed` times as fast as ours."""

    speed: float
    port: int

    _started: float = 0.0

    def clock(self) -> datetime:
        self._started = self._started or time.perf_counter()
        return RUN.as_of + timedelta(seconds=(time.perf_counter() - self._started) * self.speed)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)

    def sender(self, stack: ExitStack) -> Sender:
        return Sender(
            connect=lambda: self,
            clock=self.clock,
            sleep=self.sleep,
            patience=Patience(rounds=100, first_wait_seconds=60, longest_wait_seconds=_HOUR),
            line=Threaded(stack.enter_context(ThreadPoolExecutor(1))),
        )

    def send(self, request: Request) -> Response:
        """Refused for half an hour, without an answer for the other, then for good."""
        gone = (self.clock() - RUN.as_of).total_seconds()
        if gone >= _HOUR:
            raise RetryableError("down for good", _HOUR, never_left=True)
        if gone < _HOUR / 2:
            transport = HttpTransport("http://127.0.0.1:9", Credentials(token="t"))  # the discard port: nobody is there
            return transport.send(request)
        hanging = urllib.request.Request(f"http://127.0.0.1:{self.port}/hang", b"{}", method="POST")
        try:
            urllib.request.urlopen(hanging, timeout=60 / self.speed)
        except OSError:
            raise RetryableError("no answer") from None
        raise AssertionError("a hanging request was answered")


def _transport(port: int) -> HttpTransport:
    return HttpTransport(f"http://127.0.0.1:{port}", Credentials(token="t"))


def _sender(stack: ExitStack, transport: Transport) -> Sender:
    line = Threaded(stack.enter_context(ThreadPoolExecutor(1)))
    return Sender(connect=lambda: transport, clock=partial(datetime.now, UTC), sleep=time.sleep, line=line)


@contextmanager
def vendor() -> Iterator[int]:
    """The port of a vendor in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("delivery_server.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def figures(port: int) -> dict[str, float]:
    """Requests answered since it was asked last, and the seconds it was at work on them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/figures") as answer:
        told: dict[str, float] = json.loads(answer.read())
    return told


if __name__ == "__main__":
    sys.exit(main())
