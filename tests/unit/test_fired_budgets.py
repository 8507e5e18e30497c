"""Budgets of one channel that firings spend: a message that one of them holds back is none to the others."""

from dataclasses import replace
from typing import Any

from harness.deliveries import Clock
from harness.fired import CARDS, MemoryFirings, MemoryOut, MemoryStates, fired, fired_project
from kumitate.activation.cards import fired_sync
from kumitate.execution.fired import Firings
from kumitate.execution.gathered import became

BUDGETS = {
    "a_week": {"channel": "email", "most": 3, "within": "7d"},
    "b_day": {"channel": "email", "most": 1, "within": "1d"},
}
DAY = 86_400.0


class World:
    def __init__(self) -> None:
        self.states, self.book, self.out, self.clock = MemoryStates(), MemoryFirings(), MemoryOut(), Clock()
        self.states.publish(CARDS.items())
        plan = fired_sync(fired_project(gates={"budgets": BUDGETS}), "cart")
        self.firings = Firings(plans={"cart": plan}, store=self.states, book=self.book, out=self.out, clock=self.clock)

    def tell(self, number: int, firings: Firings | None = None) -> tuple[str, str]:
        at = self.clock.now
        (firings or self.firings).told(fired(number, cart=f"c{number}", at=at))
        return {one.fired.id: became(one, self.out)[:2] for one in self.book.uncollected("cart")}[f"{number:032x}"]


def test_what_the_budget_of_the_day_holds_back_spends_nothing_of_the_week() -> None:
    world = World()
    first = [world.tell(number) for number in (1, 2, 3, 4)]
    world.clock.sleep(DAY + 1)
    second = [world.tell(number) for number in (5, 6)]
    world.clock.sleep(DAY + 1)
    third = [world.tell(number) for number in (7, 8)]
    assert first == [("accepted", ""), *[("held", "frequency:b_day")] * 3]
    assert second == [("accepted", ""), ("held", "frequency:b_day")]
    assert third == [("accepted", ""), ("held", "frequency:a_week")]


def test_a_budget_that_another_firing_spends_at_the_same_moment_gives_back_what_the_others_counted() -> None:
    world = World()

    class Overtaken:
        """Another process fires as soon as the week has counted this message."""

        def __getattr__(self, name: str) -> Any:
            return getattr(world.states, name)

        def write(self, key: str, data: Any, *, instead_of: int) -> bool:
            done: bool = world.states.write(key, data, instead_of=instead_of)
            if key == "spent#a_week#p1" and len(world.out.arrived) == 0:
                assert world.tell(2) == ("accepted", "")
            return done

    assert world.tell(1, replace(world.firings, store=Overtaken())) == ("held", "frequency:b_day")
    counted = world.states.found("spent#")
    names = {key: {name for name in data if name != "expires_at"} for key, data in counted.items()}
    own = {f"{2:032x}/cart"}
    assert names == {"spent#a_week#p1": own, "spent#b_day#p1": own}
