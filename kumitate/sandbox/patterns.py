"""Patterns of AWS models are Java's; here they are read as Python's."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby

_BEYOND_16_BITS = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
_NAMED = {"ASCII": r"\x00-\x7F", "Print": r"\x20-\x7E", "Alnum": "0-9A-Za-z", "Alpha": "A-Za-z", "Digit": "0-9"}
_TOKEN = re.compile(r"\\p\{(\w+)\}|\\.|\[\^?|\]", re.DOTALL)


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of `value` is as `pattern` says."""
    return _compiled(pattern).fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_pieces(pattern.replace(*_BEYOND_16_BITS).replace(r"\w-_", r"\w\-_"))))


def _pieces(pattern: str) -> Iterator[str]:
    """The pattern with `\\p{…}` written out: bare within a class, as a class of its own outside."""
    depth = end = 0
    for token in _TOKEN.finditer(pattern):
        yield pattern[end : token.start()]
        end = token.end()
        text = token[0]
        if token[1]:
            text = _members(token[1]) if depth else f"[{_members(token[1])}]"
        elif text == "]":
            depth = 0
        elif text.startswith("["):
            depth = 1
        yield text
    yield pattern[end:]


def _members(kind: str) -> str:
    """The characters of a Unicode category (`L`, `Zs`) as ranges of a class."""
    if kind in _NAMED:
        return _NAMED[kind]
    ranges = (each for category, each in _categories() if category.startswith(kind))
    return "".join(f"\\U{first:08X}-\\U{last:08X}" for first, last in ranges)


@cache
def _categories() -> tuple[tuple[str, tuple[int, int]], ...]:
    """All characters in runs of one category."""
    found, first = [], 0
    for category, run in groupby(map(unicodedata.category, map(chr, range(sys.maxunicode + 1)))):
        length = sum(1 for _ in run)
        found.append((category, (first, first + length - 1)))
        first += length
    return tuple(found)
