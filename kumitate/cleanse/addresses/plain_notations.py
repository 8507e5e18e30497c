"""Addresses in the plainest notations, a column at a time: head by head and by kernels, not one by one.

Plain is `1-2-3`, `1丁目2番3号` or `1番地の2` behind a head that tells its town, then nothing or a building. Where any
other rule might have a say, the text is left to be read by itself (`reading`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.addresses.blocks import MARKS
from kumitate.cleanse.addresses.heads import KnownHeads
from kumitate.cleanse.addresses.parsing import GOES_ON
from kumitate.cleanse.values import Cleansed

_NOTHING = pa.scalar(None, pa.string())
_DASHES = r"\-‐‑‒–—―−─━ー~〜"
_NUMBER = "[1-9][0-9]{0,7}"
_BETWEEN = f"(?:丁目?|番地?[のノ之]?|号|[のノ之]| ?[{_DASHES}]) ?"
# ノ would go on with the number.
_KATAKANA = "ァ-ネハ-ヺ"
_SHAPE = (
    r"^(?P<head>[ぁ-ゖァ-ヺー々〆〇\x{3400}-\x{4DBF}一-\x{9FFF} ]+)"
    rf"(?P<numbers>{_NUMBER}(?:{_BETWEEN}{_NUMBER})*)(?P<unit>丁目|番地?|号)?"
    rf"(?P<rest>[{_KATAKANA}].*| [^ ・,、/({_DASHES}].*)?$"
)
_BEHIND_UNIT = rf"^ [^{_KATAKANA}A-Za-z]"
"""What may go on with the number, once the blank between Japanese characters is gone: `3番 東1`."""
_UNTIDY = (
    r"[^\x00-\x7f] [^\x00-\x7f]"
    rf"|[0-9A-Za-z](?: [{_DASHES}]|[‐‑‒–—―−─━ー~〜]|- )|[目地番号][{_DASHES}]"
)
_LONGEST_HEAD = 200
"""Bytes; no place of the master has half as many."""
_STREET = "[上下入通]"
_ROOM = r"^[0-9]+-[0-9]+-[0-9]+-(?:[1-9][0-9]{3,}|[2-9][0-9]{2}|1[1-9][0-9]|10[1-9])$"
_LAST = "-(?P<room>[0-9]+)$"
_CODES = pa.array([None, "notation", "prefecture_added", "notation prefecture_added"])

KNOWN_HEADS = KnownHeads()
"""This process's."""


class _Found(NamedTuple):
    """Addresses taken apart: `texts` as unified, `heads` a row for each (see `heads.Head`)."""

    texts: pa.Array
    heads: pa.RecordBatch
    block: pa.Array
    building: pa.Array
    """Null where there is none."""


def settle(values: pa.Array, parts: tuple[str, ...], known: KnownHeads = KNOWN_HEADS) -> tuple[pa.Array, Cleansed]:
    """Which of the unified texts are plain, and what each is as `reading.parsed` reads it, without the text's codes."""
    split = pc.extract_regex(values, _SHAPE)
    is_plain = pc.and_(split.is_valid(), pc.less(pc.binary_length(split.field("head")), _LONGEST_HEAD))
    rows = pa.RecordBatch.from_struct_array(split.filter(is_plain)).append_column("text", values.filter(is_plain))
    heads = known.told(rows["head"])
    is_read = pc.and_(heads["is_told"], pc.invert(_is_doubtful(rows, heads)))
    mask = is_plain.to_numpy(zero_copy_only=False).copy()
    mask[mask] = is_read.to_numpy(zero_copy_only=False)
    return pa.array(mask), _cleansed(_taken_apart(rows.filter(is_read), heads.filter(is_read)), parts)


def _is_doubtful(rows: pa.RecordBatch, heads: pa.RecordBatch) -> pa.Array:
    """Where other rules have a say in what stands behind the number."""
    rest = rows["rest"]
    goes_on = pc.and_(pc.not_equal(rows["unit"], ""), pc.match_substring_regex(rest, _BEHIND_UNIT))
    is_untidy = pc.match_substring_regex(rest, _UNTIDY)
    has_street = pc.and_(heads["is_in_kyoto"], pc.match_substring_regex(rest, _STREET))
    return pc.or_(pc.or_(goes_on, is_untidy), has_street)


def _taken_apart(rows: pa.RecordBatch, heads: pa.RecordBatch) -> _Found:
    numbers = pc.replace_substring_regex(rows["numbers"], _BETWEEN, "-")
    block = pc.binary_join_element_wise(heads["lead"], numbers, "")
    building = pc.utf8_rtrim(pc.utf8_ltrim(rows["rest"], " "), MARKS)
    building = pc.if_else(pc.equal(building, ""), _NOTHING, building)
    is_room = pc.and_(pc.and_(heads["has_chome"], building.is_null()), pc.match_substring_regex(block, _ROOM))
    if is_room.true_count:
        building = pc.if_else(is_room, pc.struct_field(pc.extract_regex(block, _LAST), "room"), building)
        block = pc.if_else(is_room, pc.replace_substring_regex(block, _LAST, ""), block)
    return _Found(rows["text"], heads, block, building)


def _cleansed(found: _Found, parts: tuple[str, ...]) -> Cleansed:
    heads = found.heads
    rest = pc.binary_join_element_wise(found.block, found.building, " ", null_handling="skip")
    bare = pc.binary_join_element_wise(heads["city"], heads["town"], rest, "")
    written = pc.binary_join_element_wise(heads["prefecture"], bare, "")
    is_bare = pc.and_(heads["is_added"], pc.equal(found.texts, bare))
    is_changed = pc.and_not(pc.not_equal(found.texts, written), is_bare)
    codes = pc.add(is_changed.cast(pa.int8()), pc.multiply(heads["is_added"].cast(pa.int8()), pa.scalar(2, pa.int8())))
    return Cleansed(written, _CODES.take(codes), {part: _PARTS[part](found) for part in parts if part in _PARTS})


def _postal_code(found: _Found) -> pa.Array:
    digits = pc.utf8_lpad(found.heads["code"].cast(pa.string()), 7, "0")
    return pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(digits, 0, 3), pc.utf8_slice_codeunits(digits, 3, 7), "-"
    )


def _key(found: _Found) -> pa.Array:
    heads = found.heads
    key = pc.binary_join_element_wise(heads["prefecture"], heads["city"], heads["town"], found.block, "|")
    goes_on = pc.fill_null(pc.match_substring_regex(found.building, f"^{GOES_ON.pattern}"), False)
    is_single = pc.invert(pc.match_substring(found.block, "-"))
    return pc.if_else(pc.and_not(heads["is_sure"], pc.and_(goes_on, is_single)), key, _NOTHING)


_PARTS: Mapping[str, Callable[[_Found], pa.Array]] = {
    "postal_code": _postal_code,
    "prefecture": lambda found: found.heads["prefecture"],
    "city": lambda found: found.heads["city"],
    "town": lambda found: found.heads["town"],
    "block": lambda found: found.block,
    "building": lambda found: found.building,
    "key": _key,
}
"""As `reading.PARTS` reads each off a place."""
