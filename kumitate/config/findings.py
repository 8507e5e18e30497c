"""What is wrong, said by key; and where in the files that key stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kumitate.errors import Problem

if TYPE_CHECKING:
    from kumitate.config.yaml_lines import Document

KeyPath = tuple[str | int, ...]
SETTINGS = "settings"
SETTINGS_FILE = "kumitate.yaml"


@dataclass(frozen=True, slots=True)
class Spot:
    """A key in the project: `Spot("syncs", ("winback", "segment"))`, or `Spot("settings", ("timezone",))`."""

    folder: str
    path: KeyPath = ()

    def below(self, *steps: str | int) -> Spot:
        return Spot(self.folder, (*self.path, *steps))

    def wrong(self, what: str, text_line: int | None = None) -> Finding:
        return Finding(self, what, text_line)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a spot; `text_line` is the line within a text of several lines (SQL), from 1."""

    spot: Spot
    what: str
    text_line: int | None = None


@dataclass(frozen=True)
class Places:
    """Where each section stands: (folder, name) -> its file."""

    documents: Mapping[tuple[str, str], Document] = field(default_factory=dict)
    settings: Document | None = None

    def problem(self, finding: Finding) -> Problem:
        spot, key = finding.spot, key_text(finding.spot.path)
        document = self._document(spot)
        if document is None:
            return Problem(SETTINGS_FILE, 1, key or spot.folder, finding.what)
        line = nearest_line(document, spot.path)
        if finding.text_line is not None:
            line = document.text_lines.get(spot.path, line) + finding.text_line - 1
        return Problem(document.file, line, key, finding.what)

    def _document(self, spot: Spot) -> Document | None:
        if spot.folder == SETTINGS:
            return self.settings
        return self.documents.get((spot.folder, str(spot.path[0]))) if spot.path else None


def nearest_line(document: Document, path: KeyPath) -> int:
    """The line of the key, or of the nearest one above it that the file has."""
    return next((document.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in document.lines), 1)


def key_text(path: KeyPath) -> str:
    """`("vips", "when", "all", 0, "trait")` as `vips.when.all[0].trait`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`; did you mean 'vips'?`, or nothing where no name is close."""
    close = closest(word, names)
    return f"; did you mean {close!r}?" if close else ""


def closest(word: str, names: Iterable[str]) -> str:
    """The name that was probably meant, or nothing."""
    return next(iter(difflib.get_close_matches(word, sorted(names), n=1, cutoff=0.6)), "")


def unknown(kind: str, word: str, names: Iterable[str], *, place: str = "") -> str:
    """`unknown column 'amout' in source 'orders'; did you mean 'amount'?`; few names are listed where none is close."""
    known = sorted(names)
    hint = did_you_mean(word, known)
    if not hint and 0 < len(known) <= 8:
        hint = f"; known: {', '.join(known)}"
    return f"unknown {kind} {word!r}{' in ' if place else ''}{place}{hint}"
