"""A project whose model was learned from values cleansed by other rules is told so, with what to do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.people import with_model
from kumitate.cleanse.rules import RULES_VERSION
from kumitate.cli.main import main
from kumitate.identity.probabilistic.files import dump
from kumitate.identity.probabilistic.levels import Check, Measure
from kumitate.identity.probabilistic.model import Comparison, Level, Model
from kumitate.project import cautions, open_project

LEVELS = (Level((Check(Measure.NULL, "city", "city"),)), Level((Check(Measure.ELSE),), 0.001, 0.999))
MODEL = Model((Comparison("city", LEVELS),), 0.01)
TOLD = "models/person.json: was learned from values cleansed by rules of version 0, sources are cleansed by version"


def project(root: Path, version: str) -> Path:
    return with_model(root, dump(replace(MODEL, rules_version=version)))


def kumitate(*words: str | Path) -> Result:
    result = CliRunner().invoke(main, list(map(str, words)))
    assert result.exit_code == 0, result.output
    return result


def test_check_tells_of_a_model_learned_by_other_rules(tmp_path: Path) -> None:
    root = project(tmp_path, "0")
    (note,) = json.loads(kumitate("check", root, "--json").stdout)["notes"]
    assert note.startswith(f"{TOLD} {RULES_VERSION}")
    assert "kumitate resolve --model train --save-model models/person.json" in note


@pytest.mark.parametrize("words", [("--dry-run",), pytest.param((), marks=pytest.mark.slow)])
def test_a_run_tells_of_it_before_it_finds_anybody(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = kumitate("run", project(tmp_path, "0"), "--until", "ingest", "--json", *words)
    assert result.stderr.startswith(f"warning: {TOLD} {RULES_VERSION}")
    json.loads(result.stdout)


@pytest.mark.parametrize("version", [RULES_VERSION, ""])
def test_nothing_is_told_of_a_model_of_these_rules_or_of_none(tmp_path: Path, version: str) -> None:
    root = project(tmp_path, version)
    assert list(cautions(open_project(root).config)) == []
    assert "warning" not in kumitate("run", root, "--dry-run").stderr
