"""An account's budget is one: its pace, the waits it asked for, its day's requests; by the clock that is given."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from harness.deliveries import OK, Clock, Lists, MemoryLedger, NotedMemory, Plain, Script, bring, creates
from kumitate.activation.destinations.answers import QUOTA_SPENT, for_all
from kumitate.activation.destinations.base import Terms
from kumitate.execution.budget import Budget, Quota, retry_after
from kumitate.execution.deliver import Route
from kumitate.execution.sending import Sender
from kumitate.model.request import Outcome, Request, Response, Verdict

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
IN_A_MINUTE = "Tue, 10 Mar 2026 12:01:00 GMT"
EPOCH_IN_A_MINUTE = str(int(NOON.timestamp()) + 60)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"Retry-After": IN_A_MINUTE}, 60.0),
        ({"Retry-After": "Tue, 10 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": IN_A_MINUTE, "Date": "Tue, 10 Mar 2026 12:00:50 GMT"}, 10.0),
        ({"Retry-After": "soon"}, 0.0),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "inf"}, 0.0),
        ({"X-RateLimit-Reset": EPOCH_IN_A_MINUTE}, 60.0),
        ({"X-RateLimit-Reset": EPOCH_IN_A_MINUTE, "Date": "Tue, 10 Mar 2026 12:00:50 GMT"}, 10.0),
        ({"x-rate-limit-reset": EPOCH_IN_A_MINUTE}, 60.0),
        ({"RateLimit-Reset": "30"}, 30.0),
        ({"Retry-After": "7", "X-RateLimit-Reset": EPOCH_IN_A_MINUTE}, 7.0),
        ({"Retry-After": EPOCH_IN_A_MINUTE}, 60.0),
        ({"X-RateLimit-Reset": f"{EPOCH_IN_A_MINUTE}000"}, 60.0),
        ({"Retry-After": "999999999"}, 86_400.0),
        ({"Retry-After": "1e300"}, 86_400.0),
        ({"Retry-After": "Fri, 10 Mar 2126 12:00:00 GMT"}, 86_400.0),
        ({"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, 0.0),
    ],
)
def test_what_an_answer_asks_for_is_understood_by_the_vendors_own_clock(
    headers: dict[str, str], seconds: float
) -> None:
    assert retry_after(Response(429, b"", headers), NOON) == seconds


def test_a_limit_that_is_told_beside_success_is_no_wish_to_wait() -> None:
    assert retry_after(Response(200, b"{}", {"X-RateLimit-Reset": EPOCH_IN_A_MINUTE}), NOON) == 0.0


def test_syncs_of_one_account_share_its_pace() -> None:
    clock = Clock()
    budget = Budget(clock=clock, sleep=clock.sleep, seconds_between_requests=2.0)
    for _ in range(3):
        assert budget.await_slot()
    assert clock.slept == [2.0, 2.0]


def quota(memory: NotedMemory, worker: str, most: int | None = 120) -> Quota:
    return Quota(account="crm", most=most, memory=memory, worker=worker)


def test_workers_together_take_no_more_than_the_day_allows_and_the_next_day_begins_anew() -> None:
    memory = NotedMemory()
    workers = [quota(memory, "w1"), quota(memory, "w2")]
    taken = sum(worker.take(NOON) for _ in range(100) for worker in workers)
    assert taken == 120
    assert not quota(memory, "w3").take(NOON + timedelta(hours=11))
    assert all(worker.take(NOON + timedelta(days=1)) for worker in workers)


def test_a_worker_that_died_has_counted_rather_too_much() -> None:
    memory = NotedMemory()
    assert quota(memory, "w1").take(NOON)
    assert sum(quota(memory, "w1").take(NOON) for _ in range(3)) <= 3
    later = quota(memory, "w1")
    assert sum(later.take(NOON) for _ in range(200)) < 120


def test_an_account_without_a_quota_counts_nothing() -> None:
    memory = NotedMemory()
    assert quota(memory, "w1", most=None).take(NOON)
    assert not memory.recall("account:crm")


class Counted(Plain):
    """The vendor says itself that its allowance is used up."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"upsert"}), most_rows=2)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if response.status == 403:
            return for_all(request, Verdict.RETRY, QUOTA_SPENT, message="daily limit")
        return super().outcomes(request, response)


def test_an_account_whose_quota_is_spent_rests_for_the_run_and_the_others_go_on() -> None:
    lists = Lists({"s": creates("p1", "p2", "p3"), "t": creates("q1"), "u": creates("o1")})
    clock = Clock()
    spent, other = Script([OK, Response(403, b"{}")]), Script()
    bring(
        lists,
        MemoryLedger(clock),
        Route(Sender(connect=lambda: spent, clock=clock, sleep=clock.sleep), {"s": Counted(), "t": Counted()}),
        Route(Sender(connect=lambda: other, clock=clock, sleep=clock.sleep), {"u": Counted()}),
    )
    assert spent.sent == [("p1", "p2"), ("p3",)]
    assert lists.verdicts("s") == {"p1": "accepted", "p2": "accepted", "p3": "retry"}
    assert lists.reasons("t") == {"q1": QUOTA_SPENT}
    assert lists.verdicts("u") == {"o1": "accepted"}


def test_our_own_count_of_a_daily_quota_stops_before_the_vendor_does() -> None:
    lists, clock = Lists({"s": creates("p1", "p2", "p3", "p4", "p5")}), Clock()
    script = Script()
    sender = Sender(
        connect=lambda: script, clock=clock, sleep=clock.sleep, quota=quota(NotedMemory(), "laptop", most=2)
    )
    bring(lists, MemoryLedger(clock), Route(sender, {"s": Plain()}))
    assert script.sent == [("p1", "p2"), ("p3", "p4")]
    assert lists.reasons()["p5"] == QUOTA_SPENT
