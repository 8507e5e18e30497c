"""One reason per person, in one order: exclusions, ranks, hold-outs, budgets; and what holds a whole sync."""

from typing import Any

import pytest

from harness.activations import UPSERT, World, project, run
from kumitate.activation.gates import in_order
from kumitate.activation.holdouts import is_held

ADS = {"purpose": "ads", "channel": "email"}
VIP = ({"family_name": "Ito"}, ["vips"])
BOTH = ({"family_name": "Ito"}, ["vips", "buyers"])
HALF = {"half": {"percent": 50}}
MANY = [f"p{n:03d}" for n in range(40)]
META = {"crm": {"type": "meta"}}


def world(sync: dict[str, Any] | None = None, **gates: Any) -> World:
    return World(project({"s": UPSERT | {"consent": ADS} | (sync or {})}, gates=gates, **META))


def everybody(shop: World, who: Any = VIP) -> None:
    shop.people(**dict.fromkeys(MANY, who))
    shop.consents(**dict.fromkeys(MANY, True))


def held_out(shop: World, sync: str = "s") -> set[str]:
    return {person for person, gate in shop.gates(sync).items() if (gate or "").startswith("holdout:")}


def test_consent_is_asked_for_the_brand_and_no_other_ones_word_counts() -> None:
    shop = world({"consent": ADS | {"brand": "tea"}})
    shop.people(p1=VIP, p2=VIP, p3=VIP, p4=VIP)
    shop.brand_consents(("p1", True, "tea"), ("p2", True, "rice"), ("p3", True, None), ("p4", False, "tea"))
    shop.activate()
    assert shop.gates() == {"p1": None, "p2": "consent_unknown", "p3": "consent_unknown", "p4": "no_consent"}


def test_who_refused_every_brand_has_refused_the_one_they_never_spoke_of() -> None:
    shop = world({"consent": ADS | {"brand": "tea"}})
    shop.people(**dict.fromkeys(("p1", "p2", "p3"), VIP))
    shop.brand_consents(("p1", False, None), ("p2", False, None), ("p2", True, "tea"), ("p3", False, "rice"))
    shop.activate(1)
    assert shop.gates() == {"p1": "no_consent", "p2": None, "p3": "consent_unknown"}


def test_a_shared_list_is_used_by_name_and_one_for_all_needs_no_name() -> None:
    lists = {"shared": {"segments": ["lapsed", "buyers"]}}
    for exclusions, exclude in ((lists, ["shared"]), ({"shared": lists["shared"] | {"all_syncs": True}}, [])):
        shop = world({"exclude": exclude}, exclusions=exclusions)
        shop.people(p1=VIP, p2=BOTH)
        shop.consents(p1=True, p2=True)
        shop.activate()
        assert shop.gates() == {"p1": None, "p2": "excluded:shared"}


def test_a_list_for_all_syncs_leaves_out_nobody_where_no_consent_is_needed() -> None:
    shop = world({"consent": "not_needed"}, exclusions={"shared": {"segments": ["buyers"], "all_syncs": True}})
    shop.people(p1=BOTH)
    shop.activate()
    assert shop.gates() == {"p1": None}


def test_who_is_held_out_stays_so_when_the_share_changes_and_new_people_are_drawn_by_the_new_one() -> None:
    shop = world(holdouts=HALF)
    everybody(shop)
    shop.activate(1)
    before = held_out(shop)
    assert 5 < len(before) < 35
    smaller = World(project({"s": UPSERT | {"consent": ADS}}, gates={"holdouts": {"half": {"percent": 1}}}, **META))
    smaller.lake = shop.lake
    smaller.people(**dict.fromkeys([*MANY, *(f"q{n:03d}" for n in range(40))], VIP))
    smaller.activate(2)
    assert {person for person in held_out(smaller) if person in MANY} == before
    assert len(held_out(smaller)) < len(before) + 10


def test_a_person_into_whom_somebody_held_out_goes_is_held_out() -> None:
    control = next(person for person in MANY if is_held("half", person, 50))
    treated = next(person for person in MANY if not is_held("half", person, 50))
    shop = world(holdouts=HALF)
    everybody(shop)
    shop.activate(1)
    shop.settle(1)
    assert shop.gates()[treated] is None
    shop.people(**{treated: VIP})
    shop.merged(**{control: treated})
    shop.activate(2)
    assert shop.gates() == {treated: "holdout:half"}


def test_a_hold_out_is_enforced_over_every_destination_and_spares_only_what_needs_no_consent() -> None:
    syncs = {
        "s": UPSERT | {"consent": ADS, "mode": "mirror"},
        "mail": UPSERT | {"consent": ADS, "mode": "append", "destination": "team"},
        "alert": UPSERT | {"mode": "append", "destination": "team"},
        "calls": UPSERT | {"mode": "append", "destination": "team", "hold_out": True},
        "forget": UPSERT | {"consent": ADS, "mode": "delete"},
    }
    slack = {"team": {"type": "slack", "settings": {"channel": "C1"}}}
    shop = World(project(syncs, gates={"holdouts": HALF}, **META, **slack))
    everybody(shop)
    shop.activate()
    assert held_out(shop, "s") == held_out(shop, "mail") == held_out(shop, "calls") != set()
    assert held_out(shop, "alert") == held_out(shop, "forget") == set()


def test_a_hold_out_of_a_segment_holds_the_syncs_of_that_segment_alone() -> None:
    syncs = {"s": UPSERT | {"consent": ADS}, "other": UPSERT | {"consent": ADS, "segment": "buyers"}}
    shop = World(project(syncs, gates={"holdouts": {"lift": {"percent": 50, "segment": "vips"}}}))
    everybody(shop, BOTH)
    shop.activate()
    assert held_out(shop, "s")
    assert not held_out(shop, "other")


def test_who_is_newly_held_out_leaves_the_audience() -> None:
    for mode in ("mirror", "add", "rebuild"):
        shop = world({"mode": mode})
        everybody(shop)
        shop.activate(1)
        shop.settle(1)
        after = World(project({"s": UPSERT | {"consent": ADS, "mode": mode}}, gates={"holdouts": HALF}, **META))
        after.lake = shop.lake
        after.activate(2)
        left = {key for key, operation in after.changes().items() if operation == "delete"}
        assert left == held_out(after) != set()


def test_who_would_not_be_sent_anyway_is_not_said_to_be_held_out() -> None:
    shop = world({"exclude": ["buyers"]}, holdouts={"all_but": {"percent": 99.9}})
    shop.people(p1=VIP, p2=VIP, p3=BOTH)
    shop.consents(p1=False, p3=True)
    shop.activate()
    assert shop.gates() == {"p1": "no_consent", "p2": "consent_unknown", "p3": "excluded:buyers"}


def test_a_person_is_left_to_the_sync_that_goes_first_also_where_that_one_holds_them_out() -> None:
    syncs = {
        "s": UPSERT | {"consent": ADS},
        "first": UPSERT | {"consent": ADS, "segment": "buyers"},
    }
    gates = {
        "rankings": {"one": {"syncs": ["first", "s"]}},
        "holdouts": {"lift": {"percent": 50, "segment": "buyers"}},
    }
    shop = World(project(syncs, gates=gates))
    assert in_order(shop.config) == ("first", "s")
    shop.people(**dict.fromkeys(MANY, BOTH), q1=VIP, q2=BOTH)
    shop.consents(**dict.fromkeys(MANY, True), q1=True)
    shop.activate()
    assert {shop.gates()[person] for person in MANY} == {"outranked:first"}
    assert shop.gates()["q1"] is None
    assert shop.gates("first")["q2"] == shop.gates()["q2"] == "consent_unknown"


@pytest.mark.slow
def test_a_budget_counts_what_arrived_or_may_have_and_what_this_run_sends_already() -> None:
    message = UPSERT | {"consent": ADS, "mode": "append", "destination": "team"}
    syncs = {"a": message, "s": message | {"key": "{person_id}:{visits}"}}
    slack = {"team": {"type": "slack", "settings": {"channel": "C1"}}}
    shop = World(project(syncs, gates={"budgets": {"mail": {"channel": "email", "most": 2, "within": "3d"}}}, **slack))
    people = {name: ({"visits": 1}, ["vips"]) for name in ("p1", "p2")}
    shop.people(**people)
    shop.consents(p1=True, p2=True)
    shop.activate(1)
    assert shop.changes() == {"p1:1": "create", "p2:1": "create"}
    shop.settle(1, sync="a")
    shop.settle(1, **{"p2:1": "unknown"})
    shop.people(p1=({"visits": 2}, ["vips"]), p2=({"visits": 2}, ["vips"]))
    shop.activate(2)
    assert shop.gates() == {"p1": "frequency:mail", "p2": "frequency:mail"}
    shop.activate(5)
    assert shop.gates() == {"p1": None, "p2": None}


def test_messages_planned_in_this_run_spend_the_budget_and_those_of_another_runs_plan_do_not() -> None:
    message = UPSERT | {"consent": ADS, "mode": "append", "destination": "team"}
    slack = {"team": {"type": "slack", "settings": {"channel": "C1"}}}
    budget = {"mail": {"channel": "email", "most": 1, "within": "3d"}}
    shop = World(project({"a": message, "s": message}, gates={"budgets": budget}, **slack))
    shop.people(p1=VIP)
    shop.consents(p1=True)
    shop.activate(1)
    assert shop.gates() == {"p1": "frequency:mail"}
    shop.activate(2, syncs=["s"])
    assert shop.gates() == {"p1": None}


def test_messages_to_somebody_who_merged_count_for_whom_they_are_now() -> None:
    message = UPSERT | {"consent": ADS, "mode": "append", "destination": "team"}
    slack = {"team": {"type": "slack", "settings": {"channel": "C1"}}}
    budget = {"mail": {"channel": "email", "most": 1, "within": "3d"}}
    shop = World(project({"a": message, "s": message}, gates={"budgets": budget}, **slack))
    shop.people(p2=VIP)
    shop.consents(p2=True)
    shop.activate(1)
    shop.settle(1, sync="a")
    shop.people(p1=VIP)
    shop.consents(p1=True)
    shop.merged(p2="p1")
    shop.activate(2)
    assert shop.gates() == {"p1": "frequency:mail"}


def test_the_guard_holds_a_run_that_removes_too_many_and_names_the_numbers() -> None:
    shop = world({"mode": "mirror", "guard": {"removes": "10%", "least": 2}})
    everybody(shop)
    shop.activate(1)
    assert shop.holds(1) == []
    shop.settle(1)
    shop.people(**dict.fromkeys(MANY[4:], VIP))
    shop.activate(2)
    assert shop.holds(2) == []
    shop.people(**dict.fromkeys(MANY[5:], VIP))
    shop.activate(3)
    assert shop.holds(3) == [("s", "guard.removes", 0, 0, 5, 40, 4)]


def test_few_changes_are_never_too_many_and_a_first_full_sync_is_no_mass_change() -> None:
    shop = world({"mode": "mirror", "guard": {"adds": "10%", "removes": "10%", "least": 40}})
    everybody(shop)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=VIP)
    shop.activate(2)
    assert (shop.holds(1), shop.holds(2)) == ([], [])


def test_a_limit_in_rows_holds_the_first_run_too() -> None:
    shop = world({"guard": {"adds": 39, "least": 0}})
    everybody(shop)
    shop.activate(1)
    assert shop.holds(1) == [("s", "guard.adds", 40, 0, 0, 0, 39)]


def test_what_was_tried_in_vain_passed_the_guard_then_and_is_not_counted_again() -> None:
    shop = world({"guard": {"adds": 10, "least": 0}})
    everybody(shop)
    shop.activate(1)
    shop.settle(1, **dict.fromkeys(MANY, "retry"))
    shop.activate(2)
    assert (len(shop.changes()), shop.holds(2)) == (40, [])


@pytest.mark.parametrize("mode", ["upsert", "append", "rebuild"])
def test_approval_holds_every_change_and_nothing_where_there_is_none(mode: str) -> None:
    shop = world({"mode": mode, "approval": "required"})
    shop.people(p1=VIP)
    shop.consents(p1=True)
    shop.activate(1)
    assert shop.holds(1) == [("s", "approval", 1, 0, 0, 0, 0)]
    shop.settle(1)
    shop.activate(2)
    assert shop.holds(2) == []


def test_an_assignment_says_which_share_it_was_drawn_by_and_when() -> None:
    shop = world(holdouts=HALF)
    shop.people(p1=VIP)
    shop.activate(3)
    shop.activate(4)
    said = "select holdout, person_id, is_held, percent, run_id from activation.holdout_assignments"
    assert shop.lake.rows(said) == [("half", "p1", is_held("half", "p1", 50), 50.0, run(3).id)]
