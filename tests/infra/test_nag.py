"""cdk-nag's security rules and CloudFormation's own: no finding is left, and every exception has its reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.synthesis import Synthesis
from infrastructure.acknowledging import acknowledge
from infrastructure.place import hold_to_rules

pytestmark = pytest.mark.infra

ACKNOWLEDGED = "aws:cdk:acknowledged-rules"


def said(synthesis: Synthesis, kind: str) -> Iterator[tuple[str, Any]]:
    """(construct, what) of everything of this kind that the CDK noted."""
    for path in sorted(synthesis.folder.glob("*.metadata.json")):
        for construct, entries in json.loads(path.read_text(encoding="utf-8")).items():
            for entry in entries:
                if entry["type"] == kind:
                    yield construct, entry["data"]


def test_nothing_is_warned_of(shop: Synthesis) -> None:
    assert not list(said(shop, "aws:cdk:warning"))
    assert not list(said(shop, "aws:cdk:error"))


def test_the_rules_find_nothing(shop: Synthesis) -> None:
    report = json.loads((shop.folder / "validation-report.json").read_text(encoding="utf-8"))
    assert not [plugin for plugin in report["pluginReports"] if plugin["violations"]]


def test_every_exception_stands_at_its_resource_with_a_reason(shop: Synthesis) -> None:
    exceptions = list(said(shop, ACKNOWLEDGED))
    assert len(exceptions) > 20
    for construct, rules in exceptions:
        assert construct.count("/") >= 2, f"{construct}: an exception for a whole stack hides what comes later"
        for rule, reason in rules.items():
            assert len(str(reason).split()) >= 4, f"{construct} {rule}"


def _app(folder: Path) -> Any:
    import aws_cdk as cdk

    app = cdk.App(outdir=str(folder))
    hold_to_rules(app)
    return app


def test_an_open_bucket_ends_the_synthesis(tmp_path: Path) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_s3 as s3

    app = _app(tmp_path)
    s3.Bucket(cdk.Stack(app, "Open"), "Bucket")
    with pytest.raises(RuntimeError, match="does not require requests to use SSL"):
        app.synth()


def test_an_exception_holds_for_its_resource_alone(tmp_path: Path) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_sqs as sqs

    app = _app(tmp_path)
    stack = cdk.Stack(app, "Queues")
    known = sqs.Queue(stack, "Known", enforce_ssl=True)
    acknowledge(known, {"AwsSolutions-SQS3": "It is a dead letter queue itself"})
    sqs.Queue(stack, "Other", enforce_ssl=True)
    with pytest.raises(RuntimeError, match="does not have a DLQ") as refusal:
        app.synth()
    assert "Queues/Known" not in str(refusal.value)


def test_a_value_that_cloudformation_refuses_ends_the_synthesis(tmp_path: Path) -> None:
    import aws_cdk as cdk

    app = _app(tmp_path)
    schedule = {"ScheduleExpression": "every day", "FlexibleTimeWindow": {"Mode": "SOMETIMES"}, "Target": {}}
    cdk.CfnResource(cdk.Stack(app, "Wrong"), "Schedule", type="AWS::Scheduler::Schedule", properties=schedule)
    with pytest.raises(RuntimeError, match="'SOMETIMES' is not one of"):
        app.synth()
