"""Conversations go on where they were left: within the run's patience, after it in the next run, never twice."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from harness.deliveries import RUN, Clock, Lists, MemoryLedger, NotedMemory, Plain, SentPages, bring, creates
from harness.talkers import Job, Platform, Reported, Swap, keep
from kumitate.activation.destinations.answers import JOB_RUNNING
from kumitate.execution.conversing import memory_of
from kumitate.execution.deliver import Route
from kumitate.execution.sending import Patience, Sender
from kumitate.model.request import Change, Operation, Response
from kumitate.model.step import Run
from kumitate.ports import Transport


@dataclass
class Laptop:
    """What stays between runs."""

    to: Plain
    platform: Transport
    clock: Clock = field(default_factory=Clock)
    memory: NotedMemory = field(default_factory=NotedMemory)
    sent: SentPages = field(default_factory=SentPages)
    number: int = 0

    def run(self, *changes: Change, patience: Patience | None = None) -> Lists:
        """One run of its own."""
        self.number += 1
        lists = Lists({"s": list(changes)})
        sender = Sender(
            connect=lambda: self.platform,
            clock=self.clock,
            sleep=self.clock.sleep,
            patience=patience or Patience(talk_seconds=300),
        )
        whole = frozenset({"s"} if self.to.terms.is_whole else ())
        run = Run(f"r{self.number:06d}", RUN.as_of + timedelta(days=self.number))
        route = Route(sender, {"s": self.to}, whole)
        bring(lists, MemoryLedger(self.clock), route, run=run, memory=self.memory, sent=lambda _: self.sent)
        return lists


HASTY = Patience(talk_seconds=10)


def test_a_job_is_created_filled_awaited_and_read_within_the_runs_patience() -> None:
    platform = Platform(done_after=3)
    laptop = Laptop(Job(), platform)
    lists = laptop.run(*creates("p1", "p2"))
    assert lists.verdicts() == {"p1": "accepted", "p2": "accepted"}
    assert platform.calls == ["PUT /jobs/p1", "PUT /jobs/p1/rows", *["GET /jobs/p1"] * 3]
    assert laptop.clock.slept == [30.0, 30.0, 30.0]
    assert [(row["name"], row["value"]) for row in lists.figures] == [("received", 2.0)]
    assert laptop.sent.pages == {}, "the rows are dropped with the end"


def test_portions_have_conversations_of_their_own_and_few_rows_go_plainly() -> None:
    platform = Platform()
    lists = Laptop(Job(plain_below=2), platform).run(*creates("p1", "p2", "p3", "p4"))
    assert set(lists.verdicts().values()) == {"accepted"}
    assert platform.jobs == {"p1": ["p1", "p2", "p3"]}
    assert platform.calls[-1] == "POST /rows"


def test_a_job_that_takes_longer_is_handed_to_the_next_run_which_asks_for_it_first() -> None:
    platform = Platform()
    laptop = Laptop(Job(), platform)
    first = laptop.run(*creates("p1", "p2"), patience=HASTY)
    assert set(first.verdicts().values()) == {"retry"}
    assert set(first.reasons().values()) == {JOB_RUNNING}
    platform.calls.clear()
    laptop.clock.sleep(3600)
    second = laptop.run(*creates("p1", "p2", "p9"))
    assert platform.calls[:2] == ["GET /jobs/p1", "PUT /jobs/p9"]
    assert second.verdicts() == dict.fromkeys(("p1", "p2", "p9"), "accepted")
    assert platform.jobs == {"p1": ["p1", "p2"], "p9": ["p9"]}


def test_what_an_earlier_job_took_counts_only_for_rows_that_are_still_the_same() -> None:
    platform = Platform()
    laptop = Laptop(Job(), platform)
    old = [Change("p1", Operation.CREATE, {"name": "a"}), Change("p2", Operation.CREATE, {"name": "b"})]
    laptop.run(*old, patience=HASTY)
    laptop.clock.sleep(3600)
    lists = laptop.run(Change("p1", Operation.CREATE, {"name": "c"}), old[1])
    assert lists.verdicts() == {"p1": "accepted", "p2": "accepted"}
    assert platform.calls.count("PUT /jobs/p1/rows") == 2
    assert platform.jobs["p1"] == ["p1"], "sent again alone, after the job that had its old name"


def test_while_an_earlier_job_is_at_work_nothing_else_of_its_sync_leaves() -> None:
    platform = Platform(done_after=99)
    laptop = Laptop(Job(), platform)
    laptop.run(*creates("p1"), patience=HASTY)
    lists = laptop.run(*creates("p1", "p2"), patience=HASTY)
    assert set(lists.reasons().values()) == {JOB_RUNNING}
    assert "p2" not in platform.jobs


def test_an_audience_is_rebuilt_from_all_rows_and_swapped_and_its_id_remembered() -> None:
    platform = Platform()
    laptop = Laptop(Swap(), platform)
    laptop.run(*creates(*(f"p{number}" for number in range(5))))
    assert memory_of(laptop.memory.recall("s")) == {"id": "a1", "number": 1}
    lists = laptop.run(*creates("p9"), *keep("p1", "p2"), Change("p0", Operation.DELETE, {}))
    assert platform.audiences == {"a2": ["p9", "p1", "p2"]}
    assert platform.current == ["a1", "a2"]
    assert memory_of(laptop.memory.recall("s")) == {"id": "a2", "number": 2}
    assert lists.verdicts() == {"p9": "accepted", "p0": "accepted"}, "what is kept is no change"


def test_a_rebuild_that_ends_in_the_next_run_counts_where_its_rows_are_still_the_same_ones() -> None:
    platform = Platform()
    laptop = Laptop(Swap(), platform)
    laptop.run(*creates("p1", "p2"), patience=HASTY)
    assert platform.current == []
    laptop.clock.sleep(3600)
    lists = laptop.run(*creates("p1", "p2"))
    assert (platform.current, set(lists.verdicts().values())) == (["a1"], {"accepted"})


def test_a_rebuild_that_ends_in_the_next_run_is_followed_by_another_where_somebody_came_or_went() -> None:
    platform = Platform()
    laptop = Laptop(Swap(), platform)
    laptop.run(*creates("p1", "p2"), patience=HASTY)
    laptop.clock.sleep(3600)
    laptop.run(*creates("p2", "p3"))
    assert platform.current == ["a1", "a2"]
    assert platform.audiences == {"a2": ["p2", "p3"]}


@dataclass
class Moody:
    """A platform in trouble for its first answers."""

    platform: Platform
    answers: list[Response]

    def send(self, request: Any) -> Response:
        return self.answers.pop(0) if self.answers else self.platform.send(request)


@pytest.mark.parametrize(
    ("answer", "reason"), [(Response(401, b"{}"), "auth.refused"), (Response(503, b""), "unavailable")]
)
def test_trouble_with_the_account_ends_the_run_not_the_conversation(answer: Response, reason: str) -> None:
    platform = Platform()
    moody = Moody(platform, [answer] * 5)
    laptop = Laptop(Job(), moody)
    lists = laptop.run(*creates("p1"))
    assert (lists.verdicts(), lists.reasons()) == ({"p1": "retry"}, {"p1": reason})
    moody.answers.clear()
    assert laptop.run(*creates("p1")).verdicts() == {"p1": "accepted"}
    assert platform.jobs == {"p1": ["p1"]}


def test_trouble_that_passes_is_waited_for_and_the_step_asked_again() -> None:
    moody = Moody(Platform(), [Response(429, b"{}", {"Retry-After": "7"}), Response(200, b"<html>")])
    laptop = Laptop(Job(), moody)
    assert laptop.run(*creates("p1")).verdicts() == {"p1": "accepted"}
    assert laptop.clock.slept[0] == 7.0


def test_receipts_are_asked_for_in_a_later_run_once_they_are_due_and_their_figures_kept() -> None:
    platform = Platform()
    laptop = Laptop(Reported(), platform)
    laptop.run(*creates("p1", "p2", "p3"))
    laptop.clock.sleep(60)
    assert laptop.run().figures == []
    laptop.clock.sleep(1800)
    figures = laptop.run().figures
    assert [(row["receipt"], row["name"], row["value"]) for row in figures] == [
        ("r1", "matched", 2.0),
        ("r2", "matched", 2.0),
    ]
    assert {row["run_id"] for row in figures} == {"r000003"}
    laptop.clock.sleep(7200)
    assert laptop.run().figures == []
    assert platform.asked == ["r1", "r2"]
