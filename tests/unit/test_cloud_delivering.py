"""A message is delivered as far as time and destination go; what cannot be is put off, what never can is set aside."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from harness.cloud_world import SYNC, World
from harness.deliveries import RUN, Clock, Once, Plain, creates
from kumitate.activation.destinations.base import Destination
from kumitate.activation.routes import CONCURRENCY
from kumitate.aws.book import State
from kumitate.cloud.delivering import EXPLANATIONS, TimeLeft, verdict_on, wait_before_next
from kumitate.cloud.pages import manifest_of, write_pages
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.model.request import Change, Operation, Response

THROTTLED = Response(429, b"{}", {"Retry-After": "120"})
REFUSED = Response(401, b"{}")
CUT = RetryableError("no answer")


def world(destination: Destination, *answers: Response | Exception) -> World:
    made = World(destination, rows_a_page=5)
    made.vendor.answers = list(answers)
    return made


def only(made: World) -> str:
    (body,) = made.messages()
    return body


def test_a_page_is_done_when_each_of_its_rows_has_a_verdict() -> None:
    made = world(Plain(), Response(200, b'{"p2": "too long"}'))
    done = made.process().deliver(only(made), made.time())
    assert (done.state, done.sync, dict(done.rows)) == (State.DONE, SYNC, {"accepted": 4, "rejected": 1})


def test_of_a_sync_that_was_stopped_nothing_more_leaves_and_its_rows_come_again() -> None:
    made = world(Plain())
    process = made.process()
    process.is_stopped = lambda sync, run_id: (sync, run_id) == (SYNC, RUN.id)
    assert process.deliver(only(made), made.time()).state == "stopped"
    assert made.vendor.requests == []
    assert set(made.collect().values()) == {"retry"}


def test_a_sync_that_is_paused_while_a_page_is_on_its_way_stops_between_two_requests() -> None:
    made = world(Plain())
    made.pace = 3.0 * CONCURRENCY
    process = made.process()
    process.is_stopped = lambda _sync, _run_id: len(made.vendor.requests) > 0
    assert process.deliver(only(made), made.time()).state == "stopped"
    assert made.vendor.requests == [("p1", "p2")]
    assert Counter(made.collect().values()) == {"accepted": 2, "retry": 3}


def test_whether_a_sync_was_stopped_is_looked_up_now_and_then_and_anew_for_each_message() -> None:
    made = world(Plain())
    process, asked = made.process(), []
    process.is_stopped = lambda *about: bool(asked.append(about))
    assert process.deliver(only(made), made.time()).state == State.DONE
    assert asked == [(SYNC, RUN.id)]


def test_a_message_told_again_after_its_page_is_done_sends_nothing() -> None:
    made = world(Plain(), Response(200, b'{"p2": "too long"}'))
    made.receive(only(made))
    sent = list(made.vendor.requests)
    again = made.receive(only(made))
    assert again is not None
    assert (again.state, made.vendor.requests) == (State.DONE, sent)


def test_a_destination_that_asks_for_more_time_gets_it_in_the_queue() -> None:
    made = world(Plain(), Response(200, b"{}"), THROTTLED)
    with pytest.raises(RetryableError) as caught:
        made.process().deliver(only(made), made.time())
    assert wait_before_next(caught.value, receives=1) == 120
    assert made.clock.slept == []
    assert made.receive(only(made)) is None, "no worker troubles it before"
    made.clock.sleep(120)
    assert made.receive(only(made)) is not None, "the page was given back at once"
    assert made.vendor.requests == [("p1", "p2"), ("p3", "p4"), ("p3", "p4"), ("p5",)]


def test_a_message_without_answer_has_no_verdict_and_the_rest_goes_on_later() -> None:
    made = world(Once(), CUT)
    assert made.receive(only(made)) is None
    assert made.vendor.requests == [("p1",)]
    assert made.receive(only(made)) is not None
    assert made.collect() == {"p1": "unknown", **dict.fromkeys(("p2", "p3", "p4", "p5"), "accepted")}


def test_an_account_that_lets_nobody_in_waits_for_the_next_run() -> None:
    made = world(Plain(), REFUSED)
    done = made.receive(only(made))
    assert done is not None
    assert dict(done.rows) == {"retry": 5}
    assert made.vendor.requests == [("p1", "p2")]
    assert set(made.collect().values()) == {"retry"}
    assert set(made.lists.reasons(SYNC).values()) == {"auth.refused"}


def test_a_token_that_worked_before_is_fetched_again_and_the_page_goes_on() -> None:
    made = World(Plain(), rows_a_page=3)
    process, (first, second) = made.process(), made.messages()
    process.deliver(first, made.time())
    made.vendor.answers = [REFUSED]
    with pytest.raises(RetryableError) as caught:
        process.deliver(second, made.time())
    assert wait_before_next(caught.value, receives=3) == 0
    process.deliver(second, made.time())
    assert made.collect() == dict.fromkeys(made.keys, "accepted")


def test_before_its_time_is_up_a_delivery_stops_and_the_next_goes_on() -> None:
    made = world(Once())
    made.pace = 10.0
    process = made.process()
    ends = made.clock() + timedelta(seconds=40)
    with pytest.raises(RetryableError) as caught:
        process.deliver(only(made), TimeLeft(ends=ends, clock=made.clock, pause=made.clock.sleep))
    assert wait_before_next(caught.value, receives=7) == 0
    assert made.clock() < ends - timedelta(seconds=10), "time for a request's answer is kept"
    assert made.vendor.requests == [("p1",), ("p2",), ("p3",)]
    process.deliver(only(made), made.time(40))
    assert made.vendor.requests == [(key,) for key in made.keys]
    assert made.clock.slept == [10.0] * 4


def test_nothing_is_opened_with_no_time_left() -> None:
    made = world(Plain())
    time = made.time(8)
    made.clock.sleep(7)
    with pytest.raises(RetryableError):
        made.process().deliver(only(made), time)
    assert made.book.leaves == {}


def test_the_pace_holds_from_message_to_message() -> None:
    made = World(Plain(), rows_a_page=1)
    made.pace = 2.0
    process = made.process()
    for body in made.messages():
        process.deliver(body, made.time())
    assert made.clock.slept == [2.0] * 4


def test_removals_leave_before_everything_else_whatever_order_the_queue_tells() -> None:
    made = World(Plain(), keys=())
    gone = [Change(key, Operation.DELETE, {}) for key in ("g1", "g2")]
    count = write_pages([gone, creates("p1")], made.shelf, run_id=RUN.id, sync=SYNC, rows=9)
    made.book.plan(RUN.id, SYNC, count)
    removals, rest = (
        json.dumps({**json.loads(body), "after": after}) for body, after in zip(made.messages(), (0, 1), strict=True)
    )
    assert made.receive(rest) is None
    assert made.receive(removals) is not None
    assert made.receive(rest) is not None
    assert made.vendor.requests == [("g1", "g2"), ("p1",)]


def test_pages_that_an_earlier_try_has_closed_hold_up_no_run_and_stay_unsent() -> None:
    made = world(Plain())
    made.book.close(RUN.id, SYNC)
    made.book.closed.clear()
    made.book.begin(RUN.id, SYNC)
    made.book.plan(RUN.id, SYNC, 1)
    done = made.receive(only(made))
    assert done is not None
    assert done.state == State.CLOSED
    assert made.book.done(RUN.id, SYNC) == {1}
    assert made.vendor.requests == []


def told(**changes: object) -> Callable[[World], str]:
    return lambda made: json.dumps({**json.loads(only(made)), **changes})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (lambda _: "", "message.unreadable"),
        (lambda _: "not json", "message.unreadable"),
        (lambda _: "[1]", "message.unreadable"),
        (lambda _: '{"run_id": "r000001"}', "message.unreadable"),
        (told(number="1"), "message.unreadable"),
        (told(number=True), "message.unreadable"),
        (told(page=""), "message.unreadable"),
        (told(sync="unheard"), "sync.unknown"),
        (told(run_id="r999999"), "run.unknown"),
        (told(page="deliveries/r000001/s/00009.jsonl.gz"), "page.missing"),
    ],
)
def test_what_can_never_be_delivered_is_named(body: Callable[[World], str], reason: str) -> None:
    made = world(Plain())
    with pytest.raises(RecordError) as caught:
        made.process().deliver(body(made), made.time())
    assert verdict_on(caught.value) == (reason, EXPLANATIONS[reason])
    assert made.vendor.requests == []


def test_a_page_of_rubbish_is_named_and_is_nobodys_afterwards() -> None:
    made = world(Plain())
    (name,) = manifest_of(made.shelf, RUN.id, SYNC).names(RUN.id, SYNC)
    made.shelf.contents[name] = b"rubbish"
    with pytest.raises(RecordError, match=r"page\.unreadable"):
        made.process().deliver(only(made), made.time())
    assert made.book.leaf(RUN.id, SYNC, 1).free_at is None


def test_whatever_is_fatal_says_its_own_words() -> None:
    assert verdict_on(FatalError("unknown destination type 'x'")) == ("fatal", "unknown destination type 'x'")


def test_waits_grow_with_every_receive_up_to_a_quarter_of_an_hour() -> None:
    assert [wait_before_next(CUT, receives=times) for times in (1, 2, 3, 6, 50)] == [30, 60, 120, 900, 900]


def test_time_left_keeps_a_quarter_of_short_calls_and_a_requests_length_of_long_ones() -> None:
    for seconds, kept in ((40, 10), (900, 75)):
        clock = Clock()
        time = TimeLeft(ends=clock.now + timedelta(seconds=seconds), clock=clock, pause=clock.sleep)
        clock.sleep(seconds - kept - 1)
        time.check()
        clock.sleep(1)
        with pytest.raises(RetryableError):
            time.check()
