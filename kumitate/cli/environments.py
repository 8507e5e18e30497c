"""Which of a project's environments a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from kumitate.config.project import Config


def chosen_environment(config: Config, given: str | None) -> str:
    """The one that was named, or the only one there is; a usage error where that does not say which."""
    names = sorted(config.environments)
    if given is None and len(names) == 1:
        return names[0]
    if given in names:
        return str(given)
    there_are = f"there are {', '.join(names)}" if names else "there is none; write environments/dev.yaml"
    if given is None:
        raise click.UsageError(f"say which environment with --env; {there_are}")
    raise click.UsageError(f"unknown environment {given!r}; {there_are}")
