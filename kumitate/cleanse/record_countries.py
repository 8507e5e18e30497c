"""Columns whose country stands in another column of the same row, or nowhere: whose plan a number is read by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.addresses.columns import joined_codes
from kumitate.cleanse.addresses.postal_codes import INVALID as NO_POSTAL_CODE
from kumitate.cleanse.columns import in_order
from kumitate.cleanse.rules import Rule, column_cleanser
from kumitate.cleanse.values import Cleansed
from kumitate.config.source import Semantic

UNKNOWN = "country_unknown"
OF_A_COUNTRY = frozenset({Semantic.PHONE, Semantic.POSTAL_CODE, Semantic.ADDRESS})
"""What is written in a way of its country's own."""

_NO_PHONE = "phone.invalid"
_PHONE = re.compile(r"[-0-9 ().・/]+(?:(?:x|ext\.?|#) ?[0-9]{1,7})?", re.IGNORECASE)
_PHONE_DIGITS = (7, 21)
_LEAST_DIFFERENT = 4
_POSTAL_CODE = re.compile(r"[A-Z0-9][A-Z0-9 -]{1,9}", re.IGNORECASE)
_IN_A_ROW = "01234567890" * 2


def cleanse_delivered(rule: Rule, delivered: Mapping[str, pa.Array]) -> Cleansed:
    """The rule's column out of a row's delivered texts; where its country column says nothing, the rule's country.

    What does not fit a country that is only assumed, but may be right in another, is kept as text
    (`country_unknown`); what is right nowhere (`なし`, 00000) is unusable still.
    """
    values = delivered[rule.column]
    if rule.country_column is None:
        return _of_one_country(rule, values)
    asked = replace(rule, semantic=Semantic.COUNTRY, parts=(), country_column=None)
    told = column_cleanser(asked)(delivered[rule.country_column]).values
    countries = pc.fill_null(told, "").dictionary_encode()
    placed = []
    for place, country in enumerate(countries.dictionary.to_pylist()):
        places = np.flatnonzero(countries.indices.to_numpy(zero_copy_only=False) == place)
        of_country = replace(rule, country=country, is_country_known=True) if country else rule
        placed.append((places, _of_one_country(of_country, values.take(pa.array(places)))))
    return in_order(placed, rule.parts) if placed else _of_one_country(rule, values)


def _of_one_country(rule: Rule, values: pa.Array) -> Cleansed:
    plain = replace(rule, country_column=None, is_country_known=True)
    found = column_cleanser(plain)(values)
    if rule.is_country_known or rule.semantic not in OF_A_COUNTRY:
        return found
    is_misfit = pc.fill_null(pc.is_in(found.reasons, pa.array([_NO_PHONE, NO_POSTAL_CODE])), False)
    return _kept(plain, values, found, is_misfit=is_misfit) if is_misfit.true_count else found


def _kept(rule: Rule, values: pa.Array, found: Cleansed, *, is_misfit: pa.Array) -> Cleansed:
    """With those of the misfits, as unified texts, that may be right in another country."""
    text = column_cleanser(replace(rule, semantic=Semantic.TEXT, parts=()))(values.filter(is_misfit))
    encoded = text.values.dictionary_encode()
    may_be = _may_be_phone if rule.semantic is Semantic.PHONE else _may_be_postal_code
    is_kept = pa.array([may_be(each) for each in encoded.dictionary.to_pylist()], pa.bool_()).take(encoded.indices)
    codes = joined_codes(text.reasons, pa.repeat(UNKNOWN, len(text.values)))
    nothing = pa.scalar(None, pa.string())
    return Cleansed(
        pc.replace_with_mask(found.values, is_misfit, pc.if_else(is_kept, text.values, nothing)),
        pc.replace_with_mask(
            found.reasons, is_misfit, pc.if_else(is_kept, codes, found.reasons.filter(is_misfit)).cast(pa.string())
        ),
        found.parts,
    )


def _may_be_phone(text: str) -> bool:
    """A number of some plan, by its length; the same few digits all over, or digits in a row, are nobody's."""
    digits = re.sub(r"\D", "", text)
    is_long = _PHONE_DIGITS[0] <= len(digits) <= _PHONE_DIGITS[1]
    return bool(is_long and _PHONE.fullmatch(text) and len(set(digits)) >= _LEAST_DIFFERENT and digits not in _IN_A_ROW)


def _may_be_postal_code(text: str) -> bool:
    """Two digits at least, and not one digit alone."""
    digits = re.sub(r"\D", "", text)
    return bool(_POSTAL_CODE.fullmatch(text) and len(digits) > 1 and (len(set(digits)) > 1 or digits != text))
