"""`kumitate audit` on the command line: who would join a project's people, and a draft that passes its check."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.projects import BAKERY, copy_of
from kumitate.cli.main import main

NEWSLETTER = """Email,Tel,Name
amelie.dupont@example.com,,Amélie
CHLOE@example.com,+33 2 61 91 55 55,Chloé
nobody.knows@mail.fr,+33 2 61 91 99 99,Zoé
test@example.com,,X
"""


def audit(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, words)])


@pytest.mark.slow
def test_it_tells_how_many_rows_would_join_known_people(bakery: Path, tmp_path: Path) -> None:
    (tmp_path / "newsletter.csv").write_text(NEWSLETTER, encoding="utf-8")
    result = audit(tmp_path / "newsletter.csv", "--project", bakery, "--json")
    assert result.exit_code == 0, result.output
    joined = {each["kind"]: each for each in json.loads(result.stdout)["joined"]}
    assert (joined["courriel"]["column"], joined["courriel"]["rows"]) == ("Email", 4)
    assert (joined["courriel"]["known_rows"], joined["courriel"]["shared_rows"]) == (3, 1)
    assert (joined["telephone"]["known_rows"], joined["telephone"]["rows"]) == (1, 2)


@pytest.mark.slow
def test_the_draft_it_writes_passes_the_project_s_check(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "shop")
    (root / "data/newsletter.csv").write_text(NEWSLETTER, encoding="utf-8")
    out = root / "sources/newsletter.yaml"
    result = audit(root / "data/newsletter.csv", "--project", root, "--out", out)
    assert result.exit_code == 0, result.output
    checked = CliRunner().invoke(main, ["check", str(root)])
    assert checked.exit_code == 0, checked.output
    text = out.read_text(encoding="utf-8")
    assert "path: data/newsletter.csv" in text
    assert "    courriel: email" in text
    assert audit(root / "data/newsletter.csv", "--out", out).exit_code == 2, "an existing file is never written over"


def test_a_source_is_audited_by_its_name_and_shown_masked(tmp_path: Path) -> None:
    result = audit("clients", "--project", copy_of(BAKERY, tmp_path / "shop"))
    assert result.exit_code == 0, result.output
    assert "numero is the likely key, but it is empty on 1 row" in result.stdout
    assert "t***@e***.com identifies nobody (a test address; 2 rows)" in result.stdout
    assert "amelie" not in result.stdout.lower()


def test_the_first_source_of_a_new_project_is_drafted_too(tmp_path: Path) -> None:
    (tmp_path / "kumitate.yaml").write_text("project: shop\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text(NEWSLETTER, encoding="utf-8")
    result = audit(tmp_path / "a.csv", "--project", tmp_path, "--out", tmp_path / "sources/a.yaml")
    assert result.exit_code == 0, result.output
    assert "the project has no source yet" in result.stderr
    assert "email: {from: Email, type: email}" in (tmp_path / "sources/a.yaml").read_text(encoding="utf-8")


def test_without_a_project_a_file_is_enough_and_an_unknown_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(NEWSLETTER, encoding="utf-8")
    result = audit(tmp_path / "a.csv")
    assert result.exit_code == 0, result.output
    assert "4 rows (csv, utf-8, comma between fields" in result.stdout
    assert audit(tmp_path / "nowhere.csv").exit_code == 2


def test_an_empty_file_is_told_about_and_drafts_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    result = audit(tmp_path / "a.csv", "--out", tmp_path / "a.yaml")
    assert "not even a header" in result.stdout
    assert not (tmp_path / "a.yaml").exists()
