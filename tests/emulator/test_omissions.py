"""What the emulator cannot take is left out of its deployment: exactly that, by type, and nothing besides."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.cloud import Cloud, synthesize, templates
from harness.deployment import Deployment
from harness.intrinsics import Template
from infrastructure.emulator import REFUSED

pytestmark = pytest.mark.emulator

GOES_WITH_IT = {"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::CloudFormation::Stack"}
"""Roles that only Lake Formation and Glue's optimisers work under, and the stacks that hold nothing but optimisers."""
ALL_OF_IT = ("/Connect/", "/AWS679f53fac002430cb0da5b7982bd2287")
"""Connect's profiles, with what is tied to their domain: none of it has anything to hold on to without the domain."""


@pytest.fixture(scope="module")
def whole(deployed: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project, nothing left out."""
    out = tmp_path_factory.mktemp("whole") / "assembly"
    synthesize(out, app="app.py", context={**deployed.context, "emulator": "false"})
    return out


def test_the_emulator_refuses_the_types_that_are_left_out_and_no_others(deployed: Deployment, whole: Path) -> None:
    assert _refused(deployed.cloud, whole) == REFUSED
    assert _refused(deployed.cloud, deployed.assembly) == set()


def test_nothing_else_is_left_out(deployed: Deployment, whole: Path) -> None:
    left_out = _places(whole).items() - _places(deployed.assembly).items()
    missing = {(place, kind) for place, kind in left_out if not any(part in place for part in ALL_OF_IT)}
    assert {kind for _, kind in missing} <= REFUSED | GOES_WITH_IT, sorted(missing)


def _refused(cloud: Cloud, assembly: Path) -> set[str]:
    """Types that the emulator names when it is shown the templates, one after the other."""
    return {kind for template in templates(assembly).values() for kind in _named(cloud, template)}


def _named(cloud: Cloud, template: dict[str, Any]) -> list[str]:
    kinds = {id_: {"Type": each["Type"]} for id_, each in template["Resources"].items()}
    try:
        cloud.client("cloudformation").validate_template(TemplateBody=json.dumps({"Resources": kinds}))
    except ClientError as refusal:
        return re.split(r", |\]", str(refusal).partition("Unrecognized resource types: [")[2])[:-1]
    return []


def _places(assembly: Path) -> dict[str, str]:
    """Where a resource stands in the app -> its type; metadata and the order of dependencies do not matter."""
    app = Template.of(templates(assembly))
    return {app.path(stack, logical): resource["Type"] for stack, logical, resource in app.resources()}
