"""Closing an interrupted delivery settles what may have left, and lets nothing else leave."""

import pytest

from harness.deliveries import RUN, Clock, Lists, MemoryLedger, Once, Plain, Remembering, Script, bring, creates, sender
from kumitate.activation.destinations.base import Destination
from kumitate.execution.closing import LEFT
from kumitate.execution.deliver import Route
from kumitate.model.request import Outcome, Response, Verdict


def closed(to: Destination, script: Script) -> Lists:
    """p1 has a verdict, p2 was about to leave, p3 was not."""
    clock = Clock()
    ledger = MemoryLedger(clock)
    ledger.settle(RUN.id, "s", [Outcome("p1", Verdict.ACCEPTED)])
    if not to.terms.idempotent:
        ledger.claim(RUN.id, "s", ["p2"])
    lists = Lists({"s": creates("p1", "p2", "p3")})
    bring(lists, ledger, Route(sender(script, clock), {"s": to}), closing=LEFT)
    return lists


@pytest.mark.parametrize(("there", "verdict"), [('{"there": ["p2"]}', "accepted"), ('{"there": []}', "retry")])
def test_what_may_have_left_is_asked_for_and_not_sent_again(there: str, verdict: str) -> None:
    script = Script([Response(200, there.encode())])
    lists = closed(Remembering(), script)
    assert [path.split("?")[0] for path in script.paths] == ["/history"]
    assert lists.verdicts() == {"p1": "accepted", "p2": verdict, "p3": "retry"}
    assert lists.reasons()["p3"] == "run.interrupted"


def test_what_cannot_be_asked_for_is_unknown() -> None:
    script = Script()
    assert closed(Once(), script).verdicts() == {"p1": "accepted", "p2": "unknown", "p3": "retry"}
    assert script.sent == []


def test_what_may_be_repeated_waits_for_the_next_run() -> None:
    script = Script()
    assert closed(Plain(), script).verdicts() == {"p1": "accepted", "p2": "retry", "p3": "retry"}
    assert script.sent == []
