"""A table that a command is given as a file or by a pipe, whose bytes are kept until the command ends."""

from __future__ import annotations

import re
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import click

from kumitate.cli.output import say
from kumitate.errors import FatalError

Command = TypeVar("Command", bound=Callable[..., Any])

_DASH = Path("-")
_ENDINGS = {"csv": ".csv", "tsv": ".tsv", "jsonl": ".jsonl", "parquet": ".parquet", "excel": ".xlsx"}
_ZIP = b"PK\x03\x04"
_BINARY = ((b"PAR1", "parquet"), (_ZIP, "excel"), (b"\xd0\xcf\x11\xe0", "excel"))
_WORKBOOK_PARTS = frozenset({"[Content_Types].xml", "content.xml"})
"""Of Microsoft's workbooks, and of OpenDocument's."""
_GZIP = b"\x1f\x8b\x08"
_HEAD_BYTES = 4096
_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{")


@dataclass(frozen=True, slots=True)
class TableGiven:
    """Where the table's bytes are, and what whoever gave it calls it."""

    path: Path
    name: str

    def told(self, text: str) -> str:
        """The text with the table called by its name, also where it stands in a file of ours."""
        return text.replace(str(self.path), self.name)


def table_option(text: str, *, required: bool = False) -> Callable[[Command], Command]:
    """`--in FILE`, or `-` for what a pipe brings, and `--format` for what does not tell its own."""

    def with_options(command: Command) -> Command:
        command = click.option(
            "--format",
            "table_format",
            type=click.Choice(list(_ENDINGS)),
            help="What comes by a pipe, where its first bytes do not tell.",
        )(command)
        return click.option(
            "--in",
            "table",
            type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
            required=required,
            help=f"{text}; - reads the standard input.",
        )(command)

    return with_options


@contextmanager
def table_given(given: Path, table_format: str | None) -> Iterator[TableGiven]:
    """The table as a file that can be read more than once; FatalError where a pipe brings none.

    UsageError where a file's format is given: its content and ending tell.
    """
    if given != _DASH and given.is_file():
        if table_format is not None:
            raise click.UsageError("--format is for what comes by a pipe; a file's content and ending tell")
        yield TableGiven(given, str(given))
        return
    name = "standard input" if given == _DASH else str(given)
    with TemporaryDirectory(prefix="kumitate-") as folder:
        kept = Path(folder) / "table"
        _keep(given, kept)
        table = TableGiven(kept.rename(kept.with_suffix(_ending(kept, name, table_format))), name)
        try:
            yield table
        except FatalError as error:
            raise FatalError(table.told(str(error))) from error


def _keep(given: Path, kept: Path) -> None:
    """A pipe's bytes come once; readers look at them several times."""
    with kept.open("wb") as file:
        if given != _DASH:
            with given.open("rb") as pipe:
                shutil.copyfileobj(pipe, file)
            return
        if sys.stdin.isatty():
            say("reading the standard input; end it with Ctrl-D")
        shutil.copyfileobj(sys.stdin.buffer, file)


def _ending(kept: Path, name: str, table_format: str | None) -> str:
    head = _head(kept)
    if not head:
        raise FatalError(f"{name}: nothing came; pipe a table into it, as in `cat members.csv | kumitate … --in -`")
    seen = next((kind for mark, kind in _BINARY if head.startswith(mark)), None)
    if head.startswith(_ZIP) and not _is_workbook(kept):
        raise FatalError(f"{name}: is an archive and no workbook; unpack it first, as in `unzip -p members.zip | …`")
    if table_format is None:
        return _ENDINGS[seen or ("jsonl" if _OBJECT.match(head) else "csv")]
    if seen != (table_format if table_format in ("parquet", "excel") else None):
        is_ = f"{seen} by its first bytes" if seen else f"no {table_format} by its first bytes"
        raise FatalError(f"{name}: is {is_}; leave out --format {table_format}, or say what it is")
    return _ENDINGS[table_format]


def _is_workbook(kept: Path) -> bool:
    """Whether a zip has what every workbook has; one that is broken or packed once more is for its reader to refuse."""
    if not zipfile.is_zipfile(kept):
        return True
    with zipfile.ZipFile(kept) as archive:
        return not _WORKBOOK_PARTS.isdisjoint(archive.namelist())


def _head(kept: Path) -> bytes:
    """The first bytes, unpacked; of what cannot be unpacked the packed ones, which its reader will refuse."""
    with kept.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, _HEAD_BYTES)
    except zlib.error:
        return head
