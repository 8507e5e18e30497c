"""Every command and option that the docs or the report name exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from harness.reports import REPORT
from kumitate.cli.main import main
from kumitate.report.advice import next_steps

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=str)
CALL = re.compile(r"(?:`|^|\$ |&& )kumitate ([a-z][^`\n]*)", re.MULTILINE)


def calls(text: str) -> Iterator[str]:
    """Each call without its `kumitate`, also one that another's output is piped to."""
    for found in CALL.findall(text):
        first, *piped = found.split(" | ")
        yield first
        yield from (each.removeprefix("kumitate ") for each in piped if each.startswith("kumitate "))


def unknown(call: str) -> list[str]:
    """The words of a call that name nothing; values are not looked at."""
    first, *rest = re.sub(r'"[^"]*"?', "", call.split(" #")[0]).split() or [""]
    command = main.commands.get(first)
    if command is None:
        return [first]
    if isinstance(command, click.Group) and rest:
        second, *rest = rest
        if second not in command.commands and not re.search(r"[|[A-Z]", second):
            return [f"{first} {second}"]
        command = command.commands.get(second, command)
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return [f"{first} {word}" for word in rest if word.startswith("--") and word not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_docs_exist(page: Path) -> None:
    assert [word for call in calls(page.read_text(encoding="utf-8")) for word in unknown(call)] == []


def test_commands_that_the_report_suggests_exist() -> None:
    assert [word for step in next_steps(REPORT) for word in unknown(step.command.removeprefix("kumitate "))] == []


@pytest.mark.parametrize("call", ["runn", "run --untill x", "quarantine lists"])
def test_a_slip_is_noticed(call: str) -> None:
    assert unknown(call) != []


def test_a_slip_behind_a_pipe_is_noticed() -> None:
    assert [unknown(call) for call in calls("`kumitate status --json | kumitate statuss`")] == [[], ["statuss"]]


def test_every_command_is_told_of_somewhere() -> None:
    told = {call.split()[0] for page in PAGES for call in calls(page.read_text(encoding="utf-8"))}
    assert set(main.commands) - told == set()
