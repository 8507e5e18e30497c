"""Who an event is of: its identifiers, normalised as the lake normalises them, without the weight of its cleansing.

Ids and e-mail addresses come out equal. Of telephone numbers those do that are written in E.164, or as people of
`TRUNK_ZERO` and North America write their own; a number that no numbering plan knows is left out by the lake only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from kumitate.events.plan import Field, Named, Watched
from kumitate.events.reading import as_text, at_path, read, unified

_LOCAL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_NAMED = re.compile(r"[^<>]*<([^<>]+)>")
_NOISE = " <>,;"
_SEVERAL = re.compile(r"[^@\s,;|/]+@[^@\s,;|/]+[\s,;|/]+[^@\s,;|/]+@")
_LONGEST_EMAIL = 254
_DOMAIN = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,58}[a-z0-9])"
)
_FULL_STOPS = str.maketrans("。．｡", "...")
_EXTENSION = re.compile(
    r"(?<=\d)[\s)]*(?:\(?(?:内線|内|,?\s*(?:ext(?:ension|n)?|x)\.?|#)(?:番号)?\s*[:.]?\s*\d{1,7}\s*\)?|"
    r"\((?:代表?|直通|携帯|自宅|実家|会社|勤務先)\))$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^[^+0-9]{1,20}")
"""`TEL:`, `携帯 `, and brackets before a number."""
_TRAIL = re.compile(r"[^0-9]+$")
_MARKS = re.compile(r"[-() .\u2010-\u2015\u2212\u30fc/・〜~]")
_JAPANESE = r"(?![25-9]0)[1-9][0-9]{8}|[25-9]0[0-9]{8}"
"""What follows a 0, or +81: 9 digits, or 10 of a mobile, internet or free telephone."""
_WITHOUT_ZERO = re.compile(rf"(?:81)?({_JAPANESE})")
"""Spreadsheets take the 0 away."""
_E164 = re.compile(rf"\+81(?:{_JAPANESE})|\+1[2-9][0-9]{{9}}|\+(?!81|1)[1-9][0-9]{{6,14}}")
TRUNK_ZERO = {"JP": "81", "GB": "44", "FR": "33", "DE": "49", "AU": "61", "KR": "82", "TW": "886", "NL": "31"}
"""Countries whose own numbers begin with a 0 that E.164 leaves out, with their codes."""
_ABROAD = (re.compile("^00"), re.compile("^(?:00|010)"))
"""What is dialled before a country's code: anywhere, and from Japan."""
_NORTH_AMERICA = ("US", "CA")


class Name(NamedTuple):
    """One identifier of an event."""

    named: Named
    value: str


def names_of(event: Mapping[str, Any], watched: Watched) -> list[Name]:
    """What the event calls the person by, the surest kind first; blocked and unusable values are none."""
    return list(_names(event, watched))


def normalised(value: Any, field: Field, *, country: str, zone: str = "UTC") -> str | None:
    """An identifier's value as the lake has it; None where it identifies nobody."""
    if field.semantic == "email":
        return _email(as_text(value))
    if field.semantic == "phone":
        return _phone(as_text(value), country)
    found = read(value, field, zone)
    return None if found is None else str(found)


def _names(event: Mapping[str, Any], watched: Watched) -> Iterator[Name]:
    for named in watched.names:
        field = watched.fields[named.column]
        value = normalised(at_path(event, field.path), field, country=named.country, zone=watched.zone)
        if value and not any(is_blocked(value) for is_blocked in map(_blocking, named.blocked)):
            yield Name(named, value)


@cache
def _blocking(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern, re.ASCII | re.IGNORECASE).fullmatch


def _email(text: str | None) -> str | None:
    if text is None or len(text) > 500:
        return None
    plain = _bare(unified(text).lower())
    local, at, domain = plain.rpartition("@")
    if not domain.isascii():
        domain = _ascii_domain(domain)
        plain = f"{local}{at}{domain}"
    is_usable = _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain) and not _SEVERAL.search(plain)
    return plain if is_usable and len(plain) <= _LONGEST_EMAIL else None


def _bare(value: str) -> str:
    """`mailto:a@x.jp` and `Taro <a@x.jp>` are `a@x.jp`."""
    named = _NAMED.fullmatch(value)
    return (named[1] if named else value).strip(_NOISE).removeprefix("mailto:").strip(_NOISE).rstrip(_NOISE + ".")


def _ascii_domain(value: str) -> str:
    return ".".join(_ascii_label(label) for label in value.translate(_FULL_STOPS).split("."))


def _ascii_label(label: str) -> str:
    label = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).lower())
    if label.isascii() or not all(char in "-・" or unicodedata.category(char)[0] in "LMN" for char in label):
        return label
    return "xn--" + label.encode("punycode").decode("ascii")


def _phone(text: str | None, country: str) -> str | None:
    if text is None or len(text) > 100:
        return None
    number = _TRAIL.sub("", _LABEL.sub("", _EXTENSION.sub("", unified(text))))
    plain = _MARKS.sub("", number.replace("(0)", ""))
    plain = _ABROAD[country == "JP"].sub("+", plain)
    code = TRUNK_ZERO.get(country)
    if code is not None:
        if plain.startswith("0"):
            plain = f"+{code}{plain[1:]}"
        elif plain.startswith(f"+{code}0"):
            plain = f"+{code}{plain[len(code) + 2 :]}"
        elif country == "JP" and (bare := _WITHOUT_ZERO.fullmatch(plain)):
            plain = f"+81{bare[1]}"
    elif country in _NORTH_AMERICA and re.fullmatch(r"1?[2-9][0-9]{9}", plain):
        plain = f"+1{plain[-10:]}"
    return plain if _E164.fullmatch(plain) else None
