"""The ledger's file remembers what a killed process knew."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.deliveries import Clock
from kumitate.execution.ledger import SqliteLedger
from kumitate.model.request import MOST_WORDS, Outcome, Verdict

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_another_process_reads_claims_with_their_time_and_verdicts_with_their_reason(tmp_path: Path) -> None:
    SqliteLedger(tmp_path / "l.db", clock=Clock(NOON)).claim("r1", "s", ["p1", "p2"])
    SqliteLedger(tmp_path / "l.db", clock=Clock(NOON)).settle("r1", "s", [Outcome("p2", Verdict.REJECTED, "why", "é")])
    notes = SqliteLedger(tmp_path / "l.db", clock=Clock()).notes("r1", "s")
    assert notes == {"p1": NOON, "p2": Outcome("p2", Verdict.REJECTED, "why", "é")}


def test_a_new_claim_opens_a_settled_row_again(tmp_path: Path) -> None:
    clock = Clock(NOON)
    ledger = SqliteLedger(tmp_path / "l.db", clock=clock)
    ledger.settle("r1", "s", [Outcome("p1", Verdict.RETRY, "throttled")])
    clock.now += timedelta(minutes=5)
    ledger.claim("r1", "s", ["p1"])
    assert ledger.notes("r1", "s") == {"p1": clock.now}


def test_runs_and_syncs_do_not_see_each_others_notes(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "l.db", clock=Clock())
    ledger.settle("r1", "s", [Outcome("p1", Verdict.ACCEPTED)])
    assert ledger.notes("r1", "t") == {}
    assert ledger.notes("r2", "s") == {}


def test_what_is_in_the_lake_is_forgotten(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "l.db", clock=Clock())
    for run_id in ("r000001", "r000002", "r000003"):
        ledger.settle(run_id, "s", [Outcome("p1", Verdict.ACCEPTED)])
    ledger.forget("r000002", ["s"])
    assert [bool(ledger.notes(run_id, "s")) for run_id in ("r000001", "r000002", "r000003")] == [False, False, True]


def test_every_key_is_noted_as_it_is_and_the_last_verdict_of_a_row_stays(tmp_path: Path) -> None:
    keys = ["a", "a\0b", 'quote " and \\', "1", "null", "花子", "😀"]
    ledger = SqliteLedger(tmp_path / "l.db", clock=Clock())
    ledger.settle("r1", "s", [Outcome(key, Verdict.RETRY, "throttled") for key in keys])
    last = [Outcome(key, Verdict.ACCEPTED) if key != "1" else Outcome(key, Verdict.REJECTED, "why") for key in keys]
    ledger.settle("r1", "s", [Outcome("1", Verdict.ACCEPTED), *last])
    assert ledger.notes("r1", "s") == {outcome.key: outcome for outcome in last}


def test_no_outcomes_are_no_notes(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "l.db", clock=Clock())
    ledger.settle("r1", "s", [])
    assert ledger.notes("r1", "s") == {}


def test_words_that_no_file_can_hold_are_kept_as_far_as_they_can_be_read(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "l.db", clock=Clock())
    half_a_pair = json.loads('"\\ud83d is no sign"')
    ledger.settle("r1", "s", [Outcome("p1", Verdict.REJECTED, f"vendor.{half_a_pair}", half_a_pair)])
    said = ledger.notes("r1", "s")["p1"]
    assert isinstance(said, Outcome)
    assert (said.reason, said.message) == ("vendor.? is no sign", "? is no sign")


def test_of_a_page_of_words_the_beginning_is_kept() -> None:
    said = Outcome("p1", Verdict.REJECTED, "why", "word " * 20_000).message
    assert said.startswith("word word")
    assert len(said) == MOST_WORDS
