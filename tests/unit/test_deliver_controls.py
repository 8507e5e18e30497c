"""A sync that is held begins nothing; one that is called off stops between two requests, and says so row by row."""

from harness.deliveries import RUN, Clock, Lists, MemoryLedger, Once, Plain, Script, bring, creates, sender
from kumitate.execution.controls import CANCELLED
from kumitate.execution.deliver import Route


def test_a_held_sync_sends_nothing_and_has_no_outcomes_and_others_go_on() -> None:
    lists, script = Lists({"s": creates("p1"), "t": creates("q1")}), Script()
    route = Route(sender(script, Clock()), {"s": Plain(), "t": Plain()})
    bring(lists, MemoryLedger(Clock()), route, held=frozenset({"s"}))
    assert script.sent == [("q1",)]
    assert lists.verdicts("s") == {}
    assert lists.marks == {"deliver.t": RUN.id}


def test_a_sync_that_was_under_way_before_it_was_held_is_settled() -> None:
    lists, script, ledger = Lists({"s": creates("p1", "p2")}), Script(), MemoryLedger(Clock())
    ledger.claim(RUN.id, "s", ["p1"])
    route = Route(sender(script, Clock()), {"s": Once()})
    bring(lists, ledger, route, held=frozenset({"s"}), watch=lambda _: lambda: True)
    assert script.sent == []
    assert lists.verdicts() == {"p1": "unknown", "p2": "retry"}


def test_a_sync_that_is_called_off_stops_between_two_requests() -> None:
    lists, script = Lists({"s": creates("p1", "p2", "p3"), "t": creates("q1")}), Script()
    route = Route(sender(script, Clock()), {"s": Once(), "t": Plain()})
    bring(lists, MemoryLedger(Clock()), route, watch=lambda sync: lambda: sync == "s" and len(script.sent) >= 2)
    assert script.sent == [("p1",), ("p2",), ("q1",)]
    assert lists.verdicts("s") == {"p1": "accepted", "p2": "accepted", "p3": "retry"}
    assert lists.reasons("s")["p3"] == CANCELLED
