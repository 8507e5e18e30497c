"""The tiny project, run once for all who only look, copied for those who change it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.projects import BAKERY, copy_of, run


@pytest.fixture
def copy_bakery(tmp_path: Path) -> Callable[[], Path]:
    return lambda: copy_of(BAKERY, tmp_path / "project")


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_of(BAKERY, tmp_path_factory.mktemp("golden") / "boulangerie")
    run(root)
    return root
