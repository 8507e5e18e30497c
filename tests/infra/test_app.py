"""`cdk synth` as a whole: what it refuses, in which words, and what all that it places has in common."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.projects import BAKERY, copy_of
from harness.synthesis import ROOT, SHOP, Synthesis, synthesize
from infrastructure.place import place
from kumitate.cli.main import main
from kumitate.errors import KumitateError

pytestmark = pytest.mark.infra


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The shop with two mistakes in different files."""
    root = tmp_path / "shop"
    shutil.copytree(SHOP, root, ignore=shutil.ignore_patterns("data", ".kumitate", "report.html"))
    for file, right, wrong in (
        ("syncs/marketing.yaml", "segment: vips", "segment: vip"),
        ("environments/aws.yaml", "budget_usd", "budget_us"),
    ):
        path = root / file
        text = path.read_text(encoding="utf-8")
        assert right in text
        path.write_text(text.replace(right, wrong), encoding="utf-8")
    return root


def refusal(**context: str) -> str:
    """What is said instead of placing anything."""
    import aws_cdk as cdk

    with pytest.raises(KumitateError) as refused:
        place(cdk.App(context=context))
    return str(refused.value)


def test_a_project_with_errors_never_synthesizes_and_says_what_check_says(broken: Path, tmp_path: Path) -> None:
    outdir = tmp_path / "cdk.out"
    given = {"CDK_CONTEXT_JSON": json.dumps({"project": str(broken), "env": "dev"}), "CDK_OUTDIR": str(outdir)}
    done = subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=ROOT,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "unknown segment 'vip'" in done.stderr
    assert "budget_us" in done.stderr
    assert "Traceback" not in done.stderr
    checked = CliRunner().invoke(main, ["check", str(broken)])
    assert set(done.stderr.splitlines()) <= set(checked.output.splitlines())
    assert not list(outdir.glob("*.template.json"))


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({}, "no project given; for example: cdk synth -c project=examples/shop -c env=dev"),
        ({"project": str(SHOP)}, "no env given"),
        ({"project": str(SHOP), "env": "prd"}, "unknown environment 'prd'; did you mean 'prod'?"),
        ({"project": str(SHOP), "env": "dev", "arch": "riscv"}, "run `make build` first"),
    ],
)
def test_what_is_missing_is_asked_for(context: dict[str, str], words: str) -> None:
    assert words in refusal(**context)


def test_app_py_is_at_most_thirty_lines() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 30


def test_everything_that_takes_tags_says_whose_it_is(shop: Synthesis) -> None:
    wanted = {"kumitate:project", "kumitate:environment", "kumitate:deployment"}
    seen = 0
    for template in shop:
        for id_, resource in template.body["Resources"].items():
            tags = resource.get("Properties", {}).get("Tags")
            if tags:
                names = set(tags) if isinstance(tags, dict) else {tag["Key"] for tag in tags}
                assert wanted <= names, f"{template.name} {id_}"
                seen += 1
    assert seen > 50


def test_names_come_from_project_and_environment(shop: Synthesis) -> None:
    prefix = shop.platform.names.prefix
    for template in shop:
        for type_, property_ in (
            ("AWS::Lambda::Function", "FunctionName"),
            ("AWS::SQS::Queue", "QueueName"),
            ("AWS::StepFunctions::StateMachine", "StateMachineName"),
            ("AWS::Glue::Job", "Name"),
        ):
            for id_, properties in template.of_type(type_).items():
                if property_ in properties:
                    assert properties[property_].startswith(prefix), id_


def test_no_template_is_larger_than_cloudformation_takes(shop: Synthesis) -> None:
    for template in shop:
        assert len(template.body["Resources"]) <= 500, template.name
        assert template.path.stat().st_size <= 1_000_000, template.name


def test_without_credentials_a_project_is_synthesized_for_nobodys_account(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    (root / "environments").mkdir()
    (root / "environments" / "dev.yaml").write_text("dev: {messaging: {email: true}}\n", encoding="utf-8")
    bakery = synthesize(root, tmp_path / "cdk.out", account="")
    assert bakery.platform.names.account == "0" * 12
    assert {template.name for template in bakery} >= {
        "storage",
        "ingest",
        "query",
        "pipeline",
        "activation",
        "messaging",
    }
