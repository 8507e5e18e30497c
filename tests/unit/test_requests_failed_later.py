"""A request that a platform takes and fails later is told in plain words, with what to do about it, which works."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.followed import Followed
from harness.reports import LETTER
from kumitate.cli.summary import show_syncs
from kumitate.report.answers import failed_requests
from kumitate.report.late_failures import failed_later
from kumitate.sandbox.server import Fault, Sandbox

GOOGLE = {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted"}
PEOPLE: dict[str, str | None] = {"p1": "a@example.jp", "p2": "b@example.jp"}
TWO_HOURS = 7_200.0


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


@pytest.mark.parametrize(("status", "failed"), [("FAILED", [{"sync": "s", "requests": 1}]), ("SUCCESS", [])])
def test_a_request_that_google_failed_is_counted_in_the_run_that_learns_of_it_and_sent_again_after_a_reset(
    sandbox: Sandbox, status: str, failed: list[dict[str, object]]
) -> None:
    sync = Followed(sandbox, "google_data_manager", GOOGLE, "mirror")
    assert set(sync.run(PEOPLE)) == {"p1", "p2"}
    sync.clock.sleep(TWO_HOURS)
    sandbox.fault("google_data_manager", Fault(200, {"requestStatusPerDestination": [{"requestStatus": status}]}))
    assert sync.run(PEOPLE) == {}
    assert sync.world.lake.query(failed_requests("r000001")).to_pylist() == []
    assert sync.world.lake.query(failed_requests("r000002")).to_pylist() == failed
    sync.world.forgotten = {"s": "r000002"}
    assert set(sync.run(PEOPLE)) == {"p1", "p2"}


def test_what_a_failed_request_means_and_what_mends_it_is_said_in_both_languages() -> None:
    words = failed_later("vips", 2)
    assert "vips: the platform says it failed 2 requests that it had taken" in words.en
    assert all("`kumitate control reset vips --reason …`" in told for told in (words.en, words.ja))


def test_a_runs_summary_says_what_a_failed_request_means_and_what_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    show_syncs([replace(LETTER, failed_later=2)])
    told = capsys.readouterr().out
    assert f"{LETTER.name}: the platform says it failed 2 requests that it had taken" in told
    assert f"`kumitate control reset {LETTER.name} --reason …`" in told
    show_syncs([LETTER])
    assert "failed" not in capsys.readouterr().out
