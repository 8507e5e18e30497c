"""Requests behind each other: the next leaves by itself where the one before landed well, and only there."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Semaphore
from typing import ClassVar

import pytest

from harness.deliveries import RUN, Clock, MemoryLedger, Once, Plain, Script, TwoFold, creates
from kumitate.activation.destinations.base import Terms
from kumitate.errors import RetryableError
from kumitate.execution.flight import Landing, Line, Threaded
from kumitate.execution.portion import Page
from kumitate.execution.sending import Patience, Sender
from kumitate.model.request import Change, Operation, Outcome, Request, Response, Verdict
from kumitate.ports import Transport


class Known(Once):
    """Messages whose vendor knows a request again for an hour."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"append"}), idempotent=False, repeatable_seconds=3600)


class Counted(Plain):
    """The vendor says in an answer when the day's allowance is used up."""

    def used_up(self, response: Response) -> str:
        return "used up" if response.headers else ""


@dataclass
class Thread:
    """A line of one thread, and what it was like to send on it."""

    transport: Transport
    may_go_on: list[bool] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    asked: int = 0

    def __post_init__(self) -> None:
        self.given = Semaphore(0)
        self.ledger = MemoryLedger(self.clock)
        self.page = Page(self.ledger, RUN.id, "s", self._ask)

    def _ask(self) -> None:
        self.asked += 1
        if self.may_go_on and not self.may_go_on.pop(0):
            self.may_go_on[:0] = [False]
            raise RetryableError("called off", never_left=True)

    def stream(self, destination: Plain, *portions: list[Change]) -> Outcome | None:
        with ThreadPoolExecutor(1) as pool:
            sender = Sender(
                connect=lambda: self.transport,
                clock=self.clock,
                sleep=self.clock.sleep,
                line=Watched(Threaded(pool), self.given),
                patience=Patience(rounds=2),
            )
            return sender.stream(destination, portions, self.page)

    def verdicts(self) -> dict[str, str]:
        notes = self.ledger.notes(RUN.id, "s")
        return {key: note.verdict.value if isinstance(note, Outcome) else "claimed" for key, note in notes.items()}


@dataclass
class Watched:
    """A line that knows how many requests were given to it."""

    line: Line
    given: Semaphore
    overlaps: bool = True

    def begin(self, send: Callable[[], Response]) -> Landing:
        landing = self.line.begin(send)
        self.given.release()
        return landing


def keys(number: int) -> list[str]:
    return [f"p{each}" for each in range(number)]


def test_the_next_request_leaves_while_nobody_has_looked_at_the_answer_before() -> None:
    has_left = Event()

    class Slow(Plain):
        """Reads the first answer when the second request has left, which is what is claimed."""

        def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
            assert has_left.wait(10), "the next one waited for this answer to be read"
            return super().outcomes(request, response)

    class Telling(Script):
        def send(self, request: Request) -> Response:
            if self.sent:
                has_left.set()
            return super().send(request)

    thread = Thread(Telling())
    assert thread.stream(Slow(), creates("p1", "p2", "p3", "p4")) is None
    assert set(thread.verdicts().values()) == {"accepted"}


def test_the_first_request_of_a_portion_is_given_to_the_line_while_the_last_before_it_is_under_way() -> None:
    class Patient(Script):
        """Answers the last of the first portion when another request is behind it."""

        def send(self, request: Request) -> Response:
            assert thread.given.acquire(timeout=10)
            assert len(self.sent) == 2 or thread.given.acquire(timeout=10), "nothing came behind it"
            thread.given.release()
            return super().send(request)

    thread = Thread(Patient())
    assert thread.stream(Plain(), creates("p1", "p2"), creates("p3", "p4"), creates("p5")) is None
    assert set(thread.verdicts().values()) == {"accepted"}


def test_removals_are_noted_before_anything_else_leaves() -> None:
    is_ready, noted = Event(), list[Counter[str]]()

    class Telling(Plain):
        def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
            yield from super().requests(changes)
            if changes[0].key == "p1":
                is_ready.set()

    class Watching(Script):
        def send(self, request: Request) -> Response:
            noted.append(Counter(thread.verdicts().values()))
            assert is_ready.wait(10)
            return super().send(request)

    thread = Thread(Watching())
    assert thread.stream(Telling(), [Change("g1", Operation.DELETE, {})], creates("p1")) is None
    assert noted == [Counter(), Counter(accepted=1)]


@pytest.mark.parametrize("kind", [Plain, Known], ids=lambda each: each.__name__)
def test_behind_a_refused_request_the_next_one_stays_until_the_refusal_is_read(kind: type[Plain]) -> None:
    script = Script([Response(503, b"{}")])
    thread = Thread(script)
    thread.stream(kind(), creates("p1", "p2", "p3", "p4"))
    first = script.sent[0]
    assert script.sent[1] == first, "the account was in trouble: nothing else left before it was tried again"
    assert set(thread.verdicts().values()) == {"accepted"}
    assert Counter(key for keys in script.sent for key in keys) == Counter(["p1", "p2", "p3", "p4", *first])


def test_where_the_allowance_is_used_up_nothing_follows() -> None:
    script = Script([Response(200, b"{}", {"limit": "5/5"})])
    thread = Thread(script)
    trouble = thread.stream(Counted(), creates("p1", "p2", "p3", "p4"), creates("p5"))
    assert trouble is not None
    assert trouble.message == "used up"
    assert script.sent == [("p1", "p2")]
    assert thread.verdicts()["p1"] == "accepted"


@pytest.mark.parametrize("asked", range(1, 5))
def test_called_off_at_any_request_what_left_has_its_verdict_and_nothing_else_is_claimed(asked: int) -> None:
    script = Script()
    thread = Thread(script, [True] * asked + [False])
    with pytest.raises(RetryableError, match="called off"):
        thread.stream(Known(), creates(*keys(3)), creates("q1", "q2"))
    sent = [key for keys in script.sent for key in keys]
    assert len(sent) == asked
    said = thread.verdicts()
    assert [key for key, verdict in said.items() if verdict == "accepted"] == sent
    assert "claimed" not in said.values(), "what stayed on the ground has not left, and its note says so"


def test_a_kill_leaves_three_requests_open_at_most() -> None:
    class Watching(Script):
        """Sends in the line's thread, while whoever makes requests ready goes on."""

        def send(self, request: Request) -> Response:
            if len(self.sent) < 3:
                assert thread.given.acquire(timeout=10)
            open_at.append(Counter(thread.verdicts().values())["claimed"])
            return super().send(request)

    open_at = list[int]()
    thread = Thread(Watching())
    assert thread.stream(Known(), creates(*keys(20)), creates("q1", "q2")) is None
    assert 1 <= min(open_at) <= max(open_at) <= 3


def test_a_portion_begun_ahead_is_noted_where_the_one_before_ends_in_trouble() -> None:
    class Refusing(Plain):
        """The first portion's rows are refused for what lies with the account, in an answer that is a success."""

        def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
            if "p1" in request.keys:
                return tuple(Outcome(key, Verdict.RETRY, "request.refused") for key in request.keys)
            return super().outcomes(request, response)

    class Patient(Script):
        """Answers the first request when another is behind it."""

        def send(self, request: Request) -> Response:
            assert self.sent or all(thread.given.acquire(timeout=10) for _ in range(2))
            return super().send(request)

    script = Patient()
    thread = Thread(script)
    trouble = thread.stream(Refusing(), creates("p1", "p2"), creates("p3", "p4"), creates("p5"))
    assert trouble is not None
    assert script.sent == [("p1", "p2"), ("p3", "p4")]
    assert thread.verdicts() == {"p1": "retry", "p2": "retry", "p3": "accepted", "p4": "accepted"}


def test_a_row_whose_second_request_stayed_on_the_ground_has_no_verdict() -> None:
    script = Script()
    thread = Thread(script, [True, False])
    with pytest.raises(RetryableError, match="called off"):
        thread.stream(TwoFold(), creates("p1"))
    assert script.paths == ["/remove"]
    assert thread.verdicts() == {}
