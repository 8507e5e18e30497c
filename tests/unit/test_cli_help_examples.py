"""What the help tells people to type can be typed in the example shop."""

import shlex
from itertools import pairwise
from pathlib import Path

import click
import pytest

from kumitate.cli.main import main
from kumitate.pipeline import STAGES
from kumitate.project import open_project

SHOP = Path(__file__).parents[2] / "examples/shop"
NAMED = {"segment": "segment", "sync": "sync", "explain": "stage segment sync trait"}
"""What the first argument of a command names."""


def examples(command: click.Command) -> list[list[str]]:
    """The words of each `kumitate …` line, up to a pipe."""
    lines = [line.strip() for line in (command.epilog or "").splitlines()]
    words = [shlex.split(line.partition("|")[0].partition("&&")[0]) for line in lines if line.startswith("kumitate ")]
    return [each[1:] for each in words]


def commands(group: click.Group) -> list[click.Command]:
    found: list[click.Command] = []
    for command in group.commands.values():
        found.extend(commands(command) if isinstance(command, click.Group) else [command])
    return found


@pytest.fixture(scope="module")
def names() -> dict[str, set[str]]:
    config = open_project(SHOP).config
    return {
        "stage": {stage.name for stage in STAGES},
        "segment": set(config.segments),
        "sync": set(config.syncs),
        "trait": set(config.traits),
        "source": set(config.sources),
    }


def asked() -> list[tuple[str, str]]:
    """(kinds, name) of every name in an example."""
    found = []
    for words in [words for command in commands(main) for words in examples(command)]:
        if words[0] in NAMED:
            found.append((NAMED[words[0]], words[1]))
        found.extend(
            (option.removeprefix("--").replace("until", "stage"), value)
            for option, value in pairwise(words)
            if option in ("--source", "--until")
        )
    return found


def test_every_name_in_the_helps_examples_is_in_the_example_shop(names: dict[str, set[str]]) -> None:
    missing = []
    for kinds, name in asked():
        kind, _, bare = name.rpartition(":")
        if not any(bare in names[each] for each in ([kind] if kind else kinds.split())):
            missing.append(name)
    assert missing == []
    assert len(asked()) > 8
