"""`kumitate collect` says where it listens, who may write, how to try it, and what it did."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.collectors import STALL, HandClock
from harness.projects import BAKERY
from kumitate.cli.main import main
from kumitate.execution.collected import Collected, SqliteIntake
from kumitate.model.event import Event

WEBHOOK = """\
shop:
  kind: events
  path: data/shop*.jsonl
  format: jsonl
  key: [message_id]
  time: happened_at
  webhook:
    path: shopify
    signature: {scheme: hmac_sha256_base64, header: X-Shopify-Hmac-SHA256, secret: shopify}
    event: "header:X-Shopify-Topic"
    id: "header:X-Shopify-Webhook-Id"
  columns:
    message_id: {from: messageId, type: id, required: true}
    happened_at: {from: timestamp, type: timestamp, required: true}
"""


def collect(*options: str, project: Path = STALL) -> str:
    ended = CliRunner().invoke(main, ["collect", "--project", str(project), "--port", "0", "--for", "0s", *options])
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_it_says_where_who_and_how_to_try_it(tmp_path: Path) -> None:
    said = collect("--lake", str(tmp_path / "lake"))
    assert re.search(rf"collecting at http://127\.0\.0\.1:\d+ into {tmp_path}/lake", said)
    assert "write key server -> web" in said
    assert re.search(r'curl -u "stall-web:" http://127\.0\.0\.1:\d+/v1/track ', said)
    assert "stall-server-secret" not in said
    assert said.splitlines()[-1] == "ended: 0 events kept, 0 written to files"


@pytest.mark.slow
def test_programs_are_told_in_lines_of_json(tmp_path: Path) -> None:
    began, ended = map(json.loads, collect("--lake", str(tmp_path / "lake"), "--json").splitlines())
    assert (began["what"], began["keys"]["page"]) == ("began", "web")
    assert (ended["what"], ended["kept"], ended["watched"]) == ("ended", 0, None)


@pytest.mark.slow
def test_a_webhooks_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    project = shutil.copytree(STALL, tmp_path / "stall")
    (project / "sources/shop.yaml").write_text(WEBHOOK, encoding="utf-8")
    said = collect("--lake", str(tmp_path / "lake"), project=project)
    assert "webhook /v1/webhooks/shopify -> shop" in said
    assert "set KUMITATE_SECRET_SHOPIFY" in said


@pytest.mark.slow
def test_nobody_is_told_to_try_a_write_key_where_there_are_webhooks_alone(tmp_path: Path) -> None:
    project = shutil.copytree(STALL, tmp_path / "stall")
    for file in project.glob("sources/*.yaml"):
        file.unlink()
    for folder in ("contracts", "triggers", "syncs", "segments", "traits"):
        shutil.rmtree(project / folder, ignore_errors=True)
    (project / "sources/shop.yaml").write_text(WEBHOOK, encoding="utf-8")
    (project / "identity/person.yaml").write_text("person: {identifiers: {member_no: {}}}", encoding="utf-8")
    said = collect("--lake", str(tmp_path / "lake"), project=project)
    assert "webhook /v1/webhooks/shopify -> shop" in said
    assert "try it" not in said


def test_a_project_that_collects_nothing_is_told_what_to_declare(tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, ["collect", "--project", str(BAKERY), "--port", "0", "--lake", str(tmp_path)])
    assert ended.exit_code == 1
    assert "no source takes in events; give one `collect:`" in ended.output


@pytest.mark.slow  # a lake is made, with all its tables
def test_a_run_takes_in_what_a_collector_keeps_whose_lake_lies_elsewhere(tmp_path: Path) -> None:
    lake, line = tmp_path / "lake", {"messageId": "m1", "timestamp": "2026-03-01T12:00:00Z"}
    collected = Collected(lake, clock=HandClock())
    SqliteIntake(collected).take([Event("web", "m1", "p", json.dumps(line).encode())])
    collected.close()
    ended = CliRunner().invoke(main, ["run", str(STALL), "--lake", str(lake), "--until", "ingest", "--json"])
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["stages"][0]["rows"]["raw.web"] == 1
    assert _read(lake, "query", "select count(*) as n from raw.web") == [{"n": 1}]
    assert len(_read(lake, "status")["runs"]) == 1
    assert _read(lake, "quarantine", "list") == []
    assert not (STALL / ".kumitate").exists()


def _read(lake: Path, *command: str) -> Any:
    ended = CliRunner().invoke(main, [*command, "--project", str(STALL), "--lake", str(lake), "--json"])
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def test_a_lake_that_is_not_there_is_not_made_by_who_reads(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    ended = CliRunner().invoke(main, ["status", "--project", str(STALL), "--lake", str(lake)])
    assert (ended.exit_code, lake.exists()) == (2, False)
    assert "--lake" in ended.output


def test_a_deployed_lake_is_no_folder() -> None:
    ended = CliRunner().invoke(main, ["query", "select 1", "--aws", "--project", str(STALL), "--lake", str(STALL)])
    assert ended.exit_code == 2
    assert "it does not go with --aws" in ended.output


@pytest.mark.parametrize("time", ["10", "x", "5y"])
def test_a_time_that_is_none_is_refused(time: str) -> None:
    ended = CliRunner().invoke(main, ["collect", "--port", "0", "--for", time])
    assert ended.exit_code == 2
    assert "write 10s, 5m or 1h" in ended.output
