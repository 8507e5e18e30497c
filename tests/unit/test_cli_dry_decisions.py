"""A dry run of a steward's decision tells what would be noted, of whom and where, and leaves every byte as it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.projects import BAKERY, copy_of, rows, run
from kumitate.cli.main import main

pytestmark = pytest.mark.slow
AS_ITO = ("--reason", "asked them", "--author", "Ito")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one decision made, and one pair in doubt."""
    root = copy_of(BAKERY, tmp_path_factory.mktemp("dry") / "boulangerie")
    path = next((root / "identity").glob("*.yaml"))
    path.write_text(path.read_text().replace("numero: {}", "numero: {unique: true}"))
    run(root, until="identity")
    assert kumitate(root, "link", "clients/4", "clients/5", *AS_ITO).exit_code == 0
    return root


def kumitate(root: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--project", str(root)])


def bytes_of(root: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}


DECISIONS = {
    "link": ("link", "clients/3", "chloe@example.com", *AS_ITO),
    "unlink": ("unlink", "clients/3", "clients/4", *AS_ITO),
    "withdraw": ("links", "--withdraw", "clients/4", "clients/5", *AS_ITO),
    "accept": ("review", "--accept", "1", *AS_ITO),
    "reject": ("review", "--reject", "1", *AS_ITO),
}
LINKS = {"link": "must", "unlink": "cannot", "withdraw": "withdrawn", "accept": "must", "reject": "cannot"}


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_dry_run_writes_nothing(root: Path, decision: str) -> None:
    before = bytes_of(root)
    told = kumitate(root, *DECISIONS[decision], "--dry-run")
    assert told.exit_code == 0, told.output
    assert bytes_of(root) == before
    first, second = told.stdout.splitlines()
    where = f"in curated.steward_links of the lake in {root / '.kumitate'}"
    assert first == f"would note: 1 decision ({LINKS[decision]}) by Ito, {where}"
    assert second.startswith(f"  {LINKS[decision]}: clients/* (person p")
    assert told.stderr.endswith("nothing was written\n")


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_dry_run_names_the_persons_of_the_records(root: Path, decision: str) -> None:
    persons = dict(rows(root, "select record, person_id from curated.person_records"))
    of = {"link": (3, 4), "unlink": (3, 4), "withdraw": (4, 5)}.get(decision, (1, 2))
    (fact,) = json.loads(kumitate(root, *DECISIONS[decision], "--dry-run", "--json").stdout)
    assert fact["persons"] == [persons[f"clients/{number}"] for number in of]
    assert (fact["link"], fact["state"], fact["author"]) == (LINKS[decision], "would hold", "Ito")


def test_a_dry_run_is_refused_as_the_decision_would_be(root: Path) -> None:
    words = ("unlink", "clients/4", "clients/5", *AS_ITO)
    dry = kumitate(root, *words, "--dry-run")
    assert (dry.exit_code, dry.output) == (1, kumitate(root, *words).output)
    assert "must-link by Ito" in dry.output


@pytest.mark.parametrize("words", [("links",), ("review",)])
def test_a_list_has_no_dry_run(root: Path, words: tuple[str, ...]) -> None:
    assert kumitate(root, *words, "--dry-run").exit_code == 2


def test_of_decisions_that_contradict_each_other_none_is_noted(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    path = next((root / "identity").glob("*.yaml"))
    path.write_text(path.read_text().replace("numero: {}", "numero: {unique: true}"))
    header, *lines = (root / "data/clients.csv").read_text().splitlines()
    third = next(line for line in lines if line.startswith("2;")).replace("2;", "9;", 1)
    (root / "data/clients.csv").write_text("\n".join((header, *lines, third, "")))
    run(root, until="identity")
    assert kumitate(root, "unlink", "clients/2", "clients/9", *AS_ITO).exit_code == 0
    pairs = {
        (each["left"], each["right"]) for each in json.loads(kumitate(root, "review", "--json", "--unmask").stdout)
    }
    assert pairs == {("clients/1", "clients/2"), ("clients/1", "clients/9")}
    result = kumitate(root, "review", "--accept", "1", "--accept", "2", *AS_ITO)
    assert result.exit_code == 1
    assert "cannot-link by Ito" in result.stderr
    assert [each["link"] for each in json.loads(kumitate(root, "links", "--json").stdout)] == ["cannot"]


def test_decisions_of_a_review_are_json_for_programs(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    path = next((root / "identity").glob("*.yaml"))
    path.write_text(path.read_text().replace("numero: {}", "numero: {unique: true}"))
    run(root, until="identity")
    (fact,) = json.loads(kumitate(root, "review", "--accept", "1", "--json", *AS_ITO).stdout)
    assert (fact["link"], fact["state"], fact["reason"]) == ("must", "holds", "asked them")
