"""Killed at any call, told any number of times, in any order: every firing ends in one state, each key leaves once."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.deliveries import Clock
from harness.fired import CARDS, MemoryFirings, MemoryOut, MemoryStates, fired, fired_project
from kumitate.activation.cards import fired_sync
from kumitate.execution.fired import Firings
from kumitate.execution.gathered import became
from kumitate.model.event import Fired
from kumitate.model.firing import Firing
from kumitate.model.request import Outcome, Verdict

PLAN = fired_sync(fired_project(), "cart")


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


class World:
    """State store with published cards, book, ledger, vendor; processes that come and go."""

    def __init__(self, answers: Sequence[Outcome | None] = ()) -> None:
        self.states, self.book, self.out, self.clock = MemoryStates(), MemoryFirings(), MemoryOut(), Clock()
        self.states.publish(CARDS.items())
        self.out.answers = list(answers)

    def process(self, *, kill_at: int = 0) -> Firings:
        self.states.touched = self.book.touched = self.out.touched = Fuse(kill_at)
        return Firings(plans={"cart": PLAN}, store=self.states, book=self.book, out=self.out, clock=self.clock)

    def became(self) -> dict[str, tuple[str, str]]:
        return {one.fired.id: became(one, self.out)[:2] for one in self.book.uncollected("cart")}


FIRED = st.builds(
    lambda number, person, cart, denied: fired(number, person=person, cart=cart, denied=denied),
    st.integers(1, 4),
    st.sampled_from(["p1", "p1", "p2", "p3", ""]),
    st.sampled_from(["c1", "c2"]),
    st.sampled_from([(), (), ("ads/email",)]),
)
ANSWERS = st.lists(
    st.sampled_from(
        [
            Outcome("k", Verdict.ACCEPTED),
            Outcome("k", Verdict.REJECTED, "invalid"),
            Outcome("k", Verdict.RETRY, "throttled"),
            None,
        ]
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(FIRED, min_size=1, max_size=6), ANSWERS, st.lists(st.integers(1, 14), max_size=3))
def test_every_firing_ends_in_one_state_and_each_key_leaves_at_most_once(
    told: list[Fired], answers: list[Outcome | None], kills: list[int]
) -> None:
    events = list({one.id: one for one in reversed(told)}.values())  # an id tells the same however often it is told
    world = World(answers)
    for kill_at in [*kills, 0]:
        process = world.process(kill_at=kill_at)
        with suppress(Kill):
            for event in events:
                process.told(event)
            process.again()
    for _ in range(len(answers) + 2):
        world.process().again()
    states = world.became()
    assert {event.id: _as_expected(event, *states[event.id]) for event in events} == dict.fromkeys(states, True)
    verdicts = [state for state, _ in states.values()]
    arrived = sum(world.out.arrived.values())
    assert max(world.out.arrived.values(), default=0) <= 1
    assert verdicts.count("accepted") <= arrived <= verdicts.count("accepted") + verdicts.count("unknown")


def _as_expected(event: Fired, state: str, reason: str) -> bool:
    if event.denied or event.person_id == "p2":
        return (state, reason) == ("held", "no_consent")
    if event.person_id != "p1":
        return (state, reason) == ("pending", "profile.unknown" if event.person_id else "person.unknown")
    return state in ("accepted", "rejected", "unknown") or (state, reason) == ("held", "key.sent")


@pytest.mark.parametrize("kill_at", range(1, 8))
def test_a_firing_killed_at_any_call_and_told_again_arrives_once_or_is_unknown(kill_at: int) -> None:
    world = World()
    with pytest.raises(Kill):
        world.process(kill_at=kill_at).told(fired())
    world.process().told(fired())
    world.process().told(fired())
    ((state, _),) = world.became().values()
    assert (state, world.out.arrived["cart/p1:c1"]) in {("accepted", 1), ("unknown", 0), ("unknown", 1)}


def test_two_firings_with_one_key_leave_one_row() -> None:
    world = World()
    world.process().told(fired(1))
    world.process().told(fired(2))
    assert sorted(world.became().values()) == [("accepted", ""), ("held", "key.sent")]


def test_who_is_published_by_then_gets_what_waited_and_who_is_not_in_time_is_held_for_good() -> None:
    world = World()
    world.process().told(fired(1, person="p3"))
    world.process().told(fired(2, person="", who=("who#email#x",)))
    assert {state for state, _ in world.became().values()} == {"pending"}
    world.states.publish([("card#cart#p3", CARDS["card#cart#p1"] | {"key": "p3:{fact.cart_id}"})])
    world.process().again()
    assert world.out.arrived == {"cart/p3:c1": 1}
    world.clock.sleep(2 * 86_400)
    world.process().again()
    assert sorted(world.became().values()) == [("accepted", ""), ("held", "person.unknown")]


def test_what_never_arrived_in_time_is_held_for_good_and_says_why() -> None:
    world = World([None])
    world.process().told(fired())
    world.clock.sleep(2 * 86_400)
    world.process().again()
    assert list(world.became().values()) == [("held", "destination.unavailable")]
    world.process().again()
    assert not world.out.arrived


@pytest.mark.parametrize(
    ("card", "reason"), [(None, "profile.unknown"), ({"gate": "no_consent"}, "no_consent")], ids=["erased", "denied"]
)
def test_what_could_not_leave_is_sent_to_nobody_whom_a_run_has_ruled_out_meanwhile(
    card: dict[str, str] | None, reason: str
) -> None:
    world = World([None])
    world.process().told(fired())
    world.states.publish([("card#cart#p1", card)])
    world.process().again()
    assert list(world.became().values()) == [("held", reason)]
    assert not world.out.arrived


def test_what_a_killed_process_had_not_sent_is_not_sent_days_later() -> None:
    world = World([None])
    world.process().told(fired())
    world.clock.sleep(2 * 86_400)
    world.process().told(fired())
    assert list(world.became().values()) == [("held", "destination.unavailable")]
    assert not world.out.arrived


def test_every_attempt_has_a_run_of_its_own() -> None:
    world = World([None, None])
    for _ in range(3):
        world.process().told(fired())
        world.process().again()
    (firing,) = world.book.uncollected("cart")
    assert isinstance(firing, Firing)
    assert sorted(run_id for run_id, _ in world.out.notes) == [f"t{1:032x}", f"t{1:032x}.2"]
    assert world.out.arrived == {"cart/p1:c1": 1}


def test_a_budget_that_triggers_have_spent_since_the_last_run_holds_until_the_window_is_over() -> None:
    gates = {"budgets": {"mail": {"channel": "email", "most": 2, "within": "1h"}}}
    plan = fired_sync(fired_project(gates=gates), "cart")
    world = World()

    def tell(number: int) -> None:
        firings = replace(world.process(), plans={"cart": plan})
        for _ in range(2):
            firings.told(fired(number, cart=f"c{number}"))

    for number in (1, 2, 3):
        tell(number)
    world.clock.sleep(3_601)
    tell(4)
    assert [world.became()[f"{n:032x}"] for n in (1, 2, 3, 4)] == [
        ("accepted", ""),
        ("accepted", ""),
        ("held", "frequency:mail"),
        ("accepted", ""),
    ]
