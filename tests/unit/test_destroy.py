"""Taking an environment down: data goes by two switches only, never where the environment is protected."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from kumitate.errors import ConfigError, FatalError
from tools.destroy import Wish, accepted, by_hand, destroy

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"
PREFIX = "kumitate-tea-shop-dev"
STACKS = [f"{PREFIX}-{name}" for name in ("storage", "ingest", "pipeline", "activation")]


class FakeCdk:
    """Knows four stacks, and notes what it is asked to do."""

    def __init__(self, *, fails_at: str = "") -> None:
        self.done: list[list[str]] = []
        self._fails_at = fails_at

    def __call__(self, words: Sequence[str]) -> str:
        if words[0] == "list":
            return "\n".join(STACKS)
        if words[0] == self._fails_at:
            raise FatalError(f"cdk {words[0]} ended with 1")
        self.done.append([word for word in words if word != "-c"])
        return ""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    environment(tmp_path, "protected: false")
    return tmp_path


def environment(root: Path, line: str) -> None:
    (root / "environments").mkdir(exist_ok=True)
    text = f"dev:\n  region: us-east-1\n  account: '123456789012'\n  {line}\n"
    (root / "environments/aws.yaml").write_text(text, encoding="utf-8")


def asked(wish: Wish, *, dry_run: bool = False) -> tuple[list[list[str]], str]:
    """What the CDK was made to do, and what was said."""
    run, said = FakeCdk(), list[str]()
    destroy(wish, run, dry_run=dry_run, say=said.append)
    return run.done, "\n".join(said)


def test_without_switches_everything_goes_but_what_holds_data(root: Path) -> None:
    done, said = asked(Wish(root, "dev"))
    assert done == [["destroy", *STACKS[1:], "--force", f"project={root}", "env=dev", "bundles=skip"]]
    assert f"bucket {PREFIX}-curated-123456789012" in said
    assert f"bucket {PREFIX}-logs-123456789012" in said
    assert "To delete the data, too: make destroy ENV=dev DATA=delete CONFIRM=tea_shop-dev" in said


def test_with_both_switches_the_data_goes_last(root: Path) -> None:
    done, said = asked(Wish(root, "dev", "delete", "tea_shop-dev"))
    assert [words[0] for words in done] == ["destroy", "deploy", "destroy"]
    assert STACKS[0] not in done[0]
    assert done[1][1] == done[2][1] == STACKS[0]
    assert "data=delete" in done[1]
    assert "data=delete" in done[2]
    assert "Stays: nothing." in said
    assert "Lake Formation's settings are the account's" in said


@pytest.mark.parametrize(
    ("data", "confirm", "said"),
    [
        ("delete", "", "deleting data takes a second switch: DATA=delete CONFIRM=tea_shop-dev; nothing was done"),
        ("delete", "tea_shop-prod", "deleting data takes a second switch"),
        ("delete", "yes", "deleting data takes a second switch"),
        ("", "tea_shop-dev", "CONFIRM goes with DATA=delete"),
        ("all", "tea_shop-dev", "DATA=all: the only value is delete"),
    ],
)
def test_one_switch_alone_does_nothing(root: Path, data: str, confirm: str, said: str) -> None:
    run = FakeCdk()
    with pytest.raises(FatalError, match=said):
        destroy(Wish(root, "dev", data, confirm), run, say=lambda _: None)
    assert run.done == []


@pytest.mark.parametrize("switches", [("", ""), ("delete", "tea_shop-dev")])
@pytest.mark.parametrize("line", ["protected: true", "schedule: rate(1 day)"])
def test_a_protected_environment_refuses_whatever_is_given(root: Path, line: str, switches: tuple[str, str]) -> None:
    environment(root, line)
    run = FakeCdk()
    with pytest.raises(
        FatalError, match=r"environments/aws.yaml:\d dev.protected: is protected; set `protected: false`"
    ):
        destroy(Wish(root, "dev", *switches), run, say=lambda _: None)
    assert run.done == []


def test_a_dry_run_says_the_same_and_does_nothing(root: Path) -> None:
    done, said = asked(Wish(root, "dev", "delete", "tea_shop-dev"), dry_run=True)
    assert done == []
    assert said.count("would run: cdk ") == 3
    assert said.endswith("nothing was done (dry run)")


def test_data_stays_where_the_other_stacks_could_not_be_removed(root: Path) -> None:
    run = FakeCdk(fails_at="destroy")
    with pytest.raises(FatalError, match="cdk destroy ended with 1"):
        destroy(Wish(root, "dev", "delete", "tea_shop-dev"), run, say=lambda _: None)
    assert run.done == []


def test_what_holds_data_can_be_removed_by_hand_the_stack_last(root: Path) -> None:
    commands = list(by_hand(accepted(Wish(root, "dev"))))
    assert commands[-1].endswith(f"delete-stack --region us-east-1 --stack-name {PREFIX}-storage")
    assert sum("object_versions.delete()" in command for command in commands) == 6
    assert sum("glue delete-database" in command for command in commands) == 6
    assert sum("dynamodb delete-table" in command for command in commands) == 3


def test_a_project_with_errors_is_left_alone(root: Path) -> None:
    environment(root, "schedule: rate(1 days)")
    with pytest.raises(ConfigError):
        accepted(Wish(root, "dev"))
