"""Nobody gets a message twice because two persons are one by now, and what was tried long ago is new to the guard."""

from typing import Any

import pytest

from harness.activations import UPSERT, World, project

VIP = ({"visits": 1}, ["vips"])
GONE = ({"visits": 1}, [])
ONCE = UPSERT | {"mode": "append", "destination": "team", "fields": {"text": "Hello"}, "settings": {}}


def world(key: str = "{person_id}", **sync: Any) -> World:
    return World(project({"s": ONCE | {"key": key} | sync}))


@pytest.mark.parametrize(
    ("key", "mode"), [("{person_id}", "append"), ("{person_id}:{visits}", "append"), ("{person_id}", "insert")]
)
def test_a_person_into_whom_somebody_goes_who_got_the_message_does_not_get_it_again(key: str, mode: str) -> None:
    shop = world(key, mode=mode)
    shop.people(p2=VIP)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=VIP)
    shop.merged(p2="p1")
    shop.activate(2)
    assert shop.changes() == {}
    assert shop.counts(2) == {"unchanged": 1}


def test_of_two_who_both_got_it_and_are_one_by_now_one_row_is_counted_once() -> None:
    shop = world()
    shop.people(p1=VIP, p2=VIP, p3=VIP)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=VIP, p4=VIP)
    shop.merged(p2="p1", p3="p1")
    shop.activate(2)
    assert shop.changes() == {"p4": "create"}
    assert shop.counts(2) == {"create": 1, "unchanged": 1}


def test_a_message_that_may_have_arrived_holds_whoever_the_person_is_by_now() -> None:
    shop = world()
    shop.people(p2=VIP, p3=VIP)
    shop.activate(1)
    shop.settle(1, p2="unknown", p3="retry")
    shop.people(p1=VIP, p4=VIP)
    shop.merged(p2="p1", p3="p4")
    shop.activate(2)
    assert shop.gates() == {"p1": "delivery.unknown", "p4": None}
    assert shop.counts(2) == {"held:delivery.unknown": 1, "retried": 1}


def test_who_got_a_message_is_not_held_for_another_that_may_have_arrived() -> None:
    shop = world()
    shop.people(p1=VIP, p2=VIP)
    shop.activate(1)
    shop.settle(1, p2="unknown")
    shop.people(p1=VIP)
    shop.merged(p2="p1")
    shop.activate(2)
    assert shop.counts(2) == {"unchanged": 1}


def test_a_reset_forgets_those_who_merged_too() -> None:
    shop = world()
    shop.people(p2=VIP)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=VIP)
    shop.merged(p2="p1")
    shop.forgotten = {"s": "r000001"}
    shop.activate(2)
    assert shop.changes() == {"p1": "create"}


def test_who_has_got_the_message_is_unchanged_and_not_held_for_having_got_enough() -> None:
    consent = {"consent": {"purpose": "ads", "channel": "email"}}
    gates = {"budgets": {"mail": {"channel": "email", "most": 1, "within": "30d"}}}
    syncs = {"s": ONCE | consent, "t": ONCE | consent | {"segment": "buyers"}}
    shop = World(project(syncs, gates=gates))
    shop.people(p1=VIP, p2=VIP, p3=({"visits": 1}, ["vips", "buyers"]))
    shop.consents(p1=True, p2=True, p3=True, p4=True)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=VIP, p3=({"visits": 1}, ["vips", "buyers"]), p4=VIP)
    shop.merged(p2="p1")
    shop.activate(2)
    assert shop.counts(2) == {"create": 1, "unchanged": 2}
    assert shop.counts(2, "t") == {"held:frequency:mail": 1}


def guarded() -> World:
    """Of nine people in a mirror eight leave, and none of them can be taken out."""
    shop = World(project({"s": UPSERT | {"mode": "mirror", "guard": {"removes": 3, "least": 0}}}))
    shop.people(**everybody())
    shop.activate(1)
    shop.settle(1)
    shop.people(p0=VIP)
    shop.activate(2)
    shop.settle(2, **dict.fromkeys(everybody(), "retry"))
    return shop


def everybody() -> dict[str, Any]:
    return {f"p{n}": VIP for n in range(9)}


@pytest.mark.slow
def test_removals_that_were_not_wanted_in_between_are_new_to_the_guard() -> None:
    shop = guarded()
    shop.people(**everybody())
    shop.activate(3)
    shop.settle(3)
    shop.people(p0=VIP)
    shop.activate(4)
    assert shop.counts(4) == {"delete": 8, "unchanged": 1}
    assert [held[1] for held in shop.holds(4)] == ["guard.removes"]


def test_some_that_were_not_wanted_in_a_run_that_was_held_are_new_to_the_guard() -> None:
    shop = guarded()
    shop.people(**{name: who for name, who in everybody().items() if name != "p8"})
    shop.activate(3)
    assert shop.counts(3) == {"delete_retried": 1, "unchanged": 8}
    shop.people(p0=VIP)
    shop.activate(4)
    assert shop.counts(4) == {"delete": 8, "unchanged": 1}


def test_what_was_still_wanted_in_a_run_that_sent_nothing_goes_again_without_another_approval() -> None:
    shop = guarded()
    for number in (3, 4):
        shop.activate(number)
        assert shop.counts(number) == {"delete_retried": 8, "unchanged": 1}
        assert shop.holds(number) == []
