"""Who may have been added, and is wanted no more, is taken out: nobody stays for want of an answer."""

from dataclasses import replace

import pytest

from harness.activations import UPSERT, World, project, run
from kumitate.activation.retries import retrying, settling
from kumitate.activation.stage import DELIVERY

MIRROR = UPSERT | {"mode": "mirror"}
VIP = ({"family_name": "Ito"}, ["vips"])
LEFT = ({"family_name": "Ito"}, [])


def world(**sync: object) -> World:
    shop = World(project({"s": MIRROR | sync}))
    shop.people(p1=VIP, p2=VIP)
    shop.activate(1)
    return shop


@pytest.mark.parametrize("reason", ["unavailable", "answer.unreadable", "run.interrupted"])
def test_who_was_added_without_an_answer_and_leaves_is_taken_out_until_that_is_answered(reason: str) -> None:
    shop = world()
    shop.settle(1, p1="retry", because=reason)
    shop.people(p1=LEFT, p2=VIP)
    shop.activate(2)
    assert shop.changes() == {"p1": "delete"}
    assert shop.counts(2) == {"delete": 1, "unchanged": 1}
    assert shop.lake.rows("select fields, person_id from activation.changes_s") == [('{"LastName": null}', "p1")]
    shop.settle(2, p1="retry", because="unavailable")
    shop.activate(3)
    assert shop.changes() == {"p1": "delete"}
    shop.settle(3)
    shop.activate(4)
    assert (shop.changes(), shop.state()) == ({}, {"p2": "r000001"})


def test_who_stays_is_added_again_as_before() -> None:
    shop = world()
    shop.settle(1, p1="retry", because="unavailable")
    shop.activate(2)
    assert shop.changes() == {"p1": "create"}


def test_what_certainly_did_not_arrive_need_not_be_taken_out() -> None:
    shop = world()
    shop.settle(1, p1="retry", because="throttled")
    shop.people(p1=LEFT, p2=VIP)
    shop.activate(2)
    assert shop.changes() == {}


def test_who_comes_back_and_is_accepted_is_in_doubt_no_more() -> None:
    shop = world()
    shop.settle(1, p1="retry", because="unavailable")
    shop.people(p1=LEFT, p2=VIP)
    shop.activate(2)
    shop.settle(2, p1="retry", because="unavailable")
    shop.people(p1=VIP, p2=VIP)
    shop.activate(3)
    assert shop.changes() == {"p1": "create"}
    shop.settle(3)
    shop.activate(4)
    assert (shop.changes(), set(shop.state())) == ({}, {"p1", "p2"})


def test_a_mode_that_takes_nobody_out_leaves_them() -> None:
    shop = world(mode="upsert")
    shop.settle(1, p1="retry", because="unavailable")
    shop.people(p1=LEFT, p2=VIP)
    shop.activate(2)
    assert shop.changes() == {}


@pytest.mark.parametrize("mode", ["mirror", "upsert"])
def test_a_change_without_an_answer_that_is_undone_is_sent_as_it_was(mode: str) -> None:
    shop = world(mode=mode)
    shop.settle(1)
    shop.people(p1=({"family_name": "Abe"}, ["vips"]), p2=VIP)
    shop.activate(2)
    shop.settle(2, p1="retry", because="unavailable")
    shop.people(p1=VIP, p2=VIP)
    shop.activate(3)
    assert shop.changes() == {"p1": "update"}
    shop.settle(3)
    shop.activate(4)
    assert shop.changes() == {}


def test_who_was_taken_out_without_an_answer_and_comes_back_is_brought_again() -> None:
    shop = world()
    shop.settle(1)
    shop.people(p1=LEFT, p2=VIP)
    shop.activate(2)
    shop.settle(2, p1="retry", because="run.interrupted")
    shop.people(p1=VIP, p2=VIP)
    shop.activate(3)
    assert shop.changes() == {"p1": "update"}


def test_what_is_accepted_when_it_is_tried_again_alone_is_to_be_brought_no_more() -> None:
    shop = world()
    shop.settle(1)
    shop.people(p1=({"family_name": "Abe"}, ["vips"]), p2=VIP)
    shop.activate(2)
    shop.settle(2, p1="retry", because="unavailable")
    shop.people(p1=VIP, p2=VIP)
    shop.lake.run(retrying("s", ()), shop.config, run(3))
    assert shop.changes() == {"p1": "update"}
    shop.settle(3)
    restored = [step for step in settling("s").plan(shop.config, run(3)) if str(step.table) == "activation.changes_s"]
    shop.lake.run(replace(DELIVERY, plan=lambda _config, _run: tuple(restored)), shop.config, run(3))
    assert shop.changes() == {}
