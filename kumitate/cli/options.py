"""Options that several commands share, and how they find the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

PROJECT_FILE = "kumitate.yaml"
_LAKE = "kumitate.lake"
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def examples(*lines: str) -> str:
    """A help text's last part, kept as it is."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def project_option(command: Command) -> Command:
    return click.option(
        "--project",
        "project",
        type=FOLDER,
        help=f"The project's folder; by default this one or the nearest above with a {PROJECT_FILE}.",
    )(command)


def lake_option(command: Command) -> Command:
    return click.option(
        "--lake",
        "lake_folder",
        type=click.Path(file_okay=False, path_type=Path),
        help="The lake's folder; by default the one that the project names.",
    )(command)


def filled_lake_option(command: Command) -> Command:
    """As `lake_option`, of a command that reads what runs have left; `chosen_lake` tells which."""
    return click.option(
        "--lake",
        expose_value=False,
        callback=_remember_lake,
        type=FOLDER,
        help="The lake's folder, where a run had --lake; by default the one that the project names.",
    )(command)


def _remember_lake(context: click.Context, _option: click.Parameter, given: Path | None) -> None:
    context.meta[_LAKE] = given


def chosen_lake() -> Path | None:
    """The folder given with `--lake`; None where the command has none, or it was not given."""
    context = click.get_current_context(silent=True)
    found: Path | None = context.meta.get(_LAKE) if context else None
    return found


def json_option(command: Command) -> Command:
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON on stdout; progress and messages go to stderr."
    )(command)


def unmask_option(command: Command) -> Command:
    return click.option("--unmask", is_flag=True, help="Show personal data as it is.")(command)


def find_project(*given: Path | None) -> Path:
    """The folder that was given, or the nearest one above that is a project."""
    for folder in given:
        if folder is not None:
            return folder
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise click.UsageError(f"no {PROJECT_FILE} in this folder or above; name a project with --project FOLDER")
