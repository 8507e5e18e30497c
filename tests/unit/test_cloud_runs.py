"""One run at a time in a deployment: begun once, taken up again after a failure, and no request is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.mock_account import TABLE, account, ledger_table
from kumitate.aws.runs import DynamoRunRegister
from kumitate.cloud.runs import Answer, Request, announce, begin, clock_of, end
from kumitate.errors import FatalError, RetryableError
from kumitate.ports import RunEntry, RunLock, RunRegister

T0 = datetime(2026, 11, 22, 6, tzinfo=UTC)


@dataclass
class MemoryRegister:
    """Runs and the lock in memory; `before_write` happens between somebody's reading and writing."""

    runs: dict[str, RunEntry] = field(default_factory=dict)
    lock: RunLock | None = None
    before_write: Any = None

    def read(self) -> tuple[RunEntry | None, RunLock | None]:
        return (self.runs[max(self.runs)] if self.runs else None), self.lock

    def write(self, entry: RunEntry | None, lock: RunLock | None, *, instead_of: RunLock | None) -> bool:
        if self.before_write is not None:
            (rival, self.before_write) = (self.before_write, None)
            rival()
        if self.lock != instead_of:
            return False
        self.lock = lock
        if entry is not None:
            self.runs[entry.id] = entry
        return True


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with account() as client:
        dynamodb = client("dynamodb")
        ledger_table(dynamodb)
        yield dynamodb


@pytest.fixture(params=["memory", "dynamodb"])
def register(request: pytest.FixtureRequest) -> Iterator[RunRegister]:
    """Every claim holds for the fake and for DynamoDB, so the fake is a good one."""
    if request.param == "memory":
        yield MemoryRegister()
        return
    client = request.getfixturevalue("dynamodb")
    yield DynamoRunRegister(client, TABLE)
    for item in client.scan(TableName=TABLE)["Items"]:
        client.delete_item(TableName=TABLE, Key={key: item[key] for key in ("pk", "sk")})


def ask(register: RunRegister, execution: str, minutes: float = 0, **more: Any) -> Answer:
    now = T0 + timedelta(minutes=minutes)
    return begin(register, Request(execution=execution, reason="schedule", as_of=now, **more), now=now)


def finish(register: RunRegister, run_id: str, state: str = "finished", reason: str = "") -> RunEntry:
    return end(register, run_id, state, reason=reason, now=T0 + timedelta(hours=1))


def test_runs_count_up_each_with_the_clock_it_was_begun_at(register: RunRegister) -> None:
    assert ask(register, "one") == Answer("begun", "r000001", T0)
    finish(register, "r000001")
    assert ask(register, "two", 90) == Answer("begun", "r000002", T0 + timedelta(minutes=90))


def test_a_second_execution_is_busy_until_the_first_has_ended(register: RunRegister) -> None:
    ask(register, "one")
    assert ask(register, "two", 5) == Answer("busy", "r000001", T0)
    assert finish(register, "r000001").again
    assert ask(register, "three", 70).verdict == "begun"


def test_an_execution_that_asks_again_gets_the_same_answer(register: RunRegister) -> None:
    assert ask(register, "one") == ask(register, "one", 3)
    finish(register, "r000001", "failed")
    assert ask(register, "two", 60) == ask(register, "two", 61) == Answer("resumed", "r000001", T0)


def test_a_failed_run_is_taken_up_again_with_its_own_clock_and_followed_by_one_more(register: RunRegister) -> None:
    ask(register, "one")
    assert not finish(register, "r000001", "failed", "identity: States.TaskFailed").again
    assert ask(register, "two", 60) == Answer("resumed", "r000001", T0)
    assert finish(register, "r000001").again


def test_a_run_that_fails_starts_none_even_where_one_was_asked_for(register: RunRegister) -> None:
    ask(register, "one")
    ask(register, "two")
    assert not finish(register, "r000001", "failed").again


def test_a_held_run_has_ended(register: RunRegister) -> None:
    ask(register, "one")
    finish(register, "r000001", "held", "min_profiles 0, limit 1")
    assert ask(register, "two", 60).run_id == "r000002"


def test_a_run_ends_once(register: RunRegister) -> None:
    ask(register, "one")
    ended = finish(register, "r000001", "finished")
    assert finish(register, "r000001", "finished") == ended
    assert finish(register, "r000001", "failed", "late") == ended
    assert register.read() == (ended, None)


def test_a_run_that_is_not_under_way_cannot_be_ended(register: RunRegister) -> None:
    with pytest.raises(FatalError, match="r000001 is not the run under way"):
        finish(register, "r000001")
    ask(register, "one")
    with pytest.raises(FatalError, match=r"r000009 is not the run under way \(r000001\)"):
        finish(register, "r000009")
    with pytest.raises(FatalError, match="not 'done'"):
        finish(register, "r000001", "done")


def test_a_run_long_under_way_is_reported_and_only_a_much_older_lock_is_nobodys(register: RunRegister) -> None:
    ask(register, "one")
    assert ask(register, "two", 11 * 60).warning == ""
    told = ask(register, "three", 13 * 60)
    assert told.verdict == "busy"
    assert '"run_id": "r000001", "state": "failed"' in told.warning
    assert ask(register, "four", 47 * 60).verdict == "busy"
    assert ask(register, "five", 49 * 60) == Answer("resumed", "r000001", T0)


def test_a_run_of_syncs_alone_waits_for_what_is_unfinished(register: RunRegister) -> None:
    ask(register, "one")
    finish(register, "r000001", "failed")
    told = ask(register, "two", 60, only_syncs=True)
    assert (told.verdict, told.run_id) == ("busy", "r000001")
    assert "a run of syncs alone waits" in told.warning
    ask(register, "three", 60)
    finish(register, "r000001")
    assert ask(register, "four", 120, only_syncs=True) == Answer("begun", "r000002", T0 + timedelta(minutes=120))


def test_of_two_that_ask_at_once_one_begins_and_one_is_busy() -> None:
    register = MemoryRegister()
    answers: list[Answer] = []
    register.before_write = lambda: answers.append(ask(register, "rival"))
    answers.append(ask(register, "one"))
    assert [answer.verdict for answer in answers] == ["begun", "busy"]
    assert {answer.run_id for answer in answers} == {"r000001"}
    assert register.lock is not None
    assert register.lock.again


def test_a_request_that_meets_the_end_of_a_run_is_not_lost() -> None:
    register = MemoryRegister()
    ask(register, "one")
    register.before_write = lambda: finish(register, "r000001")
    assert ask(register, "two", 60) == Answer("begun", "r000002", T0 + timedelta(minutes=60))

    register.before_write = lambda: ask(register, "three", 61)
    assert finish(register, "r000002").again


def test_an_expired_lock_is_taken_by_one_alone(register: RunRegister) -> None:
    ask(register, "one")
    last, lock = register.read()
    assert last is not None
    assert lock is not None
    ask(register, "two", 49 * 60)
    assert not register.write(replace(last, state="running"), replace(lock, execution="three"), instead_of=lock)
    assert ask(register, "three", 49 * 60).verdict == "busy"


def test_a_register_that_never_holds_still_is_tried_later() -> None:
    class Restless(MemoryRegister):
        def write(self, entry: RunEntry | None, lock: RunLock | None, *, instead_of: RunLock | None) -> bool:  # noqa: ARG002 -- the port asks for it
            return False

    with pytest.raises(RetryableError):
        ask(Restless(), "one")


@dataclass
class Told:
    """An event bus and a state machine that remember."""

    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    started: list[str] = field(default_factory=list)

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        self.events.append((detail_type, detail))

    def start(self, name: str, given: Mapping[str, Any]) -> bool:  # noqa: ARG002 -- the port asks for it
        self.started.append(name)
        return len(set(self.started)) == len(self.started)


def test_the_end_is_told_and_one_more_run_started_under_one_name(register: RunRegister) -> None:
    told = Told()
    ask(register, "one")
    ask(register, "two")
    ask(register, "three")
    for _ in range(2):  # the function is called again where its answer was lost
        announce(finish(register, "r000001", reason=""), told, told)
    assert told.events[0] == ("Run ended", {"run_id": "r000001", "state": "finished", "reason": "schedule"})
    assert set(told.started) == {"after-r000001"}


def test_a_run_nobody_asked_for_is_not_started(register: RunRegister) -> None:
    told = Told()
    ask(register, "one")
    announce(finish(register, "r000001"), told, told)
    assert told.started == []


@pytest.mark.parametrize(
    ("given", "clock"),
    [
        (None, T0),
        ("2011-12-10T00:00:00+09:00", datetime(2011, 12, 9, 15, tzinfo=UTC)),
        ("2026-11-22T00:00:00", datetime(2026, 11, 22, tzinfo=UTC)),
    ],
)
def test_a_run_sees_the_time_it_was_given_or_now(given: str | None, clock: datetime) -> None:
    assert clock_of(given, T0) == clock


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(FatalError, match="as_of 'tomorrow' is no time; write it as"):
        clock_of("tomorrow", T0)
