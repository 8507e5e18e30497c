"""What is remembered of a person: all that a trigger still needs, and as long as it does."""

from __future__ import annotations

from typing import Any

from harness.realtime import ADDED, ORDERED, REMOVED, World, at, event, plan
from kumitate.events.words import part_words

CHANGED: dict[str, Any] = {"when": {"changed": "plan", "of": {"source": "web"}, "to": "gold"}}


def test_events_that_tell_no_plan_do_not_push_out_the_last_one_that_does() -> None:
    world = World(plan(gold=CHANGED))
    world.come(event("Plan", 0, plan="basic"), *(event("Viewed", hour) for hour in range(1, 61)), hours=61)
    world.come(event("Plan", 62, plan="gold"), hours=62)
    assert [hours for hours, _ in world.fired()] == [62]


def test_a_change_is_told_in_the_words_it_was_asked_for() -> None:
    of = {"source": "web", "where": {"column": "path", "is": "/account"}}
    found = plan(any=CHANGED, some={"when": {"changed": "plan", "of": of}})
    words = {name: [part_words(found, part) for part in watch.parts] for name, watch in found.watches.items()}
    assert words == {
        "any": ["plan of web changes to gold"],
        "some": ["plan of web where path is /account changes"],
    }


def ordered(**facts: Any) -> World:
    when = {"event": ORDERED}
    return World(plan(it={"when": when, "facts": {"cart": {"column": "cart"}} | facts}))


def test_a_total_counts_everything_in_the_cart_and_not_the_newest_few() -> None:
    of = {"of": ADDED, "same": "cart", "within": "7d"}
    world = ordered(total={"column": "price", "take": "sum", **of}, adds={"take": "count", **of})
    world.come(*(event("Added", hour / 60, cart="c", price=2) for hour in range(70)), hours=2)
    world.come(event("Ordered", 3, cart="c"), hours=3)
    assert world.bus.told[0]["facts"] == {"cart": "c", "total": 140, "adds": 70}


def test_a_fact_of_the_condition_itself_counts_everything_that_made_it_true() -> None:
    when = {"event": {"source": "web", "event": "Viewed"}, "within": "7d", "at_least": 2}
    world = World(plan(it={"when": when, "once_per": "1h", "facts": {"views": {"take": "count"}}}))
    world.come(*(event("Viewed", hour) for hour in range(45)), hours=45)
    assert max(each["facts"]["views"] for each in world.bus.told) == 45


def test_what_was_taken_out_of_another_cart_still_lies_in_this_one() -> None:
    left = {"column": "item", "of": ADDED, "take": "list", "same": "cart", "within": "7d"}
    world = ordered(left={**left, "without": REMOVED, "by": "item"})
    world.come(
        *(event("Added", 1, f"{cart}{item}", cart=cart, item=item) for cart in "cd" for item in ("tea", "cup", "pot"))
    )
    world.come(event("Removed", 2, cart="d", item="tea"), event("Removed", 2.1, item="pot"), hours=3)
    world.come(event("Ordered", 4, cart="c"), hours=4)
    world.come(event("Ordered", 40, cart="d"), hours=40)
    assert sorted(world.bus.told[0]["facts"]["left"]) == ["cup", "tea"]
    assert world.bus.told[1]["facts"]["left"] == ["cup"]


def test_who_was_told_within_once_per_is_remembered_until_it_is_over() -> None:
    world = World(plan(it={"when": {"event": ORDERED}, "once_per": "90d"}))
    world.come(event("Ordered", 0), hours=0)
    (state,) = (state for key, state in world.store.held.items() if key.startswith("person#"))
    assert state.data["expires_at"] > at(90 * 24).timestamp()
