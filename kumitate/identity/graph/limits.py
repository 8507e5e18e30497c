"""What one person cannot have: too many records, too many values of a kind, records that stewards parted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.model import GraphRules, Integers, KindRule, Links
from kumitate.identity.graph.values import Values, distinct

Times = Mapping[int, Iterable[int]]
"""Value -> when it was seen (ms; 0 where that is not known)."""

LARGEST, BY_STEWARD, BY_MODEL = "limit:largest", "limit:steward", "limit:model"


def limited_kinds(rules: GraphRules) -> tuple[int, ...]:
    return tuple(kind for kind, rule in enumerate(rules.kinds) if rule.most_per_person is not None)


def broken(
    values: Values, rules: GraphRules, component: Integers, *, speaks: NDArray[np.bool_], links: Links
) -> NDArray[np.bool_]:
    """Per record whether it is the smallest of a component that is too much for one person."""
    count = len(component)
    sizes = np.bincount(component, minlength=count)
    found = sizes > rules.largest
    apart = ~links.must & (component[links.left] == component[links.right])
    found[component[links.left[apart]]] = True
    for kind in limited_kinds(rules):
        rule = rules.kinds[kind]
        number = np.flatnonzero((values.kind == kind) & speaks)
        rows = values.rows_of(number)
        home = component[values.keys.record[rows]]
        held = distinct(home * len(values.starts) + np.repeat(number, values.sizes[number])) // len(values.starts)
        over = (np.bincount(held, minlength=count) > (rule.most_per_person or 0)) & (sizes > 1)
        if rule.within_ms is not None:
            over = _within(values, rule, over=over, rows=rows, home=home)
        found |= over
    return found


def _within(
    values: Values, rule: KindRule, *, over: NDArray[np.bool_], rows: Integers, home: Integers
) -> NDArray[np.bool_]:
    """Of the components with too many values at any time, those that have them within the rule's span."""
    seen: dict[int, dict[int, set[int]]] = {}
    chosen = rows[over[home]]
    for place, value, at in zip(
        home[over[home]].tolist(), values.keys.value[chosen].tolist(), values.keys.at[chosen].tolist(), strict=True
    ):
        seen.setdefault(place, {}).setdefault(value, set()).add(at)
    exceeded = np.zeros(len(over), np.bool_)
    exceeded[[place for place, times in seen.items() if held_at_once(times, rule) > (rule.most_per_person or 0)]] = True
    return exceeded


def held_at_once(times: Times, rule: KindRule) -> int:
    """The most values within any span of the rule; one without a time counts in every span."""
    if rule.within_ms is None:
        return len(times)
    always = {value for value, seen in times.items() if 0 in seen}
    sightings = sorted((at, value) for value, seen in times.items() if value not in always for at in seen)
    inside: Counter[int] = Counter()
    most = first = 0
    for at, value in sightings:
        inside[value] += 1
        while sightings[first][0] < at - rule.within_ms:
            gone = sightings[first][1]
            inside[gone] -= 1
            inside += Counter()  # drops what is at zero
            first += 1
        most = max(most, len(inside))
    return most + len(always)
