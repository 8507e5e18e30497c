"""Synthesis is dear: a project is synthesized once a session, for all who look at its templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.synthesis import ROOT, SHOP, Synthesis, shared


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder that all workers of this session have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@pytest.fixture(scope="session")
def shop(assemblies: Path) -> Synthesis:
    """The example shop, in its environment `dev`."""
    return shared(SHOP, assemblies / "shop")


@pytest.fixture(scope="session")
def cloud(assemblies: Path) -> Synthesis:
    """The project with a source of every kind and everything switched on, in its environment `dev`."""
    return shared(ROOT / "tests/projects/cloud", assemblies / "cloud")
