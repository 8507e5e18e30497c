"""`kumitate plan` as it is typed: against nothing, a file, a folder, the repository, and what is deployed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cloudformation import cloudformation
from harness.mock_account import account as mock_account
from kumitate.aws.secrets import Secrets
from kumitate.blueprint.changes import STACKS, blueprint_json, stack_metadata
from kumitate.blueprint.derive import platform_of
from kumitate.cli.main import main
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"
ACCOUNT = "123456789012"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    shutil.copytree(TEA_SHOP, root)
    (root / "environments").mkdir()
    (root / "environments/aws.yaml").write_text(f"dev: {{region: us-east-1, account: '{ACCOUNT}'}}\n", encoding="utf-8")
    return root


def plan(root: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["plan", str(root), "--aws", *words])


def blueprint(root: Path) -> str:
    return blueprint_json(platform_of(open_project(root).config, "dev", account=ACCOUNT))


def larger(root: Path) -> None:
    text = f"dev: {{region: us-east-1, account: '{ACCOUNT}', workers: {{identity: {{count: 9}}}}}}\n"
    (root / "environments/aws.yaml").write_text(text, encoding="utf-8")


def test_a_first_plan_creates_everything_and_estimates_a_month(root: Path) -> None:
    result = plan(root, "--env", "dev", "--offline")
    assert result.exit_code == 0, result.output
    assert "tea_shop in dev, us-east-1: compared with nothing: AWS was not asked" in result.stdout
    assert "0 changed, 0 removed" in result.stdout
    assert "an idle month" in result.stdout
    assert "Assumed (--profiles, --events or --usage FILE say better)" in result.stdout


def test_a_plan_against_a_file_says_what_changes(root: Path, tmp_path: Path) -> None:
    (tmp_path / "deployed.json").write_text(blueprint(root), encoding="utf-8")
    larger(root)
    result = plan(root, "--against", str(tmp_path / "deployed.json"))
    assert "0 created, 1 changed, 0 removed" in result.stdout
    assert "workers: 2 x G.1X -> 9 x G.1X" in result.stdout


def test_a_plan_against_another_folder(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "before")
    larger(root)
    assert "0 created, 1 changed, 0 removed" in plan(root, "--against", str(tmp_path / "before"), "--offline").stdout


def test_a_plan_against_a_state_of_the_repository(root: Path) -> None:
    commands = (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b.jp", "commit", "-qm", "a"])
    for command in commands:
        subprocess.run(["git", "-C", str(root), *command], check=True)
    larger(root)
    assert "0 created, 1 changed, 0 removed" in plan(root, "--against", "git:HEAD", "--offline").stdout
    unknown = plan(root, "--against", "git:nowhere", "--offline")
    assert unknown.exit_code == 1
    assert "git archive: " in unknown.stderr


def test_a_plan_for_programs_is_a_blueprint_to_compare_with(root: Path, tmp_path: Path) -> None:
    written = plan(root, "--offline", "--json", "--profiles", "1000")
    data = json.loads(written.stdout)
    assert data["cost"]["assumed"]["profiles"] == {"low": 1000.0, "expected": 1000.0, "high": 1000.0}
    assert data["cost"]["month"]["expected"] > data["cost"]["idle_month"]["expected"] > 0
    (tmp_path / "plan.json").write_text(written.stdout, encoding="utf-8")
    again = json.loads(plan(root, "--against", str(tmp_path / "plan.json"), "--offline", "--json").stdout)
    assert again["changes"] == []


def test_a_removed_source_with_data_stands_in_the_way(root: Path, tmp_path: Path) -> None:
    more = root / "sources/more.yaml"
    more.write_text("visits: {kind: records, path: v.csv, key: row, columns: {shop: {}}}\n", encoding="utf-8")
    (tmp_path / "deployed.json").write_text(blueprint(root), encoding="utf-8")
    more.unlink()
    result = plan(root, "--against", str(tmp_path / "deployed.json"))
    assert result.exit_code == 1
    assert "tea_shop_dev_raw.visits" in result.stdout
    assert "holds data: it stays in the account" in result.stdout
    assert "environments/aws.yaml:1 dev.retired: source 'visits' is no longer in the project" in result.stderr


@pytest.mark.slow
def test_check_says_what_may_not_be_removed_any_more(root: Path, tmp_path: Path) -> None:
    more = root / "sources/more.yaml"
    more.write_text("visits: {kind: records, path: v.csv, key: row, columns: {shop: {}}}\n", encoding="utf-8")
    (tmp_path / "deployed.json").write_text(blueprint(root), encoding="utf-8")
    words = ["check", str(root), "--env", "dev", "--against", str(tmp_path / "deployed.json")]
    assert CliRunner().invoke(main, words).exit_code == 0
    more.unlink()
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert "dev.retired: source 'visits' is no longer in the project" in result.stdout
    assert CliRunner().invoke(main, [*words[:2], *words[4:]]).exit_code == 2


def test_a_project_with_errors_is_not_planned(root: Path) -> None:
    (root / "environments/aws.yaml").write_text("dev: {schedule: rate(1 days)}\n", encoding="utf-8")
    result = plan(root, "--env", "dev", "--offline")
    assert result.exit_code == 1
    assert "environments/aws.yaml:1 dev.schedule: 'rate(1 days)' is refused by AWS" in result.stderr
    assert result.stdout == ""


def test_which_environment_is_asked_where_there_are_several(root: Path) -> None:
    (root / "environments/aws.yaml").write_text("dev: {}\nprod: {}\n", encoding="utf-8")
    result = plan(root, "--offline")
    assert result.exit_code == 2
    assert "say which environment with --env; there are dev, prod" in result.stderr


def test_without_credentials_it_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "environments/aws.yaml").write_text("dev: {}\n", encoding="utf-8")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(root / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(root / "none"))
    assert "compared with nothing: there are no AWS credentials to ask with" in plan(root).stdout


def templates(root: Path, *stacks: str) -> dict[str, dict[str, object]]:
    """Stacks as a deployment leaves them: each template tells what it places."""
    platform = platform_of(open_project(root).config, "dev", account="${Token[AWS.AccountId.4]}")
    return {f"kumitate-tea-shop-dev-{stack}": {"Metadata": stack_metadata(platform, stack)} for stack in stacks}


@contextmanager
def account(
    standing: Mapping[str, Mapping[str, object]], *, refuses: str = "", secrets: Sequence[str] = ()
) -> Iterator[None]:
    """Credentials, and an account where these stacks stand and these secrets are."""
    placed = cloudformation(ACCOUNT, standing, refuses=refuses, secrets=secrets)
    with pytest.MonkeyPatch.context() as patch, placed as url:
        for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "ENDPOINT_URL": url}.items():
            patch.setenv(f"AWS_{name}", value)
        yield


def test_what_is_deployed_is_read_from_the_stacks(root: Path) -> None:
    with account(templates(root, *STACKS)):
        larger(root)
        result = plan(root)
    assert f"compared with what is deployed ({len(STACKS)} stacks in {ACCOUNT})" in result.stdout
    assert "0 created, 1 changed, 0 removed" in result.stdout
    assert "workers: 2 x G.1X -> 9 x G.1X" in result.stdout


def test_a_stack_that_never_came_up_is_still_to_be_created(root: Path) -> None:
    with account(templates(root, "storage", "ingest")):
        made = json.loads(plan(root, "--json").stdout)["changes"]
    assert {change["how"] for change in made} == {"created"}
    assert {change["stack"] for change in made} == {"query", "pipeline", "activation", "operations"}


def test_an_account_without_a_deployment_is_told_from_one_that_may_not_be_asked(root: Path) -> None:
    with account({}):
        assert f"compared with nothing: no stack of kumitate-tea-shop-dev stands in {ACCOUNT}" in plan(root).stdout
    with account({}, refuses="AccessDenied"):
        assert "compared with nothing: the stacks cannot be read (AccessDenied)" in plan(root).stdout


@pytest.mark.slow
def test_a_secret_that_the_account_lacks_is_said_with_the_command_that_creates_it(root: Path) -> None:
    written = "dev:\n  region: us-east-1\n  secrets:\n    chat: tea/chat\n    crm: tea/crm\n"
    (root / "environments/aws.yaml").write_text(written, encoding="utf-8")
    with account({}, secrets=("tea/chat",)):
        lacking = plan(root)
    with account({}, secrets=("tea/chat", "tea/crm")):
        assert plan(root).exit_code == 0
    assert lacking.exit_code == 1
    assert (
        "environments/aws.yaml:5 dev.secrets.crm: Secrets Manager in us-east-1 has no secret 'tea/crm'; create it:"
        " aws secretsmanager create-secret --region us-east-1 --name tea/crm --secret-string file://crm.json"
    ) in lacking.stderr
    assert "dev.secrets.chat" not in lacking.stderr
    assert plan(root, "--offline").exit_code == 0


def test_a_secret_is_there_until_it_is_to_be_deleted() -> None:
    with mock_account() as client:
        manager = client("secretsmanager")
        manager.create_secret(Name="tea/chat", SecretString="{}")
        assert Secrets(manager).is_there("tea/chat")
        assert not Secrets(manager).is_there("tea/other")
        manager.delete_secret(SecretId="tea/chat")
        assert not Secrets(manager).is_there("tea/chat")


@pytest.mark.slow
def test_who_wants_to_be_sure_is_not_answered_without_knowing_what_stands(root: Path) -> None:
    assert plan(root, "--offline").exit_code == 0
    guessed = plan(root, "--offline", "--sure")
    assert (guessed.exit_code, "it is not known what is deployed" in guessed.stderr) == (1, True)
    with account({}, refuses="AccessDenied"):
        assert plan(root, "--sure").exit_code == 1
    with account({}):
        assert plan(root, "--sure").exit_code == 0, "that nothing stands is known"


def test_the_account_is_that_of_the_credentials(root: Path) -> None:
    (root / "environments/aws.yaml").write_text("dev: {region: us-east-1}\n", encoding="utf-8")
    with account({}):
        placed = json.loads(plan(root, "--json").stdout)["blueprint"]
    assert placed["account"] == ACCOUNT
