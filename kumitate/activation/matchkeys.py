"""Match keys: what an ad platform recognises a person by, normalised by that platform's rules, then hashed.

One rule set per platform and API version; each rule takes plain text and the person's country and gives the text
that is hashed, or raises RecordError with a reason code. Nothing is stored hashed: platforms differ.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import phonenumbers

from kumitate.errors import RecordError

NONE = "matchkey.none"
"""The reason of a row without a single usable match key."""

Rule = Callable[[str, str], str]
"""(text, ISO country) -> normalised text; RecordError where the value cannot match."""

_HASHED = re.compile(r"[0-9a-f]{64}")
_EMPTY_HASH = hashlib.sha256(b"").hexdigest()
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_ALPHA_2 = re.compile(r"[A-Za-z]{2}")
_TITLE = re.compile(r"^(?:mrs|mr|ms|dr)\.?\s+")
_GENERATION = re.compile(r"(?:,\s*|\s+)(?:jr|sr|ii|iii|iv)\.?$")
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A platform's rules by field; `plain` are those it wants readable."""

    name: str
    rules: Mapping[str, Rule]
    plain: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """What a row offers for matching, and why the rest was dropped."""

    values: Mapping[str, str] = field(repr=False)
    dropped: Mapping[str, str]
    """Field -> reason code."""


def match_keys(rules: RuleSet, fields: Mapping[str, Any], *, country: str) -> MatchKeys:
    """Every usable match key of a row, hashed unless the platform wants it plain.

    The row's own `country` goes before the default one. A value that is already a SHA-256 passes through.
    """
    values: dict[str, str] = {}
    dropped: dict[str, str] = {}
    stated = str(fields.get("country") or "").strip() or country
    home = stated.upper() if _ALPHA_2.fullmatch(stated) else country
    offered = {**fields, "country": stated}
    for name, rule in rules.rules.items():
        given = offered.get(name)
        if given is None or not str(given).strip():
            continue
        try:
            values[name] = _key(str(given), rule, home, plain=name in rules.plain)
        except RecordError as error:
            dropped[name] = error.reason
    return MatchKeys(values, dropped)


def _key(given: str, rule: Rule, country: str, *, plain: bool) -> str:
    hashed = given.strip().lower()
    if _HASHED.fullmatch(hashed) and not plain:
        if hashed == _EMPTY_HASH:
            raise RecordError("hash.of_nothing")
        return hashed
    normalised = rule(unicodedata.normalize("NFKC", given).strip(), country)
    if not normalised:
        raise RecordError("value.empty")
    return normalised if plain else hashlib.sha256(normalised.encode()).hexdigest()


def email(text: str, _country: str) -> str:
    """Trimmed, lower case: ` Mary@Example.COM` is `mary@example.com`."""
    lowered = text.lower()
    if not _EMAIL.fullmatch(lowered):
        raise RecordError("email.invalid")
    return lowered


def google_email(text: str, country: str) -> str:
    """Gmail ignores dots and what follows a plus, so `a.b+c@gmail.com` and `ab@gmail.com` are one person."""
    lowered = email(text, country)
    local, domain = lowered.rsplit("@", 1)
    if domain not in _GMAIL:
        return lowered
    mailbox = local.split("+", 1)[0].replace(".", "")
    if not mailbox:
        raise RecordError("email.invalid")
    return f"{mailbox}@{domain}"


def e164(text: str, country: str) -> str:
    """`090-1234-5678` in Japan is `+819012345678`."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise RecordError("phone.invalid") from None
    if not phonenumbers.is_valid_number(number):
        raise RecordError("phone.invalid")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def digits(text: str, country: str) -> str:
    """`090-1234-5678` in Japan is `819012345678`."""
    return e164(text, country).removeprefix("+")


def name(text: str, _country: str) -> str:
    """Lower case without title and punctuation; any script stays: `Dr. O'Neil` is `oneil`, `山田` is `山田`."""
    lowered = _GENERATION.sub("", _TITLE.sub("", text.lower()))
    kept = "".join(sign for sign in lowered if not unicodedata.category(sign).startswith("P"))
    return " ".join(kept.split())


def postal_code(text: str, country: str) -> str:
    """As the country writes it: `1000001` in Japan is `100-0001`."""
    if country != "JP":
        return text.upper()
    found = _japanese_postal_digits(text)
    return f"{found[:3]}-{found[3:]}"


def compact_postal_code(text: str, country: str) -> str:
    """Lower case without spaces and dashes; five digits in the US, seven in Japan: `〒100-0001` is `1000001`."""
    if country == "JP":
        return _japanese_postal_digits(text)
    compact = re.sub(r"[\s-]", "", text.lower())
    return compact[:5] if country == "US" else compact


def _japanese_postal_digits(text: str) -> str:
    found = "".join(sign for sign in text if sign.isdecimal())
    if len(found) != 7:
        raise RecordError("postal_code.invalid")
    return found


def country_code(text: str, _country: str) -> str:
    """ISO 3166 alpha-2, upper case."""
    if not _ALPHA_2.fullmatch(text):
        raise RecordError("country.invalid")
    return text.upper()


def lower_country_code(text: str, country: str) -> str:
    """ISO 3166 alpha-2, lower case."""
    return country_code(text, country).lower()


GOOGLE_DATA_MANAGER_V1 = RuleSet(
    "google_data_manager.v1",
    {
        "email": google_email,
        "phone": e164,
        "given_name": name,
        "family_name": name,
        "postal_code": postal_code,
        "country": country_code,
    },
    plain=frozenset({"postal_code", "country"}),
)

META_V26 = RuleSet(
    "meta.v26",
    {
        "email": email,
        "phone": digits,
        "given_name": name,
        "family_name": name,
        "postal_code": compact_postal_code,
        "country": lower_country_code,
    },
)
