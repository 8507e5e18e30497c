"""A byte stream cut into blocks of whole lines, in bounded memory whatever the stream holds."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

BLOCK_BYTES = 2**20
LINE_LIMIT = 10 * 2**20
_HEAD_BYTES = 1_000

Read = Callable[[int], bytes]
"""Gives about so many bytes at most, none at the end; `read1` is best, as then a break loses nothing."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines with their ends; `first` is the number of the first, from 1."""

    first: int
    data: bytes


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line beyond the limit: only its beginning, its size and its fingerprint were kept."""

    first: int
    head: bytes
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Break:
    """The stream ended before its time; `rest` is what there was of line `first`."""

    first: int
    rest: bytes
    is_truncated: bool


Piece = Lines | LongLine | Break


def pieces(read: Read, limit: int = LINE_LIMIT) -> Iterator[Piece]:
    """The stream's lines in order; a line is ended by LF (or by CR where the first block has no LF at all)."""
    source = _Source(read)
    number, rest = 1, b""
    while chunk := source.next_block():
        cut = chunk.rfind(b"\n") + 1
        if cut == 0 and len(rest) + len(chunk) > limit:
            yield _long_line(source, number, rest + chunk)
            number, rest = number + 1, b""
        elif cut == 0:
            rest += chunk
        else:
            yield from _within(Lines(number, rest + chunk[:cut]), limit)
            number += chunk.count(b"\n")
            rest = chunk[cut:]
    if source.broken is not None:
        yield Break(number, rest, source.broken)
    elif rest:
        yield from _within(Lines(number, rest), limit)


class _Source:
    """Reads blocks of full size; remembers in `broken` whether the stream broke off (True: cut short)."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._unread = b""
        self._has_carriage_returns_only: bool | None = None
        self.broken: bool | None = None

    def unread(self, block: bytes) -> None:
        """Hand back what belongs to the lines after."""
        self._unread = block

    def next_block(self) -> bytes:
        if self._unread:
            block, self._unread = self._unread, b""
            return block
        parts: list[bytes] = []
        size = 0
        while size < BLOCK_BYTES and self.broken is None:
            try:
                part = self._read(BLOCK_BYTES - size)
            except (EOFError, zlib.error, OSError, UnicodeError) as error:
                self.broken = isinstance(error, EOFError)
                break
            if not part:
                break
            parts.append(part)
            size += len(part)
        return self._with_line_feeds(b"".join(parts))

    def _with_line_feeds(self, block: bytes) -> bytes:
        if self._has_carriage_returns_only is None:
            self._has_carriage_returns_only = b"\r" in block and b"\n" not in block
        return block.replace(b"\r", b"\n") if self._has_carriage_returns_only else block


def _within(lines: Lines, limit: int) -> Iterator[Piece]:
    """The same lines, those beyond the limit told apart."""
    if len(lines.data) <= limit:
        yield lines
        return
    start, held = lines.first, io.BytesIO()
    for number, line in enumerate(io.BytesIO(lines.data), lines.first):
        if len(line) <= limit:
            held.write(line)
            continue
        if held.tell():
            yield Lines(start, held.getvalue())
        line = line.removesuffix(b"\n")
        yield LongLine(number, line[:_HEAD_BYTES], len(line), hashlib.sha256(line).hexdigest())
        start, held = number + 1, io.BytesIO()
    if held.tell():
        yield Lines(start, held.getvalue())


def _long_line(source: _Source, number: int, begun: bytes) -> LongLine:
    """Skip to the line's end without keeping it."""
    digest, size = hashlib.sha256(begun), len(begun)
    while block := source.next_block():
        part, end, after = block.partition(b"\n")
        digest.update(part)
        size += len(part)
        if end:
            source.unread(after)
            break
    return LongLine(number, begun[:_HEAD_BYTES], size, digest.hexdigest())
