"""cfn-lint over every template; services that are shut down or about to be are errors like any other."""

from __future__ import annotations

import pytest
from cfnlint import api
from cfnlint.config import ManualArgs

from harness.synthesis import Synthesis

pytestmark = pytest.mark.infra

LET_BE = {
    "W3005": "the CDK names dependencies twice; CloudFormation does not mind",
}
"""Rule -> why it is not asked."""


def test_cfn_lint_has_nothing_to_say(shop: Synthesis) -> None:
    for template in shop:
        found = api.lint_file(
            template.path, ManualArgs(regions=[shop.platform.names.region], ignore_checks=list(LET_BE))
        )
        assert not [str(each) for each in found], template.name
