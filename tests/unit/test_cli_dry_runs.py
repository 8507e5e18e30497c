"""Whatever changes something can be tried first: a dry run tells what would become of it, and nothing does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from harness.projects import BAKERY, copy_of, run
from kumitate.cli.main import main

WRITES_ONLY_WHAT_IS_NAMED = {"audit", "matchkeys", "quarantine export", "contract adopt", "schema"}
"""Without --out, --output or --write they write nothing; an export's --out is a new file."""
SERVES = {"collect"}
ONLY_READS = {
    "check", "status", "query", "explain", "segment", "profile", "destination list", "destination show",
    "contract list", "contract seen", "contract test", "trigger list", "trigger show", "trigger test",
    "quarantine list", "quarantine show", "why", "what-if", "plan",
}  # fmt: skip
PUB = """
pub:
  destination: annonces
  segment: fideles
  mode: upsert
  consent: not_needed
  consent_reason: a test
  settings: {audience_id: "123"}
  fields: {given_name: "{prenom}", email: "{courriel}"}
"""


def commands(group: click.Group, above: str = "") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, each in group.commands.items():
        found |= commands(each, f"{above}{name} ") if isinstance(each, click.Group) else {above + name: each}
    return found


def kumitate(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def bytes_of(root: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}


def test_every_command_that_changes_something_has_a_dry_run() -> None:
    without = {
        name
        for name, command in commands(main).items()
        if not any("--dry-run" in parameter.opts for parameter in command.params)
    }
    assert without == WRITES_ONLY_WHAT_IS_NAMED | SERVES | ONLY_READS


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    (root / "destinations/annonces.yaml").write_text("annonces: {type: meta}\n")
    (root / "syncs/pub.yaml").write_text(PUB)
    return root


def test_a_row_is_tried_on_an_account_without_being_sent(project: Path) -> None:
    words = ("destination", "test", "annonces", "--sync", "pub", "--field", "email=me@example.com", "--dry-run")
    result = kumitate(*words, "--json", "--project", str(project))
    assert result.exit_code == 0, result.output  # without --yes: nothing is asked
    told = json.loads(result.stdout)
    assert told["dry_run"] is True
    (request,) = told["requests"]
    assert request["request"].endswith("/123/users")
    assert request["bytes"] > 100
    assert result.stderr.endswith("nothing was sent\n")
    assert "me@example.com" not in result.output


@pytest.mark.slow
def test_dry_runs_of_a_sync_leave_every_byte_as_it_was(project: Path) -> None:
    syncs = project / "syncs/pub.yaml"
    syncs.write_text(syncs.read_text().replace(', email: "{courriel}"', ""))  # whom nobody can look for
    run(project)
    before = bytes_of(project)

    def told(*words: str) -> Any:
        result = kumitate(*words, "--dry-run", "--json", "--project", str(project))
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    assert told("sync", "pub", "--retry") == {"sync": "pub", "would_retry": 2}
    assert told("control", "pause", "pub") == {
        "dry_run": True, "sync": "pub", "action": "pause", "run_id": "r000001",
    }  # fmt: skip
    refused = kumitate("sync", "pub", "--retry", "nobody", "--dry-run", "--project", str(project))
    assert "the row does not wait to be tried again" in refused.stderr
    words = ("sync", "pub", "--settle", "nobody", "--as", "again", "--reason", "x", "--dry-run")
    assert "the row does not wait for a verdict" in kumitate(*words, "--project", str(project)).stderr
    assert bytes_of(project) == before
