"""From keys to persons: guards, ties, components, and in each component what one person cannot be.

Everything is decided per value or per component, by facts of the records in it. So the order of rows changes nothing,
and what a change does not touch stays as it is (incremental.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.components import components
from kumitate.identity.graph.edges import all_edges, chosen, of_links, of_pairs, stars, stars_within
from kumitate.identity.graph.groups import Groups
from kumitate.identity.graph.guards import Verdicts, judge
from kumitate.identity.graph.limits import BY_MODEL, broken
from kumitate.identity.graph.linkage import LARGEST, SMALLEST, doubtful, link, raise_tied
from kumitate.identity.graph.links import refuse_contradictions
from kumitate.identity.graph.model import (
    Edges,
    GraphRules,
    Hashes,
    Held,
    Integers,
    Keys,
    Links,
    Pairs,
    PairScorer,
    Resolution,
    no_pairs,
)
from kumitate.identity.graph.priorities import join_strongest_first, ties_inside
from kumitate.identity.graph.review import all_pairs, doubtful_pairs, spans, undecided
from kumitate.identity.graph.values import Values, distinct, sorted_values

NOTHING_HELD: Hashes = np.empty(0, np.uint64)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What else than keys tells about records: a model's pairs, stewards' links, a model's weights."""

    pairs: Pairs
    links: Links
    score: PairScorer | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """All that a decision looks at."""

    count: int
    values: Values
    rules: GraphRules
    evidence: Evidence
    verdicts: Verdicts

    @property
    def stands(self) -> NDArray[np.bool_]:
        return self.verdicts.stands

    @property
    def merging(self) -> Pairs:
        """The model's pairs that tie, the smaller record at the left."""
        pairs = self.evidence.pairs
        rows = pairs.probability >= self.rules.merge
        left, right = pairs.left[rows], pairs.right[rows]
        return Pairs(np.minimum(left, right), np.maximum(left, right), pairs.probability[rows])

    @property
    def must(self) -> Links:
        links = self.evidence.links
        return Links(links.left[links.must], links.right[links.must], links.must[links.must])

    def groups(self, inside: NDArray[np.bool_]) -> Groups:
        return Groups(self.values, self.rules, inside, speaks=self.verdicts.speaks, links=self.evidence.links)


def resolve(
    count: int, keys: Keys, rules: GraphRules, *, pairs: Pairs, links: Links, score: PairScorer | None = None
) -> Resolution:
    """The person of each of `count` records.

    Raises ConfigError where stewards' links contradict each other.
    """
    return resolve_values(count, sorted_values(keys), rules, evidence=Evidence(pairs, links, score))


def resolve_values(
    count: int, values: Values, rules: GraphRules, *, evidence: Evidence, still_held: Hashes = NOTHING_HELD
) -> Resolution:
    """The same over sorted keys; `still_held` are values whose guard has decided before, for all their records."""
    refuse_contradictions(count, evidence.links)
    verdicts = judge(values, rules, count=count, still_held=still_held)
    case = _Case(count, values, rules, evidence, verdicts)
    edges = all_edges(stars(values, case.stands), of_pairs(case.merging), of_links(case.must))
    component = components(count, [(edges.left, edges.right)])
    tied = _with_contradicted(case, component)
    component = _weighed(case, _parted(case, component))
    if np.array_equal(component, tied):
        return Resolution(component, tied, edges, _guarded(case), _review(case, component, no_pairs()))
    changed = np.zeros(count, np.bool_)
    changed[tied[component != tied]] = True
    touched = np.flatnonzero(case.stands & (values.sizes > 1))
    touched = touched[changed[tied[values.first[touched]]]]
    spanning = _spanning(values, touched, component)
    asked = np.append(spanning, _spanning(values, verdicts.contradicted, component))
    return Resolution(
        component,
        tied,
        _edges_within(case, edges, touched, component=component, changed=changed[tied]),
        _held(case, spanning, component, inside=changed[tied]),
        _review(case, component, spans(values, asked, component)),
    )


def _with_contradicted(case: _Case, component: Integers) -> Integers:
    """`component` with those as one that a contradicted value is in: a change of one record may clear the others."""
    doubted = np.zeros(len(case.values.kind), np.bool_)
    doubted[case.verdicts.contradicted] = True
    if not doubted.any():
        return component
    ties = stars(case.values, doubted)
    return components(case.count, [(np.arange(case.count), component), (ties.left, ties.right)])


def _parted(case: _Case, tied: Integers) -> Integers:
    """Components that are too much for one person, joined again by priority; those that a model weighs can wait."""
    found = broken(case.values, case.rules, tied, speaks=case.verdicts.speaks, links=case.evidence.links)
    if case.evidence.score is not None:
        sizes = np.bincount(tied, minlength=case.count)
        found &= (sizes < SMALLEST) | (sizes > LARGEST)
    if not found.any():
        return tied
    inside = found[tied]
    groups = case.groups(inside)
    ties = ties_inside(case.values, case.rules, inside, stands=case.stands, pairs=case.merging)
    join_strongest_first(groups, ties)
    return groups.labels(tied)


def _weighed(case: _Case, component: Integers) -> Integers:
    """Components that a model weighs anew."""
    score = case.evidence.score
    if score is None:
        return component
    too_much = broken(case.values, case.rules, component, speaks=case.verdicts.speaks, links=case.evidence.links)
    found = list(doubtful(component, score, too_much=too_much))
    inside = np.zeros(case.count, np.bool_)
    for weighed in found:
        inside[weighed.members] = True
    if not found:
        return component
    held_in = _values_by_component(case, component, inside)
    groups = case.groups(inside)
    for weighed in found:
        raise_tied(weighed, case.values, held_in.get(int(component[weighed.members[0]]), _NONE))
        link(weighed, groups)
    return groups.labels(component)


_NONE = np.empty(0, np.int64)


def _values_by_component(case: _Case, component: Integers, inside: NDArray[np.bool_]) -> dict[int, Integers]:
    """Component -> the values that stand in it; one may reach into several, where priorities parted it before."""
    values = case.values
    number = np.flatnonzero(case.stands & (values.sizes > 1))
    record = values.keys.record[values.rows_of(number)]
    value = np.repeat(number, values.sizes[number])[inside[record]]
    home, held = np.divmod(distinct(component[record[inside[record]]] * len(values.starts) + value), len(values.starts))
    begins = np.flatnonzero(np.append(True, home[1:] != home[:-1])[: len(home)])
    return dict(zip(home[begins].tolist(), np.split(held, begins[1:]), strict=True)) if len(home) else {}


def _edges_within(
    case: _Case, edges: Edges, touched: Integers, *, component: Integers, changed: NDArray[np.bool_]
) -> Edges:
    """Ties between records that are one person; values that were parted have a star in each part."""
    merging, must = case.merging, case.must
    return all_edges(
        chosen(edges, ~changed[edges.left]),
        stars_within(case.values, touched, component),
        chosen(of_pairs(merging), changed[merging.left] & (component[merging.left] == component[merging.right])),
        chosen(of_links(must), changed[must.left]),
    )


def _spanning(values: Values, touched: Integers, component: Integers) -> Integers:
    """Values whose records are of several persons."""
    home = component[values.keys.record[values.rows_of(touched)]]
    starts = np.append(0, np.cumsum(values.sizes[touched]))[:-1]
    if not len(starts):
        return touched
    several: NDArray[np.bool_] = np.minimum.reduceat(home, starts) != np.maximum.reduceat(home, starts)
    return touched[several]


def _guarded(case: _Case) -> Held:
    number = np.flatnonzero(case.verdicts.reason >= 0)
    values = case.values
    reason = tuple(case.verdicts.reasons[one] for one in case.verdicts.reason[number].tolist())
    return Held(values.kind[number], values.keys.value[values.starts[number]], reason, values.sizes[number])


def _held(case: _Case, spanning: Integers, component: Integers, *, inside: NDArray[np.bool_]) -> Held:
    """What guards hold, and what would make one person of several who cannot be one."""
    values, guarded = case.values, _guarded(case)
    if not len(spanning):
        return guarded
    groups = case.groups(inside)
    groups.settle(component)
    records = values.keys.record
    reasons = (
        groups.hindrance(records[values.starts[one] : values.starts[one + 1]].tolist()) or BY_MODEL for one in spanning
    )
    return Held(
        np.append(guarded.kind, values.kind[spanning]),
        np.append(guarded.value, values.keys.value[values.starts[spanning]]),
        (*guarded.reason, *reasons),
        np.append(guarded.records, values.sizes[spanning]),
    )


def _review(case: _Case, component: Integers, found: Pairs) -> Pairs:
    """Doubtful pairs by the model, and by values that several persons hold."""
    links = case.evidence.links
    doubtful = doubtful_pairs(component, case.rules, case.evidence.pairs, links=links)
    return all_pairs(doubtful, undecided(component, links, found))
