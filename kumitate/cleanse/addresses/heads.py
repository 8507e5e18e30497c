"""The head of an address, all before its first number: read once, and known to the batches that follow."""

from __future__ import annotations

import re
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.addresses.folding import FOLD, number
from kumitate.cleanse.addresses.master import City
from kumitate.cleanse.addresses.municipalities import Found, municipality
from kumitate.cleanse.addresses.parsing import tidy, written_code
from kumitate.cleanse.addresses.towns import KYOTO, STREET, Named, Text, start_of, town_at

_KANJI = re.compile(r"[\u3400-\u9fff]")
_CHOME = re.compile(r"([〇零一二三四五六七八九十百千壱弐参]+)丁目 ?")
_ADDED = ("prefecture_added",)
_MOST = 131_072
"""Heads that are kept: more than the master has towns. They take 15 MB."""


class Head(NamedTuple):
    """What a head tells of every address that it begins; the parts are as in `parsing.Place`."""

    prefecture: str = ""
    city: str = ""
    town: str = ""
    postal_code: str | None = None
    lead: str = ""
    """The 丁目 that stands in kanji before the first number, as the block has it: `2-`."""
    has_chome: bool = False
    is_sure: bool = False
    is_added: bool = False
    """Whether the prefecture was added."""
    is_in_kyoto: bool = False
    """There streets in what follows may tell another town."""
    is_told: bool = True
    """Whether all this holds whatever number and building follow; else each address must be read by itself."""


UNTOLD = Head(is_told=False)
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("text", "prefecture", "city", "town", "postal_code", "lead")),
        *((name, pa.bool_()) for name in ("has_chome", "is_sure", "is_added", "is_in_kyoto", "is_told")),
    ]
)


class KnownHeads:
    """Heads that were read, in the order they came; beyond `most` the oldest are forgotten.

    What is known is an immutable table that is replaced as a whole, so that threads need no lock: at worst one reads
    again what another has just read. Every process has its own.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known = pa.RecordBatch.from_pylist([], _SCHEMA)

    def told(self, texts: pa.Array) -> pa.RecordBatch:
        """A row for each text (see `Head`)."""
        known = self._known
        at = pc.index_in(texts, value_set=known["text"])
        if at.null_count:
            unknown = texts.filter(at.is_null()).unique()
            known = pa.concat_batches([known, _read(unknown)])
            self._known = known.slice(max(0, len(known) - self._most))
            at = pc.index_in(texts, value_set=known["text"])
        return known.take(at)


def _read(texts: pa.Array) -> pa.RecordBatch:
    """In order: neighbours in the text are neighbours on the map, whose towns the processor has at hand."""
    ordered = sorted(texts.to_pylist())
    columns = zip(*(read_head(text) for text in ordered), strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip((ordered, *columns), _SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def read_head(text: str) -> Head:
    """UNTOLD unless the head ends with a town that the master lists, as it is spelt there or in another way.

    Whatever number follows, the same is read (see `_holds`): the 1 stands for all.
    """
    plain = tidy(f"{text}1")
    if not _KANJI.search(plain):
        return UNTOLD
    spelt = Text(plain, plain.translate(FOLD), None)
    found = municipality(spelt, 0)
    if found is None or found.city is None or not found.is_only:
        return UNTOLD
    town = town_at(spelt, found.end, found.city)
    lead = _lead(plain[town.end : -1])
    if lead is None or not _holds(spelt, (found.end, town.end), found.city):
        return UNTOLD
    return _head(found, found.city, town, lead=lead)


def _head(found: Found, city: City, town: Named, *, lead: str) -> Head:
    listed = town.listed
    if listed is None or listed.name != town.name or town.street or town.letter or town.name[-1].isdigit():
        return UNTOLD
    code = written_code(listed.codes[0]) if len(listed.codes) == 1 else None
    is_in_kyoto = city.name.startswith(KYOTO)
    place = (found.prefecture, found.name, town.name, code, lead)
    return Head(*place, listed.has_chome, town.is_one, found.notes == _ADDED, is_in_kyoto)


def _holds(text: Text, town: tuple[int, int], city: City) -> bool:
    """Whether no number behind the head makes it another town.

    That could be where the city has a town whose spelling goes on with a number (`北24条西` behind `北`), where none
    was found by its spelling, and in Kyoto behind a street.
    """
    begin, end = start_of(text.folded, town[0]), town[1]
    if text.folded[begin:end] not in city.towns.found or text.folded[begin:-1] in city.before_numbers:
        return False
    return not (city.name.startswith(KYOTO) and STREET.search(text.plain, begin))


def _lead(between: str) -> str | None:
    """Of what stands between town and number; None where that is more than a 丁目."""
    if not between.strip():
        return ""
    found = _CHOME.fullmatch(between)
    value = number(found[1]) if found else None
    return None if value is None else f"{value}-"
