"""Postal codes, cities, prefectures and countries as platforms want them before hashing."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from kumitate.cleanse.countries import ALPHA2
from kumitate.cleanse.countries import country_code as cleansed_country
from kumitate.errors import RecordError

_POSTAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{1,10}[A-Za-z0-9]")
_ZIP = re.compile("[0-9]{5}(-?[0-9]{4})?")
_US_STATES = """
AL Alabama AK Alaska AZ Arizona AR Arkansas CA California CO Colorado CT Connecticut DE Delaware
DC District_of_Columbia FL Florida GA Georgia HI Hawaii ID Idaho IL Illinois IN Indiana IA Iowa KS Kansas KY Kentucky
LA Louisiana ME Maine MD Maryland MA Massachusetts MI Michigan MN Minnesota MS Mississippi MO Missouri MT Montana
NE Nebraska NV Nevada NH New_Hampshire NJ New_Jersey NM New_Mexico NY New_York NC North_Carolina ND North_Dakota
OH Ohio OK Oklahoma OR Oregon PA Pennsylvania RI Rhode_Island SC South_Carolina SD South_Dakota TN Tennessee TX Texas
UT Utah VT Vermont VA Virginia WA Washington WV West_Virginia WI Wisconsin WY Wyoming
"""
_PAIRS = _US_STATES.lower().replace("_", "").split()
_CODE_OF_STATE = dict(zip(_PAIRS[1::2], _PAIRS[::2], strict=True)) | {"washingtondc": "dc"}
SAYS_NOTHING = frozenset(
    {
        "null",
        "nan",
        "undefined",
        "unknown",
        "n/a",
        "n.a",
        "#n/a",
        "不明",
        "なし",
        "無し",
        "未設定",
        "未入力",
        "未登録",
        "該当なし",
    }
)
"""What people and programs write where there is no word; hashed, it would be one and the same for all of them."""


@lru_cache(4096)
def postal_code(text: str, country: str) -> str:
    """As the country writes it: `1000001` in Japan is `100-0001`."""
    if country == "US" and not _ZIP.fullmatch(text):
        raise RecordError("postal_code.invalid")
    if country != "JP":
        return _shaped(text).upper()
    found = _japanese_postal_digits(text)
    return f"{found[:3]}-{found[3:]}"


@lru_cache(4096)
def compact_postal_code(text: str, country: str) -> str:
    """Lower case without spaces and dashes; five digits in the US, seven in Japan: `〒100-0001` is `1000001`."""
    if country == "JP":
        return _japanese_postal_digits(text)
    compact = re.sub(r"[\s-]", "", _shaped(text).lower())
    if country != "US":
        return compact
    if not _ZIP.fullmatch(compact):
        raise RecordError("postal_code.invalid")
    return compact[:5]


def _shaped(text: str) -> str:
    """What may be a postal code anywhere: an address in the wrong column never leaves readable."""
    if not _POSTAL.fullmatch(text):
        raise RecordError("postal_code.invalid")
    return text


def _japanese_postal_digits(text: str) -> str:
    found = "".join(sign for sign in text if sign.isdecimal())
    if len(found) != 7 or not found.isascii() or not found.strip("0"):
        raise RecordError("postal_code.invalid")
    return found


def told(text: str) -> str:
    """A word in lower case; RecordError where it says that there is none: `N/A` is no name and no city."""
    if says_nothing(text):
        raise RecordError("value.placeholder")
    return text.lower()


def says_nothing(text: str) -> bool:
    return text.lower().strip(" .()<>[]") in SAYS_NOTHING


@lru_cache(4096)  # the same in many rows
def letters(text: str, _country: str) -> str:
    """A city or prefecture: lower case, letters alone, any script: `Washington, D.C.` is `washingtondc`."""
    return "".join(sign for sign in told(text) if unicodedata.category(sign)[0] in "LM")


@lru_cache(4096)
def state(text: str, country: str) -> str:
    """A prefecture or state as `letters`; in the US its two letters: `California` is `ca`, `東京都` is `東京都`."""
    bare = letters(text, country)
    return _CODE_OF_STATE.get(bare, bare) if country == "US" else bare


def letters_and_digits(text: str, _country: str) -> str:
    """A street address or city: lower case without spaces and punctuation, any script."""
    return "".join(sign for sign in told(text) if unicodedata.category(sign)[0] in "LMN")


def uploaded(text: str, country: str) -> str:
    """As Amazon's uploader: letters and digits, but no Latin letter beyond a to z; other scripts stay."""
    return "".join(sign for sign in letters_and_digits(text, country) if sign.isascii() or not _is_latin(sign))


def _is_latin(sign: str) -> bool:
    return unicodedata.name(sign, "").startswith("LATIN")


def country_code(text: str, _country: str) -> str:
    """ISO 3166 alpha-2, upper case: `jp`, `JPN`, `Japan` and `日本` are `JP`, `U.S.A.` is `US`."""
    if text.upper() in ALPHA2:
        return text.upper()
    found: str | None = cleansed_country(text)
    if found is None:
        raise RecordError("country.invalid")
    return found


def lower_country_code(text: str, country: str) -> str:
    """ISO 3166 alpha-2, lower case."""
    return country_code(text, country).lower()
