"""Whatever comes in, in whatever order, a trigger fires as somebody would say who sees all events at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.realtime import START, World, project
from harness.trigger_oracle import Person, covered, fires
from kumitate.config.trigger import Trigger
from kumitate.events.triggering import triggering_of
from kumitate.model.event import MARKS

ADDED, ORDERED = {"source": "web", "event": "Added"}, {"source": "web", "event": "Ordered"}
PRICING = {"source": "web", "where": {"column": "path", "is": "/pricing"}}
VIEWED = {"source": "web", "event": "Viewed"}
CONDITIONS: dict[str, Any] = {
    "count": {"event": PRICING, "within": "3d", "at_least": 3},
    "each": {"event": ORDERED},
    "sequence": {"sequence": {"steps": [VIEWED, ADDED, ORDERED], "within": "5d"}},
    "twice": {"sequence": {"steps": [ADDED, ADDED], "within": "2d"}},
    "first": {"first": ORDERED, "remember": "10d"},
    "changed": {"changed": "plan", "of": {"source": "web"}, "to": "gold"},
    "score": {"score": [{**VIEWED, "points": 5, "most": 3}, {**ADDED, "points": 10}], "at_least": 18, "within": "6d"},
    "fading": {"score": [{**VIEWED, "points": 10}], "at_least": 14, "within": "9d", "half_life": "1d"},
    "all": {"all": [{"event": PRICING, "within": "3d", "at_least": 2}, {"event": ADDED, "within": "4d"}]},
    "all_first": {"all": [{"first": ORDERED, "remember": "8d"}, {"event": VIEWED, "within": "2d"}]},
}
ABSENT: dict[str, Any] = {
    "left": {"sequence": {"steps": [ADDED], "then_not": {"event": ORDERED, "span": "24h"}, "within": "4d"}},
    "later": {"sequence": {"steps": [VIEWED, ADDED], "then_not": {"event": ORDERED, "span": "9h"}, "within": "3d"}},
}  # fmt: skip
ONCE = ("1d", "3d", "ever", "1h")
FRESH = timedelta(days=2)


@dataclass(frozen=True)
class Happened:
    name: str
    minutes: int
    path: str | None
    plan: str | None
    id: str

    @property
    def at(self) -> datetime:
        return START + timedelta(minutes=self.minutes)

    @property
    def row(self) -> dict[str, Any]:
        return {"event": self.name, "path": self.path, "plan": self.plan, "happened_at": self.at}

    @property
    def line(self) -> str:
        return json.dumps({
            "messageId": self.id, "event": self.name, "timestamp": self.at.isoformat(), "anonymousId": "a",
            "context": {"page": {"path": self.path}}, "properties": {"plan": self.plan}, MARKS: {"source": "web"},
        })  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[Happened]:
    """Times are often the same, and often a whole span apart: bounds are where mistakes are."""
    hours = st.one_of(st.integers(0, 14 * 24), st.integers(0, 14 * 4).map(lambda quarter: quarter * 6))
    times = draw(st.lists(hours, min_size=1, max_size=14))
    minutes = [hour * 60 for hour in times]
    return [
        Happened(
            draw(st.sampled_from(("Viewed", "Added", "Ordered"))),
            each,
            draw(st.sampled_from((None, "/pricing"))),
            draw(st.sampled_from((None, "gold", "basic"))),
            f"m{place}",
        )
        for place, each in enumerate(sorted(minutes))
    ]


def one_at_a_time(history: list[Happened]) -> list[Happened]:
    """Which of two values came first, their time must tell."""
    return list({each.minutes: each for each in history}.values())


def opened(when: Any, once_per: str, **more: Any) -> tuple[World, Trigger]:
    config = project(it={"when": when, "once_per": once_per, **more})
    return World(triggering_of(config)), config.triggers["it"]


def told(world: World) -> list[datetime]:
    assert len({each["id"] for each in world.bus.told}) == len(world.bus.told)
    return sorted(datetime.fromisoformat(each["at"]) for each in world.bus.told)


def pass_until(world: World, moment: datetime) -> None:
    world.until((moment - START) / timedelta(hours=1))


@pytest.mark.parametrize("kind", [*CONDITIONS, *ABSENT])
@given(history=histories(), once_per=st.sampled_from(ONCE))
@settings(max_examples=8, deadline=None)
def test_events_in_order_fire_exactly_when_all_of_them_together_say(
    kind: str, history: list[Happened], once_per: str
) -> None:
    if kind == "changed":
        history = one_at_a_time(history)
    world, trigger = opened((CONDITIONS | ABSENT)[kind], once_per)
    for each in history:
        pass_until(world, each.at)
        assert world.processor.process([each.line, each.line]) == ()
    pass_until(world, START + timedelta(days=40))
    assert told(world) == fires(trigger, [each.row for each in history])


@pytest.mark.parametrize("kind", CONDITIONS)
@given(history=histories(), data=st.data(), once_per=st.sampled_from(ONCE))
@settings(max_examples=6, deadline=None)
def test_what_comes_late_twice_or_in_another_order_fires_if_it_is_fresh_and_once(
    kind: str, history: list[Happened], data: st.DataObject, once_per: str
) -> None:
    if kind == "changed":
        history = one_at_a_time(history)
    world, trigger = opened(CONDITIONS[kind], once_per, fresh="2d")
    delays = data.draw(st.lists(st.integers(0, 2 * 24 * 60), min_size=len(history), max_size=len(history)))
    arrivals = [(each.at + timedelta(minutes=delay), each) for each, delay in zip(history, delays, strict=True)]
    again = data.draw(st.lists(st.sampled_from(arrivals), max_size=4))
    arrivals += [(when + timedelta(hours=1), each) for when, each in again]
    for when, each in sorted(arrivals, key=lambda pair: pair[0]):
        pass_until(world, when)
        world.processor.process([each.line])
    fired = told(world)
    once = trigger.once_per
    for place, one in enumerate(fired):
        assert not covered(one, fired[:place], once)
    for moment in Person([each.row for each in history]).moments(trigger.when):
        assert covered(moment, fired, max(once, timedelta(days=10)) if kind == "first" and once != "ever" else once)


@pytest.mark.parametrize("kind", ABSENT)
@given(history=histories(), data=st.data())
@settings(max_examples=15, deadline=None)
def test_an_absence_fires_where_nothing_came_in_time_to_prevent_it(
    kind: str, history: list[Happened], data: st.DataObject
) -> None:
    world, trigger = opened(ABSENT[kind], "1h", fresh="2d", lateness="10m")
    then_not = trigger.when.sequence.then_not  # type: ignore[union-attr]  # its kind is known
    delays = data.draw(st.lists(st.integers(0, 2 * 24 * 60), min_size=len(history), max_size=len(history)))
    arrivals = {each.id: each.at + timedelta(minutes=delay) for each, delay in zip(history, delays, strict=True)}
    said: list[tuple[datetime, datetime]] = []

    def listen() -> None:
        said.extend((datetime.fromisoformat(each["at"]), world.clock.now) for each in world.bus.told[len(said) :])

    for each in sorted(history, key=lambda one: arrivals[one.id]):
        while due := [when for when, _ in world.timers.waiting.values() if when <= arrivals[each.id]]:
            pass_until(world, min(due))
            listen()
        pass_until(world, arrivals[each.id])
        world.processor.process([each.line])
        listen()
    while world.timers.waiting:
        pass_until(world, min(when for when, _ in world.timers.waiting.values()))
        listen()
    spoilers = [each for each in history if each.name == "Ordered"]
    for at, when in said:
        end = at - then_not.span
        assert when >= at + timedelta(minutes=10)
        assert not any(end < each.at < at and arrivals[each.id] < when for each in spoilers)
    for moment in Person([each.row for each in history]).moments(trigger.when):
        assert covered(moment, [at for at, _ in said], timedelta(hours=1))
