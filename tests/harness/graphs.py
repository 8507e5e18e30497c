"""Small random worlds of keys, and what their resolution comes to whatever the order of its rows."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from kumitate.identity.graph.incremental import GONE, Delta
from kumitate.identity.graph.model import GraphRules, Keys, KindRule, Links, Pairs, PairScorer, Resolution

Key = tuple[int, int, int]
"""Kind, value, time."""
Link = tuple[str, str, bool]

LOGIN, MAIL, PHONE, NAME, BORN = range(5)
BLOCKED_VALUE = 0

RULES = GraphRules(
    (
        KindRule("login", most_per_person=1, contradicted_by=((NAME,), (PHONE,))),
        KindRule("mail", priority=2, most_records=3, most_per_person=2, within_ms=10),
        KindRule("phone", priority=3, most_distinct=((NAME, 1),)),
        KindRule("name", merges=False),
        KindRule("born", merges=False, most_per_person=1),
    ),
    largest=4,
)
OTHER_RULES = GraphRules(
    (
        KindRule("login", priority=9, contradicted_by=((BORN,), (NAME,))),
        KindRule("mail", priority=1, told_by=(LOGIN, NAME), contradicted_by=((BORN,), (NAME,))),
        KindRule("phone", priority=3, most_per_person=1, most_distinct=((LOGIN, 1), (BORN, 2))),
        KindRule("name", merges=False),
        KindRule("born", merges=False),
    ),
    largest=6,
    merge=0.9,
    review=0.5,
)

NAMES = st.integers(0, 11).map(lambda number: f"s/{number:02}")
KEY = st.tuples(st.integers(0, 4), st.sampled_from([1, 2, 1, 2, 3, BLOCKED_VALUE]), st.sampled_from([0, 1, 5, 30]))
KEYS = st.lists(KEY, min_size=1, max_size=4)
PROBABILITIES = st.sampled_from([0.3, 0.6, 0.85, 0.95, 0.995])


@dataclass
class World:
    """Records by name with their keys, pairs and links: the facts that a resolution is a function of."""

    keys: dict[str, list[Key]] = field(default_factory=dict)
    pairs: dict[tuple[str, str], float] = field(default_factory=dict)
    links: dict[tuple[str, str], bool] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return sorted(self.keys)

    def keys_of(self, names: list[str]) -> Keys:
        place = {name: number for number, name in enumerate(self.names)}
        rows = [(place[name], *key) for name in names for key in self.keys[name]]
        return as_keys(rows)

    def pairs_of(self, names: set[str]) -> Pairs:
        """Pairs of records that are there, of which one at least is among `names`."""
        place = {name: number for number, name in enumerate(self.names)}
        rows = [
            (place[a], place[b], p)
            for (a, b), p in self.pairs.items()
            if a in place and b in place and (a in names or b in names)
        ]
        left, right, probability = (np.array([row[i] for row in rows]) for i in range(3))
        return Pairs(left.astype(np.int64), right.astype(np.int64), probability.astype(np.float64))

    def all_links(self) -> Links:
        place = {name: number for number, name in enumerate(self.names)}
        rows = [(place[a], place[b], must) for (a, b), must in self.links.items() if a in place and b in place]
        return as_links(rows)

    def delta(self, before: list[str], changed: set[str]) -> Delta:
        """What is new since the records were `before`."""
        place = {name: number for number, name in enumerate(self.names)}
        there = sorted(changed & set(place))
        return Delta(
            len(place),
            np.array([place.get(name, GONE) for name in before], np.int64),
            np.array([place[name] for name in there], np.int64),
            self.keys_of(there),
            self.pairs_of(set(there)),
            self.all_links(),
        )

    def scorer(self) -> PairScorer:
        """Weights that depend on the two records alone."""
        names = self.names

        def score(left: Any, right: Any) -> Any:
            pairs = zip(left.tolist(), right.tolist(), strict=True)
            said = [(set(self.keys[names[a]]), set(self.keys[names[b]])) for a, b in pairs]
            return np.array([3.0 * len(a & b) - 1.5 * len(a ^ b) for a, b in said], np.float64)

        return score


def as_keys(rows: list[tuple[int, int, int, int]]) -> Keys:
    """Rows of record, kind, value, time; the value 0 is blocked."""
    record, kind, value, at = (np.array([row[i] for row in rows], np.int64) for i in range(4))
    return Keys(record, kind, value.astype(np.uint64), at, value == BLOCKED_VALUE)


def as_links(rows: list[tuple[int, int, bool]]) -> Links:
    left, right = (np.array([row[i] for row in rows], np.int64) for i in range(2))
    return Links(left, right, np.array([row[2] for row in rows], np.bool_))


def outcome(resolution: Resolution) -> dict[str, Any]:
    """All that was decided, as sets."""
    edges, held, review = resolution.edges, resolution.held, resolution.review
    doubts = np.nan_to_num(review.probability, nan=-1.0)
    return {
        "component": resolution.component.tolist(),
        "tied": resolution.tied.tolist(),
        "edges": set(_rows(edges.left, edges.right, edges.kind, edges.probability)),
        "held": sorted(_rows(held.kind, held.value, np.array(held.reason, object), held.records)),
        "review": sorted(_rows(review.left, review.right, doubts)),
    }


def _rows(*columns: Any) -> list[tuple[Any, ...]]:
    return list(zip(*(column.tolist() for column in columns), strict=True))
