"""What each column of an unknown table means: from its header, held against its values; by general rules only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from kumitate.cleanse.recognition.evidence import Evidence, evidence_of
from kumitate.cleanse.recognition.headers import Meaning, Role, meaning
from kumitate.config.source import Semantic

NAMES = (
    "full_name", "last_name", "first_name", "middle_name", "full_kana", "last_kana", "first_kana", "birthdate",
    "birth_year", "gender", "email", "phone", "member_id", "national_id", "device_id", "cookie_id", "company",
    "company_id", "company_number", "postal_code", "address", "address_2", "state", "city", "street", "house_number",
    "building",
)  # fmt: skip
"""The attributes that columns are recognised as; a second column of one meaning is `phone_2`."""

_SURE, _LIKELY, _DOUBTFUL = 0.8, 0.5, 0.3
_FEW_ROWS = 50
_SMALLEST_UNIQUENESS, _FEW_VALUES = 0.05, 50
"""Few values that repeat so often, in a table of some size, are categories and identify nobody."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column seems to be; `name` is one of NAMES (with a number where taken), or empty.

    `confidence` is between 0 and 1: about 0.9 where header and values agree, 0.6 where one of them speaks alone.
    """

    semantic: Semantic
    role: Role
    name: str
    confidence: float
    why: str


def recognise(table: pa.Table) -> Mapping[str, Guess]:
    """A guess for each column of a table of texts, by its name there.

    At most one column has the role `record_id` (no value twice, none missing), at most one `time`.
    """
    found = {name: evidence_of(table.column(name)) for name in table.column_names}
    return judge(found)


def judge(found: Mapping[str, Evidence]) -> Mapping[str, Guess]:
    """The guesses where the figures of the columns are known."""
    guesses = {header: _guess(meaning(header), evidence) for header, evidence in found.items()}
    guesses = _with_one_record_id(guesses, found)
    guesses = _with_one_time(guesses)
    return _named_once(guesses)


def _guess(meant: Meaning | None, evidence: Evidence) -> Guess:
    if meant is None:
        return _by_values(evidence)
    if not evidence.filled:
        return Guess(meant.semantic, _empty_role(meant), meant.name, _DOUBTFUL, "by its header; it has no values")
    semantic, share = _fitting(meant, evidence)
    if share is None:
        return _checked(Guess(semantic, meant.role, meant.name, _SURE, "by its header"), evidence)
    if share >= _LIKELY:
        why = f"header and {share:.0%} of the values"
        return _checked(Guess(semantic, meant.role, meant.name, round(0.6 + 0.38 * share, 2), why), evidence)
    other = _by_values(evidence)
    if other.confidence >= _LIKELY and other.semantic is not Semantic.TEXT:
        return replace(other, why=f"{other.why}, though the header says {meant.name or meant.semantic}")
    why = f"by its header, though only {share:.0%} of the values look so"
    return _checked(Guess(semantic, meant.role, meant.name, round(_DOUBTFUL + share / 2, 2), why), evidence)


def _empty_role(meant: Meaning) -> Role:
    return "none" if meant.role == "record_id" else meant.role


_FITS: Mapping[Semantic, Callable[[Evidence], float]] = {
    Semantic.EMAIL: lambda found: found.share("email"),
    Semantic.PHONE: lambda found: found.share("phone_if_named"),
    Semantic.POSTAL_CODE: lambda found: found.share("postal_code_if_named"),
    Semantic.KANA: lambda found: found.share("kana"),
    Semantic.NAME: lambda found: found.share("letters"),
    Semantic.BIRTHDATE: lambda found: found.share("date") + found.share("date_in_parts"),
    Semantic.MONEY: lambda found: found.share("decimal"),
    Semantic.URL: lambda found: found.share("url"),
    Semantic.ID: lambda found: found.share("code"),
    Semantic.INTEGER: lambda found: found.share("integer"),
    Semantic.CORPORATE_NUMBER: lambda found: found.share("corporate_number"),
    Semantic.GENDER: lambda found: found.share("gender"),
    Semantic.COUNTRY: lambda found: found.share("country"),
    Semantic.LANGUAGE: lambda found: found.share("language"),
}


def _fitting(meant: Meaning, found: Evidence) -> tuple[Semantic, float | None]:
    """The type that the header means, as the values have it, and how many of them fit, where that can be told."""
    if meant.semantic is Semantic.TIMESTAMP:
        semantic = Semantic.TIMESTAMP if found.share("clock") else Semantic.DATE
        return semantic, found.share("timestamp") + found.share("date_in_parts")
    if meant.name == "middle_name" or meant.semantic not in _FITS:
        return meant.semantic, None
    return meant.semantic, _FITS[meant.semantic](found)


def _checked(guess: Guess, found: Evidence) -> Guess:
    """The same; a role that the counts speak against is taken back."""
    repeats = found.filled > _FEW_ROWS and found.uniqueness < _SMALLEST_UNIQUENESS
    if guess.role == "identifier" and repeats and found.distinct < _FEW_VALUES:
        return replace(
            guess, role="none", why=f"{guess.why}; {found.distinct} values in {found.filled} rows name nobody"
        )
    return guess


@dataclass(frozen=True, slots=True)
class _Sign:
    """What a share of the values from `least` on means."""

    share: str
    least: float
    meaning: Meaning
    confidence: float


_SIGNS = (
    _Sign("email", 0.7, Meaning("email", Semantic.EMAIL, "identifier"), 0.9),
    _Sign("url", 0.8, Meaning("", Semantic.URL, "none"), 0.9),
    _Sign("hash", 0.9, Meaning("", Semantic.ID, "none"), 0.8),
    _Sign("postal_code", 0.8, Meaning("postal_code", Semantic.POSTAL_CODE, "attribute"), 0.8),
    _Sign("phone", 0.7, Meaning("phone", Semantic.PHONE, "identifier"), 0.7),
    _Sign("prefecture", 0.9, Meaning("state", Semantic.TEXT, "attribute"), 0.8),
    _Sign("company", 0.5, Meaning("company", Semantic.COMPANY, "attribute"), 0.6),
    _Sign("address", 0.7, Meaning("address", Semantic.ADDRESS, "attribute"), 0.8),
    _Sign("city", 0.8, Meaning("city", Semantic.TEXT, "attribute"), 0.6),
    _Sign("two_kanji_names", 0.7, Meaning("full_name", Semantic.NAME, "attribute"), 0.6),
    _Sign("two_names", 0.8, Meaning("full_name", Semantic.NAME, "attribute"), 0.4),
    _Sign("street", 0.7, Meaning("street", Semantic.ADDRESS, "attribute"), 0.6),
    _Sign("kana", 0.9, Meaning("full_kana", Semantic.KANA, "attribute"), 0.5),
)
"""From the surest sign to the least sure."""


def _by_values(found: Evidence) -> Guess:
    if not found.filled:
        return Guess(Semantic.TEXT, "none", "", 0.0, "it has no values")
    for sign in _SIGNS:
        if found.share(sign.share) >= sign.least:
            meant = sign.meaning
            why = f"{found.share(sign.share):.0%} of the values look like {meant.name or meant.semantic}"
            return _checked(Guess(meant.semantic, meant.role, meant.name, sign.confidence, why), found)
    return _plain(found)


def _plain(found: Evidence) -> Guess:
    """Numbers, dates, yes and no, long texts: what says nothing about a person but birthdates."""
    if found.share("date") + found.share("date_in_parts") >= _SURE:
        return _when(found)
    for semantic, least in ((Semantic.BOOLEAN, 1.0), (Semantic.INTEGER, 0.95), (Semantic.DECIMAL, 0.95)):
        if found.share(semantic) >= least and not (semantic is Semantic.BOOLEAN and found.distinct > 3):
            if found.share("leading_zero") > 0.02 and semantic is not Semantic.BOOLEAN:
                return Guess(Semantic.ID, "none", "", 0.6, "its digits begin with zeros: a code, no number")
            return Guess(semantic, "none", "", 0.7, f"{found.share(semantic):.0%} of the values are {semantic}")
    if found.share("json_begun") + min(found.share("json"), found.share("json_object")) >= _SURE:
        return Guess(Semantic.JSON, "none", "", 0.7, "its values are JSON")
    if found.share("long") >= _LIKELY:
        return Guess(Semantic.FREE_TEXT, "none", "", 0.5, "its values are long")
    return Guess(Semantic.TEXT, "none", "", 0.2, "neither header nor values say more")


def _when(found: Evidence) -> Guess:
    is_day = found.share("clock") < _LIKELY
    years = found.years
    if is_day and years and _are_births(years):
        return Guess(Semantic.BIRTHDATE, "attribute", "birthdate", 0.6, f"days from {years[0]} to {years[-1]}")
    return Guess(Semantic.DATE if is_day else Semantic.TIMESTAMP, "none", "", 0.7, "its values are times")


def _are_births(years: tuple[int, ...]) -> bool:
    """Birthdates spread over a life; what happens to customers lies within a few years."""
    low, high = years[len(years) // 20], years[-1 - len(years) // 20]
    return low >= 1900 and high - low >= 30


def _with_one_record_id(guesses: Mapping[str, Guess], found: Mapping[str, Evidence]) -> dict[str, Guess]:
    """The column that names rows: the surest one without a value twice or missing; others keep naming nothing."""
    order: list[str] = []
    for roles in (("record_id",), ("identifier",), ("none",)):
        order += [header for header, guess in guesses.items() if guess.role in roles and _may_name_rows(guess, roles)]
    chosen = next((header for header in order if _is_key(found[header])), None)
    named = {
        header: replace(guess, role="none") if guess.role == "record_id" and header != chosen else guess
        for header, guess in guesses.items()
    }
    if chosen is not None:
        guess = named[chosen]
        named[chosen] = replace(guess, role="record_id", why=f"{guess.why}; no two rows have the same")
    return named


def _may_name_rows(guess: Guess, roles: tuple[str, ...]) -> bool:
    """Of identifiers only a member's number names rows too: a mail address belongs to a person."""
    return guess.semantic is Semantic.ID and ("identifier" not in roles or guess.name == "member_id")


def _is_key(found: Evidence) -> bool:
    return found.rows > 0 and found.filled == found.rows and found.distinct == found.rows


_TIMES = ("updated_at", "time", "created_at")


def _with_one_time(guesses: Mapping[str, Guess]) -> dict[str, Guess]:
    """What tells when a row was written, rather than when it began."""
    times = [header for header, guess in guesses.items() if guess.role == "time"]
    chosen = min(times, key=lambda header: _TIMES.index(guesses[header].name), default=None)
    return {
        header: replace(guess, role="none") if guess.role == "time" and header != chosen else guess
        for header, guess in guesses.items()
    }


def _named_once(guesses: Mapping[str, Guess]) -> dict[str, Guess]:
    """The surest column keeps a name; others of the same get a number."""
    taken: set[str] = set()
    renamed: dict[str, str] = {}
    for header in sorted(guesses, key=lambda header: -guesses[header].confidence):
        name = guesses[header].name
        renamed[header] = next(each for each in _numbered(name) if each not in taken) if name else ""
        taken.add(renamed[header])
    return {header: replace(guess, name=renamed[header]) for header, guess in guesses.items()}


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1
