"""Delivery brings every row once, tries again where that helps, and never repeats what cannot be repeated."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from harness.deliveries import (
    RUN,
    Clock,
    Lists,
    MemoryLedger,
    Once,
    Plain,
    Remembering,
    Script,
    TwoFold,
    bring,
    creates,
    sender,
)
from kumitate.activation.destinations.base import Destination
from kumitate.errors import FatalError, RetryableError
from kumitate.execution.deliver import Route
from kumitate.execution.sending import Patience
from kumitate.model.request import Request, Response, Verdict

THROTTLED = Response(429, b"{}", {"Retry-After": "7"})
DOWN = Response(503, b"down")
HTML = Response(200, b"<html>maintenance</html>")
NO_ANSWER = RetryableError("no answer")
NO_CONNECTION = RetryableError("no connection", never_left=True)


class Kill(BaseException):
    """The process dies here."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> MemoryLedger:
    return MemoryLedger(clock)


Deliver = Callable[..., Lists]


@pytest.fixture
def deliver(ledger: MemoryLedger, clock: Clock) -> Deliver:
    def run(script: Script, *keys: str, to: Destination | None = None, lists: Lists | None = None) -> Lists:
        lists = lists or Lists({"s": creates(*keys)})
        bring(lists, ledger, Route(sender(script, clock), {"s": to or Plain()}))
        return lists

    return run


def test_every_change_is_sent_once_and_its_outcome_committed(deliver: Deliver) -> None:
    script = Script([Response(200, b'{"p2": "too long"}')])
    lists = deliver(script, "p1", "p2", "p3")
    assert script.sent == [("p1", "p2"), ("p3",)]
    assert lists.verdicts() == {"p1": "accepted", "p2": "rejected", "p3": "accepted"}
    assert lists.marks == {"deliver.s": RUN.id}


def test_a_sync_without_changes_is_marked_done_and_nobody_is_called(deliver: Deliver) -> None:
    script = Script()
    lists = deliver(script)
    assert script.sent == []
    assert lists.marks == {"deliver.s": RUN.id}


def test_throttled_rows_wait_as_long_as_asked_and_go_again(deliver: Deliver, clock: Clock) -> None:
    script = Script([THROTTLED])
    assert set(deliver(script, "p1", "p2").verdicts().values()) == {"accepted"}
    assert script.sent == [("p1", "p2"), ("p1", "p2")]
    assert clock.slept == [7.0]


def test_a_destination_that_asks_for_more_than_our_patience_is_left_until_the_next_run(
    deliver: Deliver, clock: Clock
) -> None:
    script = Script([Response(429, b"{}", {"Retry-After": "3600"})])
    lists = deliver(script, "p1", "p2", "p3")
    assert lists.verdicts() == dict.fromkeys(("p1", "p2", "p3"), "retry")
    assert clock.slept == []
    assert len(script.sent) == 1


def test_a_destination_that_stays_down_is_given_up_after_bounded_waits_that_grow(
    deliver: Deliver, clock: Clock
) -> None:
    script = Script([DOWN] * 50)
    lists = deliver(script, "p1", "p2", "p3")
    assert lists.reasons() == dict.fromkeys(("p1", "p2", "p3"), "unavailable")
    assert script.sent == [("p1", "p2")] * Patience().rounds
    assert clock.slept == [1.0, 2.0, 4.0, 8.0]


def test_progress_renews_patience(deliver: Deliver) -> None:
    keys = [f"p{number}" for number in range(20)]
    script = Script([DOWN, Response(200, b"{}")] * 10)
    assert set(deliver(script, *keys).verdicts().values()) == {"accepted"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Response(401, b"{}"), "auth.refused"),
        (Response(302, b"", {"Location": "https://elsewhere.example"}), "redirect.refused"),
        (HTML, "answer.unreadable"),
        (FatalError("secret 'crm' is not there"), "auth.refused"),
    ],
)
def test_trouble_with_the_account_is_no_fault_of_the_rows_and_ends_the_sync(
    deliver: Deliver, answer: Response | Exception, reason: str
) -> None:
    script = Script([answer])
    lists = deliver(script, "p1", "p2", "p3")
    assert lists.reasons() == dict.fromkeys(("p1", "p2", "p3"), reason)
    assert set(lists.verdicts().values()) == {"retry"}
    assert len(script.sent) == 1


@pytest.mark.parametrize("answer", [NO_ANSWER, DOWN, HTML])
def test_a_message_that_may_have_arrived_is_never_sent_again(deliver: Deliver, answer: Response | Exception) -> None:
    script = Script([answer])
    lists = deliver(script, "p1", "p2", "p3", to=Once())
    assert lists.verdicts() == {"p1": "unknown", "p2": "retry", "p3": "retry"}
    assert script.sent == [("p1",)]


@pytest.mark.parametrize("answer", [NO_CONNECTION, THROTTLED])
def test_a_message_that_certainly_did_not_arrive_goes_again(deliver: Deliver, answer: Response | Exception) -> None:
    script = Script([answer])
    assert deliver(script, "p1", to=Once()).verdicts() == {"p1": "accepted"}
    assert script.sent == [("p1",), ("p1",)]


def test_a_row_in_two_requests_is_accepted_when_both_are(deliver: Deliver) -> None:
    script = Script([Response(200, b"{}"), DOWN])
    assert deliver(script, "p1", to=TwoFold()).verdicts() == {"p1": "accepted"}
    assert script.paths == ["/remove", "/add", "/remove", "/add"]


def test_a_kill_between_the_two_requests_of_a_row_leaves_it_open(deliver: Deliver) -> None:
    with pytest.raises(Kill):
        deliver(Script([Response(200, b"{}"), Kill()]), "p1", to=TwoFold())
    script = Script()
    assert deliver(script, "p1", to=TwoFold()).verdicts() == {"p1": "accepted"}
    assert script.paths == ["/remove", "/add"]


def test_after_a_kill_rows_with_a_verdict_are_not_sent_again(deliver: Deliver) -> None:
    keys = ("p1", "p2", "p3", "p4", "p5")
    with pytest.raises(Kill):
        deliver(Script([Response(200, b'{"p2": "bad"}'), Kill()]), *keys)
    script = Script()
    lists = deliver(script, *keys)
    assert script.sent == [("p3", "p4"), ("p5",)]
    assert lists.verdicts() == {**dict.fromkeys(keys, "accepted"), "p2": "rejected"}


def test_after_a_kill_a_message_in_flight_is_reported_and_not_repeated(deliver: Deliver) -> None:
    with pytest.raises(Kill):
        deliver(Script([Response(200, b"{}"), Kill()]), "p1", "p2", "p3", to=Once())
    script = Script()
    lists = deliver(script, "p1", "p2", "p3", to=Once())
    assert script.sent == [("p3",)]
    assert lists.verdicts() == {"p1": "accepted", "p2": "unknown", "p3": "accepted"}


@pytest.mark.parametrize(("there", "sent"), [('["p2"]', [("p3",)]), ("[]", [("p2",), ("p3",)])])
def test_after_a_kill_a_destination_that_remembers_is_asked_about_messages_in_flight(
    deliver: Deliver, clock: Clock, there: str, sent: list[tuple[str, ...]]
) -> None:
    with pytest.raises(Kill):
        deliver(Script([Response(200, b"{}"), Kill()]), "p1", "p2", "p3", to=Remembering())
    claimed_at = clock.now
    clock.now += timedelta(hours=2)
    script = Script([Response(200, f'{{"there": {there}}}'.encode())])
    lists = deliver(script, "p1", "p2", "p3", to=Remembering())
    assert set(lists.verdicts().values()) == {"accepted"}
    assert script.paths[0] == f"/history?since={claimed_at.isoformat()}"
    assert script.sent[1:] == sent


def test_a_message_claimed_again_after_a_refusal_and_then_cut_off_is_unknown(deliver: Deliver) -> None:
    with pytest.raises(Kill):
        deliver(Script([THROTTLED, Kill()]), "p1", to=Once())
    script = Script()
    assert deliver(script, "p1", to=Once()).verdicts() == {"p1": "unknown"}
    assert script.sent == []


def test_a_message_in_flight_stays_unknown_when_the_next_try_does_not_come_as_far(
    ledger: MemoryLedger, clock: Clock
) -> None:
    lists = Lists({"s": creates("p1", "p2", "p3")})
    ledger.claim(RUN.id, "s", ["p3"])
    bring(lists, ledger, Route(sender(Script([Response(401, b"{}")]), clock), {"s": Once()}), rows_at_once=1)
    assert lists.verdicts() == {"p1": "retry", "p2": "retry", "p3": "unknown"}


def test_after_a_kill_between_commit_and_end_nothing_is_committed_twice(deliver: Deliver) -> None:
    lists = deliver(Script(), "p1")
    script = Script()
    deliver(script, lists=lists)
    assert script.sent == []
    assert len(lists.written) == 1


@pytest.mark.parametrize(("to", "claims"), [(Plain(), 0), (Once(), 1)])
def test_only_rows_that_must_not_leave_twice_are_claimed_before_they_leave(
    ledger: MemoryLedger, clock: Clock, to: Destination, claims: int
) -> None:
    with pytest.raises(Kill):
        bring(Lists({"s": creates("p1")}), ledger, Route(sender(Script([Kill()]), clock), {"s": to}))
    assert len(ledger.notes(RUN.id, "s")) == claims


def test_requests_of_one_account_keep_their_distance(ledger: MemoryLedger, clock: Clock) -> None:
    lists = Lists({"s": creates("p1", "p2", "p3"), "t": creates("q1")})
    route = Route(sender(Script(), clock, seconds_between_requests=1.5), {"s": Plain(), "t": Plain()})
    bring(lists, ledger, route)
    assert clock.slept == [1.5, 1.5]


def test_an_account_that_is_down_stops_no_other(ledger: MemoryLedger) -> None:
    lists = Lists({"s": creates("p1"), "t": creates("q1")})
    bring(
        lists,
        ledger,
        Route(sender(Script([NO_CONNECTION] * 9), Clock()), {"s": Plain()}),
        Route(sender(Script(), Clock()), {"t": Plain()}),
    )
    assert lists.verdicts("s") == {"p1": Verdict.RETRY}
    assert lists.verdicts("t") == {"q1": Verdict.ACCEPTED}


def test_a_date_in_retry_after_is_understood(deliver: Deliver, clock: Clock) -> None:
    deliver(Script([Response(429, b"{}", {"retry-after": "Tue, 10 Mar 2026 12:00:30 GMT"})]), "p1")
    assert clock.slept == [30.0]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A process that a shell put into the background ignores interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_delivery_after_the_request_under_way_and_loses_nothing(ledger: MemoryLedger) -> None:
    def interrupted(_: Request) -> Response:
        time.sleep(0.1)  # until the main thread waits for its deliveries
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.1)
        return Response(200, b"{}")

    lists = Lists({"s": creates("p1", "p2", "p3")})
    script = Script([interrupted])
    with pytest.raises(KeyboardInterrupt):
        bring(lists, ledger, Route(sender(script, Clock()), {"s": Once()}))
    assert script.sent == [("p1",)]
    assert lists.written == []
    bring(lists, ledger, Route(sender(script, Clock()), {"s": Once()}))
    assert script.sent == [("p1",), ("p2",), ("p3",)]
    assert set(lists.verdicts().values()) == {"accepted"}
