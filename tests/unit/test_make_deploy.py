"""`make deploy` compares before it deploys; where the comparison fails nothing is deployed."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_deployment_is_checked_and_compared_before_the_cdk_is_asked() -> None:
    words = ["make", "--dry-run", "--no-print-directory", "deploy", "PROJECT=my/shop", "ENV=prod"]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    check, plan, deploy = (line for line in said if "my/shop" in line)
    assert check.endswith("kumitate check my/shop --env prod")
    assert plan.endswith("kumitate plan my/shop --aws --env prod --sure"), "a plan with problems ends with 1"
    assert "cdk deploy --all -c project=my/shop -c env=prod" in deploy
