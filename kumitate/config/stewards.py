"""`stewards/*.csv`: which records people decided to be one person, or never."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from kumitate.config.findings import did_you_mean
from kumitate.errors import Problem
from kumitate.model.expression import Section

STEWARDS = "stewards"
COLUMNS = ("left", "right", "link", "author", "reason", "at")
LINKS = ("must", "cannot")


class StewardPlace(NamedTuple):
    """Where a decision stands."""

    file: str
    line: int


class StewardLink(Section):
    """One decision: `left` and `right` are records (`members/17`) or values that identify one (`taro@example.com`)."""

    left: str
    right: str
    link: Literal["must", "cannot"]
    author: str
    reason: str
    at: datetime
    file: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def read_stewards(folder: Path, problems: list[Problem]) -> tuple[StewardLink, ...]:
    """Every decision in the folder, in the order of files and lines."""
    return tuple(
        link
        for path in sorted(folder.glob("*.csv"))
        for link in read_links(path.read_bytes(), f"{folder.name}/{path.name}", problems)
    )


def read_links(content: bytes, file: str, problems: list[Problem]) -> Iterator[StewardLink]:
    """The decisions of one file; what is wrong is added to `problems` by line."""
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        header = tuple(rows.fieldnames or ())
        wrong = [*_header_problems(header)]
        problems += (Problem(file, 1, "", what) for what in wrong)
        if wrong:
            return
        for row in rows:
            place = StewardPlace(file, rows.line_num)
            yield from _link(row, place, problems)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problems.append(Problem(file, line, "", "not UTF-8; save the file as UTF-8"))
    except csv.Error as error:
        problems.append(Problem(file, 1, "", f"this is no CSV: {error}"))


def _header_problems(header: Iterable[str]) -> Iterator[str]:
    known = set(header)
    for name in COLUMNS:
        if name not in known:
            yield f"missing column {name!r}; the first line is {','.join(COLUMNS)}"
    for name in known - set(COLUMNS):
        yield f"unknown column {name!r}{did_you_mean(name, COLUMNS)}"


def _link(row: Mapping[str, str | None], place: StewardPlace, problems: list[Problem]) -> Iterator[StewardLink]:
    given = {name: (row.get(name) or "").strip() for name in COLUMNS}
    wrong = tuple(_row_problems(given))
    problems += (Problem(place.file, place.line, key, what) for key, what in wrong)
    if not wrong:
        moment = datetime.fromisoformat(given.pop("at"))
        at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        yield StewardLink.model_validate({**given, "at": at, "file": place.file, "line": place.line})


def _row_problems(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in COLUMNS:
        if not given[name]:
            yield name, "missing; a decision has two records, a link, an author, a reason and a time"
    if given["link"] and given["link"] not in LINKS:
        yield "link", f"unknown link {given['link']!r}{did_you_mean(given['link'], LINKS) or '; write must or cannot'}"
    if given["left"] and given["left"] == given["right"]:
        yield "right", "a record is one person with itself; name two records"
    if given["at"] and not _is_moment(given["at"]):
        yield "at", f"{given['at']!r} is no time; write one such as 2026-03-01T09:00:00+09:00"


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
