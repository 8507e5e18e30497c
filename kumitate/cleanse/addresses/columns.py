"""A column of addresses: unified as text by kernels, then each distinct one taken apart once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.addresses.parsing import Place
from kumitate.cleanse.addresses.reading import PARTS, parsed
from kumitate.cleanse.columns import Way, cleanse_column
from kumitate.cleanse.reasons import limit_of
from kumitate.cleanse.text import TEXT_SHORTCUTS, read_text
from kumitate.cleanse.values import Cleansed, ColumnCleanser
from kumitate.config.source import Semantic

_TEXT = Way(read_text, TEXT_SHORTCUTS, limit=limit_of(Semantic.ADDRESS), too_long="address.too_long")


def address_cleanser(country: str, parts: tuple[str, ...] = ()) -> ColumnCleanser:
    """Outside Japan (`country`, ISO 3166) only the text is unified, and the parts are null."""
    return partial(_cleansed, country=country, parts=parts)


def _cleansed(values: pa.Array, *, country: str, parts: tuple[str, ...]) -> Cleansed:
    unified = cleanse_column(values, way=_TEXT, type_=pa.string())
    if country != "JP":
        return Cleansed(unified.values, unified.reasons, {part: pa.nulls(len(values), pa.string()) for part in parts})
    distinct, indices = _in_order(unified.values)
    found = [parsed(text) for text in distinct.to_pylist()]
    written = pa.array([each.written for each in found], pa.string()).take(indices)
    codes = pa.array([each.codes or None for each in found], pa.string()).take(indices)
    places = [each.place for each in found]
    taken = {part: texts.take(indices) for part, texts in _parts(places, parts).items()}
    return Cleansed(written, joined_codes(unified.reasons, codes), taken)


def _in_order(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The distinct values in order, and where each value is among them.

    Neighbours in the text are neighbours on the map: the towns of one city stay in the processor's cache, which makes
    reading them half as long again faster.
    """
    encoded = values.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    places = np.empty(len(order), np.int32)
    places[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    return encoded.dictionary.take(order), pa.array(places).take(encoded.indices)


def _parts(places: list[Place | None], parts: tuple[str, ...]) -> Mapping[str, pa.Array]:
    return {
        part: pa.array([place and (read(place) or None) for place in places], pa.string())
        for part, read in PARTS.items()
        if part in parts
    }


def joined_codes(*codes: pa.Array) -> pa.Array:
    """Codes with a blank between; null where there are none.

    Nulls become empty first: `null_handling="skip"` loses a row whose values are all null (pyarrow 26).
    """
    told = [each for each in codes if each.null_count < len(each)]
    if len(told) < 2:
        return told[0] if told else codes[0]
    joined = pc.binary_join_element_wise(*(pc.fill_null(each, "") for each in told), " ")
    trimmed = pc.utf8_trim(pc.replace_substring_regex(joined, " +", " "), " ")
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
