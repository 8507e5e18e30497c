"""Columns whose country stands in another column of the same row: a phone number is read as in its record's country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.columns import in_order
from kumitate.cleanse.rules import Rule, column_cleanser
from kumitate.cleanse.values import Cleansed
from kumitate.config.source import Semantic


def cleanse_delivered(rule: Rule, delivered: Mapping[str, pa.Array]) -> Cleansed:
    """The rule's column out of a row's delivered texts; where its country column says nothing, the rule's country."""
    values = delivered[rule.column]
    if rule.country_column is None:
        return column_cleanser(rule)(values)
    asked = replace(rule, semantic=Semantic.COUNTRY, parts=(), country_column=None)
    told = column_cleanser(asked)(delivered[rule.country_column]).values
    countries = pc.fill_null(told, rule.country).dictionary_encode()
    placed = []
    for place, country in enumerate(countries.dictionary.to_pylist()):
        places = np.flatnonzero(countries.indices.to_numpy(zero_copy_only=False) == place)
        of_country = replace(rule, country=country, country_column=None)
        placed.append((places, column_cleanser(of_country)(values.take(pa.array(places)))))
    return in_order(placed, rule.parts) if placed else column_cleanser(replace(rule, country_column=None))(values)
