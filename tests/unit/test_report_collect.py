"""The report's figures come from the lake, add up, and show no personal data."""

import json

import pyarrow as pa
import pytest

from harness.report_lake import CONFIG, RUN, Lake, Reader, counted, delivered, quarantined
from kumitate.activation import tables as activation
from kumitate.cleanse.tables import CHANGES, COUNTS
from kumitate.identity import tables as identity
from kumitate.ingest.tables import DELIVERIES, QUARANTINE
from kumitate.profiles.tables import profiles_table
from kumitate.report.collect import collect
from kumitate.report.facts import Tally
from kumitate.segments.tables import SEGMENT_CHANGES, SEGMENT_SIZES


@pytest.fixture
def lake() -> Lake:
    return Lake()


def test_an_empty_lake_makes_a_report_of_zeros(lake: Lake) -> None:
    report = lake.report()
    assert report.changes == 0
    assert not report.broken
    assert report.people.persons == 0


def test_rows_in_are_accepted_repeated_or_quarantined_per_run_and_ever(lake: Lake) -> None:
    lake.put(DELIVERIES, (delivered("r000001", 10), delivered("r000002", 3)))
    lake.put(
        COUNTS,
        (counted("r000001", "accepted", 8), counted("r000002", "accepted", 1), counted("r000002", "duplicate", 1)),
    )
    lake.put(
        QUARANTINE,
        (
            quarantined("r000001", "email.invalid", 4),
            quarantined("r000001", "date.invalid", 2),
            quarantined("r000002", "email.invalid", 1),
        ),
    )
    source = lake.report().sources[0]
    assert (source.ever.rows_in, source.ever.accepted, source.ever.in_quarantine) == (13, 9, 3)
    assert source.ever.quarantined == (Tally("email.invalid", 2), Tally("date.invalid", 1))
    assert (source.now.rows_in, source.now.accepted, source.now.duplicate, source.now.in_quarantine) == (3, 1, 1, 1)
    assert source.ever.balance.holds
    assert source.now.balance.holds


def test_a_lost_row_breaks_the_sum(lake: Lake) -> None:
    lake.put(DELIVERIES, (delivered("r000002", 10),))
    lake.put(COUNTS, (counted("r000002", "accepted", 9),))
    report = lake.report()
    assert [balance.missing for balance in report.broken] == [1, 1]


def test_rows_cleansed_again_stand_beside_the_sum_unless_they_are_refused_anew(lake: Lake) -> None:
    lake.put(DELIVERIES, (delivered("r000001", 3),))
    again = {"source": "clients", "run_id": "r000002", "outcome": "recleansed"}
    lake.put(COUNTS, (counted("r000001", "accepted", 3), {**again, "rows": 2}, {**again, "reason": "x", "rows": 1}))
    lake.put(QUARANTINE, (quarantined("r000002", "x", 4),))
    source = lake.report().sources[0]
    assert (source.now.recleansed, source.now.refused_again, source.ever.in_quarantine) == (3, 1, 1)
    assert source.ever.balance.holds
    assert source.now.balance.holds


def touched(run_id: str, code: str | None, rows: int, kind: str = "changed") -> dict[str, object]:
    return {
        "source": "clients", "run_id": run_id, "column_name": "email", "semantic": "email", "code": code, "kind": kind,
        "rows": rows, "samples": [f"a@{run_id[-1]}"],
    }  # fmt: skip


def test_what_cleansing_did_is_told_by_column_and_reason_most_frequent_first(lake: Lake) -> None:
    first = [touched("r000001", "width", 5), touched("r000001", "case", 7), touched("r000001", None, 9)]
    second = [touched("r000002", "width", 6), touched("r000002", None, 6)]
    lake.put(CHANGES, [*first, *second, touched("r000002", "email.invalid", 2, "unusable")])
    (email,) = lake.report().sources[0].cleansed
    assert (email.name, email.changed, email.changed_now, email.unusable, email.rejected) == ("email", 15, 6, 2, 0)
    assert [(touch.code, touch.rows, touch.now) for touch in email.touches] == [
        ("width", 11, 6), ("case", 7, 0), ("email.invalid", 2, 2),
    ]  # fmt: skip
    assert email.touches[0].samples == ("a@2",)
    assert "Full-width" in email.touches[0].words.en


def test_what_was_done_before_a_source_was_cleansed_again_is_not_told(lake: Lake) -> None:
    lake.put(CHANGES, [touched("r000001", "width", 5), touched("r000002", "width", 6)])
    lake.put(COUNTS, (counted("r000002", "recleansed", 9),))
    (email,) = lake.report().sources[0].cleansed
    assert [touch.rows for touch in email.touches] == [6]


def test_file_problems_are_named_by_reason(lake: Lake) -> None:
    lake.put(DELIVERIES, (delivered("r000002", 0, problem="file.empty"), delivered("r000002", 0, duplicate_of="d1")))
    assert lake.report().sources[0].file_problems == (Tally("file.duplicate", 1), Tally("file.empty", 1))


def test_a_quarantine_sample_shows_the_first_row_by_its_shape_only(lake: Lake) -> None:
    payload = json.dumps({"email": "hanako@@example.jp", "name": "花子"})
    lake.put(
        QUARANTINE, (quarantined("r000002", "email.invalid", 9), quarantined("r000002", "email.invalid", 4, payload))
    )
    (sample,) = lake.report().samples
    assert (sample.rows, sample.line, sample.shape) == (2, 4, "aaaaaa@@aaaaaaa.aa")


def test_members_are_those_before_plus_entered_minus_left(lake: Lake) -> None:
    sizes = [{"run_id": run, "segment": "regulars", "members": size} for run, size in (("r000001", 5), ("r000002", 7))]
    changes = [{"run_id": "r000002", "segment": "regulars", "change": change} for change in ["entered"] * 3 + ["left"]]
    lake.put(SEGMENT_SIZES, sizes)
    lake.put(SEGMENT_CHANGES, changes)
    (segment,) = lake.report().segments
    assert (segment.members, segment.entered, segment.left, segment.history) == (7, 3, 1, (5, 7))
    assert segment.balance.holds


def sync_lake(lake: Lake, candidates: int) -> None:
    planned = {"create": 3, "unchanged": 2, "held:no_consent": 1, "held:consent_unknown": 4, "delete": 2}
    lake.put(
        activation.SYNC_COUNTS,
        [{"run_id": "r000002", "sync": "letter", "outcome": what, "rows": rows} for what, rows in planned.items()],
    )
    verdicts = [
        ("create", "accepted"),
        ("create", "rejected"),
        ("update", "retry"),
        ("delete", "accepted"),
        ("delete", "unknown"),
    ]
    lake.put(
        activation.OUTCOMES,
        [{"run_id": "r000002", "sync": "letter", "operation": what, "verdict": verdict} for what, verdict in verdicts],
    )
    lake.put(activation.candidates_table("letter"), [{"key": f"k{number}"} for number in range(candidates)])


def test_every_candidate_is_delivered_rejected_pending_held_or_unchanged(lake: Lake) -> None:
    sync_lake(lake, candidates=10)
    (sync,) = lake.report().syncs
    assert (sync.delivered, sync.rejected, sync.pending, sync.unchanged) == (1, 1, 1, 2)
    assert sync.held == (Tally("consent_unknown", 4), Tally("no_consent", 1))
    assert (sync.deletes, sync.deleted, sync.undeleted) == (2, 1, 1)
    assert sync.balance.holds
    assert sync.delete_balance.holds


def test_rows_tried_before_are_among_what_there_was_to_bring(lake: Lake) -> None:
    counts = [{"run_id": "r000002", "sync": "letter", "outcome": "retried", "rows": 1}]
    outcome = {"run_id": "r000002", "sync": "letter", "operation": "create", "verdict": "rejected"}
    lake.put(activation.SYNC_COUNTS, counts)
    lake.put(activation.OUTCOMES, (outcome,))
    lake.put(activation.candidates_table("letter"), ({"key": "k1"},))
    report = lake.report()
    assert (report.changes, report.retried, report.accepted, report.refused) == (1, 1, 0, 1)
    assert not report.broken


def test_a_sync_that_removes_has_removals_as_its_candidates(lake: Lake) -> None:
    removing = CONFIG.syncs["letter"].model_copy(update={"mode": "delete"})
    config = CONFIG.model_copy(update={"syncs": {"letter": removing}})
    lake.put(
        activation.SYNC_COUNTS,
        [{"run_id": "r000002", "sync": "letter", "outcome": what, "rows": 1} for what in ("delete", "unchanged")],
    )
    lake.put(
        activation.OUTCOMES, ({"run_id": "r000002", "sync": "letter", "operation": "delete", "verdict": "accepted"},)
    )
    lake.put(activation.candidates_table("letter"), ({"key": "k1"}, {"key": "k2"}))
    (sync,) = collect(Reader(lake), config, RUN).syncs
    assert (sync.delivered, sync.deletes) == (1, 0)
    assert sync.balance.holds


def test_a_sync_that_the_last_run_did_not_plan_breaks_no_sum(lake: Lake) -> None:
    counts = [{"run_id": "r000001", "sync": "letter", "outcome": "unchanged", "rows": 2}]
    lake.put(activation.SYNC_COUNTS, counts)
    lake.put(activation.OUTCOMES, ())
    lake.put(activation.candidates_table("letter"), ({"key": "k1"}, {"key": "k2"}))
    report = lake.report()
    assert [(sync.candidates, sync.is_planned) for sync in report.syncs] == [(2, False)]
    assert not report.broken
    lake.put(activation.SYNC_COUNTS, [*counts, {**counts[0], "run_id": "r000002", "rows": 1}])
    report = lake.report()
    assert [sync.is_planned for sync in report.syncs] == [True]
    assert len(report.broken) == 1


def test_a_candidate_without_an_outcome_breaks_the_sum(lake: Lake) -> None:
    sync_lake(lake, candidates=11)
    (sync,) = lake.report().syncs
    assert sync.balance.missing == 1


def test_a_destinations_words_come_without_the_rows_own_values(lake: Lake) -> None:
    fields = json.dumps({"email": "hanako@example.jp", "name": "Hanako Yamada"})
    lake.put(activation.candidates_table("letter"), ({"key": "k1", "fields": fields},))
    row = {"sync": "letter", "key": "k1", "reason": "invalid", "attempts": 2, "message": "Hanako Yamada has no mailbox"}
    lake.put(activation.REJECTED, (row,))
    (rejection,) = lake.report().syncs[0].rejections
    assert (rejection.rows, rejection.attempts, rejection.message) == (1, 2, "… has no mailbox")


def test_persons_are_scored_against_the_truth_where_there_is_one(lake: Lake) -> None:
    lake.put(
        identity.PERSON_RECORDS, [{"record": record, "person_id": person} for record, person in ("aA", "bA", "cB")]
    )
    truth = pa.table({"record": ["a", "b", "c"], "person_id": ["1", "1", "1"]})
    score = lake.report(truth=truth).people.score
    assert score is not None
    assert (score.precision, score.recall) == (1.0, 1 / 3)
    assert lake.report().people.score is None


def test_persons_of_many_records_are_shown_together(lake: Lake) -> None:
    sizes = (1, 2, 6, 9, 10, 30)
    rows = [{"record": f"{size}/{at}", "person_id": str(size)} for size in sizes for at in range(size)]
    lake.put(identity.PERSON_RECORDS, rows)
    groups = [(group.name, group.count) for group in lake.report().people.size_groups]
    assert groups == [("1", 1), ("2", 1), ("6–9", 2), ("10–19", 1), ("20+", 1)]


def test_a_record_outside_every_golden_record_breaks_the_sum(lake: Lake) -> None:
    lake.put(identity.PERSON_RECORDS, [{"record": record, "person_id": "A"} for record in "ab"])
    lake.put(identity.golden_table(CONFIG), ({"person_id": "A", "records": 1},))
    lake.put(profiles_table(CONFIG), ({"person_id": "A", "records": 1},))
    people = lake.report().people
    assert people.record_balance.missing == 1
    assert people.profile_balance.holds
