"""Stewards decide by command; what they decided can be read, explained and taken back, and never contradicts itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.projects import BAKERY, copy_of, run
from kumitate.cli.main import main
from kumitate.identity.probabilistic.files import dump
from kumitate.identity.probabilistic.levels import Check, Measure
from kumitate.identity.probabilistic.model import Comparison, Level, Model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_of(BAKERY, tmp_path_factory.mktemp("stewards") / "boulangerie")
    run(root, until="identity")
    return root


@pytest.fixture
def root(made: Path) -> Iterator[Path]:
    """The project, without decisions afterwards."""
    yield made
    for row in listed(made):
        kumitate(made, "links", "--withdraw", row["left"], row["right"], "--reason", "end of test")


def kumitate(root: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--project", str(root)])


def listed(root: Path, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kumitate(root, "links", "--json", "--unmask", *words).stdout)
    return found


def decide(root: Path, *words: str) -> Result:
    return kumitate(root, *words, "--reason", "asked them", "--author", "Ito")


def test_a_decision_is_kept_with_who_when_and_why(root: Path) -> None:
    result = decide(root, "link", "clients/3", "chloe@example.com")
    assert result.output.startswith("noted: 1 decision (must) by Ito"), result.output
    (row,) = listed(root)
    assert (row["left"], row["right"], row["link"]) == ("clients/3", "clients/4", "must")
    assert (row["author"], row["reason"], row["state"]) == ("Ito", "asked them", "holds")


def test_a_decision_shows_no_record_to_whoever_may_not_know_it(root: Path) -> None:
    decide(root, "link", "clients/3", "clients/4")
    assert "clients/3" not in kumitate(root, "links").stdout


def test_two_persons_are_parted_record_by_record(root: Path) -> None:
    assert decide(root, "unlink", "amelie.dupont@example.com", "clients/4").exit_code == 0
    pairs = {(row["left"], row["right"]) for row in listed(root)}
    assert pairs == {("clients/1", "clients/4"), ("clients/2", "clients/4")}


def test_what_contradicts_a_decision_is_refused_with_both_named(root: Path) -> None:
    decide(root, "link", "clients/3", "clients/4")
    decide(root, "link", "clients/4", "clients/5")
    result = decide(root, "unlink", "clients/5", "clients/3")
    assert result.exit_code == 1
    assert result.output.count("must-link by Ito") == 2
    assert "cannot-link by Ito" in result.output
    assert len(listed(root)) == 2


def test_a_decision_is_taken_back_and_stays_on_record(root: Path) -> None:
    decide(root, "link", "clients/3", "clients/4")
    assert decide(root, "links", "--withdraw", "clients/4", "clients/3").exit_code == 0
    assert listed(root) == []
    ended = [row["link"] for row in listed(root, "--all") if row["state"] == "ended"]
    assert ended[-2:] == ["must", "withdrawn"]
    assert decide(root, "unlink", "clients/3", "clients/4").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("link", "clients/3", "clients/99"), "clients has no record 'c********', or none that is good"),
        (("link", "clients/3", "elsewhere/99"), "nobody has 'e"),
        (("link", "clients/3", "clients/3"), "are one record; name two"),
        (("unlink", "clients/1", "amelie.dupont@example.com"), "have records in common"),
        (("links", "--withdraw", "clients/3", "clients/4"), "no decision on clients/3 and clients/4 holds"),
    ],
)
def test_what_cannot_be_decided_is_said(root: Path, words: tuple[str, ...], said: str) -> None:
    result = decide(root, *words)
    assert result.exit_code == 1
    assert said in result.output


def test_a_decision_twice_is_one(root: Path) -> None:
    decide(root, "link", "clients/3", "clients/4")
    assert "this was decided before" in decide(root, "link", "clients/4", "clients/3").output


def test_a_decision_on_a_record_that_is_not_there_waits_for_it(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    (root / "stewards").mkdir()
    rows = ("clients/3,Chloe@Example.com,must,Ito,asked,2026-03-01", "clients/3,clients/999,must,Ito,asked,2026-03-01")
    (root / "stewards/all.csv").write_text("\n".join(("left,right,link,author,reason,at", *rows)), encoding="utf-8")
    run(root, until="identity")
    states = {row["where"]: row["state"] for row in listed(root)}
    assert states == {"stewards/all.csv:2": "holds", "stewards/all.csv:3": "waits for its records"}
    told = kumitate(root, "links").stderr
    assert "1 decision so far without effect" in told
    assert "stewards/all.csv:3" in told


def test_why_tells_the_path_of_evidence(made: Path) -> None:
    told = kumitate(made, "why", "clients/1", "clients/2").stdout.splitlines()
    assert told[0].startswith("clients/1 and clients/2 are one person: p")
    assert told[1] == "  1. clients/* and clients/* share courriel a***@e***.com"
    assert told[2].startswith("They have been since run r000001 (")


def test_why_not_tells_what_was_held_back_in_two_languages(made: Path) -> None:
    told = kumitate(made, "why", "clients/3", "clients/4").stdout
    assert "people with different prenom share it (2 records)" in told
    assert "+33261915555" not in told
    assert (
        "prenom の異なる人が共有しています（2 件）"
        in kumitate(made, "why", "clients/3", "clients/4", "--lang", "ja").stdout
    )


def test_why_not_tells_of_a_list_that_both_were_delivered_with(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    lists = ('["lea@example.com", "bureau@example.com"]', '["bureau@example.com"]', '["autre@example.com"]')
    quoted = ['"' + each.replace('"', '""') + '"' for each in lists]
    rows = [f"{number};Léa;Petit;{each};;5;20/02/2026 08:00" for number, each in enumerate(quoted, 6)]
    header = "numero;prenom;nom;courriel;telephone;points;modifie"
    (root / "data/clients-2.csv").write_text("\n".join((header, *rows, "")), encoding="utf-8")
    run(root, until="identity")
    told = kumitate(root, "why", "clients/6", "clients/7", "--unmask").stdout
    assert "  Both were delivered with courriel bureau@example.com, which cannot be used: " in told
    assert "They share no value that identifies." in told
    assert "bureau" not in kumitate(root, "why", "clients/6", "clients/7", "--json").stdout
    assert "どちらも courriel b***@e***.com が届いていますが、使えません" in (
        kumitate(root, "why", "clients/7", "clients/6", "--lang", "ja").stdout
    )
    assert "delivered" not in kumitate(root, "why", "clients/6", "clients/8").stdout


def test_why_tells_of_a_stewards_decision(root: Path) -> None:
    decide(root, "unlink", "clients/3", "clients/4")
    assert "Ito parted clients/* and clients/* at 20" in kumitate(root, "why", "clients/4", "clients/3").stdout


def test_why_is_json_for_programs(made: Path) -> None:
    told = json.loads(kumitate(made, "why", "clients/3", "clients/5", "--json").stdout)
    assert (told["verdict"], told["held_back"][0]["reason"]) == ("two_persons", "blocked")


def test_why_of_one_record_says_so(made: Path) -> None:
    assert "are one record" in kumitate(made, "why", "clients/4", "chloe@example.com").stdout


def test_why_not_tells_how_alike_they_are_by_the_projects_model(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    name = tuple(Level((Check(measure, "nom", "nom"),), 0.9, 0.01) for measure in (Measure.NULL, Measure.EQUAL))
    other = Level((Check(Measure.ELSE),), 0.1, 0.99)
    (root / "models").mkdir()
    (root / "models/person.json").write_text(dump(Model((Comparison("nom", (*name, other)),), 0.1)))
    path = next((root / "identity").glob("*.yaml"))
    path.write_text(path.read_text().replace("  attributes:", "  model: {file: models/person.json}\n  attributes:"))
    run(root, until="identity")
    told = kumitate(root, "why", "clients/3", "clients/4").stdout
    assert "By the model they are one person with a probability of" in told
    assert "  nom: equal (+6.5)" in told


def test_a_doubtful_pair_is_reviewed_and_decided(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    path = next((root / "identity").glob("*.yaml"))
    path.write_text(path.read_text().replace("numero: {}", "numero: {unique: true}"))
    run(root, until="identity")
    (doubt,) = json.loads(kumitate(root, "review", "--json", "--unmask").stdout)
    assert (doubt["number"], doubt["left"], doubt["right"]) == (1, "clients/1", "clients/2")
    assert "courriel amelie.dupont@example.com" in doubt["both"]
    assert "numero 1 / 2" in doubt["differ"]
    assert "amelie" not in kumitate(root, "review").stdout
    refused = kumitate(root, "review", "--accept", "7")
    assert (refused.exit_code, "no pair has the number 7" in refused.output) == (1, True)
    assert kumitate(root, "review", "--accept", "1", "--reject", "1").exit_code == 2
    assert kumitate(root, "review", "--accept", "1", "--reason", "same card").exit_code == 0
    assert kumitate(root, "review").stdout == "no pair is in doubt\n"
    run(root, until="identity")
    assert "were made one by" in kumitate(root, "why", "clients/1", "clients/2").stdout
