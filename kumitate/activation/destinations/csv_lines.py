"""Lines of CSV as RFC 4180 has them, ended by a line feed alone; every cell that could end its line is quoted."""

from __future__ import annotations

from collections.abc import Iterable

_QUOTED = frozenset('",\r\n')
"""Python's own writer leaves a lone carriage return bare where lines end in a line feed."""


def line(cells: Iterable[str]) -> str:
    return ",".join(_cell(text) for text in cells) + "\n"


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED & set(text) else text
