"""What later runs do: nothing where nothing is new, and only what follows from a new file."""

from typing import Any

import pytest

from harness.projects import rows
from kumitate.report.render import render

pytestmark = pytest.mark.slow

HISTORIES = ("curated.segment_changes", "curated.person_events", "activation.outcomes", "raw.deliveries")


def test_a_second_run_changes_and_delivers_nothing(three_runs: Any) -> None:
    for table in HISTORIES:
        assert rows(three_runs.root, f"select count(*) from {table} where run_id = 'r000002'") == [(0,)], table
    assert (three_runs.second.changes, three_runs.second.accepted) == (0, 0)
    assert "0 changes: every destination has what it should have" in render(three_runs.second)


def test_all_sums_of_every_run_agree(three_runs: Any) -> None:
    assert (three_runs.first.broken, three_runs.second.broken, three_runs.third.broken) == ((), (), ())
    assert (three_runs.first.changes, three_runs.first.accepted) == (2, 2)


def test_a_late_file_changes_only_what_follows_from_it(three_runs: Any) -> None:
    root = three_runs.root
    assert rows(root, "select event from curated.person_events where run_id = 'r000003'") == []
    assert rows(root, "select segment, change from curated.segment_changes where run_id = 'r000003'") == [
        ("fideles", "entered")
    ]
    assert rows(root, "select operation, verdict from activation.outcomes where run_id = 'r000003'") == [
        ("create", "accepted")
    ]


def test_the_page_shows_nobodys_data(three_runs: Any) -> None:
    page = render(three_runs.first)
    personal = rows(three_runs.root, "select prenom, nom, courriel, telephone from clean.clients")
    quarantined = rows(three_runs.root, "select payload from quarantine.rows")
    values = {value for row in personal for value in row if value} | {payload for (payload,) in quarantined}
    assert len(values) > 5
    assert [value for value in values if value in page] == []
