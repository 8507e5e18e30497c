"""Triggers at work on people: what counts, whose it is, and that it is told once."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from harness.realtime import (
    ADDED,
    ANON,
    BOTH,
    CART,
    KEEN,
    MEMBER,
    ORDERED,
    Store,
    World,
    event,
    plan,
    project,
    viewed,
)
from kumitate.activation.triggered import fired_from
from kumitate.cloud.watching import watch
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.events.plan import Triggering
from kumitate.events.recollection import LARGEST_BYTES
from kumitate.events.state_keys import root_of
from kumitate.events.triggering import from_json, to_json, triggering_of
from kumitate.events.words import most_bytes


def test_an_abandoned_cart_tells_what_lies_in_it_and_is_told_once() -> None:
    world = World(plan(cart=CART))
    world.come(event("Added", 0, item="old", cart="c0", price=1, who=ANON))
    world.come(event("Ordered", 1, cart="c0", who=ANON), hours=1)
    world.come(event("Added", 2, item="tea", cart="c1", price="4.50", who=ANON), hours=2)
    world.come(event("Added", 3, item="pot", cart="c1", price=20.25, who=ANON), hours=3)
    world.come(event("Removed", 4, item="tea", who=ANON), hours=4)
    world.until(60)
    (told,) = world.bus.told
    assert told["facts"] == {
        "cart": "c1",
        "items": [{"item": "tea", "price": 4.5}, {"item": "pot", "price": 20.25}],
        "left": ["old", "pot"],
        "total": 24.75,
        "adds": 3,
        "first_item": "old",
    }
    assert world.fired("cart") == [(26.0, f"{root_of('anonymous_id', 'a')}:c1")]
    assert fired_from(told).facts == told["facts"]
    assert not world.timers.waiting


def test_the_order_cancels_the_timer() -> None:
    world = World(plan(cart=CART))
    world.come(event("Added", 0, who=ANON))
    assert len(world.timers.waiting) == 1
    world.come(event("Ordered", 3, who=ANON), hours=3)
    assert not world.timers.waiting
    world.until(100)
    assert world.fired() == []


def test_of_a_telephone_that_was_offline_the_order_counts_though_it_comes_after_the_cart() -> None:
    world = World(plan(cart=CART))
    world.until(30)
    world.come(event("Added", 0, who=ANON))
    assert world.fired() == []
    world.come(event("Ordered", 1, who=ANON))
    world.until(60)
    assert world.fired() == []


def test_bots_replays_and_blocked_events_do_not_count() -> None:
    world = World(plan(keen=KEEN))
    for marks in ({"flags": ["bot"]}, {"flags": ["replayed"]}, {"blocked": "contract.violated"}):
        assert world.come(*viewed(0, 1, 2, marks=marks), hours=3) == ()
    world.come(event("Viewed", 50_000, who=ANON))
    assert world.store.held == {}


def test_consent_that_the_newest_event_takes_back_is_told_as_denied() -> None:
    world = World(plan(keen=KEEN))
    yes, no = {"consent": {"marketing/email": True}}, {"consent": {"marketing/email": False}}
    world.come(event("Cookies", 2, who=ANON, marks=no), event("Cookies", 1, "late", who=ANON, marks=yes), hours=2)
    world.come(*viewed(0, 1, 2), hours=2)
    assert world.bus.told[0]["denied"] == ["marketing/email"]


def test_a_blocked_identifier_names_nobody() -> None:
    world = World(plan(keen=KEEN))
    world.come(*viewed(0, 1, 2, who={"context": {"traits": {"email": "test@shop.example.jp"}}}), hours=2)
    assert world.fired() == []


def test_bad_lines_are_answered_by_place_and_reason_and_the_others_go_on() -> None:
    world = World(plan(keen=KEEN))
    bad = ["{", "[]", "{}", '{"_kumitate": {"source": "web"}}', '{"_kumitate":{"source":"web"},"messageId":"x"}']
    found = world.come(*bad, *viewed(0, 1, 2), b"\xff\xfe".decode("latin-1"), hours=2)
    assert found == (
        (0, "json.invalid"), (1, "json.no_object"), (2, "event.no_source"), (3, "event.no_id"), (4, "event.no_time"),
        (8, "json.invalid"),
    )  # fmt: skip
    assert len(world.fired()) == 1


def test_what_fired_before_a_crash_is_told_when_the_lines_come_again() -> None:
    world = World(plan(keen=KEEN))
    put, world.bus.put = world.bus.put, _refuse  # type: ignore[method-assign]  # this bus is a fake
    with pytest.raises(RetryableError):
        world.come(*viewed(0, 1, 2), hours=2)
    world.bus.put = put  # type: ignore[method-assign]  # this bus is a fake
    world.come(*viewed(2), hours=2)
    world.come(*viewed(2), hours=2)
    assert len(world.bus.told) == 1


def _refuse(detail_type: str, detail: Any) -> None:
    raise RetryableError(f"the bus does not take {detail_type} of {len(detail)} members")


def test_a_state_is_bounded_whatever_comes_in() -> None:
    facts = {"all": {"columns": ["path", "plan", "item", "cart"], "of": ADDED, "take": "list", "most": 100}}
    watched = plan(cart={**CART, "facts": facts, "key": "{person_id}"}, keen=KEEN)
    world = World(watched)
    long = {name: f"{name}価" * 200 for name in ("item", "cart", "plan")}
    world.come(*(event("Added", number / 100, who=ANON, **long) for number in range(150)), hours=4)
    (held,) = world.store.held.values()
    size = len(json.dumps(held.data).encode())
    assert size <= most_bytes(watched) <= LARGEST_BYTES + 20_000
    assert sum(map(len, held.data["e"].values())) <= sum(step.most for step in watched.steps.values())


def test_a_plan_survives_its_file() -> None:
    watched = plan(cart=CART, keen=KEEN)
    assert from_json(to_json(watched)) == watched
    assert triggering_of(project()) == Triggering()
    for text in ("", "[]", '{"sources": {}}', '{"sources": {}, "steps": {"a": {}}, "watches": {}}'):
        with pytest.raises(FatalError, match="deploy again"):
            from_json(text)


def test_a_timer_that_means_nothing_is_no_timer() -> None:
    with pytest.raises(RecordError):
        World(plan(cart=CART)).processor.wake({"root": 1})


def record(number: int, *lines: str) -> dict[str, Any]:
    data = base64.b64encode("\n".join(lines).encode()).decode()
    return {
        "eventID": f"shardId-000:{number}",
        "eventSourceARN": "arn:aws:kinesis:ap-northeast-1:000000000000:stream/web",
        "kinesis": {"sequenceNumber": str(number), "data": data},
    }


def test_a_poison_line_is_set_aside_by_its_place_and_the_batch_goes_on() -> None:
    world = World(plan(keen=KEEN))
    world.until(2)
    broken = {**record(2), "kinesis": {"sequenceNumber": "2", "data": "?"}}
    found = watch([record(1, *viewed(0), "", "{"), broken, record(3, *viewed(1, 2))], world.processor.process)
    told = [(each.stream, each.shard, each.sequence, each.line, each.reason) for each in found.refused]
    assert sorted(told) == [
        ("web", "shardId-000", "1", 3, "json.invalid"), ("web", "shardId-000", "2", 1, "record.no_base64"),
    ]  # fmt: skip
    assert (found.again, len(world.fired())) == ("", 1)


def test_only_what_failed_comes_again() -> None:
    def process(lines: Sequence[bytes]) -> tuple[tuple[int, str], ...]:
        if b"bad" in lines:
            raise RetryableError("the table does not answer")
        return ()

    assert watch([record(1, "a"), record(2, "bad"), record(3, "b")], process).again == "2"
    assert watch([record(1, "a"), record(3, "b")], process).again == ""
    assert watch([record(1, "bad")], process).again == "1"


def test_a_store_that_changes_all_the_time_lets_the_lines_come_again() -> None:
    class Busy(Store):
        def write(self, key: str, data: Any, *, instead_of: int) -> bool:  # noqa: ARG002 -- the port's
            return False

    world = World(plan(keen=KEEN), store=Busy())
    with pytest.raises(RetryableError, match="come again"):
        world.come(*viewed(0), hours=1)


def test_steps_at_the_very_same_time_do_not_follow_one_another() -> None:
    steps = [{"source": "web", "event": "Viewed"}, ADDED, ORDERED]
    world = World(plan(it={"when": {"sequence": {"steps": steps, "within": "7d"}}}))
    world.come(*viewed(0), event("Added", 0, who=ANON), event("Ordered", 1, who=ANON), hours=1)
    assert world.fired() == []
    world.come(event("Added", 0.5, who=ANON), hours=1)
    assert len(world.fired()) == 1


def test_what_came_true_before_fires_too_if_it_is_known_later_and_far_enough_apart() -> None:
    world = World(plan(it={"when": {"event": ORDERED}, "once_per": "2h"}))
    world.come(event("Ordered", 9, who=ANON), hours=9)
    world.come(event("Ordered", 8, who=ANON), event("Ordered", 3, who=ANON), hours=10)
    assert [hours for hours, _ in world.fired()] == [3.0, 9.0]


@dataclass
class Interrupted(Store):
    """Another shard comes between, right before call `place` of the store."""

    place: int = 0
    come_between: Any = None
    calls: int = 0

    def read(self, keys: Sequence[str]) -> Any:
        self.count()
        return super().read(keys)

    def write(self, key: str, data: Any, *, instead_of: int) -> bool:
        self.count()
        return super().write(key, data, instead_of=instead_of)

    def count(self) -> None:
        self.calls += 1
        if self.calls == self.place:
            self.come_between()


@pytest.mark.parametrize("is_login_first", [True, False])
@pytest.mark.parametrize("place", range(1, 11))
def test_a_visitor_who_logs_in_while_another_shard_counts_them_fires_once(place: int, *, is_login_first: bool) -> None:
    visit, login = viewed(2), [event("Login", 2, who=BOTH), *viewed(2.1, who=MEMBER)]
    first, second = (login, visit) if is_login_first else (visit, login)
    world = World(plan(keen=KEEN))
    world.come(*viewed(0, 1), hours=2)
    between = Interrupted(world.store.held, world.store.versions, place)
    between.come_between = lambda: world.come(*second)
    world.store = between
    world.come(*first)
    assert len({each["id"] for each in world.bus.told}) == 1
