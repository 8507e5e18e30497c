"""What Glue jobs and functions are given of a project: all that decides, and no data."""

from __future__ import annotations

from pathlib import Path

import pytest

from infrastructure.bundles import project_files

pytestmark = pytest.mark.infra


def test_the_persons_model_and_what_stewards_decided_go_along_and_data_stays(tmp_path: Path) -> None:
    files = ("kumitate.yaml", "identity/person.yaml", "lists/areas.csv", "stewards/links.csv", "models/person.json")
    for file in (*files, "data/members.csv", "models/old.json", ".kumitate/runs.db"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    found = {path.relative_to(tmp_path).as_posix() for path in project_files(tmp_path, "models/person.json")}
    assert found == set(files)
