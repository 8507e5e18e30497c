"""One small project in a real account: deployed, run, asked, taken down with its data. Opt-in; it costs money.

    KUMITATE_AWS_TEST=1 CDK_DEFAULT_ACCOUNT=123456789012 AWS_REGION=ap-northeast-1 make test-aws

The account must be bootstrapped for the CDK. docs/verification.md says what this costs and what it shows.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cloud import COMMAND_LINE, REPOSITORY, node
from kumitate.aws.roles import session_as
from kumitate.aws.runs import DynamoRunRegister
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.platform import Platform
from kumitate.ports import RunEntry
from kumitate.project import open_project

WANTED = ("KUMITATE_AWS_TEST", "CDK_DEFAULT_ACCOUNT", "AWS_REGION")
MISSING = [name for name in WANTED if not os.environ.get(name)]
pytestmark = [
    pytest.mark.aws,
    pytest.mark.enable_socket,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(bool(MISSING), reason=f"a real account was not asked for; set {', '.join(MISSING)}"),
]
BAKERY = REPOSITORY / "tests" / "golden" / "boulangerie"
ENVIRONMENT = "awstest"
MINUTES_A_RUN = 60


@dataclass(frozen=True)
class Real:
    """The deployed bakery, and clients of the account it lies in."""

    platform: Platform
    project: Path

    def client(self, service: str) -> Any:
        import boto3

        return boto3.client(service, region_name=self.platform.names.region)

    def cdk(self, *words: str, **context: str) -> subprocess.CompletedProcess[str]:
        given = {"project": str(self.project), "env": ENVIRONMENT, **context}
        switches = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        command = [str(node()), str(COMMAND_LINE), *words, *switches, "--app", f"{sys.executable} app.py"]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    project = tmp_path_factory.mktemp("aws") / "boulangerie"
    shutil.copytree(BAKERY, project)
    account, region = os.environ["CDK_DEFAULT_ACCOUNT"], os.environ["AWS_REGION"]
    settings = {"account": account, "region": region, "protected": False, "arrivals_minutes": 0, "delivery_minutes": 5}
    (project / "environments").mkdir(exist_ok=True)
    (project / "environments" / "aws.yaml").write_text(yaml.safe_dump({ENVIRONMENT: settings}), encoding="utf-8")
    real = Real(platform_of(open_project(project).config, ENVIRONMENT, account=account), project)
    deployed = real.cdk("deploy", "--all", "--require-approval", "never", data="delete")
    try:
        assert not deployed.returncode, deployed.stdout + deployed.stderr
        yield real
    finally:
        gone = real.cdk("destroy", "--all", "--force", data="delete")
        assert not gone.returncode, f"clean up by hand:\n{gone.stdout}{gone.stderr}"


def test_nothing_differs_from_what_was_deployed(bakery: Real) -> None:
    said = bakery.cdk("diff", "--all", "--fail", data="delete")
    assert not said.returncode, said.stdout


def test_a_dropped_file_becomes_profiles(bakery: Real) -> None:
    names = bakery.platform.names
    dropped = datetime.now(UTC)
    for file in sorted((bakery.project / "data").glob("*.csv")):
        bakery.client("s3").upload_file(str(file), names.bucket("raw"), f"drop/data/{file.name}")
    ended = _run_since(bakery, dropped)
    assert ended.state == "finished", ended
    assert int(_asked(bakery, f"select count(*) from {names.database('curated')}.profiles")) > 0


def _run_since(bakery: Real, since: datetime) -> RunEntry:
    """The newest run, once it has ended and began after that; the schedule's first may have found nothing yet."""
    register = DynamoRunRegister(bakery.client("dynamodb"), bakery.platform.names.called("ledger"))
    deadline = time.monotonic() + MINUTES_A_RUN * 60
    while time.monotonic() < deadline:
        newest, _ = register.read()
        if newest is not None and newest.ended_at is not None and newest.started_at >= since:
            return newest
        time.sleep(30)
    raise AssertionError(f"no run began and ended within {MINUTES_A_RUN} minutes after the file was dropped")


def _asked(bakery: Real, sql: str) -> str:
    """Athena's answer to an analyst, one value."""
    names = bakery.platform.names
    analyst = names.called("analyst")  # also the name of its workgroup
    client = session_as(analyst, region=names.region, account=names.account).client("athena")
    query = client.start_query_execution(
        QueryString=sql, WorkGroup=analyst, QueryExecutionContext={"Database": names.database("curated")}
    )
    id_ = query["QueryExecutionId"]
    while (state := client.get_query_execution(QueryExecutionId=id_)["QueryExecution"]["Status"])["State"] in {
        "QUEUED",
        "RUNNING",
    }:
        time.sleep(1)
    assert state["State"] == "SUCCEEDED", state
    rows = client.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
    return str(rows[1]["Data"][0]["VarCharValue"])
