"""The ledger and the book of pages on DynamoDB say what the laptop's ledger and the tests' book say."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cloud_world import FencedLedger, MemoryBook
from harness.deliveries import Clock, MemoryLedger
from harness.mock_account import TABLE, account, ledger_table, open_sync, sync_item
from kumitate.aws.book import Opened, PageBook, PageId, State
from kumitate.aws.ledger import DynamoLedger, Fence
from kumitate.errors import RecordError, RetryableError
from kumitate.execution.ledger import SqliteLedger
from kumitate.model.request import Outcome, Verdict
from kumitate.ports import Ledger

SYNC = "winback"
RUNS = (f"r{number:06d}" for number in count(1))
ACCEPTED = Outcome("p1", Verdict.ACCEPTED)


@dataclass
class FakeTable:
    """Takes three items of a batch at a time, answers queries two items a page."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    refuses: bool = False

    def batch_write_item(self, *, RequestItems: Mapping[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 -- boto3's name
        assert 0 < len(RequestItems["t"]) <= 25
        taken = 0 if self.refuses else 3
        for put in RequestItems["t"][:taken]:
            item = put["PutRequest"]["Item"]
            assert len(json.dumps(item, ensure_ascii=False).encode()) < 400_000
            self.items[item["pk"]["S"], item["sk"]["S"]] = item
        left = RequestItems["t"][taken:]
        return {"UnprocessedItems": {"t": left}} if left else {}

    def get_paginator(self, name: str) -> "FakeTable":
        assert name == "query"
        return self

    def paginate(self, *, ExpressionAttributeValues: Mapping[str, Any], **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803 -- boto3's name
        asked = ExpressionAttributeValues[":pk"]["S"]
        found = [item for (pk, _), item in sorted(self.items.items(), key=lambda pair: pair[0]) if pk == asked]
        for start in range(0, len(found) + 1, 2):
            yield {"Items": found[start : start + 2]}


KEYS = st.lists(st.sampled_from(["p1", "p2", "Ümläut", '"quoted"', "#"]), max_size=4, unique=True)
OUTCOMES = st.lists(
    st.builds(
        Outcome,
        st.sampled_from(["p1", "p2", "Ümläut", '"quoted"']),
        st.sampled_from(Verdict),
        st.sampled_from(["", "throttled"]),
        st.text(max_size=10),
    ),
    max_size=4,
)
HISTORIES = st.lists(
    st.tuples(
        st.sampled_from(["s", "t"]),
        st.one_of(st.tuples(st.just("claim"), KEYS), st.tuples(st.just("settle"), OUTCOMES)),
    ),
    max_size=8,
)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledger") / "ledger.db"


History = list[tuple[str, tuple[str, list[Any]]]]


def told(history: History, *ledgers: Ledger, clock: Clock) -> str:
    """The run in which all ledgers were told the same."""
    run = next(RUNS)
    for sync, (what, rows) in history:
        clock.now += timedelta(seconds=1)
        for ledger in ledgers:
            getattr(ledger, what)(run, sync, rows)
    return run


@settings(max_examples=100, deadline=None)
@given(history=HISTORIES)
def test_any_history_folds_to_the_last_note_of_each_row(history: History) -> None:
    clock = Clock()
    expected, ledger = MemoryLedger(clock), DynamoLedger(FakeTable(), "t", clock=clock, sleep=lambda _: None)
    run = told(history, expected, ledger, clock=clock)
    assert [ledger.notes(run, sync) for sync in "st"] == [expected.notes(run, sync) for sync in "st"]


@settings(max_examples=8, deadline=None)
@given(history=HISTORIES)
def test_the_laptops_ledger_says_the_same(laptop: Path, history: History) -> None:
    clock = Clock()
    here, there = SqliteLedger(laptop, clock=clock), DynamoLedger(FakeTable(), "t", clock=clock, sleep=lambda _: None)
    run = told(history, here, there, clock=clock)
    assert [there.notes(run, sync) for sync in "st"] == [here.notes(run, sync) for sync in "st"]


def test_notes_of_one_moment_keep_their_order() -> None:
    ledger = DynamoLedger(FakeTable(), "t", clock=Clock())
    for verdict in (Verdict.RETRY, Verdict.ACCEPTED) * 20:
        ledger.settle("r1", "s", [Outcome("p1", verdict)])
    assert ledger.notes("r1", "s") == {"p1": ACCEPTED}


def test_many_rows_are_split_into_items_that_dynamodb_takes() -> None:
    table, clock = FakeTable(), Clock()
    outcomes = [Outcome(f"key-{number}", Verdict.REJECTED, "why", "ü" * 400) for number in range(2_000)]
    ledger = DynamoLedger(table, "t", clock=clock, sleep=clock.sleep)
    ledger.settle("r1", "s", outcomes)
    assert len(table.items) > 3
    assert ledger.notes("r1", "s") == {outcome.key: outcome for outcome in outcomes}


def test_a_table_that_never_takes_a_note_is_tried_again_later() -> None:
    clock = Clock()
    with pytest.raises(RetryableError):
        DynamoLedger(FakeTable(refuses=True), "t", clock=clock, sleep=clock.sleep).settle("r1", "s", [ACCEPTED])
    assert len(clock.slept) == 8


def test_notes_expire_after_two_weeks() -> None:
    table, clock = FakeTable(), Clock()
    DynamoLedger(table, "t", clock=clock).claim("r1", "s", ["p1"])
    (item,) = table.items.values()
    assert item["expires_at"] == {"N": str(int((clock.now + timedelta(days=14)).timestamp()))}


@dataclass
class Rules:
    """A book with its ledgers, real or the tests' own."""

    book: Any
    ledger: Any
    run: str
    clock: Clock
    item: Any = None

    def open(self, number: int = 1, *, after: int = 0, seconds: float = 60) -> Opened:
        page = PageId(run_id=self.run, sync=SYNC, number=number, after=after)
        opened: Opened = self.book.open(page, until=self.clock() + timedelta(seconds=seconds))
        return opened

    def finish(self, number: int = 1) -> None:
        self.book.finish(PageId(run_id=self.run, sync=SYNC, number=number))


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with account() as client:
        found = client("dynamodb")
        ledger_table(found)
        yield found


@pytest.fixture(params=["memory", "dynamodb"])
def rules(request: pytest.FixtureRequest) -> Rules:
    run, clock = next(RUNS), Clock()
    if request.param == "memory":
        book = MemoryBook(clock)
        book.begin(run, SYNC)
        book.plan(run, SYNC, 3)
        return Rules(book, FencedLedger(book, clock).of, run, clock)
    found = request.getfixturevalue("dynamodb")
    open_sync(found, run, SYNC)
    real = PageBook(found, TABLE, clock=clock)
    assert real.plan(run, SYNC, 3)

    def ledger(fence: Fence) -> DynamoLedger:
        return DynamoLedger(found, TABLE, clock=clock, fence=fence)

    return Rules(real, ledger, run, clock, lambda: sync_item(found, run, SYNC))


def test_a_page_is_open_to_one_until_it_is_released_or_its_time_is_over(rules: Rules) -> None:
    assert rules.open() == Opened(State.OPEN, opening=1)
    busy = rules.open()
    assert (busy.state, 59 <= busy.wait_seconds <= 60) == (State.BUSY, True)
    rules.book.release(PageId(run_id=rules.run, sync=SYNC, number=1), 1)
    assert rules.open() == Opened(State.OPEN, opening=2)
    rules.book.release(PageId(run_id=rules.run, sync=SYNC, number=1), 1)
    assert rules.open().state is State.BUSY, "only who has it can give it back"
    rules.clock.sleep(61)
    assert rules.open() == Opened(State.OPEN, opening=3)


def test_claims_hold_only_behind_the_last_opening(rules: Rules) -> None:
    first = rules.ledger(Fence(1, rules.open().opening))
    first.claim(rules.run, SYNC, ["p1"])
    rules.clock.sleep(61)
    second = rules.ledger(Fence(1, rules.open().opening))
    with pytest.raises(RetryableError):
        first.claim(rules.run, SYNC, ["p2"])
    second.claim(rules.run, SYNC, ["p3"])
    assert set(second.notes(rules.run, SYNC)) == {"p1", "p3"}


def test_an_opening_holds_until_the_next_one_and_the_end_of_the_run(rules: Rules) -> None:
    page = PageId(run_id=rules.run, sync=SYNC, number=1)
    rules.book.plan(rules.run, SYNC, 1)
    rules.open()
    assert rules.book.holds(page, 1)
    rules.clock.sleep(61)
    rules.open()
    assert [rules.book.holds(page, opening) for opening in (1, 2)] == [False, True]
    rules.book.close(rules.run, SYNC)
    assert not rules.book.holds(page, 2)


def test_a_late_verdict_of_an_earlier_opening_does_not_undo_a_later_claim(rules: Rules) -> None:
    first = rules.ledger(Fence(1, rules.open().opening))
    first.claim(rules.run, SYNC, ["p1"])
    rules.clock.sleep(61)
    second = rules.ledger(Fence(1, rules.open().opening))
    second.claim(rules.run, SYNC, ["p1"])
    claimed_at = rules.clock()
    rules.clock.sleep(5)
    first.settle(rules.run, SYNC, [Outcome("p1", Verdict.RETRY, "throttled")])
    assert second.notes(rules.run, SYNC) == {"p1": claimed_at}


def test_a_page_sees_its_own_notes_and_the_run_sees_all(rules: Rules) -> None:
    one, two = (rules.ledger(Fence(number, rules.open(number).opening)) for number in (1, 2))
    one.settle(rules.run, SYNC, [ACCEPTED])
    two.claim(rules.run, SYNC, ["p2"])
    assert one.notes(rules.run, SYNC) == {"p1": ACCEPTED}
    assert set(rules.ledger(None).notes(rules.run, SYNC)) == {"p1", "p2"}


def test_what_is_done_is_not_opened_again(rules: Rules) -> None:
    rules.open()
    rules.finish()
    rules.clock.sleep(600)
    assert rules.open().state is State.DONE


def test_removals_go_before_the_rest(rules: Rules) -> None:
    assert rules.open(3, after=2).state is State.BUSY
    for number in (1, 2):
        rules.open(number)
        rules.finish(number)
    assert rules.open(3, after=2).state is State.OPEN


def test_after_closing_no_page_opens_and_no_claim_holds(rules: Rules) -> None:
    ledger = rules.ledger(Fence(1, rules.open().opening))
    rules.book.close(rules.run, SYNC)
    rules.clock.sleep(600)
    assert [rules.open(number).state for number in (1, 2)] == [State.CLOSED, State.CLOSED]
    with pytest.raises(RetryableError):
        ledger.claim(rules.run, SYNC, ["p1"])
    assert rules.book.plan(rules.run, SYNC, 5) is False
    ledger.settle(rules.run, SYNC, [ACCEPTED])
    assert ledger.notes(rules.run, SYNC) == {"p1": ACCEPTED}


def test_a_run_that_nobody_opened_is_said_so(rules: Rules) -> None:
    with pytest.raises(RecordError, match=r"run\.unknown"):
        rules.book.open(PageId(run_id="r999999", sync=SYNC, number=1), until=rules.clock())
    assert rules.book.plan("r999999", SYNC, 1) is False


def test_a_page_that_is_done_twice_counts_once(dynamodb: Any) -> None:
    run = next(RUNS)
    open_sync(dynamodb, run, SYNC)
    book = PageBook(dynamodb, TABLE, clock=Clock())
    book.plan(run, SYNC, 2)
    for number in (1, 1, 2, 1):
        book.finish(PageId(run_id=run, sync=SYNC, number=number))
    item = sync_item(dynamodb, run, SYNC)
    assert (item["pages"], item["done"]) == ({"N": "2"}, {"N": "2"})


def test_more_claims_than_a_transaction_takes_are_all_noted(dynamodb: Any) -> None:
    run = next(RUNS)
    open_sync(dynamodb, run, SYNC)
    book = PageBook(dynamodb, TABLE, clock=Clock())
    opened = book.open(PageId(run_id=run, sync=SYNC, number=1), until=Clock().now + timedelta(seconds=60))
    ledger = DynamoLedger(dynamodb, TABLE, clock=Clock(), fence=Fence(1, opened.opening))
    keys = [f"{number:04d}" + "k" * 70_000 for number in range(50)]
    ledger.claim(run, SYNC, keys)
    assert set(ledger.notes(run, SYNC)) == set(keys)
