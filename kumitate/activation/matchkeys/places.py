"""Postal codes, cities, prefectures and countries as platforms want them before hashing."""

from __future__ import annotations

import re
import unicodedata

from kumitate.errors import RecordError

_ALPHA_2 = re.compile(r"[A-Za-z]{2}")
_POSTAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{1,10}[A-Za-z0-9]")
_NOT_ISO = {"UK": "GB", "EL": "GR"}
"""What people write for a country whose ISO code is another."""


def postal_code(text: str, country: str) -> str:
    """As the country writes it: `1000001` in Japan is `100-0001`."""
    if country != "JP":
        return _shaped(text).upper()
    found = _japanese_postal_digits(text)
    return f"{found[:3]}-{found[3:]}"


def compact_postal_code(text: str, country: str) -> str:
    """Lower case without spaces and dashes; five digits in the US, seven in Japan: `〒100-0001` is `1000001`."""
    if country == "JP":
        return _japanese_postal_digits(text)
    compact = re.sub(r"[\s-]", "", _shaped(text).lower())
    if country != "US":
        return compact
    if not re.fullmatch("[0-9]{5}([0-9]{4})?", compact):
        raise RecordError("postal_code.invalid")
    return compact[:5]


def _shaped(text: str) -> str:
    """What may be a postal code anywhere: an address in the wrong column never leaves readable."""
    if not _POSTAL.fullmatch(text):
        raise RecordError("postal_code.invalid")
    return text


def _japanese_postal_digits(text: str) -> str:
    found = "".join(sign for sign in text if sign.isdecimal())
    if len(found) != 7 or not found.isascii():
        raise RecordError("postal_code.invalid")
    return found


def letters(text: str, _country: str) -> str:
    """A city or prefecture: lower case, letters alone, any script: `Washington, D.C.` is `washingtondc`."""
    return "".join(sign for sign in text.lower() if unicodedata.category(sign)[0] in "LM")


def letters_and_digits(text: str, _country: str) -> str:
    """A street address or city: lower case without spaces and punctuation, any script."""
    return "".join(sign for sign in text.lower() if unicodedata.category(sign)[0] in "LMN")


def country_code(text: str, _country: str) -> str:
    """ISO 3166 alpha-2, upper case."""
    if not _ALPHA_2.fullmatch(text):
        raise RecordError("country.invalid")
    return _NOT_ISO.get(text.upper(), text.upper())


def lower_country_code(text: str, country: str) -> str:
    """ISO 3166 alpha-2, lower case."""
    return country_code(text, country).lower()
