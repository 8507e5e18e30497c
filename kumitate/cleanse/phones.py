"""Columns of phone numbers, by the numbering plans of libphonenumber (see `readings.phones`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import PhoneMetadata

from kumitate.cleanse.columns import Chain, Shortcut, Way
from kumitate.cleanse.text import half_width
from kumitate.readings.phones import read_phone

_TYPES = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan")
_PREFIXES = {"JP": "0", "FR": "0", "GB": "0", "US": "1", "CA": "1"}
"""Countries whose plan is no more than a prefix and the patterns of its kinds of numbers, as tests hold against the
library; in others it has rules of its own, which are left to it."""


@cache
def _national_pattern(country: str) -> tuple[str, str, str] | None:
    """Country code, prefix of calls within the country, and RE2's pattern of what may follow it."""
    plan = PhoneMetadata.metadata_for_region(country) if country in _PREFIXES else None
    if plan is None or plan.national_prefix != _PREFIXES[country]:
        return None
    kinds = (getattr(plan, kind) for kind in _TYPES)
    patterns = [kind.national_number_pattern for kind in kinds if kind is not None and kind.national_number_pattern]
    return str(plan.country_code), plan.national_prefix, "|".join(patterns)


_MARKED = r"^[+＋]?[-0-9０-９() （）\x{2010}\x{2212}\x{30FC}\x{FF0D}]+$"


def _without_dashes(values: pa.Array) -> pa.Array:
    return pc.replace_substring(values, "-", "")


def _without_marks(values: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(values, r"[-() \x{2010}\x{2212}\x{30FC}]", "")


def _shortcuts(country: str) -> tuple[Shortcut | Chain, ...]:
    """Numbers of the country itself, with the marks that people put between digits."""
    plan = _national_pattern(country)
    if plan is None:
        return ()
    code, prefix, national = plan
    unless = rf"^(?:\+{code}|{prefix})0"
    international = rf"^\+{code}(?:{national})$"

    def to_e164(values: pa.Array) -> pa.Array:
        return pc.replace_substring_regex(values, rf"^(?:\+{code}|{prefix})", f"+{code}", max_replacements=1)

    def to_bare_e164(values: pa.Array) -> pa.Array:
        return to_e164(_without_marks(values))

    written = rf"^(?:\+{code}|{prefix})(?:{national})$"
    steps = (("width", half_width), ("e164", to_bare_e164))
    return (
        Shortcut(international, unless=unless),
        Shortcut(written, to_e164, "e164", unless, _without_dashes),
        Chain(_MARKED, steps, international, unless),
    )


@cache
def _region_of_code() -> Mapping[str, str]:
    """Country codes that one region alone has."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return {f"+{code}": found[0] for code, found in regions.items() if len(found) == 1 and found[0] != "001"}


def _region(e164: str | None) -> str | None:
    if e164 is None:
        return None
    for length in (2, 3, 4):  # country codes are prefix-free
        if e164[:length] in _region_of_code():
            return _region_of_code()[e164[:length]]
    region: str | None = phonenumbers.region_code_for_number(phonenumbers.parse(e164))
    return region if region != "001" else None


def _countries(values: pa.Array) -> Mapping[str, pa.Array]:
    return {"country": pa.array([_region(value) for value in values.to_pylist()], pa.string())}


def phone_way(country: str) -> Way:
    """Numbers without a country code are read as in `country` (ISO 3166 alpha-2)."""
    return Way(partial(read_phone, country=country), _shortcuts(country), _countries)
