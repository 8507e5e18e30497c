"""Tells on stderr how far long work is: a bar on a screen, a line per piece of work elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from kumitate.cli.output import say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


_PART = ": "
"""`segments: curated.segment_masks` is a part of `segments`."""


class LineProgress:
    """One line per stage and delivery, not per step."""

    def __init__(self) -> None:
        self._last = ""

    def __enter__(self) -> LineProgress:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def __call__(self, what: str, done: int, total: int | None = None) -> None:  # noqa: ARG002 (a bar counts, lines do not)
        piece = what.partition(_PART)[0]
        if piece != self._last:
            self._last = piece
            say(f"… {piece}")


class BarProgress:
    """One bar over the stages, which says what is being done."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), BarColumn(30), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bars: Progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task: TaskID = self._bars.add_task("starting", total=None)

    def __enter__(self) -> BarProgress:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()

    def __call__(self, what: str, done: int, total: int | None = None) -> None:
        if total is None:
            self._bars.update(self._task, description=f"{what} {done:,}")
        elif _PART in what:
            self._bars.update(self._task, description=what)
        else:
            self._bars.update(self._task, description=what, completed=done, total=total)


def progress() -> LineProgress | BarProgress:
    return BarProgress() if sys.stderr.isatty() else LineProgress()
