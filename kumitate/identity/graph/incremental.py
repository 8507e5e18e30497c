"""A change decides anew what it can affect, and nothing else; the outcome is that of deciding everything anew.

What a change can affect: the records that changed, whoever holds a value that they hold or held (a guard may have to
judge it otherwise), whoever a link or a pair that came or went names, and all that hung together with any of them.
A value that reaches beyond these records and was not touched keeps its verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.edges import all_edges, chosen
from kumitate.identity.graph.guards import is_guard
from kumitate.identity.graph.key_changes import changed_keys
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
)
from kumitate.identity.graph.resolve import Evidence, resolve_values
from kumitate.identity.graph.review import all_pairs, doubtful_pairs, from_values
from kumitate.identity.graph.values import Values, packed_names, sorted_values

GONE = -1


@dataclass(frozen=True, slots=True)
class State:
    """All that is known of a number of records, and what came of it."""

    count: int
    values: Values
    rules: GraphRules
    pairs: Pairs
    links: Links
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Delta:
    """What is new: `keys` are all keys, and `pairs` all pairs, of the records that were added or updated."""

    count: int
    """Records afterwards."""
    moved: Integers
    """Where each record of the state stands now, in the same order as before; GONE for deleted ones."""
    changed: Integers
    """Records that were added or updated, where they stand now."""
    keys: Keys
    pairs: Pairs
    links: Links
    """All links as they are now."""
    weighed: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    """Further records whose pairs may be others, or weigh something else, now: `pairs` holds all of theirs, too."""

    @property
    def compared(self) -> Integers:
        """The records whose pairs are those in `pairs`, and no others."""
        return np.append(self.changed, self.weighed)


@dataclass(frozen=True, slots=True)
class Known:
    """What was decided before, told in today's positions: `tied` is GONE for records that are new.

    `tied` may use any numbers as names of components.
    """

    tied: Integers
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Touched:
    """Where a change begins: records, values that somebody held or holds now, and components that lost a record."""

    records: Integers
    values: Hashes
    components: Integers


def start(
    count: int, keys: Keys, rules: GraphRules, *, pairs: Pairs, links: Links, score: PairScorer | None = None
) -> State:
    """Decide everything; the same as `resolve`, with what later changes need."""
    return start_sorted(count, sorted_values(keys), rules, evidence=Evidence(pairs, links, score))


def start_sorted(count: int, values: Values, rules: GraphRules, *, evidence: Evidence) -> State:
    """The same over keys that are sorted already, so that nobody holds them unsorted meanwhile."""
    resolution = resolve_values(count, values, rules, evidence=evidence)
    return State(count, values, rules, evidence.pairs, evidence.links, resolution)


def apply(state: State, delta: Delta, score: PairScorer | None = None) -> tuple[State, Integers]:
    """The state after the change, and the records whose person may be another: no others' is.

    Raises ConfigError where stewards' links contradict each other. Other rules are another state: `start` anew.
    """
    refuse_contradictions(delta.count, delta.links)
    fresh = np.zeros(delta.count, np.bool_)
    fresh[delta.changed] = True
    leaves = (delta.moved == GONE) | np.append(fresh, False)[delta.moved]  # a change may leave no record at all
    values, lost = changed_keys(state.values, delta.keys, delta.moved, leaves=leaves)
    pairs, old_links = _pairs_now(state.pairs, delta), _moved_links(state.links, delta.moved)
    gone = np.unique(state.resolution.tied[delta.moved == GONE])
    touched = Touched(
        np.concatenate([delta.compared, delta.pairs.left, delta.pairs.right, *_differing(old_links, delta.links)]),
        np.unique(np.append(lost, packed_names(delta.keys.kind, delta.keys.value))),
        gone,
    )
    known = _known(state.resolution, delta)
    resolution, affected = decide_again(
        known, values, state.rules, touched=touched, evidence=Evidence(pairs, delta.links, score)
    )
    return State(delta.count, values, state.rules, pairs, delta.links, resolution), affected


def decide_again(
    known: Known, values: Values, rules: GraphRules, *, touched: Touched, evidence: Evidence
) -> tuple[Resolution, Integers]:
    """Decide what a change can affect; `values`, `evidence` and `touched` are as things stand now."""
    affected = _affected(known.tied, values, touched)
    records = np.flatnonzero(affected)
    before = known.resolution
    untouched_held = ~np.isin(packed_names(before.held.kind, before.held.value), touched.values)
    guarded = is_guard(before.held) & untouched_held
    part = resolve_values(
        len(records),
        values.of_records(affected),
        rules,
        evidence=_evidence_of(evidence, affected),
        still_held=packed_names(before.held.kind[guarded], before.held.value[guarded]),
    )
    keep = guarded | (untouched_held & _is_elsewhere(values, before.held, affected))
    return _spliced(before, part, records, keep=keep, rules=rules, evidence=evidence), records


def _affected(tied: Integers, values: Values, touched: Touched) -> NDArray[np.bool_]:
    """Per record whether the change can affect it."""
    count = len(tied)
    affected = np.zeros(count, np.bool_)
    affected[touched.records] = True
    affected[values.keys.record[values.find(touched.values)]] = True
    component = np.zeros(int(max(tied.max(initial=GONE), touched.components.max(initial=GONE))) + 2, np.bool_)
    component[tied[affected]] = True
    component[touched.components] = True
    component[GONE] = False
    return affected | component[tied]


def _is_elsewhere(values: Values, held: Held, affected: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Per value whether somebody holds it whom the change cannot affect; then it can affect none of its holders."""
    packed = packed_names(held.kind, held.value)
    place = np.searchsorted(values.packed, packed)
    there = np.append(values.packed, np.uint64(0))[place] == packed
    elsewhere: NDArray[np.bool_] = there.copy()
    elsewhere[there] = ~affected[values.keys.record[place[there]]]
    return elsewhere


def _evidence_of(evidence: Evidence, affected: NDArray[np.bool_]) -> Evidence:
    """Pairs and links among the records marked, which are numbered anew in their order."""
    number = np.cumsum(affected) - 1
    pairs, links = evidence.pairs, evidence.links
    both = affected[pairs.left] & affected[pairs.right]
    here = affected[links.left] & affected[links.right]
    return Evidence(
        Pairs(number[pairs.left[both]], number[pairs.right[both]], pairs.probability[both]),
        Links(number[links.left[here]], number[links.right[here]], links.must[here]),
        _scorer(evidence.score, np.flatnonzero(affected)),
    )


def _scorer(score: PairScorer | None, records: Integers) -> PairScorer | None:
    if score is None:
        return None
    return lambda left, right: score(records[left], records[right])


def _spliced(
    before: Resolution,
    part: Resolution,
    records: Integers,
    *,
    keep: NDArray[np.bool_],
    rules: GraphRules,
    evidence: Evidence,
) -> Resolution:
    """`before` with `records` as `part` has them."""
    component, tied = before.component.copy(), before.tied.copy()
    component[records], tied[records] = records[part.component], records[part.tied]
    affected = np.zeros(len(component), np.bool_)
    affected[records] = True
    old, new = chosen(before.edges, ~affected[before.edges.left]), part.edges
    kept = np.flatnonzero(keep).tolist()
    held = Held(
        np.append(before.held.kind[keep], part.held.kind),
        np.append(before.held.value[keep], part.held.value),
        (*(before.held.reason[one] for one in kept), *part.held.reason),
        np.append(before.held.records[keep], part.held.records),
    )
    spans_before, spans = from_values(before.review), from_values(part.review)
    stay = ~affected[spans_before.left]
    spans_stay = Pairs(spans_before.left[stay], spans_before.right[stay], spans_before.probability[stay])
    spans_new = Pairs(records[spans.left], records[spans.right], spans.probability)
    review = all_pairs(doubtful_pairs(component, rules, evidence.pairs, links=evidence.links), spans_stay, spans_new)
    edges = all_edges(old, replace(new, left=records[new.left], right=records[new.right]))
    return Resolution(component, tied, edges, held, review)


def _known(resolution: Resolution, delta: Delta) -> Known:
    """What was decided, in today's positions; of a deleted record nothing stays."""
    moved = delta.moved
    there = moved != GONE
    tied = np.full(delta.count, GONE)
    tied[moved[there]] = resolution.tied[there]
    own = np.arange(delta.count)
    component, named = own.copy(), own.copy()
    component[moved[there]], named[moved[there]] = moved[resolution.component[there]], moved[resolution.tied[there]]
    edges, review = resolution.edges, resolution.review
    stay = there[edges.left] & there[edges.right]
    edges = chosen(edges, stay)
    edges = Edges(moved[edges.left], moved[edges.right], edges.kind, edges.probability)
    stay = there[review.left] & there[review.right]
    pairs = Pairs(moved[review.left[stay]], moved[review.right[stay]], review.probability[stay])
    return Known(tied, Resolution(component, named, edges, resolution.held, pairs))


def _pairs_now(pairs: Pairs, delta: Delta) -> Pairs:
    """The pairs of records that were not weighed anew, and those of the records that were."""
    fresh = np.zeros(delta.count, np.bool_)
    fresh[delta.compared] = True
    left, right = delta.moved[pairs.left], delta.moved[pairs.right]
    stay = (left != GONE) & (right != GONE)
    stay[stay] &= ~(fresh[left[stay]] | fresh[right[stay]])
    return all_pairs(Pairs(left[stay], right[stay], pairs.probability[stay]), delta.pairs)


def _moved_links(links: Links, moved: Integers) -> Links:
    left, right = moved[links.left], moved[links.right]
    stay = (left != GONE) & (right != GONE)
    return Links(left[stay], right[stay], links.must[stay])


def _differing(before: Links, after: Links) -> tuple[Integers, Integers]:
    """Both ends of the links that came or went."""
    named = [
        set(zip(links.left.tolist(), links.right.tolist(), links.must.tolist(), strict=True))
        for links in (before, after)
    ]
    ends = sorted(named[0] ^ named[1])
    return np.array([end[0] for end in ends], np.int64), np.array([end[1] for end in ends], np.int64)
