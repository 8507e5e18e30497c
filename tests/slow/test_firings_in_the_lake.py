"""Runs killed at any step: firings stand in the lake once, and what is published is what a first run would publish."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fired import FiredWorld, MemoryStates, fired, fired_project

pytestmark = pytest.mark.slow


class Kill(BaseException):
    """The process dies here."""


class Fuse:
    """Raises at the nth touch of the world."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Kill


@pytest.mark.parametrize("again", [2, 3], ids=["taken up", "a new run"])
@pytest.mark.parametrize("steps", range(1, 12))
def test_a_run_killed_while_gathering_counts_nothing_twice(steps: int, again: int) -> None:
    made = FiredWorld(fired_project())
    put(made, {"p1": ("Sato", True)})
    made.run(1)
    made.firings.told(fired())
    made.run(2, steps=steps)
    made.run(again)
    made.run(4)
    assert len(made.outcomes()) == 1
    assert made.became() == {("0001", "cart"): ("accepted", "")}


PEOPLE = st.dictionaries(
    st.sampled_from(["p1", "p2", "p3"]), st.tuples(st.sampled_from(["Sato", "Ito"]), st.sampled_from([True, False]))
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(PEOPLE, st.integers(0, 12), st.integers(0, 5)), min_size=1, max_size=3), PEOPLE)
def test_what_is_published_bit_by_bit_and_killed_anywhere_is_what_a_first_publication_puts(
    history: list[tuple[dict[str, tuple[str, bool]], int, int]], last: dict[str, tuple[str, bool]]
) -> None:
    made, whole = FiredWorld(fired_project()), FiredWorld(fired_project())
    for number, (people, steps, kill_at) in enumerate(history, 1):
        put(made, people)
        made.states.touched = Fuse(kill_at)
        with suppress(Kill):
            made.run(number, steps=steps)
        made.states.touched = Fuse(0)
    for each in (made, whole):
        put(each, last)
        each.run(len(history) + 1)
    assert documents(made.states) == documents(whole.states)
    assert made.lake.table("activation.live_changes").num_rows == 0


def put(made: FiredWorld, people: dict[str, tuple[str, bool]]) -> None:
    made.people(**{id_: ({"family_name": name, "email": f"{id_}@example.jp"}, []) for id_, (name, _) in people.items()})
    made.consents(**{id_: granted for id_, (_, granted) in people.items()})
    made.ties(**{id_: f"{name}@example.jp" for id_, (name, _) in people.items()})


def documents(states: MemoryStates) -> dict[str, object]:
    return {key: dict(state.data) for key, state in states.documents.items()}
