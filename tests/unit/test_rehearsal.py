"""A rehearsal counts the calls that a delivery would make, in the same portions."""

from harness.deliveries import Plain, creates
from harness.talkers import Job
from kumitate.execution.rehearsal import Calls
from kumitate.model.request import Change, Operation


def removal(key: str) -> Change:
    return Change(key, Operation.DELETE, {}, key)


def test_pieces_that_rows_are_read_in_cost_no_call() -> None:
    rows = creates(*(f"p{n}" for n in range(6)))
    assert Calls(Plain(), "upsert", {}).count([rows[:3], rows[3:]]).requests == 3


def test_removals_are_called_for_apart_from_all_others() -> None:
    calls = Calls(Plain(), "mirror", {}).count([[removal("p9"), *creates("p1", "p2")]])
    assert (calls.requests, calls.conversations) == (2, 0)


def test_conversations_are_counted_beside_their_first_calls() -> None:
    calls = Calls(Job(), "upsert", {}).count([creates("p1", "p2")])
    assert (calls.requests, calls.conversations) == (1, 1)
