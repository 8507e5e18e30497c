"""Whose events are: visitors who log in, persons that the lake merges, shared devices; nobody hears a thing twice."""

from __future__ import annotations

import pytest

from harness.realtime import ANON, BOTH, CART, KEEN, MEMBER, World, at, event, plan, viewed
from kumitate.events.state_keys import moved_key, person_key, root_of, who_key


def test_what_an_anonymous_visitor_did_counts_when_they_log_in() -> None:
    world = World(plan(keen=KEEN))
    world.come(*viewed(0, 1), hours=1)
    world.come(event("Login", 2, who=BOTH), hours=2)
    world.come(*viewed(3, who=MEMBER), hours=3)
    assert world.fired() == [(3.0, root_of("member_no", "m"))]


def test_late_stitching_does_not_fire_twice() -> None:
    world = World(plan(keen=KEEN, cart=CART))
    world.come(*viewed(0, 1, 2), hours=2)
    world.come(event("Added", 2, cart="c", who=ANON))
    world.until(40)
    assert len(world.bus.told) == 2
    world.come(event("Login", 41, who=BOTH), hours=41)
    world.store.publish([(who_key("member_no", "m"), {"person": "p-1"})])
    world.come(event("Added", 2.5, cart="c", who=MEMBER), event("Login", 42, who=BOTH), hours=42)
    world.until(90)
    assert len(world.bus.told) == 2
    assert set(world.store.held[person_key("p-1")].data["f"]) == {"keen", "cart"}


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 0, 1, 3), (3, 2, 1, 0)])
def test_what_a_batch_tells_in_its_course_counts_for_all_of_it(order: tuple[int, ...]) -> None:
    lines = [*viewed(0, 1), *viewed(2, who=MEMBER), event("Login", 3, who=BOTH)]
    world = World(plan(keen=KEEN))
    world.until(4)
    world.come(*(lines[place] for place in order))
    assert world.fired() == [(2.0, root_of("member_no", "m"))]


@pytest.mark.parametrize("is_known_later", [False, True], ids=["one person", "found to be one"])
def test_a_backlog_that_holds_the_purchase_does_not_tell_that_there_was_none(is_known_later: bool) -> None:
    world = World(plan(cart=CART | {"lateness": "0m"}))
    who = MEMBER if is_known_later else ANON
    added, ordered = event("Added", 2, cart="c", who=ANON), event("Ordered", 3, cart="c", who=who)
    login = [event("Login", 4, who=BOTH)] if is_known_later else []
    if is_known_later:
        world.come(event("Added", 1, cart="b", who=ANON), hours=1)
    world.clock.now = at(30)
    world.come(added, ordered, *login)
    world.until(60)
    assert world.fired() == []


def test_what_a_person_did_under_an_id_that_the_lake_has_merged_is_theirs() -> None:
    """Two persons of the lake become one: neither fires again, and a timer of the one that went finds the other."""
    world = World(plan(keen=KEEN, cart=CART))
    for member, person in (("m", "p-2"), ("n", "p-1")):
        world.store.publish([(who_key("member_no", member), {"person": person})])
    world.come(*viewed(0, 1, 2, who=MEMBER), event("Added", 2, cart="c", who=MEMBER), hours=2)
    assert world.fired("keen") == [(2.0, "p-2")]
    merged = {"person": "p-1", "was": ["p-2"]}
    world.store.publish([(who_key("member_no", member), merged) for member in ("m", "n")])
    world.store.publish([(moved_key("p-2"), {"person": "p-1"})])
    world.come(*(event("Viewed", 3 + place, f"v{place}", who={"userId": "n"}) for place in range(3)), hours=6)
    assert world.fired("keen") == [(2.0, "p-2")]
    world.until(40)
    assert [each["person_id"] for each in world.bus.told if each["trigger"] == "cart"] == ["p-1"]


def test_a_timer_of_an_id_that_the_lake_has_merged_finds_the_person() -> None:
    world = World(plan(cart=CART))
    world.store.publish([(who_key("member_no", "m"), {"person": "p-2"})])
    world.come(event("Added", 2, cart="c", who=MEMBER), hours=2)
    world.store.publish([(who_key("member_no", "m"), {"person": "p-1", "was": ["p-2"]})])
    world.store.publish([(moved_key("p-2"), {"person": "p-1"})])
    world.until(40)
    assert [each["person_id"] for each in world.bus.told] == ["p-1"]


def test_a_shared_device_follows_who_logged_in_last_and_makes_no_two_people_one() -> None:
    world = World(plan(keen=KEEN))
    world.come(event("Login", 0, who=BOTH), *viewed(0.1, 0.2), hours=1)
    world.come(event("Login", 2, "l2", who={"anonymousId": "a", "userId": "n"}), *viewed(2.1, 2.2), hours=3)
    assert world.fired() == []
    world.come(*viewed(3), hours=3)
    assert world.fired() == [(3.0, root_of("member_no", "n"))]


def test_the_lakes_person_is_told_and_what_the_events_call_them_most_surely() -> None:
    world = World(plan(keen=KEEN))
    world.store.publish([(who_key("member_no", "m"), {"person": "p-1"})])
    world.come(*viewed(0, 1, 2, who=BOTH), hours=2)
    (told,) = world.bus.told
    assert (told["person_id"], told["key"]) == ("p-1", "p-1")
    assert told["who"] == [who_key("member_no", "m")]
