"""A row that spoils its batch is found in the fewest calls: it is refused, and every other row arrives."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.deliveries import OK, RUN, Clock, Lists, MemoryLedger, NotedMemory, Plain, bring, creates
from kumitate.activation.destinations.answers import BATCH_SPOILED, for_all
from kumitate.activation.destinations.base import Terms, batches
from kumitate.errors import RetryableError
from kumitate.execution.deliver import Route
from kumitate.execution.portion import Page
from kumitate.execution.sending import SPOILS, Sender
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict
from kumitate.model.step import Run


class Atomic(Plain):
    """All rows of a request or none, and no word on which one it was."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"upsert"}), most_rows=100)

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for group in batches(changes, 100):
            yield HttpRequest("POST", "/rows", b"", tuple(change.key for change in group))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if response.status == 400:
            return for_all(request, Verdict.RETRY, BATCH_SPOILED, message="one of them has no name")
        return for_all(request, Verdict.ACCEPTED)


class AtomicOnce(Atomic):
    """The same with messages: a request refused as a whole has done nothing."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"append"}), most_rows=100, idempotent=False)


@dataclass
class Strict:
    """A vendor that refuses a request with a bad row in it; now and then it gives no answer."""

    bad: frozenset[str]
    silent_at: frozenset[int] = frozenset()
    calls: int = 0
    taken: list[str] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        self.calls += 1
        if self.calls in self.silent_at:
            raise RetryableError("no connection", never_left=True)
        if self.bad & set(request.keys):
            return Response(400, b"{}")
        self.taken += request.keys
        return OK


def brought(vendor: Strict, keys: Sequence[str], to: Plain | None = None) -> dict[str, Outcome]:
    clock = Clock()
    ledger = MemoryLedger(clock)
    sender = Sender(connect=lambda: vendor, clock=clock, sleep=clock.sleep)
    sender.send(to or Atomic(), creates(*keys), Page(ledger, RUN.id, "s"))
    return {key: note for key, note in ledger.notes(RUN.id, "s").items() if isinstance(note, Outcome)}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 99, 100])
def test_one_bad_row_costs_no_more_calls_than_halving_takes(count: int) -> None:
    keys = [f"p{number}" for number in range(count)]
    for bad in {0, count // 3, count // 2, count - 1}:
        vendor = Strict(frozenset({keys[bad]}))
        notes = brought(vendor, keys)
        assert vendor.calls <= math.ceil(math.log2(count)) + 2
        assert notes[keys[bad]] == Outcome(keys[bad], Verdict.REJECTED, SPOILS, "one of them has no name")
        assert sorted(vendor.taken) == sorted(set(keys) - {keys[bad]})


def test_a_batch_without_a_bad_row_takes_one_call() -> None:
    vendor = Strict(frozenset())
    brought(vendor, [f"p{number}" for number in range(100)])
    assert vendor.calls == 1


def test_a_row_that_spoilt_its_batch_leaves_last_and_alone_in_every_later_run_until_it_is_accepted() -> None:
    keys = [f"p{number}" for number in range(50)]
    memory, clock = NotedMemory(), Clock()

    def run(number: int, vendor: Strict) -> Lists:
        lists = Lists({"s": creates(*keys)})
        sender = Sender(connect=lambda: vendor, clock=clock, sleep=clock.sleep)
        run = Run(f"r{number:06d}", RUN.as_of)
        bring(lists, MemoryLedger(clock), Route(sender, {"s": Atomic()}), memory=memory, run=run)
        return lists

    bad = frozenset({"p17"})
    assert run(1, Strict(bad)).verdicts()["p17"] == "rejected"
    again = Strict(bad)
    assert run(2, again).verdicts()["p17"] == "rejected"
    assert again.calls == 2, "all the others, and the one alone"
    mended = Strict(frozenset())
    assert set(run(3, mended).verdicts().values()) == {"accepted"}
    assert mended.calls == 2
    assert run(4, last := Strict(frozenset())).verdicts()["p17"] == "accepted"
    assert last.calls == 1, "it is under no suspicion any more"


@pytest.mark.parametrize(("count", "bad", "most"), [(100, 100, 140), (300, 300, 400), (100, 50, 170), (100, 10, 75)])
def test_where_most_rows_are_bad_each_costs_little_more_than_a_call(count: int, bad: int, most: int) -> None:
    keys = [f"p{number}" for number in range(count)]
    vendor = Strict(frozenset(Random(1).sample(keys, bad)))
    notes = brought(vendor, keys)
    assert sum(note.verdict is Verdict.REJECTED for note in notes.values()) == bad
    assert sorted(vendor.taken) == sorted(set(keys) - vendor.bad)
    assert vendor.calls <= most


@settings(max_examples=20, deadline=None)
@given(
    count=st.integers(1, 130),
    picks=st.lists(st.integers(0, 129), max_size=9),
    silent=st.lists(st.integers(1, 40), max_size=3),
    to=st.sampled_from([Atomic(), AtomicOnce()]),
)
def test_however_many_are_bad_each_of_them_is_refused_and_all_others_arrive_once(
    count: int, picks: list[int], silent: list[int], to: Plain
) -> None:
    keys = [f"p{number}" for number in range(count)]
    bad = frozenset(keys[pick] for pick in picks if pick < count)
    vendor = Strict(bad, frozenset(silent))
    notes = brought(vendor, keys, to)
    assert {key for key, note in notes.items() if note.verdict is Verdict.REJECTED} == bad
    assert {key for key, note in notes.items() if note.verdict is Verdict.ACCEPTED} == set(keys) - bad
    assert sorted(vendor.taken) == sorted(set(keys) - bad)
