"""Which keys of a bucket a source's glob means: as `glob.glob(…, recursive=True)` finds files in a folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase


def literal_prefix(pattern: str) -> str:
    """What every match begins with, up to a slash: `data/` of `data/members-*.csv`.

    It ends before letters that are written in more than one way in Unicode: a listing compares bytes.
    """
    plain = re.match(r"[ -~]*", re.split(r"[*?[]", pattern, maxsplit=1)[0])
    return plain[0][: plain[0].rfind("/") + 1] if plain else ""


def matches(pattern: str, path: str) -> bool:
    """Whether a path relative to the project is meant; names with a leading dot only where the pattern says it."""
    return _match(_segments(pattern), _segments(path))


def _segments(path: str) -> list[str]:
    return unicodedata.normalize("NFC", path).split("/")


def _match(pattern: Sequence[str], names: Sequence[str]) -> bool:
    if not pattern or not names:
        return not pattern and not names
    first, rest = pattern[0], pattern[1:]
    if first != "**":
        return _fits(names[0], first) and _match(rest, names[1:])
    depths = (depth for depth in range(len(names)) if all(_fits(name, "*") for name in names[:depth]))
    return any(_match(rest or ["*"], names[depth:]) for depth in depths)


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) and (pattern.startswith(".") or not name.startswith("."))
