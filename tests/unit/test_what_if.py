"""What other rules would do is told before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from harness.projects import BAKERY, copy_of, everything, run
from kumitate.cli.main import main
from kumitate.identity.what_if import difference

LOOSER = """person:
  identifiers: {numero: {}, courriel: {}, telephone: {max_records: 10}}
  attributes: {prenom: {}, nom: {}, courriel: {}, telephone: {}}
"""
STRICTER = """person:
  identifiers: {numero: {}, courriel: {blocked: [".*"]}, telephone: {blocked: [".*"]}}
  attributes: {prenom: {}, nom: {}, courriel: {}, telephone: {}}
"""

HOUSEHOLD = "household:\n  of: persons\n  rules: {home: {match: [nom, telephone]}}\n"


def labelled(**persons: str) -> pa.Table:
    return pa.table({"record": list(persons), "person_id": list(persons.values())})


def test_merged_and_split_persons_are_counted_with_the_largest_first() -> None:
    before = labelled(a="p1", b="p1", c="p2", d="p3", e="p3", f="p3")
    after = labelled(a="p1", b="p1", c="p1", d="p3", e="p4", f="p5")
    found = difference(before, after)
    assert (found.persons_before, found.persons_after, found.merged, found.split) == (3, 4, 1, 1)
    assert (found.records_moved, found.largest_before, found.largest_after) == (3, 3, 3)
    assert [(each.person_id, each.others) for each in found.examples_merged] == [("p1", ("p1", "p2"))]
    assert [(each.person_id, each.others) for each in found.examples_split] == [("p3", ("p3", "p4", "p5"))]


def test_the_same_persons_differ_in_nothing() -> None:
    table = labelled(a="p1", b="p2")
    found = difference(table, table.slice(0))
    assert (found.merged, found.split, found.records_moved) == (0, 0, 0)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = copy_of(BAKERY, tmp_path_factory.mktemp("what_if") / "boulangerie")
    run(made, until="segments")
    return made


def tried(root: Path, rules: str) -> Result:
    path = root.parent / "identity.new.yaml"
    path.write_text(rules, encoding="utf-8")
    return CliRunner().invoke(main, ["what-if", str(path), "--project", str(root), "--json"])


@pytest.mark.slow
def test_looser_rules_would_merge_and_stricter_ones_split(root: Path) -> None:
    looser, stricter = (json.loads(tried(root, rules).stdout) for rules in (LOOSER, STRICTER))
    assert (looser["persons"]["merged"], looser["persons"]["split"]) == (1, 0)
    assert looser["persons"]["examples_merged"][0]["records_after"] == 3
    assert (looser["held"]["before"], looser["held"]["after"]) == (2, 0)
    assert (stricter["persons"]["merged"], stricter["persons"]["split"]) == (0, 1)
    (segment,) = stricter["segments"]
    assert segment["after"] == segment["before"] + segment["entered"] - segment["left"]


@pytest.mark.slow
def test_nothing_is_written(root: Path) -> None:
    before, files = everything(root), {path.name for path in (root / ".kumitate").iterdir()}
    tried(root, LOOSER)
    assert everything(root) == before
    assert {path.name for path in (root / ".kumitate").iterdir()} == files


@pytest.mark.slow
def test_segments_that_the_last_run_did_not_reach_are_not_compared_in_silence(tmp_path: Path) -> None:
    made = copy_of(BAKERY, tmp_path / "boulangerie")
    run(made, until="segments")
    assert tried(made, LOOSER).stderr.count("warning") == 0
    run(made, until="identity")
    assert (
        "the last run stopped after identity: segments before are those of an earlier run" in tried(made, LOOSER).stderr
    )


@pytest.mark.slow
def test_what_other_entities_lack_is_said_of_the_file_that_is_tried(root: Path) -> None:
    (root / "identity/household.yaml").write_text(HOUSEHOLD, encoding="utf-8")
    result = tried(root, "person:\n  identifiers: {numero: {}, courriel: {}, telephone: {}}\n")
    (root / "identity/household.yaml").unlink()
    assert "_kept" not in result.stderr
    assert "household.rules.home.match[0]: unknown attribute 'nom' in person; the file that is tried" in result.stderr


@pytest.mark.slow
def test_rules_with_mistakes_are_refused_as_check_refuses_them(root: Path) -> None:
    result = tried(root, "person:\n  identifiers: {courriel: {max_distinct: {prenon: 1}}}\n")
    assert result.exit_code == 1
    assert f"{root.parent / 'identity.new.yaml'}:2 person.identifiers" in result.output
    assert "kumitate check" not in result.output
    assert "did you mean 'prenom'?" in result.output
