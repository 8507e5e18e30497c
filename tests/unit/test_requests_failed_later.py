"""Requests that a platform takes and fails later: their rows go again by themselves, and the run says so."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.followed import Followed
from harness.reports import LETTER
from kumitate.activation.retries import waiting_rows
from kumitate.activation.tables import unreported_table
from kumitate.cli.summary import show_syncs
from kumitate.model.request import HttpRequest, Request, Response
from kumitate.report.answers import failed_requests, platform_figures
from kumitate.report.late_failures import failed_later

GOOGLE = {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted"}
A, B, OTHER = "a@example.jp", "b@example.jp", "other@example.jp"
TWO_HOURS = 7_200.0
FINE, FAILED = "fine", "failed"
Fate = str | Sequence[int]
"""What Google makes of a request: all of it, nothing, or all but the rows at these places."""


@dataclass
class LateGoogle:
    """Takes every request, and tells when asked what came of it; fates are used up in order, then all is fine."""

    fates: list[Fate] = field(default_factory=list)
    reason: str = "INVALID_FORMAT"
    list_: set[str] = field(default_factory=set)
    told: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0

    def send(self, request: Request) -> Response:
        assert isinstance(request, HttpRequest)
        if request.method == "GET":
            (number,) = parse_qs(urlsplit(request.path).query)["requestId"]
            status = self.told[int(number.removeprefix("r"))]
            return Response(200, json.dumps({"requestStatusPerDestination": [status]}).encode())
        self.requests += 1
        fate = self.fates.pop(0) if self.fates else FINE
        refused = set() if isinstance(fate, str) else {*fate}
        members = json.loads(request.body)["audienceMembers"]
        for row, member in enumerate(members):
            if fate != FAILED and row not in refused:
                known = {each["emailAddress"] for each in member["userData"]["userIdentifiers"]}
                self.list_ = self.list_ | known if request.path.endswith("ingest") else self.list_ - known
        self.told.append(self._status(fate))
        return Response(200, json.dumps({"requestId": f"r{len(self.told) - 1}"}).encode())

    def _status(self, fate: Fate) -> dict[str, Any]:
        if isinstance(fate, str):
            return {"requestStatus": "FAILED" if fate == FAILED else "SUCCESS"}
        count = {"reason": f"PROCESSING_ERROR_REASON_{self.reason}", "recordIndices": list(fate)}
        return {"requestStatus": "PARTIAL_SUCCESS", "errorInfo": {"errorCounts": [count]}}


def hashes(*emails: str) -> set[str]:
    return {hashlib.sha256(email.encode()).hexdigest() for email in emails}


def run_later(sync: Followed, **people: str | None) -> dict[str, tuple[str, str]]:
    """A run two hours after the one before, in which Google tells of that one's requests."""
    sync.clock.sleep(TWO_HOURS)
    return sync.run(people)


def words(sync: Followed, number: int) -> list[tuple[Any, ...]]:
    """What was said of rows after the run's own answers."""
    return sync.world.lake.rows(
        "select key, operation, verdict, reason, message from activation.outcomes"
        f" where run_id = 'r{number:06d}.000' order by key"
    )


@pytest.mark.slow
def test_rows_of_a_request_that_google_failed_go_again_in_the_run_after_the_one_that_is_told() -> None:
    google = LateGoogle([FAILED])
    sync = Followed(google, "google_data_manager", GOOGLE, "mirror")
    assert set(sync.run({"p1": A, "p2": B})) == {"p1", "p2"}
    assert run_later(sync, p1=A, p2=B) == {}
    assert sync.world.lake.query(failed_requests("r000002")).to_pylist() == [{"sync": "s", "requests": 1}]
    assert words(sync, 2) == [(key, "create", "retry", "settled.failed", "") for key in ("p1", "p2")]
    assert google.list_ == set()
    waiting = sync.world.lake.query(waiting_rows("s")).to_pylist()
    assert {(row["key"], row["status"], row["reason"]) for row in waiting} == {
        (key, "pending", "settled.failed") for key in ("p1", "p2")
    }
    assert set(run_later(sync, p1=A, p2=B)) == {"p1", "p2"}
    assert google.list_ == hashes(A, B)
    assert sync.world.counts(3) == {"retried": 2}
    assert sync.world.lake.query(waiting_rows("s")).to_pylist() == []
    assert run_later(sync, p1=A, p2=B) == {}
    assert run_later(sync, p1=A, p2=B) == {}


@pytest.mark.slow
def test_what_a_request_that_is_fine_brought_is_not_sent_again_and_not_kept() -> None:
    google = LateGoogle()
    sync = Followed(google, "google_data_manager", GOOGLE, "mirror")
    sync.run({"p1": A})
    assert sync.world.lake.table(unreported_table("s")).num_rows == 1
    assert run_later(sync, p1=A) == {}
    assert sync.world.lake.table(unreported_table("s")).num_rows == 0
    assert run_later(sync, p1=A) == {}
    assert google.requests == 1


def test_a_removal_that_failed_is_made_once_more_though_the_person_is_gone() -> None:
    google = LateGoogle([FINE, FAILED])
    sync = Followed(google, "google_data_manager", GOOGLE, "mirror")
    sync.run({"p1": A, "p2": B})
    run_later(sync, p2=B)
    assert google.list_ == hashes(A, B)
    run_later(sync, p2=B)
    assert words(sync, 3) == [("p1", "delete", "retry", "settled.failed", "")]
    assert run_later(sync, p2=B) == {"p1": ("accepted", "accepted.unconfirmed")}
    assert google.list_ == hashes(B)


@pytest.mark.parametrize("fates", [[FAILED, FINE], [FINE, FAILED], [FAILED, FAILED]])
def test_a_row_of_two_requests_goes_again_if_either_failed_with_all_it_was_known_by(fates: list[Fate]) -> None:
    google = LateGoogle([FINE, *fates])
    sync = Followed(google, "google_data_manager", GOOGLE, "mirror")
    sync.run({"p1": A})
    run_later(sync, p1=B)
    run_later(sync, p1=B)
    assert run_later(sync, p1=B) == {"p1": ("accepted", "accepted.unconfirmed")}
    assert google.list_ == hashes(B)


def test_of_a_request_that_partly_failed_the_named_rows_go_again_with_googles_reason() -> None:
    google = LateGoogle([[1]])
    sync = Followed(google, "google_data_manager", GOOGLE, "mirror")
    sync.run({"p1": A, "p2": B})
    run_later(sync, p1=A, p2=B)
    assert words(sync, 2) == [("p2", "create", "rejected", "settled.failed", "1.invalid_format")]
    assert set(run_later(sync, p1=A, p2=B)) == {"p2"}
    assert google.list_ == hashes(A, B)
    names = {row["name"] for row in sync.world.lake.query(platform_figures()).to_pylist()}
    assert not any(name.startswith("refused_row") for name in names)


def test_what_google_has_already_is_not_sent_again() -> None:
    google = LateGoogle([[0]], reason="DUPLICATE_TRANSACTION_ID")
    sync = Followed(google, "google_data_manager", GOOGLE, "mirror")
    sync.run({"p1": A})
    run_later(sync, p1=A)
    assert run_later(sync, p1=A) == {}


@pytest.mark.slow
def test_of_very_many_refused_rows_the_whole_request_goes_again() -> None:
    google = LateGoogle([range(2_001)])
    sync = Followed(google, "google_data_manager", GOOGLE, "mirror")
    people = {f"p{n}": f"{n}@example.jp" for n in range(2_010)}
    sync.run(people)
    run_later(sync, **people)
    assert len(words(sync, 2)) == 2_010


SOMEBODY = st.sampled_from(["first", "second", None])
"""The e-mail that a person has, or that they are in no segment."""
FATES = st.lists(st.sampled_from([FINE, FAILED, [0], [1]]), max_size=6)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(st.tuples(SOMEBODY, SOMEBODY), min_size=1, max_size=4), fates=FATES)
def test_whatever_fails_later_the_list_becomes_the_segment(
    history: list[tuple[str | None, str | None]], fates: list[Fate]
) -> None:
    google = LateGoogle(list(fates))
    sync = Followed(google, "google_data_manager", GOOGLE, "mirror")
    quiet = 0
    for emails in [*history, *[history[-1]] * 20]:
        people = {f"p{n}": f"{email}{n}@example.jp" for n, email in enumerate(emails) if email}
        quiet = 0 if run_later(sync, **people) or google.fates else quiet + 1
        if quiet == 3:
            break
    assert google.list_ == hashes(*people.values())


def test_what_a_failed_request_means_is_said_in_both_languages() -> None:
    words = failed_later("vips", 2)
    assert "vips: the platform says it failed 2 requests that it had taken; the next run sends the rows" in words.en
    assert "自動的に再送" in words.ja


def test_a_runs_summary_says_that_a_request_failed_later(capsys: pytest.CaptureFixture[str]) -> None:
    show_syncs([replace(LETTER, failed_later=2)])
    assert f"{LETTER.name}: the platform says it failed 2 requests that it had taken" in capsys.readouterr().out
    show_syncs([LETTER])
    assert "failed" not in capsys.readouterr().out
