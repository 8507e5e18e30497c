"""A column of addresses: unified as text and taken apart by kernels where it is plain; else each distinct one once."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.addresses.parsing import Place
from kumitate.cleanse.addresses.plain_notations import settle
from kumitate.cleanse.addresses.reading import PARTS, parsed
from kumitate.cleanse.columns import Way, cleanse_column, each_once, in_order
from kumitate.cleanse.text import TEXT_SHORTCUTS
from kumitate.cleanse.values import Cleansed, ColumnCleanser
from kumitate.config.source import Semantic
from kumitate.readings.limits import limit_of
from kumitate.readings.text import read_text

_TEXT = Way(read_text, TEXT_SHORTCUTS, limit=limit_of(Semantic.ADDRESS), too_long="address.too_long")
_AT_ONCE = 65_536
"""Addresses; what is read of more would take much memory at a time."""
_FEW = 1_000
"""So many are read one by one in the time that it takes to ask which heads are known."""


def address_cleanser(country: str, parts: tuple[str, ...] = ()) -> ColumnCleanser:
    """Outside Japan (`country`, ISO 3166) only the text is unified, and the parts are null."""
    return partial(each_once, cleanse=partial(_cleansed, country=country, parts=parts))


def _cleansed(values: pa.Array, *, country: str, parts: tuple[str, ...]) -> Cleansed:
    unified = cleanse_column(values, way=_TEXT, type_=pa.string())
    if country != "JP":
        return Cleansed(unified.values, unified.reasons, {part: pa.nulls(len(values), pa.string()) for part in parts})
    known = _known(parts)
    slices = (unified.values.slice(start, _AT_ONCE) for start in range(0, max(len(values), 1), _AT_ONCE))
    found = [_by_kernels(each, known) if len(each) > _FEW else _one_by_one(each, known) for each in slices]
    return Cleansed(
        pa.concat_arrays([each.values for each in found]),
        joined_codes(unified.reasons, pa.concat_arrays([each.reasons for each in found])),
        {part: pa.concat_arrays([each.parts[part] for each in found]) for part in known},
    )


def _by_kernels(unified: pa.Array, parts: tuple[str, ...]) -> Cleansed:
    mask, settled = settle(unified, parts)
    rest = _one_by_one(unified.filter(pc.invert(mask)), parts)
    is_settled = mask.to_numpy(zero_copy_only=False)
    return in_order([(np.flatnonzero(is_settled), settled), (np.flatnonzero(~is_settled), rest)], parts)


def _one_by_one(unified: pa.Array, parts: tuple[str, ...]) -> Cleansed:
    distinct, indices = _in_order(unified)
    written, codes, *taken = (each.take(indices) for each in _read(distinct, parts))
    return Cleansed(written, codes, dict(zip(parts, taken, strict=True)))


def _read(distinct: pa.Array, parts: tuple[str, ...]) -> tuple[pa.Array, ...]:
    """How each is written, its codes, then each part."""
    found = [parsed(text) for text in distinct.to_pylist()]
    places = [each.place for each in found]
    told = ([each.written for each in found], [each.codes or None for each in found])
    return (*(pa.array(texts, pa.string()) for texts in told), *(_part(places, part) for part in parts))


def _known(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for part in PARTS if part in parts)


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


def _part(places: list[Place | None], part: str) -> pa.Array:
    read = PARTS[part]
    return pa.array([place and (read(place) or None) for place in places], pa.string())


def joined_codes(*codes: pa.Array) -> pa.Array:
    """Codes with a blank between; null where there are none."""
    told = [each for each in codes if each.null_count < len(each)]
    if len(told) < 2:
        return told[0] if told else codes[0]
    # Nulls become empty first: `null_handling="skip"` loses a row whose values are all null (pyarrow 26).
    joined = pc.binary_join_element_wise(*(pc.fill_null(each, "") for each in told), " ").dictionary_encode()
    tidied = [" ".join(text.split()) or None for text in joined.dictionary.to_pylist()]
    return pa.array(tidied, pa.string()).take(joined.indices)
