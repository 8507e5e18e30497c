"""Resolutions of random small worlds, held against what is said in words, the slow way."""

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.graphs import (
    BLOCKED_VALUE,
    BORN,
    KEYS,
    LOGIN,
    MAIL,
    NAME,
    NAMES,
    OTHER_RULES,
    PHONE,
    PROBABILITIES,
    RULES,
    World,
    as_keys,
    outcome,
)
from kumitate.identity.graph.limits import held_at_once
from kumitate.identity.graph.model import GraphRules, KindRule, no_links, no_pairs
from kumitate.identity.graph.resolve import resolve

WORLDS = st.dictionaries(NAMES, KEYS, max_size=12)
GUARDS_ALONE = GraphRules(
    tuple(KindRule(k.name, k.merges, k.most_records, k.most_distinct, k.told_by) for k in RULES.kinds), 100
)


def by_value(world: World) -> dict[tuple[int, int], set[int]]:
    """(kind, value) -> records."""
    found: dict[tuple[int, int], set[int]] = {}
    for number, name in enumerate(world.names):
        for kind, value, _ in world.keys[name]:
            found.setdefault((kind, value), set()).add(number)
    return found


def mergeable(world: World) -> dict[tuple[int, int], set[int]]:
    """The values that pass the guards of RULES, by hand."""
    found = by_value(world)
    names = {
        record: {value for (kind, value), records in found.items() if kind == NAME and record in records} - {0}
        for record in range(len(world.keys))
    }
    return {
        (kind, value): records
        for (kind, value), records in found.items()
        if value != BLOCKED_VALUE
        and kind in (LOGIN, MAIL, PHONE)
        and not (kind == MAIL and len(records) > 3)
        and not (kind == PHONE and len(set().union(*(names[record] for record in records))) > 1)
    }


def together(count: int, ties: list[set[int]]) -> list[int]:
    """The smallest record of each record's component, the slow way."""
    smallest = list(range(count))
    for _ in range(count):
        for records in ties:
            least = min(smallest[record] for record in records)
            for record in records:
                smallest[record] = least
    return smallest


@settings(max_examples=60, deadline=None)
@given(WORLDS)
def test_whoever_shares_a_value_that_no_guard_holds_is_one_person(keys: dict[str, Any]) -> None:
    world = World(keys)
    found = resolve(len(keys), world.keys_of(world.names), GUARDS_ALONE, pairs=no_pairs(), links=no_links())
    ties = mergeable(world)
    assert found.component.tolist() == together(len(keys), list(ties.values()))
    edges = zip(found.edges.left.tolist(), found.edges.right.tolist(), found.edges.kind.tolist(), strict=True)
    stars = {(min(rs), r, kind) for (kind, _), rs in ties.items() for r in rs if r != min(rs)}
    assert set(edges) == stars
    held = set(zip(found.held.kind.tolist(), found.held.value.tolist(), strict=True))
    several = {
        value for value, records in by_value(world).items() if value[0] < NAME and (len(records) > 1 or not value[1])
    }
    assert held == several - set(ties)


@settings(max_examples=60, deadline=None)
@given(WORLDS, st.sampled_from([RULES, OTHER_RULES]), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(keys: dict[str, Any], rules: GraphRules, scored: bool, random: Any) -> None:
    world = World(keys)
    rows = [(n, *key) for n, name in enumerate(world.names) for key in keys[name]]
    score = world.scorer() if scored else None
    ways = (
        resolve(len(keys), as_keys(order), rules, pairs=no_pairs(), links=no_links(), score=score)
        for order in (rows, random.sample(rows, len(rows)) + rows[:1])
    )
    first, second = map(outcome, ways)
    assert first == second


@settings(max_examples=60, deadline=None)
@given(
    WORLDS,
    st.dictionaries(st.tuples(NAMES, NAMES).filter(lambda pair: pair[0] < pair[1]), PROBABILITIES, max_size=4),
    st.sampled_from([RULES, OTHER_RULES]),
    st.booleans(),
)
def test_no_person_is_more_than_a_person_can_be(
    keys: dict[str, Any], pairs: dict[tuple[str, str], float], rules: GraphRules, scored: bool
) -> None:
    world = World(keys, pairs, dict.fromkeys(list(pairs)[:1], False))
    score = world.scorer() if scored else None
    found = resolve(
        len(keys),
        world.keys_of(world.names),
        rules,
        pairs=world.pairs_of(set(world.names)),
        links=world.all_links(),
        score=score,
    )
    component = found.component.tolist()
    assert max([0, *Counter(component).values()]) <= rules.largest
    links = world.all_links()
    assert not np.any(found.component[links.left] == found.component[links.right])
    held = {
        (kind, value)
        for kind, value, reason in zip(
            found.held.kind.tolist(), found.held.value.tolist(), found.held.reason, strict=True
        )
        if not reason.startswith("limit:")
    }
    assert_within_limits(world, rules, component, held)
    assert component == together(len(keys), [set(edge) for edge in edges_of(found)])


def edges_of(found: Any) -> list[tuple[int, int]]:
    return list(zip(found.edges.left.tolist(), found.edges.right.tolist(), strict=True))


def assert_within_limits(world: World, rules: GraphRules, component: list[int], held: set[tuple[int, int]]) -> None:
    """No person of several records has more values of a kind than is allowed, within the kind's span."""
    for kind in (LOGIN, MAIL, PHONE, BORN):
        rule = rules.kinds[kind]
        for person in {p for p, records in Counter(component).items() if records > 1 and rule.most_per_person}:
            each = [
                {
                    value: {min(at for k, v, at in world.keys[name] if (k, v) == (kind, value))}
                    for k, value, _ in world.keys[name]
                    if k == kind and value != BLOCKED_VALUE and (kind, value) not in held
                }
                for number, name in enumerate(world.names)
                if component[number] == person
            ]
            times: dict[int, set[int]] = {}
            for said in each:
                for value, seen in said.items():
                    times.setdefault(value, set()).update(seen)
            allowed = max([rule.most_per_person or 0, *(held_at_once(said, rule) for said in each)])
            assert held_at_once(times, rule) <= allowed
