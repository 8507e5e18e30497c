"""A sync is told of a trigger's key once in `once_per`, whoever the person was taken for when it fired."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from harness.deliveries import Clock
from harness.fired import NOW, MemoryFirings, MemoryOut, MemoryStates, fired, fired_project
from kumitate.activation.before import FIRED_ALREADY
from kumitate.activation.cards import fired_sync
from kumitate.activation.triggered import from_json, to_json
from kumitate.events.state_keys import who_key
from kumitate.execution.fired import Firings
from kumitate.execution.gathered import became
from kumitate.model.event import Fired, State
from kumitate.model.firing import Firing

ALERT = {
    "destination": "team",
    "trigger": "left_cart",
    "mode": "append",
    "key": "{fact.fired_id}",
    "fields": {"text": "{family_name} left a cart"},
    "consent": "not_needed",
    "consent_reason": "a test",
}
VISITOR, MEMBER = who_key("browser", "b1"), who_key("email", "a@b.jp")
CARD = {"key": "{fact.fired_id}", "fields": {"text": "Sato left a cart"}}


class World:
    def __init__(self) -> None:
        self.states, self.book, self.out, self.clock = MemoryStates(), MemoryFirings(), MemoryOut(), Clock()
        self.states.publish([("card#alert#p1", CARD), ("card#alert#p2", CARD)])
        self.plan = fired_sync(fired_project(alert=ALERT), "alert")
        self.firings = Firings(
            plans={"alert": self.plan}, store=self.states, book=self.book, out=self.out, clock=self.clock
        )

    def knows(self, key: str, person: str, *was: str) -> None:
        self.states.publish([(key, {"person": person, **({"was": list(was)} if was else {})})])

    def became(self) -> list[tuple[str, str]]:
        return [became(one, self.out)[:2] for one in self.book.uncollected("alert")]


def by_visitor(number: int = 1, **more: Any) -> Fired:
    return fired(number, person="", who=(VISITOR,), **more)


def test_who_fired_as_a_visitor_and_as_a_member_is_told_of_once_when_they_turn_out_to_be_one() -> None:
    world = World()
    world.firings.told(by_visitor(1))
    world.knows(MEMBER, "p1")
    world.firings.told(fired(2, who=(MEMBER,)))
    assert world.became() == [("pending", "person.unknown"), ("accepted", "")]
    world.knows(VISITOR, "p1")
    world.firings.again()
    assert world.became() == [("held", FIRED_ALREADY), ("accepted", "")]
    assert sum(world.out.arrived.values()) == 1


def test_however_many_visitors_wait_the_map_is_asked_for_all_of_them_at_once() -> None:
    world = World()
    asked: list[int] = []
    read = world.states.read

    @dataclass(frozen=True)
    class Counted:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.states, name)

        def read(self, keys: Sequence[str]) -> Mapping[str, State]:
            asked.append(len(keys))
            return read(keys)

    for number in range(250):
        world.firings.told(by_visitor(number))
    counted = replace(world.firings, store=Counted())
    assert (counted.again(), len(asked)) == ({"pending": 250}, 3)
    world.knows(VISITOR, "p1")
    assert counted.again() == {"leaving": 1, "held": 249}
    assert sum(world.out.arrived.values()) == 1


def test_however_many_visitors_wait_no_more_of_them_are_held_than_are_looked_up_together() -> None:
    world, seen = World(), [0, 0]

    @dataclass(frozen=True)
    class Streaming:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.book, name)

        def uncollected(self, sync: str) -> Iterator[Firing]:
            for firing in world.book.uncollected(sync):
                seen[0] += 1
                yield firing

    @dataclass(frozen=True)
    class Counted:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.states, name)

        def read(self, keys: Sequence[str]) -> Mapping[str, State]:
            seen[:] = [0, max(seen)]
            return world.states.read(keys)

    for number in range(250):
        world.firings.told(by_visitor(number))
    replace(world.firings, store=Counted(), book=Streaming()).again()
    assert seen == [0, 100]


def test_another_cart_is_another_key() -> None:
    world = World()
    world.knows(VISITOR, "p1")
    world.firings.told(by_visitor(1, cart="c1"))
    world.firings.told(fired(2, cart="c2"))
    assert world.became() == [("accepted", ""), ("accepted", "")]


@pytest.mark.parametrize(("hours", "reason"), [(-24, ""), (-23.9, FIRED_ALREADY), (23.9, FIRED_ALREADY), (24, "")])
def test_what_fires_again_after_once_per_is_told_again(hours: float, reason: str) -> None:
    world = World()
    world.knows(VISITOR, "p1")
    odd = NOW + timedelta(milliseconds=123)
    world.firings.told(fired(1, at=odd))
    world.clock.now = odd + timedelta(hours=max(hours, 0))
    world.firings.told(by_visitor(2, at=odd + timedelta(hours=hours)))
    assert world.became()[1][1] == reason


def test_who_was_told_of_under_an_id_that_has_gone_into_another_is_not_told_of_again() -> None:
    world = World()
    world.firings.told(fired(1, person="p2"))
    world.knows(VISITOR, "p1", "p2")
    world.firings.told(by_visitor(2))
    assert world.became() == [("accepted", ""), ("held", FIRED_ALREADY)]


def test_a_firing_told_twice_does_not_stand_in_its_own_way() -> None:
    world = World()
    world.out.answers = [None]
    world.firings.told(fired(1))
    world.firings.told(fired(1))
    world.firings.again()
    assert world.became() == [("accepted", "")]


def test_a_plan_carries_how_often_its_trigger_fires() -> None:
    plan = World().plan
    assert (plan.fired_key, plan.once_seconds) == ("{person_id}:{cart_id}", 86_400.0)
    assert from_json(to_json([plan])) == (plan,)


def test_what_fires_once_for_ever_is_told_once_for_ever() -> None:
    world = World()
    plan = replace(world.plan, once_seconds=None)
    firings = Firings(plans={"alert": plan}, store=world.states, book=world.book, out=world.out, clock=world.clock)
    firings.told(fired(1))
    world.clock.now = NOW + timedelta(days=900)
    firings.told(fired(2, at=world.clock.now))
    assert world.became() == [("accepted", ""), ("held", FIRED_ALREADY)]
    assert all("expires_at" not in each for each in world.states.found("fired#").values())
