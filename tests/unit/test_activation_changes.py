"""Changes come from what the destination last accepted; counts add up to the candidates."""

from typing import Any

import pytest

from harness.activations import UPSERT, World, project
from kumitate.activation.changes import changes_in_order

ITO = ({"family_name": "Ito"}, ["vips"])
SATO = ({"family_name": "Sato"}, ["vips"])
GONE = ({"family_name": "Ito"}, [])


def world(mode: str = "upsert", **sync: Any) -> World:
    return World(project({"s": UPSERT | {"mode": mode} | sync}))


def test_a_second_run_over_the_same_people_changes_nothing() -> None:
    shop = world()
    shop.people(p1=ITO, p2=SATO)
    shop.activate(1)
    shop.settle(1)
    shop.activate(2)
    assert shop.changes() == {}
    assert shop.counts(2) == {"unchanged": 2}


def test_only_who_differs_from_the_accepted_state_is_updated_and_the_old_fields_come_along() -> None:
    shop = world()
    shop.people(p1=ITO, p2=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=ITO, p2=SATO, p3=ITO)
    shop.activate(2)
    assert shop.changes() == {"p2": "update", "p3": "create"}
    assert shop.counts(2) == {"create": 1, "unchanged": 1, "update": 1}
    previous = dict(shop.lake.rows("select key, previous_fields from activation.changes_s"))
    assert previous == {"p2": '{"LastName":"Ito"}', "p3": None}


@pytest.mark.parametrize("verdict", ["rejected", "retry"])
def test_a_row_that_was_not_accepted_comes_again_alone(verdict: str) -> None:
    shop = world()
    shop.people(p1=ITO, p2=SATO)
    shop.activate(1)
    shop.settle(1, p2=verdict)
    shop.activate(2)
    assert shop.changes() == {"p2": "create"}
    assert shop.counts(2) == {"retried": 1, "unchanged": 1}


def test_a_row_whose_fate_is_unknown_is_held_and_said() -> None:
    shop = world("append")
    shop.people(p1=ITO)
    shop.activate(1)
    shop.settle(1, p1="unknown")
    shop.activate(2)
    assert shop.changes() == {}
    assert shop.counts(2) == {"held:delivery.unknown": 1}


def test_mirror_removes_who_left_and_upsert_does_not() -> None:
    for mode, expected in (("mirror", {"p2": "delete"}), ("upsert", {})):
        shop = world(mode)
        shop.people(p1=ITO, p2=ITO)
        shop.activate(1)
        shop.settle(1)
        shop.people(p1=ITO, p2=GONE)
        shop.activate(2)
        assert shop.changes() == expected


def test_who_was_removed_is_not_removed_again_and_may_come_back() -> None:
    shop = world("mirror")
    shop.people(p1=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=GONE)
    shop.activate(2)
    shop.settle(2)
    shop.activate(3)
    assert shop.changes() == {}
    shop.people(p1=ITO)
    shop.activate(4)
    assert shop.changes() == {"p1": "create"}


def test_removals_leave_before_anything_else_and_then_keys_in_order() -> None:
    shop = world("mirror")
    shop.people(p2=ITO, p3=ITO, p9=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=ITO, p2=SATO, p3=ITO, p9=GONE)
    shop.activate(2)
    rows = shop.lake.query(changes_in_order("s").sql).to_pylist()
    assert [(row["key"], row["operation"]) for row in rows] == [("p9", "delete"), ("p1", "create"), ("p2", "update")]


def test_mirror_removes_who_withdrew_consent_or_is_excluded_now() -> None:
    shop = world("mirror", consent={"purpose": "ads", "channel": "email"}, exclude=["buyers"])
    shop.people(p1=ITO, p2=ITO, p3=ITO)
    shop.consents(p1=True, p2=True, p3=True)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=ITO, p2=({"family_name": "Ito"}, ["vips", "buyers"]), p3=ITO)
    shop.consents(p1=False, p2=True, p3=True)
    shop.activate(2)
    assert shop.changes() == {"p1": "delete", "p2": "delete"}
    assert shop.counts(2) == {"delete": 2, "held:excluded:buyers": 1, "held:no_consent": 1, "unchanged": 1}


def test_a_removal_that_failed_is_counted_apart_from_new_ones() -> None:
    shop = world("mirror")
    shop.people(p1=ITO, p2=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=GONE, p2=ITO)
    shop.activate(2)
    shop.settle(2, p1="retry")
    shop.people(p1=GONE, p2=GONE)
    shop.activate(3)
    assert shop.counts(3) == {"delete": 1, "delete_retried": 1}


def test_append_sends_each_key_once_whatever_becomes_of_its_fields() -> None:
    shop = world("append")
    shop.people(p1=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=SATO, p2=SATO)
    shop.activate(2)
    assert shop.changes() == {"p2": "create"}
    shop.settle(2)
    shop.people(p1=GONE, p2=SATO)
    shop.activate(3)
    shop.people(p1=ITO, p2=SATO)
    shop.activate(4)
    assert shop.changes() == {}


def test_delete_removes_each_member_once_and_again_after_a_return() -> None:
    shop = world("delete")
    shop.people(p1=ITO)
    shop.activate(1)
    assert shop.changes() == {"p1": "delete"}
    assert shop.counts(1) == {"delete": 1}
    shop.settle(1)
    shop.activate(2)
    assert shop.changes() == {}
    shop.people(p1=GONE)
    shop.activate(3)
    shop.settle(3)
    shop.people(p1=ITO)
    shop.activate(4)
    assert shop.changes() == {"p1": "delete"}


def test_counts_add_up_to_the_candidates_and_removals_stand_beside() -> None:
    shop = world("mirror", key="{email}", consent={"purpose": "ads", "channel": "email"})
    people = {f"p{n}": ({"email": f"{n % 7}@example.jp", "visits": n}, ["vips"] if n % 3 else []) for n in range(30)}
    shop.people(**people)
    shop.consents(**{id_: n % 4 > 0 for n, id_ in enumerate(people) if n % 5})
    shop.activate(1)
    shop.settle(1)
    people |= {id_: (given, []) for n, (id_, (given, _)) in enumerate(people.items()) if n % 7 == 1}
    shop.people(**people)
    shop.activate(2)
    counts = shop.counts(2)
    beside = {"delete", "delete_retried"}
    assert sum(rows for outcome, rows in counts.items() if outcome not in beside) == len(shop.gates())
    assert counts["delete"] > 0


def test_rejected_rows_are_listed_until_accepted_with_how_often_and_since_when() -> None:
    shop = world()
    shop.people(p1=ITO, p2=ITO)
    for number in (1, 2):
        shop.activate(number)
        shop.settle(number, p1="rejected")
    listed = "select key, operation, attempts, first_seen < last_seen from activation.rejected_rows"
    assert shop.lake.rows(listed) == [("p1", "create", 2, True)]
    shop.activate(3)
    shop.settle(3, p1="retry")
    assert shop.lake.rows(listed) == [("p1", "create", 2, True)]
    shop.activate(4)
    shop.settle(4)
    assert shop.lake.rows(listed) == []


def test_a_rejected_row_that_is_no_candidate_any_more_is_no_longer_listed() -> None:
    shop = world()
    shop.people(p1=ITO)
    shop.activate(1)
    shop.settle(1, p1="rejected")
    shop.people(p1=GONE)
    shop.activate(2)
    shop.settle(2)
    assert shop.lake.rows("select key from activation.rejected_rows") == []
