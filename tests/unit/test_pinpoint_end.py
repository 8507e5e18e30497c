"""What Amazon Pinpoint ended is not taken up by accident: `check` refuses it, and says what there is instead."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from kumitate.cli.main import main
from kumitate.errors import ConfigError
from kumitate.project import Project, cautions, open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"
ACCOUNT = """legacy:
  type: pinpoint
  settings:
    application_id: 0123456789abcdef0123456789abcdef
"""
SYNC = """legacy_endpoints:
  destination: legacy
  segment: vips
  fields: {to: "{email}"}
  consent: {purpose: news, channel: email}
"""
ACKNOWLEDGED = "    acknowledge_end_of_support: true\n"


def opened(root: Path, *, account: str = ACCOUNT, sync: str = SYNC) -> Project:
    shutil.copytree(TEA_SHOP, root, dirs_exist_ok=True)
    (root / "destinations/legacy.yaml").write_text(account, encoding="utf-8")
    (root / "syncs/legacy.yaml").write_text(sync, encoding="utf-8")
    return open_project(root)


def problems(root: Path, *, account: str = ACCOUNT, sync: str = SYNC) -> list[str]:
    try:
        opened(root, account=account, sync=sync)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_an_account_of_pinpoint_is_refused_with_what_there_is_instead(tmp_path: Path) -> None:
    (found,) = problems(tmp_path)
    assert found.startswith("destinations/legacy.yaml:3 legacy.settings.acknowledge_end_of_support: Amazon Pinpoint's")
    assert "2026-10-30" in found
    for instead in ("connect_customer_profiles", "connect_campaign", "ses", "sms", "push"):
        assert instead in found


def test_who_acknowledges_the_end_may_go_on(tmp_path: Path) -> None:
    assert problems(tmp_path, account=ACCOUNT + ACKNOWLEDGED) == []


@pytest.mark.slow
def test_check_says_it_again_every_time(tmp_path: Path) -> None:
    project = opened(tmp_path, account=ACCOUNT + ACKNOWLEDGED)
    (caution,) = cautions(project.config)
    assert caution.startswith("destination 'legacy': Amazon Pinpoint's")
    found = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert found.exit_code == 0
    assert f"note: {caution}" in found.stdout


def test_an_end_that_is_acknowledged_as_false_is_not(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, account=ACCOUNT + ACKNOWLEDGED.replace("true", "false"))
    assert found.startswith("destinations/legacy.yaml:5 ")


def test_push_outlived_pinpoint_and_needs_no_acknowledgement(tmp_path: Path) -> None:
    sync = SYNC.replace('{to: "{email}"}', '{to: "{email}", body: Hello}').replace(
        "  segment", "  mode: append\n  segment"
    )
    assert problems(tmp_path, account=ACCOUNT.replace("pinpoint", "push"), sync=sync) == []


def test_usual_fields_are_written_out_when_the_project_is_opened(tmp_path: Path) -> None:
    sync = SYNC.replace('  fields: {to: "{email}"}\n', "  default_fields: true\n")
    project = opened(tmp_path, account=ACCOUNT + ACKNOWLEDGED, sync=sync)
    assert project.config.syncs["legacy_endpoints"].fields == {"to": "{email}"}


def test_a_usual_field_that_the_project_cannot_fill_is_missed_where_it_is_needed(tmp_path: Path) -> None:
    account = ACCOUNT.replace("type: pinpoint", "type: sms").partition("  settings")[0]
    sync = SYNC.replace(
        '  fields: {to: "{email}"}\n', "  mode: append\n  default_fields: true\n  fields: {text: Hello}\n"
    )
    (found,) = problems(tmp_path, account=account, sync=sync)  # the tea shop knows nobody's phone
    assert found.endswith("legacy_endpoints.fields: missing field 'to', which this destination needs")
