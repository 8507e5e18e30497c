"""What a destination has not taken is listed in its own words, and can be tried again by itself."""

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest

from harness.activations import AS_OF, UPSERT, World, project, run
from kumitate.activation.retries import NOT_ASKED, retrying, settling, waiting_rows
from kumitate.activation.tables import OUTCOMES, REJECTED, SYNC_COUNTS
from kumitate.errors import FatalError
from kumitate.execution.rejections import retriable, waiting
from kumitate.model.step import DeliverStep, Query, Step

PEOPLE = {
    "p1": ({"family_name": "Yamada"}, ["vips"]),
    "p2": ({"family_name": "Sato"}, ["vips"]),
    "p3": ({"family_name": "Suzuki"}, ["vips"]),
}


class Asking:
    """An engine over a lake in memory."""

    def __init__(self, world: World) -> None:
        self._lake = world.lake

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        return iter(self._lake.query(query).to_batches())


@pytest.fixture
def world() -> World:
    """p1 was refused, p2 could not be reached, p3 is there."""
    made = World(project({"s": UPSERT}))
    made.people(**PEOPLE)
    made.activate(1)
    made.settle(1, p1="rejected", p2="retry")
    return made


def newcomer(world: World) -> None:
    world.people(**PEOPLE, p4=({"family_name": "Ito"}, ["vips"]))


def try_again(world: World, number: int, *keys: str) -> None:
    world.lake.run(retrying("s", keys), world.config, replace(run(number), forgotten=world.forgotten))


def settle_again(world: World, number: int) -> None:
    """Every change that went is accepted."""
    old = world.lake.table(OUTCOMES).to_pylist()
    at = run(number).as_of.replace(tzinfo=None)
    new = [
        {"run_id": run(number).id, "at": at, "sync": "s", "key": key, "person_id": key, "operation": operation}
        | {"verdict": "accepted", "reason": "", "message": ""}
        for key, operation in world.changes().items()
    ]
    world.lake.put(OUTCOMES, [*old, *new])
    steps = [step for step in planned(world, number) if not isinstance(step, DeliverStep)]
    world.lake.run(replace(settling("s"), plan=lambda _config, _run: tuple(steps)), world.config, run(number))


def planned(world: World, number: int) -> tuple[Step, ...]:
    return settling("s").plan(world.config, replace(run(number), forgotten=world.forgotten))


def statuses(world: World) -> dict[str, str]:
    return {row["key"]: row["status"] for row in waiting(Asking(world), "s", unmask=True)}


def test_rows_not_taken_are_listed_with_what_became_of_them(world: World) -> None:
    assert statuses(world) == {"p1": "rejected", "p2": "pending"}
    (first, _) = waiting(Asking(world), "s", unmask=True)
    assert (first["attempts"], first["operation"]) == (1, "create")
    assert first["first_seen"] == first["last_seen"] == AS_OF.replace(tzinfo=None)


def test_attempts_are_counted_since_the_row_was_accepted(world: World) -> None:
    world.activate(2)
    world.settle(2, p1="rejected")
    rows = waiting(Asking(world), "s", unmask=True)
    assert [(row["key"], row["attempts"]) for row in rows] == [("p1", 2)]
    assert rows[0]["last_seen"] > rows[0]["first_seen"]


def test_a_destinations_words_are_shown_without_the_rows_own_values(world: World) -> None:
    outcomes = world.lake.table(OUTCOMES).to_pylist()
    world.lake.put(OUTCOMES, [row | {"message": "LastName Yamada: taken by taro@example.com"} for row in outcomes])
    hidden = {row["key"]: row["message"] for row in waiting(Asking(world), "s", unmask=False)}
    assert hidden["p1"] == "LastName …: taken by …"
    assert "Yamada" in waiting(Asking(world), "s", unmask=True)[0]["message"]


def test_trying_again_brings_the_rows_that_wait_and_no_new_ones(world: World) -> None:
    newcomer(world)
    try_again(world, 2)
    assert world.changes() == {"p1": "create", "p2": "create"}
    assert world.counts(2) == {"retried": 2, "unchanged": 1, f"held:{NOT_ASKED}": 1}


def test_named_keys_are_tried_alone_and_the_numbers_add_up(world: World) -> None:
    newcomer(world)
    try_again(world, 2, "p2")
    assert world.changes() == {"p2": "create"}
    assert world.counts(2) == {"retried": 1, "unchanged": 1, f"held:{NOT_ASKED}": 2}
    assert sum(world.counts(2).values()) == 4


def test_what_was_not_asked_for_still_waits_afterwards(world: World) -> None:
    newcomer(world)
    try_again(world, 2, "p2")
    settle_again(world, 2)
    assert statuses(world) == {"p1": "rejected"}
    assert world.changes() == {"p1": "create", "p4": "create"}
    assert [row["key"] for row in world.lake.table(REJECTED).to_pylist()] == ["p1"]


def test_the_next_run_brings_what_was_left(world: World) -> None:
    newcomer(world)
    try_again(world, 2, "p2")
    settle_again(world, 2)
    world.activate(3)
    assert world.changes() == {"p1": "create", "p4": "create"}


def test_what_was_forgotten_before_a_retry_is_still_to_be_brought_after_it(world: World) -> None:
    world.forgotten = {"s": "r000001"}
    try_again(world, 2)
    settle_again(world, 2)
    assert world.changes() == {"p3": "create"}


def test_what_was_not_asked_for_by_name_is_still_tried_before_in_the_next_run_and_by_name(world: World) -> None:
    try_again(world, 2, "p2")
    settle_again(world, 2)
    try_again(world, 3, "p1")
    assert world.changes() == {"p1": "create"}
    world.activate(4)
    assert world.counts(4) == {"retried": 1, "unchanged": 2}


def test_a_row_that_does_not_wait_cannot_be_tried_again(world: World) -> None:
    assert retriable(Asking(world), world.config, "s", keys=()) == ["p1", "p2"]
    with pytest.raises(FatalError, match="1 of 2 keys: the row does not wait to be tried again"):
        retriable(Asking(world), world.config, "s", keys=("p1", "p3"))


def test_a_row_without_an_answer_is_not_tried_again_but_settled() -> None:
    world = World(project({"s": {**UPSERT, "destination": "team", "object": None, "settings": {}, "mode": "append"}}))
    world.people(**PEOPLE)
    world.activate(1)
    world.settle(1, p1="unknown")
    with pytest.raises(FatalError, match=r"must not go twice; `kumitate sync s --unknown --show`"):
        retriable(Asking(world), world.config, "s", keys=("p1",))


def test_removals_are_tried_again_too() -> None:
    world = World(project({"s": {**UPSERT, "mode": "mirror"}}))
    world.people(**PEOPLE)
    world.activate(1)
    world.settle(1)
    world.people(p1=PEOPLE["p1"])
    world.activate(2)
    world.settle(2, p2="retry")
    assert statuses(world) == {"p2": "pending"}
    try_again(world, 3)
    assert world.changes() == {"p2": "delete"}
    assert world.counts(3) == {"unchanged": 1, "delete_retried": 1}


def test_the_counts_of_a_retry_are_in_the_usual_table(world: World) -> None:
    try_again(world, 2)
    runs = {row["run_id"] for row in world.lake.table(SYNC_COUNTS).to_pylist()}
    assert runs == {run(1).id, run(2).id}
    assert waiting_rows("s").name == "waiting_s"
