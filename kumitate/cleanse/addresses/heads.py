"""The head of an address, all before its first number: read once, and known to the batches that follow."""

from __future__ import annotations

import re
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.addresses.folding import FOLD, number
from kumitate.cleanse.addresses.municipalities import municipality
from kumitate.cleanse.addresses.parsing import only_code, tidy
from kumitate.cleanse.addresses.towns import KYOTO, STREET, Text, start_of

_KANJI = re.compile(r"[\u3400-\u9fff]")
_CHOME = re.compile(r"([〇零一二三四五六七八九十百千壱弐参]+)丁目 ?")
_ADDED = ("prefecture_added",)
_MOST = 131_072
"""Heads that are kept: more than the master has towns. They take 15 MB."""
_AT_ONCE = 4_096


class Head(NamedTuple):
    """What a head tells of every address that it begins; the parts are as in `parsing.Place`."""

    prefecture: str = ""
    city: str = ""
    town: str = ""
    code: int | None = None
    """The postal code as a number, if the town has only one."""
    lead: str = ""
    """The 丁目 that stands in kanji before the first number, as the block has it: `2-`."""
    has_chome: bool = False
    is_sure: bool = True
    is_added: bool = False
    """Whether the prefecture was added."""
    is_in_kyoto: bool = False
    """There streets in what follows may tell another town."""
    is_told: bool = True
    """Whether all this holds whatever number and building follow; else each address must be read by itself."""


UNTOLD = Head(is_told=False)
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("text", "prefecture", "city", "town")),
        ("code", pa.int32()),
        ("lead", pa.string()),
        *((name, pa.bool_()) for name in ("has_chome", "is_sure", "is_added", "is_in_kyoto", "is_told")),
    ]
)
_NONE = pa.RecordBatch.from_pylist([], _SCHEMA)


class KnownHeads:
    """Heads that were read, in the order they came; beyond `most` the oldest are forgotten.

    What is known is an immutable table that is replaced as a whole, so that threads need no lock: at worst one reads
    again what another has just read. Every process has its own.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known = _NONE

    def __len__(self) -> int:
        return len(self._known)

    def forget(self) -> None:
        """So that a measurement begins like a new process."""
        self._known = _NONE

    def told(self, texts: pa.Array) -> pa.RecordBatch:
        """A row for each text (see `Head`)."""
        known = self._known
        at = pc.index_in(texts, value_set=known["text"])
        if at.null_count:
            is_new = at.is_null()
            new = texts.filter(is_new)
            read = _read(new.unique())
            behind = pa.scalar(len(known), pa.int32())
            at = pc.replace_with_mask(at, is_new, pc.add(pc.index_in(new, value_set=read["text"]), behind))
            known = pa.concat_batches([known, read])
            self._known = known.slice(max(0, len(known) - self._most))
        return known.take(at)


def _read(texts: pa.Array) -> pa.RecordBatch:
    """In order: neighbours in the text are neighbours on the map, whose towns the processor has at hand.

    A few at a time, lest Python look through all that was made before for what it could let go of.
    """
    ordered = sorted(texts.to_pylist())
    starts = range(0, len(ordered), _AT_ONCE)
    return pa.concat_batches([_table(ordered[start : start + _AT_ONCE]) for start in starts])


def _table(texts: list[str]) -> pa.RecordBatch:
    columns = (texts, *zip(*map(read_head, texts), strict=True))
    arrays = [pa.array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def read_head(text: str) -> Head:
    """UNTOLD unless the head ends with a town that the master lists, found by its spelling.

    It is read as `parsing.place_of` reads it with a number behind; whatever number that is, the town is the same where
    no longer spelling goes on with a number (`北24条西` behind `北`). The 1 stands for all.
    """
    plain = tidy(f"{text}1")
    folded = plain.translate(FOLD)
    found = municipality(Text(plain, folded, None), 0)
    if found is None or found.city is None or not found.is_only or not _KANJI.search(plain):
        return UNTOLD
    begin = start_of(folded, found.end)
    match = found.city.towns.longest(folded, begin)
    if match is None or folded[begin:-1] in found.city.before_numbers:
        return UNTOLD
    listed, end = match
    town = found.city.spelt.get(plain[found.end : end], listed)
    lead = _lead(plain[end:-1])
    is_in_kyoto = found.name.startswith(KYOTO)
    if lead is None or town.name[-1].isdigit() or (is_in_kyoto and STREET.search(plain, found.end)):
        return UNTOLD
    is_one = not is_in_kyoto or len(town.codes) < 2
    place = (found.prefecture, found.name, town.name, only_code(town), lead)
    return Head(*place, town.has_chome, is_one, found.notes == _ADDED, is_in_kyoto)


def _lead(between: str) -> str | None:
    """Of what stands between town and number; None where that is more than a 丁目."""
    if not between or between == " ":
        return ""
    found = _CHOME.fullmatch(between)
    value = number(found[1]) if found else None
    return None if value is None else f"{value}-"
