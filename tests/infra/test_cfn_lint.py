"""cfn-lint over every template; services that are shut down or about to be are errors like any other."""

from __future__ import annotations

import re

import pytest
from cfnlint import api
from cfnlint.config import ManualArgs

from harness.synthesis import Synthesis

pytestmark = pytest.mark.infra

LET_BE = {
    "W3005": "the CDK names dependencies twice; CloudFormation does not mind",
}
"""Rule -> why it is not asked."""


PUSH = ("W3696", "AWS::Pinpoint::App")
"""Pinpoint has ended but for send_messages, which mobile push goes by and which takes an application."""


def findings(synthesis: Synthesis) -> list[str]:
    """What cfn-lint says of all templates, but for what push cannot do without."""
    templates = [str(template.path) for template in synthesis]
    asked = ManualArgs(templates=templates, regions=[synthesis.platform.names.region], ignore_checks=list(LET_BE))
    said = api.lint_by_config(asked)
    return [str(each) for each in said if (each.rule.id, *_types(each.message)) != PUSH]


def _types(message: str) -> list[str]:
    return re.findall(r"AWS::\w+::\w+", message)


@pytest.mark.parametrize("project", ["shop", "cloud"])
def test_cfn_lint_has_nothing_to_say(project: str, request: pytest.FixtureRequest) -> None:
    assert not findings(request.getfixturevalue(project))
