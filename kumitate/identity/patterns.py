"""Blocked-value patterns, spelled so that every engine reads them alike: `\\d` is 0-9 and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kumitate.identity.statements import any_of, bound

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": r" \t"}
_PIECE = re.compile(r"\\.|\[\^?\]?|\]|.", re.DOTALL)


def portable(pattern: str) -> str:
    r"""`\d`, `\w`, `\s` written out as ASCII, e.g. `\d{4}` becomes `[0-9]{4}`; `[\d-]` becomes `[0-9-]`.

    Athena's own classes hold every script's digits and letters, DuckDB's and Spark's only ASCII. Identifiers are
    normalised before, so nothing is lost.
    """
    parts, in_class = [], False
    for piece in _PIECE.findall(pattern):
        members = _CLASSES.get(piece[1:]) if piece.startswith("\\") else None
        if members is not None:
            parts.append(members if in_class else f"[{members}]")
            continue
        in_class = piece.startswith("[") or (in_class and piece != "]")
        parts.append(piece)
    return "".join(parts)


def matches(value: str, patterns: Iterable[str]) -> str:
    """SQL: the whole of `value` matches one of the patterns, capital or small."""
    return any_of(f"regexp_like({value}, {bound(f'(?i)^(?:{portable(pattern)})$')})" for pattern in patterns)
