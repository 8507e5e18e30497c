"""`kumitate destination`: what there is, and one row to an account that may be real."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.projects import BAKERY, copy_of
from kumitate.activation.destinations.registry import REGISTRY
from kumitate.cli.main import main
from kumitate.execution.one_row import size_of
from kumitate.model.request import AwsCall
from kumitate.sandbox.server import Sandbox

MORE = """
annonces:
  type: meta
crm:
  type: salesforce
  secret: crm
"""
SYNC = """
{name}:
  destination: annonces
  segment: fideles
  mode: {mode}
  consent: not_needed
  consent_reason: a test
  settings: {{audience_id: "123"}}
  fields: {{email: "{{courriel}}"}}
"""
SYNCS = SYNC.format(name="pub", mode="upsert") + SYNC.format(name="refait", mode="rebuild")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    (root / "destinations/more.yaml").write_text(MORE)
    (root / "syncs/more.yaml").write_text(SYNCS)
    return root


def destination(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["destination", *map(str, words)])


def tried(project: Path, *words: str) -> Any:
    result = destination("test", *words, "--yes", "--json", "--project", project)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@contextmanager
def stand_in(folder: Path, type_: str) -> Iterator[str]:
    """An address that is the project's own: as real as an account gets in a test."""
    with Sandbox(folder / "sandbox.db") as sandbox:
        yield sandbox.url(type_)


def test_every_registered_type_is_listed_with_its_modes() -> None:
    listed = json.loads(destination("list", "--json").stdout)
    assert [each["type"] for each in listed] == sorted(REGISTRY)
    line = next(each for each in listed if each["type"] == "line")
    assert "line.push" in line["objects"]
    assert all(each["modes"] for each in listed)
    assert "rebuild" in destination("list").stdout


def test_a_type_tells_its_settings_fields_and_limits() -> None:
    told = json.loads(destination("show", "meta", "--json").stdout)
    assert {each["name"]: each["required"] for each in told["settings"]}["audience_id"] is True
    assert "email" in told["fields"]
    assert told["rows_a_request"] == 10_000
    assert "audience_id" in destination("show", "meta").stdout


def test_every_setting_that_its_class_describes_is_described() -> None:
    from kumitate.execution.destination_types import one_type

    told = {each["name"]: each["about"] for each in one_type("salesforce")["settings"]}
    assert told["external_id"] == "API name of a field with the attributes External ID and Unique."
    assert told["bulk_above"].startswith("More rows at once than this go in a job")


def test_an_unknown_type_is_told_with_those_there_are() -> None:
    result = destination("show", "mta")
    assert result.exit_code == 1
    assert "unknown destination type 'mta'; there are" in result.stderr


def test_one_row_goes_to_the_sandbox_where_that_is_asked_for(project: Path) -> None:
    told = tried(project, "annonces", "--sync", "pub", "--field", "email=taro@example.com", "--sandbox")
    assert told["verdict"] == "accepted"
    assert told["requests"][0]["request"] == "POST /v26.0/123/users"
    assert told["requests"][0]["status"] == 200


def test_what_is_sent_is_announced_masked_and_only_sent_when_confirmed(project: Path) -> None:
    words = ("test", "equipe", "--field", "text=Bonjour", "--sandbox", "--project", str(project))
    refused = CliRunner().invoke(main, ["destination", *words], input="n\n")
    assert refused.exit_code == 1
    assert "one row to the sandbox: text=B******" in refused.stderr
    assert "accepted" not in refused.output
    assert "accepted" in CliRunner().invoke(main, ["destination", *words], input="y\n").stdout


def test_a_row_without_fields_is_announced_with_those_that_the_sync_brings(project: Path) -> None:
    words = ("test", "annonces", "--sync", "pub", "--sandbox", "--yes", "--project", project)
    assert "no fields given; pub brings email: give them as --field NAME=VALUE" in destination(*words).stderr


def test_without_sandbox_the_row_goes_to_the_account_with_its_secret(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand_in(tmp_path, "meta") as url:
        (project / "destinations/more.yaml").write_text(f"annonces: {{type: meta, secret: meta, url: '{url}'}}\n")
        monkeypatch.setenv("KUMITATE_SECRET_META", "wrong")
        words = ("test", "annonces", "--sync", "pub", "--field", "email=taro@example.com", "--yes")
        result = destination(*words, "--project", project)
        assert result.exit_code == 1
        assert "auth.refused" in result.stdout
        assert "wrong" not in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody",), "unknown destination 'nobody'; there are annonces, crm, equipe"),
        (("annonces",), "has several syncs; name one with --sync: pub, refait"),
        (("annonces", "--sync", "refait"), "one row would take the place of all others there"),
        (("annonces", "--sync", "pub", "--field", "email"), "'email' has no value; write NAME=VALUE"),
        (("annonces", "--sync", "pub", "--field", "email=nobody"), "cannot be sent: matchkey.none"),
        (("annonces", "--sync", "nobody"), "destination annonces has no sync 'nobody'; there are pub, refait"),
        (("equipe", "--sync", "pub"), "destination equipe has no sync 'pub'; there are"),
        (("annonces", "--sync", "pub", "--field", "emial=a@b.jp"), "unknown field 'emial'; did you mean 'email'?"),
        (("annonces", "--setting", "audience_id=x"), "audience_id"),
        (("equipe", "--field", "text=x"), "names no `secret:`; name one, or try --sandbox"),
        (
            ("crm", "--object", "Contact", "--setting", "external_id=Key__c", "--field", "LastName=x"),
            "name it in the destination's `url:`",
        ),
    ],
)
def test_a_slip_is_told(project: Path, words: tuple[str, ...], said: str) -> None:
    result = destination("test", *words, "--yes", "--project", project)
    assert result.exit_code != 0
    assert said in result.stderr


def test_nothing_is_noted_in_the_project(project: Path) -> None:
    before = sorted(path.name for path in project.rglob("*"))
    tried(project, "equipe", "--field", "text=Bonjour", "--sandbox")
    assert sorted(path.name for path in project.rglob("*")) == before


def test_a_call_of_aws_has_a_size_as_well() -> None:
    call = AwsCall("sesv2", "send_bulk_email", {"FromEmailAddress": "a@example.jp"}, ("p1",))
    assert size_of(call) == len('{"FromEmailAddress": "a@example.jp"}')
