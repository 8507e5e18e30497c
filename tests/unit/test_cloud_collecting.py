"""What the ledger notes of a run becomes rows of the lake, as on a laptop."""

from dataclasses import dataclass, field

import pytest

from harness.cloud_world import SYNC, World
from harness.deliveries import RUN, Lists, MemoryLedger, Once, Plain, bring, creates, sender
from kumitate.activation.destinations.base import Destination
from kumitate.cloud.collecting import Collection
from kumitate.execution.deliver import Route
from kumitate.model.request import Outcome, Response, Verdict

ANSWERS = [Response(200, b'{"p2": "too long"}'), Response(200, b"{}"), Response(401, b"{}")]


@dataclass
class Book:
    """Notes when it was closed."""

    closed: list[tuple[str, str]] = field(default_factory=list)

    def close(self, run_id: str, sync: str) -> None:
        self.closed.append((run_id, sync))


def test_the_rows_are_those_that_the_laptop_writes() -> None:
    world = World(Plain(), rows_a_page=5)
    world.vendor.answers = list(ANSWERS)
    for body in world.messages():
        world.receive(body)
    world.collect()
    laptop, there = Lists({SYNC: creates(*world.keys)}), World(Plain())
    there.vendor.answers = list(ANSWERS)
    bring(laptop, MemoryLedger(world.clock), Route(sender(there.vendor, world.clock), {SYNC: Plain()}))  # type: ignore[arg-type]  # it answers as a script does
    assert world.lists.written == laptop.written
    assert world.lists.marks == laptop.marks == {"deliver.s": RUN.id}


def test_collected_twice_the_rows_stand_once_and_the_book_is_closed_once() -> None:
    world, book = World(Plain()), Book()
    for _ in range(2):
        collection = Collection(
            engine=world.lists, lake=world.lists, ledger=world.ledger, book=book, memory=world.memory, run=RUN
        )
        collection.collect(SYNC, Plain.terms)
    assert len(world.lists.written) == len(world.keys)
    assert book.closed == [(RUN.id, SYNC)]


@pytest.mark.parametrize(("to", "verdict"), [(Plain(), "retry"), (Once(), "unknown")])
def test_a_claim_without_verdict_may_have_left_where_rows_are_messages(to: Destination, verdict: str) -> None:
    world = World(to)
    world.ledger.claim(RUN.id, SYNC, ["p1"])
    world.ledger.settle(RUN.id, SYNC, [Outcome("p2", Verdict.REJECTED, "why", "words")])
    assert world.collect() == {"p1": verdict, "p2": "rejected", "p3": "retry", "p4": "retry", "p5": "retry"}
    assert world.lists.reasons(SYNC)["p3"] == "unavailable"


def test_a_sync_that_was_never_planned_comes_again_as_a_whole() -> None:
    world = World(Once())
    world.book.planned[RUN.id, SYNC] = -1
    assert set(world.collect().values()) == {"retry"}


def test_of_a_held_sync_nothing_became_of_any_row_unless_some_had_left_before() -> None:
    world, book = World(Plain()), Book()
    collection = Collection(
        engine=world.lists, lake=world.lists, ledger=world.ledger, book=book, memory=world.memory, run=RUN
    )
    assert collection.collect(SYNC, Plain.terms, is_held=True) == 0
    assert (world.lists.written, book.closed) == ([], [(RUN.id, SYNC)])
    world.ledger.settle(RUN.id, SYNC, [Outcome("p1", Verdict.ACCEPTED)])
    assert collection.collect(SYNC, Plain.terms, is_held=True) == len(world.keys)
    assert world.lists.verdicts(SYNC)["p1"] == "accepted"
