"""One deployment serves every test that looks at a deployed platform; taking it down is tested last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.deployment import Deployment, deployment
from harness.flows import Flows


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("deployment")) as made:
        yield made


@pytest.fixture(scope="session")
def flows(deployed: Deployment) -> Flows:
    return Flows(deployed)
