"""One value at a time: the shape of a cleansing function, and how it is run over a whole column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from kumitate.errors import RecordError
from kumitate.readings.reading import Reader, Reading


@dataclass(frozen=True, slots=True)
class Cleansed:
    """A cleansed column: arrays of one length.

    `reasons` tells what was done, as codes with a blank between (`width variant_kanji`); null where the value stands
    as it was delivered. Null in `values` beside a reason means: the delivered value could not be used
    (`phone.invalid`). `parts` are those that the rule asked for, as texts.
    """

    values: pa.Array
    reasons: pa.Array
    parts: Mapping[str, pa.Array] = field(default_factory=dict)


ColumnCleanser = Callable[[pa.Array], Cleansed]
"""A column of delivered texts, cleansed; vectorised, and the same on laptop, Spark and for a single value."""

Cleanser = Callable[[str], Any]
"""A delivered text as a clean value; None where it says nothing, RecordError where it cannot be used."""


def plain_reader(cleanse: Cleanser, code: str) -> Reader:
    """A function from text to text as a reader: what it changes, it changes for `code`."""

    def read(value: str) -> Reading:
        cleansed = cleanse(value)
        return Reading(cleansed, () if cleansed in {None, value} else (code,))

    return read


def on_distinct(values: pa.Array, cleanse: Cleanser, type_: pa.DataType) -> tuple[pa.Array, pa.Array]:
    """Clean values and, where one could not be used, the reason; each distinct text is looked at once."""
    encoded = values.dictionary_encode()
    cleansed: list[Any] = []
    reasons: list[str | None] = []
    for value in encoded.dictionary.to_pylist():
        try:
            cleansed.append(cleanse(value))
            reasons.append(None)
        except RecordError as error:
            cleansed.append(None)
            reasons.append(error.reason)
    taken = pa.array(cleansed, type_).take(encoded.indices)
    if not any(reasons):
        return taken, pa.nulls(len(values), pa.string())
    return taken, pa.array(reasons, pa.string()).take(encoded.indices)


def settled(rule: Callable[[str], str], value: str) -> str:
    """`rule` applied until it changes nothing more; for rules that only shorten."""
    while (changed := rule(value)) != value:
        value = changed
    return value
