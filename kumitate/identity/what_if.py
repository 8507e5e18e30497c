"""Two assignments of the same records compared: which persons would merge, split or change, and the largest of each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from kumitate.identity.components import ABSENT, Integers, positions


@dataclass(frozen=True, slots=True)
class Example:
    """One person who would be another: the records they have before and after, and who they are made of."""

    person_id: str
    others: tuple[str, ...]
    """Merged: the persons who went in. Split: the persons who came out."""
    records_before: int
    records_after: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Numbers of persons; `merged` are those who are made of several, `split` those whose records part."""

    persons_before: int
    persons_after: int
    largest_before: int
    largest_after: int
    merged: int
    split: int
    records_moved: int
    """Records that would have another person."""
    examples_merged: tuple[Example, ...]
    examples_split: tuple[Example, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def difference(before: pa.Table, after: pa.Table, *, examples: int = 5) -> Difference:
    """Compare two tables of record and person_id; the examples are those on most records."""
    olds, news = _Labels.of(before), _Labels.of(after)
    place = positions(_large(before, "record"), _large(after, "record"))
    both = place != ABSENT
    old, new = olds.codes[both], news.codes[place[both]]
    pairs = np.unique(old * (len(news.ids) + 1) + new)
    was, is_ = np.divmod(pairs, len(news.ids) + 1)
    came_from, went_to = np.bincount(is_, minlength=len(news.ids)), np.bincount(was, minlength=len(olds.ids))
    merged, split = np.flatnonzero(came_from > 1), np.flatnonzero(went_to > 1)
    same = np.append(positions(olds.ids, news.ids), ABSENT)
    return Difference(
        len(olds.ids),
        len(news.ids),
        int(olds.sizes.max(initial=0)),
        int(news.sizes.max(initial=0)),
        len(merged),
        len(split),
        int((same[old] != new).sum()),
        tuple(_merged(one, olds, news, was=was[is_ == one]) for one in _most(merged, news.sizes, examples)),
        tuple(_split(one, olds, news, are=is_[was == one]) for one in _most(split, olds.sizes, examples)),
    )


@dataclass(frozen=True, slots=True)
class _Labels:
    """The person of each record by number, with ids and sizes."""

    codes: Integers
    ids: pa.Array
    sizes: Integers

    @staticmethod
    def of(table: pa.Table) -> _Labels:
        encoded = _large(table, "person_id").dictionary_encode()
        codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)
        return _Labels(codes, encoded.dictionary, np.bincount(codes, minlength=len(encoded.dictionary)))

    def named(self, numbers: Integers) -> tuple[str, ...]:
        return tuple(sorted(self.ids.take(pa.array(numbers)).to_pylist()))


def _large(table: pa.Table, column: str) -> pa.Array:
    return pa.chunked_array(table[column].cast(pa.large_string()), pa.large_string()).combine_chunks()


def _most(numbers: Integers, sizes: Integers, count: int) -> list[int]:
    """Those with most records, ties in the order of their numbers."""
    order = np.lexsort((numbers, -sizes[numbers]))[:count]
    return [int(number) for number in numbers[order]]


def _merged(one: int, olds: _Labels, news: _Labels, *, was: Integers) -> Example:
    return Example(str(news.ids[one].as_py()), olds.named(was), int(olds.sizes[was].max()), int(news.sizes[one]))


def _split(one: int, olds: _Labels, news: _Labels, *, are: Integers) -> Example:
    return Example(str(olds.ids[one].as_py()), news.named(are), int(olds.sizes[one]), int(news.sizes[are].max()))
