"""How alike two values are, as a small closed vocabulary: each test has one SQL form and one meaning, in characters.

DuckDB's own string distances count bytes (`高橋` and `髙橋` are .91 alike by bytes, .67 by characters), those of
Spark's jar count UTF-16 units. Models made here call `jaro_winkler`, `damerau` and `unix_date`, which
`functions.equip` gives to either engine, so that a model means the same wherever it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """What of two values is compared."""

    NULL = "null"
    """Either is missing: says nothing."""
    EQUAL = "equal"
    JARO_WINKLER = "jaro_winkler"
    """Similarity in [0, 1], at least the threshold (Winkler 1990, prefix scale 0.1)."""
    DAMERAU = "damerau"
    """Insertions, deletions, substitutions and transpositions, at most the threshold (unrestricted distance)."""
    LEVENSHTEIN = "levenshtein"
    """The same without transpositions."""
    DAYS = "days"
    """Days between two ISO dates, at most the threshold."""
    USERNAME = "username"
    """What stands before the `@` is equal."""
    DOMAIN = "domain"
    """What stands behind the `@` is equal."""
    ELSE = "else"


@dataclass(frozen=True, slots=True)
class Check:
    """`left` of the left record against `right` of the right one; two names differ where names were swapped."""

    measure: Measure
    left: str = ""
    right: str = ""
    threshold: float = 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name in (self.left, self.right) if name))


def sql_of(tests: tuple[Check, ...]) -> str:
    """Splink's `sql_condition`: all tests hold. Names stand without quotes, which differ between DuckDB and Spark."""
    if len(tests) > 1:
        return " AND ".join(f"({sql_of((test,))})" for test in tests)
    return "".join(
        _SQL[test.measure].format(l=f"{test.left}_l", r=f"{test.right}_r", t=_number(test)) for test in tests
    )


_SQL = {
    Measure.NULL: "{l} IS NULL OR {r} IS NULL",
    Measure.EQUAL: "{l} = {r}",
    Measure.JARO_WINKLER: "jaro_winkler({l}, {r}) >= {t}",
    Measure.DAMERAU: "damerau({l}, {r}) <= {t}",
    Measure.LEVENSHTEIN: "levenshtein({l}, {r}) <= {t}",
    Measure.DAYS: "abs(unix_date(cast({l} as date)) - unix_date(cast({r} as date))) <= {t}",
    Measure.USERNAME: "NULLIF(regexp_extract({l}, '^[^@]+', 0), '') = NULLIF(regexp_extract({r}, '^[^@]+', 0), '')",
    Measure.DOMAIN: "NULLIF(regexp_extract({l}, '@(.+)$', 1), '') = NULLIF(regexp_extract({r}, '@(.+)$', 1), '')",
    Measure.ELSE: "ELSE",
}


def _number(test: Check) -> str:
    return f"{test.threshold:g}"


_L, _R = r'"?(?P<l>\w+?)_l"?', r'"?(?P<r>\w+?)_r"?'
_T = r"(?P<t>\d+(?:\.\d+)?)"


def _ends(arguments: str) -> str:
    """Splink's form of an address's part being equal."""
    return " = ".join(rf"nullif\(regexp_extract\({side}, {arguments}\), \'\'\)" for side in (_L, _R))


_FORMS: tuple[tuple[Measure, str], ...] = (
    (Measure.NULL, rf"{_L} is null or {_R} is null"),
    (Measure.EQUAL, rf"{_L} = {_R}"),
    (Measure.EQUAL, rf"{_R} = {_L}"),
    (Measure.JARO_WINKLER, rf"jaro_winkler(?:_similarity)?\({_L}, {_R}\) >= {_T}"),
    (Measure.DAMERAU, rf"damerau(?:_levenshtein)?\({_L}, {_R}\) <= {_T}"),
    (Measure.LEVENSHTEIN, rf"levenshtein\({_L}, {_R}\) <= {_T}"),
    (Measure.DAYS, rf"abs\(unix_date\(cast\({_L} as date\)\) - unix_date\(cast\({_R} as date\)\)\) <= {_T}"),
    (Measure.USERNAME, _ends(r"'\^\[\^@\]\+', 0")),
    (Measure.DOMAIN, _ends(r"'@\(\.\+\)\$', 1")),
    (Measure.ELSE, "else"),
)  # fmt: skip
_SECONDS = re.compile(
    rf"abs\(epoch\(try_strptime\({_L}, '%y-%m-%d'\)\) - epoch\(try_strptime\({_R}, '%y-%m-%d'\)\)\) <= {_T}",
    re.IGNORECASE,
)
"""How Splink itself writes a difference of dates for DuckDB; its threshold is in seconds."""
_KNOWN = tuple((measure, re.compile(form, re.IGNORECASE)) for measure, form in _FORMS)
_SECONDS_A_DAY = 86_400


def checks_of(sql: str) -> tuple[Check, ...] | None:
    """The tests that a `sql_condition` makes, or None where it says something outside the vocabulary."""
    found = tuple(_test(part) for part in _parts(" ".join(sql.split())))
    return None if any(test is None for test in found) else tuple(test for test in found if test)


def _parts(sql: str) -> Iterator[str]:
    for part in re.split(r"\s+and\s+", sql, flags=re.IGNORECASE):
        bare = part.strip()
        while bare.startswith("(") and bare.endswith(")") and _is_one(bare):
            bare = bare[1:-1].strip()
        yield _balanced(bare)


def _is_one(text: str) -> bool:
    """Whether the first bracket closes with the last."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def _balanced(text: str) -> str:
    """A conjunction in brackets of its own leaves one at either end: `(a = b` and `c = d)`."""
    surplus = text.count("(") - text.count(")")
    if surplus > 0:
        return text.removeprefix("(" * surplus).strip()
    return text.removesuffix(")" * -surplus).strip()


def _test(sql: str) -> Check | None:
    seconds = _SECONDS.fullmatch(sql)
    if seconds:
        return Check(Measure.DAYS, seconds["l"], seconds["r"], float(seconds["t"]) / _SECONDS_A_DAY)
    for measure, form in _KNOWN:
        found = form.fullmatch(sql)
        if found:
            parts = found.groupdict()
            return Check(measure, parts.get("l", ""), parts.get("r", ""), float(parts.get("t") or 0))
    return None
