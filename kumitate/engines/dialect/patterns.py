r"""Regular expressions: Athena's (Joni, Java's syntax) as RE2 for DuckDB and as Java's for Spark.

In Athena `\d` is any decimal digit, also `１`, `\w` any letter, also `髙`, and `\s` any white space, also `\u3000`;
the other two know ASCII only, unless told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_WHITE_SPACE = r"\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
_MEMBERS = {"d": r"\p{Nd}", "w": r"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}", "s": _WHITE_SPACE}
_ATOM = re.compile(r"\\.|.", re.DOTALL)
_UNSAFE = (
    (re.compile(r"\(\?(?!:|i\))"), "lookaround, named groups and flags other than (?i)"),
    (
        re.compile(r"\\[^dDwWsSntrf.\\|()\[\]{}^$*+?/\-'\"#&%,:;<>=!@_~` ]"),
        "escapes of letters other than \\d \\w \\s \\n \\t",
    ),
    (re.compile(r"[*+?}]\+"), "possessive repeats"),
    (re.compile(r"\[\[:|&&"), "[[:classes:]] and && within brackets"),
    (re.compile(r"\[[^\]]*\\[DWS]"), "\\D, \\W and \\S within brackets"),
)
_FIRST_CHARACTER = re.compile(r"[^\\^$.|?*+(){}\[\]](?![?*{])")
_OPTIONAL_GROUP = re.compile(r"\)[?*]|\)\{0|\|")


def unsafe_in(pattern: str) -> Iterator[str]:
    """What in a pattern engines read differently."""
    text = pattern.replace("\\\\", "")
    for found, what in _UNSAFE:
        if found.search(text):
            yield what


def may_skip_a_group(pattern: str) -> bool:
    """Whether a match may leave a group out: null in Athena, '' elsewhere."""
    return _OPTIONAL_GROUP.search(pattern.replace("\\\\", "").replace("\\|", "")) is not None


def never_empty(pattern: str) -> bool:
    """Whether what it matches surely has a character: it begins with one that stands for itself."""
    return _FIRST_CHARACTER.match(pattern) is not None and "|" not in pattern


def for_re2(pattern: str) -> str:
    """The pattern as DuckDB reads it."""
    return "".join(_expanded(pattern))


def for_java(pattern: str) -> str:
    """The pattern as Spark reads it: a line ends at a newline only, and (?i) is for every script."""
    return "(?d)" + "".join(_expanded(pattern)).replace("(?i)", "(?iu)")


def _expanded(pattern: str) -> Iterator[str]:
    within_brackets = False
    for atom in _ATOM.findall(pattern):
        members = _MEMBERS.get(atom[1:].lower()) if atom[0] == "\\" else None
        if members is not None:
            yield members if within_brackets else f"[{'^' if atom[1].isupper() else ''}{members}]"
        else:
            within_brackets = (within_brackets and atom != "]") or atom == "["
            yield atom


def replacement_for_re2(replacement: str) -> str:
    r"""`$1` is `\1`, and what a backslash protects stands for itself."""
    return re.sub(r"\\(?P<protected>.)|\$(?P<group>[0-9])|.", _re2_piece, replacement, flags=re.DOTALL)


def _re2_piece(found: re.Match[str]) -> str:
    if found["group"]:
        return f"\\{found['group']}"
    return (found["protected"] or found[0]).replace("\\", "\\\\")
