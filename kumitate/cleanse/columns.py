"""A whole column at once: what kernels can settle by its shape, they settle; only the rest is read one by one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.values import Cleansed, ColumnCleanser
from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reader, Reading

Kernel = Callable[[pa.Array], pa.Array]
"""From texts to as many values, by Arrow's kernels."""

INVISIBLE = "text.invisible"
SAMPLE = 1024
MOSTLY_DISTINCT = 0.5


def same(values: pa.Array) -> pa.Array:
    return values


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Texts that match `pattern` (RE2) and not `unless` become what `convert` makes of them, for `codes`.

    Both look at what `prepare` makes of the delivered texts. A shortcut must give what the reader gives; a property
    test holds every one to that.
    """

    pattern: str
    convert: Kernel = same
    codes: str | None = None
    unless: str | None = None
    prepare: Kernel = same

    def settle(self, values: pa.Array, _: tuple[str, ...] = ()) -> tuple[pa.Array, Cleansed]:
        """Which of the values it settles, and those cleansed; they have no parts of their own."""
        prepared = self.prepare(values)
        mask = _matching(prepared, self.pattern, self.unless)
        settled = prepared if mask.true_count == len(values) else prepared.filter(mask)
        codes = pa.nulls(len(settled), pa.string()) if self.codes is None else pa.repeat(self.codes, len(settled))
        return mask, Cleansed(self.convert(settled), codes)


@dataclass(frozen=True, slots=True)
class Chain:
    """Texts of a `shape` go through `steps`, each with its code, and are settled if what comes out is `clean`.

    Nothing but these steps may have anything to do to such texts: that is what `shape` is for.
    """

    shape: str
    steps: tuple[tuple[str, Kernel], ...]
    clean: str
    unless: str | None = None
    convert: Kernel = same
    parts: Callable[[pa.Array], Mapping[str, pa.Array]] | None = None
    """Of delivered texts, what they can be taken apart into."""

    def settle(self, values: pa.Array, parts: tuple[str, ...] = ()) -> tuple[pa.Array, Cleansed]:
        """Which of the values it settles, and those cleansed, with the `parts` asked for."""
        is_shaped = _matching(values, self.shape, None)
        delivered = values.filter(is_shaped)
        current, done = delivered, np.zeros(len(delivered), np.int64)
        for place, (_, step) in enumerate(self.steps):
            changed = step(current)
            done |= pc.not_equal(changed, current).to_numpy(zero_copy_only=False).astype(np.int64) << place
            current = changed
        is_clean = _matching(current, self.clean, self.unless)
        shaped = is_shaped.to_numpy(zero_copy_only=False).copy()
        shaped[shaped] = is_clean.to_numpy(zero_copy_only=False)
        reasons = self._codes().take(pa.array(done)).filter(is_clean)
        found = self.parts(delivered.filter(is_clean)) if self.parts is not None and parts else {}
        return pa.array(shaped), Cleansed(self.convert(current.filter(is_clean)), reasons, found)

    def _codes(self) -> pa.Array:
        """Codes of the steps that changed something, by the bits of their places."""
        names = [code for code, _ in self.steps]
        chosen = ([name for place, name in enumerate(names) if bits >> place & 1] for bits in range(1 << len(names)))
        return pa.array([" ".join(codes) or None for codes in chosen], pa.string())


def _matching(values: pa.Array, pattern: str, unless: str | None) -> pa.Array:
    """Never null."""
    found = pc.match_substring_regex(values, pattern)
    if unless is not None and found.true_count:
        found = pc.and_not(found, pc.match_substring_regex(values, unless))
    return pc.fill_null(found, False) if found.null_count else found


@dataclass(frozen=True, slots=True)
class Way:
    """How texts of one meaning are cleansed: `read` says what becomes of each, `shortcuts` say it of many at once.

    `split` takes cleansed values apart; without it, parts are those of the readings (none behind a shortcut).
    `limit` is the longest text that is looked at, in characters; a longer one is unusable for `too_long`.
    Clean values in `nothing` say that there is none; they are unusable for `says_none`.
    """

    read: Reader
    shortcuts: tuple[Shortcut | Chain, ...] = ()
    split: Callable[[pa.Array], Mapping[str, pa.Array]] | None = None
    limit: int = 65_536
    too_long: str = "text.too_long"
    nothing: frozenset[str] = frozenset()
    says_none: str = "id.says_none"

    def reading(self, value: str | None) -> Reading:
        """One text; an unusable one as None with its reason."""
        if value is None:
            return NOTHING
        if len(value) > self.limit:
            return Reading(None, (self.too_long,))
        try:
            reading = self.read(value)
        except RecordError as error:
            return Reading(None, (error.reason,))
        if self.nothing and reading.value in self.nothing:
            return Reading(None, (self.says_none,))
        return Reading(None, (INVISIBLE,)) if reading == NOTHING and _is_invisible(value) else reading


def _is_invisible(value: str) -> bool:
    """Whether there is more than blanks, but nothing to be seen: controls and format characters."""
    return bool(value.strip()) and all(unicodedata.category(letter)[0] in "CZ" for letter in value)


def cleanse_column(values: pa.Array, *, way: Way, type_: pa.DataType, parts: tuple[str, ...] = ()) -> Cleansed:
    """The column function of a way: texts in, values of `type_` out, with reasons and the `parts` asked for."""
    return each_once(values, cleanse=partial(_cleanse, way=way, type_=type_, parts=parts))


def each_once(values: pa.Array, *, cleanse: ColumnCleanser) -> Cleansed:
    """What `cleanse` makes of the column; it looks at each distinct value once, where values repeat."""
    if _are_mostly_distinct(values):
        return cleanse(values)
    encoded = values.dictionary_encode()
    found = cleanse(encoded.dictionary)
    stand = found.values is encoded.dictionary
    return Cleansed(
        values if stand else found.values.take(encoded.indices),
        _taken(found.reasons, encoded.indices),
        {part: _taken(texts, encoded.indices) for part, texts in found.parts.items()},
    )


def _are_mostly_distinct(values: pa.Array) -> bool:
    """Whether looking at each value once would cost more than it saves, as a sample of the column tells.

    Of d values equally frequent, a sample of n holds about n² / 2d pairs (the birthday problem), which tells d.
    """
    if len(values) < SAMPLE * 2:
        return False
    sample = values.take(pa.array(np.linspace(0, len(values) - 1, SAMPLE).astype(np.int64)))
    pairs = SAMPLE - pc.count_distinct(sample).as_py()
    return bool(pairs * len(values) * MOSTLY_DISTINCT < SAMPLE * SAMPLE / 2)


def _taken(texts: pa.Array, indices: pa.Array) -> pa.Array:
    return pa.nulls(len(indices), texts.type) if texts.null_count == len(texts) else texts.take(indices)


def _cleanse(values: pa.Array, *, way: Way, type_: pa.DataType, parts: tuple[str, ...]) -> Cleansed:
    pieces = list(_pieces(values, way, type_=type_, parts=parts))
    found = pieces[0][1] if len(pieces) == 1 else in_order(pieces, parts)
    if way.nothing:
        found = _without_nothing(found, way)
    if way.split is None:
        return Cleansed(found.values, found.reasons, {part: _part(found, part) for part in parts})
    split = way.split(found.values) if parts else {}
    return Cleansed(found.values, found.reasons, {part: split[part] for part in parts})


def _without_nothing(found: Cleansed, way: Way) -> Cleansed:
    """Shortcuts see words as any others; of those that say that there is nothing, nothing is left."""
    mask = pc.is_in(found.values, value_set=pa.array(sorted(way.nothing), found.values.type))
    if not mask.true_count:
        return found
    return Cleansed(
        pc.if_else(mask, None, found.values),
        pc.if_else(mask, way.says_none, found.reasons),
        {part: pc.if_else(mask, None, texts) for part, texts in found.parts.items()},
    )


def in_order(placed: list[tuple[np.ndarray, Cleansed]], parts: tuple[str, ...]) -> Cleansed:
    """Pieces of a column, each with the places of its values, as the whole that they are."""
    order = pa.array(np.argsort(np.concatenate([places for places, _ in placed])))
    pieces = [piece for _, piece in placed]
    return Cleansed(
        pa.concat_arrays([piece.values for piece in pieces]).take(order),
        pa.concat_arrays([piece.reasons for piece in pieces]).take(order),
        {part: pa.concat_arrays([_part(piece, part) for piece in pieces]).take(order) for part in parts},
    )


def _part(piece: Cleansed, part: str) -> pa.Array:
    return piece.parts[part] if part in piece.parts else pa.nulls(len(piece.values), pa.string())


def _pieces(
    values: pa.Array, way: Way, *, type_: pa.DataType, parts: tuple[str, ...]
) -> Iterator[tuple[np.ndarray, Cleansed]]:
    """The column in pieces, each with the places of its values; together they are the whole."""
    places = np.arange(len(values))
    for shortcut in () if _has_too_long(values, way.limit) else way.shortcuts:
        mask, settled = shortcut.settle(values, parts)
        count = mask.true_count
        if count == len(values):
            yield places, settled
            return
        if count:
            chosen = mask.to_numpy(zero_copy_only=False)
            yield places[chosen], settled
            values, places = values.filter(pc.invert(mask)), places[~chosen]
    yield places, _read(values, way, type_=type_, parts=parts)


def _has_too_long(values: pa.Array, limit: int) -> bool:
    """Bytes are counted, which is quick and errs on the safe side."""
    longest = pc.max(pc.binary_length(values)).as_py()
    return longest is not None and longest > limit


def _read(values: pa.Array, way: Way, *, type_: pa.DataType, parts: tuple[str, ...]) -> Cleansed:
    encoded = values.dictionary_encode()
    readings = [way.reading(value) for value in encoded.dictionary.to_pylist()]
    reasons = pa.array([" ".join(reading.codes) or None for reading in readings], pa.string())
    return Cleansed(
        pa.array([reading.value for reading in readings], type_).take(encoded.indices),
        _taken(reasons, encoded.indices),
        {
            part: pa.array([reading.parts.get(part) for reading in readings], pa.string()).take(encoded.indices)
            for part in parts
        },
    )
