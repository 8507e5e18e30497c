"""The model that a project's file holds decides who is one person, wherever the project is opened; none else does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.people import People, member, with_model
from kumitate.cli.main import main
from kumitate.errors import FatalError
from kumitate.identity.probabilistic.files import dump
from kumitate.identity.probabilistic.levels import Check, Measure
from kumitate.identity.probabilistic.model import Comparison, Level, Model
from kumitate.project import open_project

NULL, ELSE = Level((Check(Measure.NULL, "city", "city"),)), Level((Check(Measure.ELSE),), 0.001, 0.999)
ROWS = [member(str(one), city="京都" if one < 2 else f"町{one}", given_name=f"名{one}") for one in range(5)]


def model(m: float) -> str:
    """Who lives in one city is one person, if `m` is near 1."""
    equal = Level((Check(Measure.EQUAL, "city", "city"),), m, 1e-6)
    return dump(Model((Comparison("city", (NULL, equal, ELSE)),), 0.01))


@pytest.mark.parametrize(("m", "persons"), [(0.9, 4), (1e-6, 5)])
def test_the_models_file_decides(tmp_path: Path, m: float, persons: int) -> None:
    config = open_project(with_model(tmp_path, model(m))).config
    assert len(People(config).resolve(members=ROWS).groups()) == persons


def test_another_model_in_the_file_decides_anew(tmp_path: Path) -> None:
    people = People(open_project(with_model(tmp_path, model(0.9))).config).resolve(members=ROWS)
    assert len(people.groups()) == 4
    (tmp_path / "models/person.json").write_text(model(1e-6), encoding="utf-8")
    people.config = open_project(tmp_path).config
    assert len(people.resolve(members=ROWS).groups()) == 5


def test_no_other_model_is_learned_where_the_file_was_not_read(tmp_path: Path) -> None:
    config = open_project(with_model(tmp_path, model(0.9))).config.model_copy(update={"person_model": ""})
    with pytest.raises(FatalError, match=r"models/person\.json: the person's model was not read"):
        People(config).resolve(members=ROWS)


def test_check_refuses_another_version_by_file_with_what_to_do(tmp_path: Path) -> None:
    text = json.dumps({**json.loads(model(0.9)), "kumitate_model": 7})
    result = CliRunner().invoke(main, ["check", "--project", str(with_model(tmp_path, text))])
    assert result.exit_code == 1
    assert "models/person.json:1 is a model of version 7, this Kumitate reads 1; train it anew" in result.output
