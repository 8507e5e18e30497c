"""What cleansing did to a row, beside the row: which column for which reason, and what had been delivered."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

_STRINGS = pa.list_(pa.field("element", pa.string()))


def gathered(
    delivered: Mapping[str, pa.Array], reasons: Mapping[str, pa.Array], count: int
) -> tuple[pa.Array, pa.Array]:
    """Per row a list of `column:code`, and a JSON object of what was delivered; both null where nothing was done."""
    touched = {column: each for column, each in reasons.items() if each.null_count < count}
    if not touched:
        return pa.nulls(count, _STRINGS), pa.nulls(count, pa.string())
    codes = _joined([_entries(column, each) for column, each in touched.items()])
    members = _joined([_member(column, delivered[column], each) for column, each in touched.items()])
    return pc.split_pattern(codes, " ").cast(_STRINGS), pc.binary_join_element_wise("{", members, "}", "")


def _entries(column: str, reasons: pa.Array) -> pa.Array:
    """` email:width email:idn` for `width idn`."""
    encoded = reasons.dictionary_encode()
    named = ["".join(f" {column}:{code}" for code in each.split()) for each in encoded.dictionary.to_pylist()]
    return pa.array(named, pa.string()).take(encoded.indices)


def _member(column: str, delivered: pa.Array, reasons: pa.Array) -> pa.Array:
    """`,"email":"Ａ@x.jp"` where there is a reason; each distinct text is written once."""
    is_touched = reasons.is_valid()
    encoded = delivered.filter(is_touched).dictionary_encode()
    prefix = f",{json.dumps(column)}:"
    members = [prefix + json.dumps(text, ensure_ascii=False) for text in encoded.dictionary.to_pylist()]
    touched = pa.array(members, pa.string()).take(encoded.indices)
    return pc.replace_with_mask(pa.nulls(len(delivered), pa.string()), is_touched, touched)


def _joined(texts: list[pa.Array]) -> pa.Array:
    """Row by row, without the separator that each text begins with; null where all are."""
    joined = pc.binary_join_element_wise(*(pc.fill_null(text, "") for text in texts), "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), pc.utf8_slice_codeunits(joined, 1))
