"""A project that changes between runs: what is rebuilt follows, what is kept is kept."""

from pathlib import Path

import pytest

from harness.projects import BAKERY, copy_of, rows, run

pytestmark = pytest.mark.slow


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_trait_of_another_type_and_a_renamed_segment_follow_in_the_next_run(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "project")
    run(root, until="segments")
    before = rows(root, "select record, person_id from curated.person_records order by record")
    edit(
        root / "traits/fidelite.yaml",
        "kind: sum\n  source: clients\n  column: points",
        "kind: count\n  source: clients",
    )
    edit(root / "segments/fideles.yaml", "fideles:", "habitues:")
    edit(root / "segments/fideles.yaml", "at_least: 100", "at_least: 2")
    edit(root / "syncs/alerte.yaml", "segment: fideles", "segment: habitues")
    run(root)
    assert rows(root, "select prenom, points_total from curated.profiles where points_total > 1") == [("Amelie", 2)]
    sql = "select segment, change from curated.segment_changes where run_id = 'r000002' order by segment"
    assert rows(root, sql) == [("fideles", "left"), ("fideles", "left"), ("habitues", "entered")]
    assert rows(root, "select record, person_id from curated.person_records order by record") == before
