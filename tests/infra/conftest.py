"""Synthesis is dear: a project is synthesized once a session, for all who look at its templates."""

from __future__ import annotations

import pytest

from harness.synthesis import ROOT, SHOP, Synthesis, synthesize


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """The example shop, in its environment `dev`."""
    return synthesize(SHOP, tmp_path_factory.mktemp("cdk") / "shop")


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """The project with a source of every kind and everything switched on, in its environment `dev`."""
    return synthesize(ROOT / "tests/projects/cloud", tmp_path_factory.mktemp("cdk") / "cloud")
