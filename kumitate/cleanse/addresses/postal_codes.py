"""Postal codes: Japan's held against the postal master, other countries' by the shape they have there."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.addresses.columns import joined_codes
from kumitate.cleanse.addresses.master import master
from kumitate.cleanse.columns import Way, cleanse_column
from kumitate.cleanse.text import TEXT_SHORTCUTS
from kumitate.cleanse.values import Cleansed, ColumnCleanser
from kumitate.config.source import Semantic
from kumitate.errors import RecordError
from kumitate.readings.limits import limit_of
from kumitate.readings.reading import NOTHING, Reading
from kumitate.readings.text import read_text

INVALID = "postal_code.invalid"
UNLISTED = "postal_code_unlisted"
_TOO_LONG = "postal_code.too_long"
_TEXT = Way(read_text, TEXT_SHORTCUTS, limit=limit_of(Semantic.POSTAL_CODE), too_long=_TOO_LONG)
_MARKS = r"[\s〒〶.\-‐‑‒–—―−ー]"
_DIGITS = 7
_CUT = rf"^[\s〒〶]*[1-9][0-9]{_MARKS}?[0-9]{{4}}$"
"""A code without its first 0; 100-000 lost its last digit, and nobody can tell which it was."""
_FLOAT = r"^([0-9]{3,9})\.0$"

SHAPES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("AT", "AU", "BE", "CH", "DK", "HU", "NO", "NZ", "PH", "SI", "ZA"), (r"(\d{4})", r"\1")),
    **dict.fromkeys(("DE", "ES", "FI", "FR", "ID", "IT", "KR", "MX", "MY", "TH", "TR", "UA"), (r"(\d{5})", r"\1")),
    **dict.fromkeys(("CN", "IN", "RU", "SG", "VN"), (r"(\d{6})", r"\1")),
    "BR": (r"(\d{5})(\d{3})", r"\1-\2"),
    "CA": (r"([ABCEGHJ-NPRSTVXY]\d[A-Z])(\d[A-Z]\d)", r"\1 \2"),
    "CZ": (r"(\d{3})(\d{2})", r"\1 \2"),
    "GB": (r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})", r"\1 \2"),
    "GR": (r"(\d{3})(\d{2})", r"\1 \2"),
    "IE": (r"([A-Z]\d[\dW])([A-Z\d]{4})", r"\1 \2"),
    "NL": (r"([1-9]\d{3})([A-Z]{2})", r"\1 \2"),
    "PL": (r"(\d{2})(\d{3})", r"\1-\2"),
    "PT": (r"(\d{4})(\d{3})", r"\1-\2"),
    "SE": (r"(\d{3})(\d{2})", r"\1 \2"),
    "SK": (r"(\d{3})(\d{2})", r"\1 \2"),
    "TW": (r"(\d{3}(?:\d{2,3})?)", r"\1"),
    "US": (r"(\d{5})(\d{4})?", r"\1-\2"),
}
"""Country -> the code without blanks and hyphens, and how it is written (Universal Postal Union, addressing systems).

In a country that is not listed a code is any text, in capitals.
"""


def postal_code_cleanser(country: str) -> ColumnCleanser:
    """`country` is ISO 3166, alpha-2."""
    return _japanese if country == "JP" else partial(_elsewhere, country=country)


def read_postal_code(value: str, *, country: str) -> Reading:
    """`〒１０００００１` is `100-0001` in Japan, `sw1a1aa` is `SW1A 1AA` in Britain; RecordError where it is none."""
    found = postal_code_cleanser(country)(pa.array([value]))
    reason, code = found.reasons[0].as_py(), found.values[0].as_py()
    if code is None and reason is not None:
        raise RecordError(reason)
    return Reading(code, tuple(reason.split()) if reason else ()) if code else NOTHING


def _japanese(values: pa.Array) -> Cleansed:
    """A code of seven digits that the master does not list is kept and told; six digits with a 0 before them, which a
    spreadsheet took away, are read if the master lists that.
    """
    unified = cleanse_column(values, way=_TEXT, type_=pa.string())
    told = _whole(unified.values)
    digits = pc.replace_substring_regex(told, _MARKS, "")
    is_whole = pc.match_substring_regex(digits, r"^[0-9]{7}$")
    is_cut = pc.match_substring_regex(told, _CUT)
    is_number = pc.or_(is_whole, is_cut)
    numbers = pc.if_else(is_number, digits, pa.scalar(None, pa.string())).cast(pa.int32())
    is_listed = pa.array(master().lists(pc.fill_null(numbers, -1).to_numpy(zero_copy_only=False)))
    is_usable = pc.or_(is_whole, pc.and_(is_cut, is_listed))
    padded = pc.utf8_lpad(digits, _DIGITS, "0")
    written = pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(padded, 0, 3), pc.utf8_slice_codeunits(padded, 3, _DIGITS), "-"
    )
    written = pc.if_else(is_usable, written, pa.scalar(None, pa.string()))
    unlisted = pc.and_(is_whole, pc.invert(is_listed))
    return Cleansed(written, _reasons(unified, written, ((is_cut, "leading_zero"), (unlisted, UNLISTED))))


def _whole(values: pa.Array) -> pa.Array:
    """`10115` of `10115.0`, as a data frame writes a column of numbers: the 0 is no digit of the code."""
    return pc.replace_substring_regex(values, _FLOAT, r"\1")


def _elsewhere(values: pa.Array, *, country: str) -> Cleansed:
    unified = cleanse_column(values, way=_TEXT, type_=pa.string())
    capitals = pc.utf8_upper(_whole(unified.values))
    if country not in SHAPES:
        return Cleansed(capitals, _reasons(unified, capitals))
    pattern, written = SHAPES[country]
    # D-10115, CH-8001: the country before the code.
    bare = pc.replace_substring_regex(capitals, r"^([A-Z]{1,2})-", "") if pattern.startswith(r"(\d") else capitals
    shown = pc.replace_substring_regex(pc.replace_substring_regex(bare, _MARKS, ""), f"^{pattern}$", written)
    shown = pc.utf8_rtrim(shown, "-")
    is_code = pc.match_substring_regex(pc.replace_substring_regex(bare, _MARKS, ""), f"^{pattern}$")
    shown = pc.if_else(is_code, shown, pa.scalar(None, pa.string()))
    return Cleansed(shown, _reasons(unified, shown))


def _reasons(unified: Cleansed, written: pa.Array, told: tuple[tuple[pa.Array, str], ...] = ()) -> pa.Array:
    """Codes of the text, `notation` where it was written otherwise, then what is `told`; or why there is no value."""
    nothing = pa.scalar(None, pa.string())
    changed = pc.fill_null(pc.not_equal(unified.values, written), False)
    codes = [unified.reasons, pc.if_else(changed, "notation", nothing)]
    codes += [pc.if_else(pc.fill_null(mask, False), code, nothing) for mask, code in told]
    kept = joined_codes(*codes)
    dropped = pc.and_(written.is_null(), unified.values.is_valid())
    return pc.if_else(dropped, INVALID, pc.if_else(unified.values.is_null(), unified.reasons, kept))
