"""A person's model is read when the project is, and what is wrong with it is said by its own file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kumitate.errors import ConfigError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"


def said(tmp_path: Path, model: bytes) -> list[str]:
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    (tmp_path / "models").mkdir()
    (tmp_path / "models/person.json").write_bytes(model)
    path = tmp_path / "identity/person.yaml"
    path.write_text(path.read_text().replace("  attributes:", "  model: {file: models/person.json}\n  attributes:"))
    with pytest.raises(ConfigError) as caught:
        open_project(tmp_path)
    return [str(problem) for problem in caught.value.problems]


def test_a_model_of_another_version_is_refused_by_check(tmp_path: Path) -> None:
    (found,) = said(tmp_path, json.dumps({"kumitate_model": 2, "splink": {}}).encode())
    assert found == (
        "identity/person.yaml:7 person.model.file: models/person.json:1 is a model of version 2, this Kumitate "
        "reads 1; train it anew"
    )


@pytest.mark.parametrize("model", [b"{", b"\xff\xfe{}"])
def test_a_model_that_is_no_json_is_refused_by_check(tmp_path: Path, model: bytes) -> None:
    (found,) = said(tmp_path, model)
    assert found.startswith("identity/person.yaml:7 person.model.file: ")
