"""A sync's pages are counted, and each is told to the queue of its account."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.cloud_world import MemoryBook, MemoryShelf
from harness.deliveries import Clock, creates
from kumitate.activation.routes import Route
from kumitate.aws.events import detail_of
from kumitate.aws.queues import Queues
from kumitate.blueprint.names import SYNC_CHANGES_READY
from kumitate.cloud.pages import write_pages
from kumitate.cloud.planning import Planner
from kumitate.errors import FatalError, RetryableError
from kumitate.model.request import Change, Operation

ROUTE = Route("s", "team", "slack", {"channel": "C1", "sync": "s"}, None, None, 1.0)
GONE = [Change(key, Operation.DELETE, {}) for key in ("g1", "g2", "g3")]


@dataclass
class Outbox:
    """Messages by queue."""

    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def send(self, url: str, bodies: Sequence[str]) -> None:
        self.sent.setdefault(url, []).extend(json.loads(body) for body in bodies)


@dataclass
class Desk:
    """A planner and what it works with."""

    outbox: Outbox = field(default_factory=Outbox)
    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    book: MemoryBook = field(default_factory=lambda: MemoryBook(Clock()))

    def plan(self, *, sync: str = "s") -> int:
        queue = {"team": "q"}.__getitem__
        return Planner(routes={"s": ROUTE}, queue=queue, shelf=self.shelf, book=self.book, outbox=self.outbox).plan(
            "r1", sync
        )


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.book.begin("r1", "s")
    return desk


def test_each_page_is_told_once_and_removals_are_waited_for(desk: Desk) -> None:
    write_pages([GONE, creates("p1", "p2", "p3")], desk.shelf, run_id="r1", sync="s", rows=2)
    write_pages([creates("p1")], desk.shelf, run_id="r2", sync="s", rows=2)
    assert desk.plan() == 4
    told = desk.outbox.sent["q"]
    assert [(each["number"], each["after"]) for each in told] == [(1, 0), (2, 0), (3, 2), (4, 2)]
    assert told[2] == {
        "run_id": "r1",
        "sync": "s",
        "page": "deliveries/r1/s/00003.jsonl.gz",
        "number": 3,
        "after": 2,
    }
    assert desk.book.planned["r1", "s"] == 4


def test_what_an_earlier_try_has_left_beyond_its_last_page_is_not_told(desk: Desk) -> None:
    write_pages([creates("p1")], desk.shelf, run_id="r1", sync="s", rows=1)
    desk.shelf.put("deliveries/r1/s/00002.jsonl.gz", b"left behind")
    assert desk.plan() == 1


def test_a_sync_without_changes_is_planned_with_no_page(desk: Desk) -> None:
    write_pages([], desk.shelf, run_id="r1", sync="s", rows=2)
    assert desk.plan() == 0
    assert desk.book.planned["r1", "s"] == 0


def test_a_run_that_is_over_tells_nothing(desk: Desk) -> None:
    write_pages([creates("p1")], desk.shelf, run_id="r1", sync="s", rows=2)
    desk.plan()
    desk.book.close("r1", "s")
    desk.outbox.sent.clear()
    assert desk.plan() == 0
    assert desk.outbox.sent == {}


def test_a_sync_without_route_or_list_of_pages_stops_the_planner(desk: Desk) -> None:
    with pytest.raises(FatalError, match="'unheard' has no route"):
        desk.plan(sync="unheard")
    with pytest.raises(FatalError, match="no list of pages"):
        desk.plan()
    assert desk.book.planned["r1", "s"] == -1


@dataclass
class Moody:
    """SQS that refuses some entries of a batch, for a while or for ever."""

    refusals: int
    taken: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 -- boto3's name
        assert QueueUrl == "q"
        self.sizes.append(len(Entries))
        refused = Entries[:1] if self.refusals > 0 else []
        self.refusals -= 1
        self.taken += [entry["MessageBody"] for entry in Entries[len(refused) :]]
        return {"Failed": [{"Id": entry["Id"]} for entry in refused]}


def test_entries_that_a_queue_refuses_are_sent_again_and_no_other() -> None:
    clock, moody = Clock(), Moody(refusals=2)
    bodies = [str(number) for number in range(23)]
    Queues(moody, sleep=clock.sleep).send("q", bodies)
    assert sorted(moody.taken, key=int) == bodies
    assert moody.sizes == [10, 1, 1, 10, 3]
    assert clock.slept == [0.2, 0.4]


def test_a_queue_that_refuses_for_good_fails_the_planner_which_is_called_again() -> None:
    with pytest.raises(RetryableError, match="1 messages"):
        Queues(Moody(refusals=99), sleep=Clock().sleep).send("q", ["a", "b"])


def test_the_planner_is_called_for_the_event_that_the_machine_puts() -> None:
    assert detail_of({"detail-type": SYNC_CHANGES_READY, "detail": {"sync": "s"}}, SYNC_CHANGES_READY) == {"sync": "s"}
    for event in ({}, {"detail-type": "Run ended", "detail": {}}, {"detail-type": SYNC_CHANGES_READY, "detail": None}):
        with pytest.raises(FatalError, match="was expected"):
            detail_of(event, SYNC_CHANGES_READY)
