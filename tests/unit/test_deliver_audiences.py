"""Audiences that are rebuilt, carried by the engine from run to run: waits handed over, ids remembered, one left."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from harness.deliveries import RUN, Clock, Lists, MemoryLedger, NotedMemory, SentPages, bring
from harness.talks import opened, row, transport_to
from kumitate.activation.destinations.base import Destination
from kumitate.execution.deliver import Route
from kumitate.execution.sending import Patience, Sender
from kumitate.model.request import AwsCall, Change, Request, Response
from kumitate.model.step import Run
from kumitate.ports import Transport
from kumitate.sandbox.server import Fault, Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


@dataclass
class Laptop:
    """What stays between runs of one sync `s`, all of whose rows belong together."""

    to: Destination
    connect: Callable[[], Transport]
    clock: Clock = field(default_factory=Clock)
    memory: NotedMemory = field(default_factory=NotedMemory)
    sent: SentPages = field(default_factory=SentPages)
    number: int = 0

    def run(self, *changes: Change, talk_seconds: float = 300) -> dict[str, str]:
        self.number += 1
        lists = Lists({"s": list(changes)})
        sender = Sender(
            connect=self.connect,
            clock=self.clock,
            sleep=self.clock.sleep,
            patience=Patience(talk_seconds=talk_seconds),
        )
        run = Run(f"r{self.number:06d}", RUN.as_of + timedelta(days=self.number))
        route = Route(sender, {"s": self.to}, frozenset({"s"}))
        bring(lists, MemoryLedger(self.clock), route, run=run, memory=self.memory, sent=lambda _: self.sent)
        return {outcome["key"]: outcome["reason"] or outcome["verdict"] for outcome in lists.written}


def rebuilding(sandbox: Sandbox) -> Laptop:
    destination = opened("line", sync="s", mode="rebuild")
    return Laptop(destination, lambda: transport_to(sandbox, destination, "line"))


def member(number: int, operation: str = "create") -> Change:
    return row(f"p{number}", operation, line_user_id=f"U{number:032x}")


def audiences(sandbox: Sandbox) -> list[int]:
    return [len(group["ids"]) for group in sandbox.objects("line", "groups").values()]


def test_an_audience_follows_its_segment_from_run_to_run(sandbox: Sandbox) -> None:
    laptop = rebuilding(sandbox)
    assert set(laptop.run(member(1), member(2)).values()) == {"accepted.unconfirmed"}
    assert audiences(sandbox) == [2]
    laptop.run(member(1, "keep"), member(2, "delete"), member(3), member(4))
    assert audiences(sandbox) == [3]


def test_what_line_has_not_ready_within_a_runs_patience_is_ended_by_the_next(sandbox: Sandbox) -> None:
    laptop = rebuilding(sandbox)
    assert set(laptop.run(member(1), member(2), talk_seconds=10).values()) == {"job.running"}
    laptop.clock.sleep(3_600)
    assert set(laptop.run(member(1), member(2)).values()) == {"accepted.unconfirmed"}
    assert audiences(sandbox) == [2]
    assert [method for method, *_ in sandbox.calls("line")].count("POST") == 1


def test_a_crowded_minute_and_a_server_that_is_down_leave_one_audience(sandbox: Sandbox) -> None:
    laptop = rebuilding(sandbox)
    sandbox.fault("line", Fault(503, works=True))
    sandbox.fault("line", Fault(429, {"message": "The API rate limit has been exceeded. Try again later."}))
    assert set(laptop.run(member(1), member(2)).values()) == {"accepted.unconfirmed"}
    assert audiences(sandbox) == [2]


class Bucket:
    """S3 in a list of keys."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def send(self, request: Request) -> Response:
        assert isinstance(request, AwsCall)
        self.keys.append(request.parameters["Key"])
        return Response(200, b"{}")


def test_an_export_is_numbered_from_run_to_run() -> None:
    bucket = Bucket()
    laptop = Laptop(opened("files", bucket="exports", sync="s", mode="rebuild"), lambda: bucket)
    for _ in range(2):
        assert laptop.run(row("p1", name="a")) == {"p1": "accepted"}
    assert [key for key in bucket.keys if key.endswith(".csv")] == ["s-000001-001.csv", "s-000002-001.csv"]
