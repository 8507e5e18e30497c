"""Conversations of firings are their own: another firing of the sync neither takes one up nor waits for it."""

from dataclasses import dataclass, field
from datetime import timedelta

from harness.deliveries import Clock, MemoryLedger, NotedMemory, SentPages, creates
from harness.talkers import Job, Platform
from kumitate.activation.destinations.answers import JOB_RUNNING
from kumitate.execution.bringing import Bringing
from kumitate.execution.portion import Page, Way
from kumitate.execution.sending import Patience, Sender
from kumitate.model.request import Outcome


@dataclass
class Account:
    """Deliveries of one sync's firings, each a run of one row and a minute; the platform takes its time."""

    platform: Platform = field(default_factory=lambda: Platform(done_after=2))
    clock: Clock = field(default_factory=Clock)
    memory: NotedMemory = field(default_factory=NotedMemory)
    sent: SentPages = field(default_factory=SentPages)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.clock)

    def bring(self, run_id: str, key: str) -> str:
        """What the ledger says of the row afterwards."""
        sender = Sender(
            connect=lambda: self.platform, clock=self.clock, sleep=self.clock.sleep, patience=Patience(talk_seconds=10)
        )
        way = Way(sender, Job(), Page(self.ledger, run_id, "s"))
        Bringing(way=way, memory=self.memory, sent=self.sent).bring([(1, creates(key))], way.page.notes())
        note = self.ledger.notes(run_id, "s").get(key)
        self.clock.sleep(60)
        return note.reason or note.verdict.value if isinstance(note, Outcome) else "waits"

    def under_way(self) -> list[str]:
        return [name for name, note in self.memory.recall("s").items() if "state" in note]


def test_a_firing_leaves_anothers_conversation_alone_and_does_not_wait_for_it() -> None:
    account = Account()
    assert account.bring("ta", "p1") == JOB_RUNNING
    assert account.bring("tb", "p2") == JOB_RUNNING
    assert account.platform.calls.count("GET /jobs/p1") == 0, "nobody asks after it but its own firing"
    assert [account.bring("ta", "p1") for _ in range(2)] == [JOB_RUNNING, "accepted"]
    assert [account.bring("tb", "p2") for _ in range(2)] == [JOB_RUNNING, "accepted"]


def test_the_next_attempt_of_a_firing_goes_on_with_its_conversation() -> None:
    account = Account()
    account.bring("ta", "p1")
    account.bring("ta", "p1")
    assert account.bring("ta.2", "p1") == "accepted"
    assert account.platform.calls.count("PUT /jobs/p1") == 1


def test_what_a_firing_left_is_ended_a_day_later_by_another_and_kept_no_longer() -> None:
    account = Account(Platform(done_after=1))
    account.bring("ta", "p1")
    account.clock.sleep(timedelta(days=1).total_seconds())
    assert [account.bring("tb", "p2") for _ in range(2)] == [JOB_RUNNING, "accepted"]
    assert account.platform.calls.count("GET /jobs/p1") == 1
    assert account.under_way() == []
    assert account.bring("tc", "p3") == JOB_RUNNING
    assert list(account.sent.pages) == ["talk.tc.000001"]
