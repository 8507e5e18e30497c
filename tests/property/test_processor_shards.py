"""Two shards, crashes at any call of a port, and the same lines again: one firing a key, and none lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.realtime import World, event, plan
from kumitate.errors import RetryableError
from kumitate.events.processor import Processor
from kumitate.model.event import State

ADDED, ORDERED = {"source": "web", "event": "Added"}, {"source": "web", "event": "Ordered"}
TRIGGERS: dict[str, Any] = {
    "left": {
        "when": {"sequence": {"steps": [ADDED], "then_not": {"event": ORDERED, "span": "24h"}, "within": "7d"}},
        "once_per": "7d",
    },
    "keen": {"when": {"event": {"source": "web", "event": "Viewed"}, "within": "7d", "at_least": 3}, "once_per": "7d"},
}
PLAN = plan(**TRIGGERS)
WHO: tuple[dict[str, Any], ...] = (
    {"anonymousId": "a"},
    {"userId": "m"},
    {"anonymousId": "a", "userId": "m"},
    {"userId": "m", "context": {"traits": {"email": "taro@shop.example.jp"}}},
)


class CrashError(Exception):
    """The worker is gone."""


@dataclass
class Trouble:
    """What goes wrong: at which call of a port, before or after it is done; and where another shard comes between."""

    crashes: dict[int, bool] = field(default_factory=dict)
    meddling: dict[int, Any] = field(default_factory=dict)
    calls: int = 0

    def around(self, call: Any) -> Any:
        self.calls += 1
        number = self.calls
        if number in self.meddling:
            self.meddling.pop(number)()
        is_done_before = self.crashes.pop(number, None)
        if is_done_before is False:
            raise CrashError
        found = call()
        if is_done_before:
            raise CrashError
        return found


@dataclass
class Troubled:
    """All ports of a world, in trouble."""

    world: World
    trouble: Trouble

    def read(self, keys: Sequence[str]) -> Mapping[str, State]:
        return self.trouble.around(lambda: self.world.store.read(keys))  # type: ignore[no-any-return]  # the fake is typed so

    def write(self, key: str, data: Mapping[str, Any] | None, *, instead_of: int) -> bool:
        return self.trouble.around(lambda: self.world.store.write(key, data, instead_of=instead_of))  # type: ignore[no-any-return]  # the fake is typed so

    def publish(self, entries: Iterable[tuple[str, Mapping[str, Any] | None]]) -> None:
        raise AssertionError(f"a processor publishes nothing: {entries}")

    def set(self, name: str, at: datetime, payload: Mapping[str, Any]) -> None:
        self.trouble.around(lambda: self.world.timers.set(name, at, payload))

    def cancel(self, name: str) -> None:
        self.trouble.around(lambda: self.world.timers.cancel(name))

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        self.trouble.around(lambda: self.world.bus.put(detail_type, detail))

    @property
    def processor(self) -> Processor:
        return Processor(PLAN, self, self, self, clock=self.world.clock)


def until_it_works(call: Any) -> None:
    """As a stream and a scheduler do: what failed comes again."""
    for _ in range(40):
        try:
            call()
        except (CrashError, RetryableError):
            continue
        return
    raise AssertionError("it never works")


@st.composite
def batches(draw: st.DrawFn) -> list[list[str]]:
    """Lines of one person within an hour, cut into batches, some of which come twice."""
    names = draw(st.lists(st.sampled_from(("Viewed", "Viewed", "Added", "Login")), min_size=2, max_size=9))
    if names.count("Viewed") > 5:  # else a device and a login may both be keen before anybody knows they are one
        names = [name if name != "Viewed" else "Added" for name in names]
    lines = [event(name, place / 10, f"e{place}", who=draw(st.sampled_from(WHO))) for place, name in enumerate(names)]
    lines.append(event("Login", 1, "login", who=WHO[2]))  # in the end it is known that they are one
    size = draw(st.integers(1, 4))
    cut = [lines[start : start + size] for start in range(0, len(lines), size)]
    return cut + draw(st.lists(st.sampled_from(cut), max_size=2))


@given(cut=batches(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_what_should_fire_is_told_by_one_id_however_shards_meet_and_workers_die(
    cut: list[list[str]], data: st.DataObject
) -> None:
    world = World(PLAN)
    world.until(2)
    numbers = st.integers(1, 60)
    crashes = data.draw(st.dictionaries(numbers, st.booleans(), max_size=6))
    between = data.draw(st.dictionaries(numbers, st.sampled_from(cut), max_size=4))
    other = Troubled(world, Trouble(crashes=data.draw(st.dictionaries(numbers, st.booleans(), max_size=2))))
    troubled = Troubled(world, Trouble(crashes))
    troubled.trouble.meddling = {
        number: lambda lines=lines: until_it_works(lambda: other.processor.process(lines))
        for number, lines in between.items()
    }
    for lines in cut:
        until_it_works(lambda lines=lines: troubled.processor.process(lines))
    while world.timers.waiting:
        world.until(
            min((when - world.clock.now).total_seconds() / 3600 for when, _ in world.timers.waiting.values()) + 3
        )
        for payload in world.timers.gone_off(world.clock.now):
            until_it_works(lambda payload=payload: troubled.processor.wake(payload))
    calm = World(PLAN)
    calm.until(2)
    calm.processor.process([line for lines in cut for line in lines])
    calm.until(60)
    for trigger in TRIGGERS:
        told = {each["id"] for each in world.bus.told if each["trigger"] == trigger}
        assert len(told) == len({each["id"] for each in calm.bus.told if each["trigger"] == trigger})
        assert len(told) <= 1
