"""A history of changes, decided step by step, ends where deciding everything anew ends."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.graphs import KEYS, NAMES, OTHER_RULES, PROBABILITIES, RULES, World, outcome
from kumitate.errors import ConfigError
from kumitate.identity.graph.incremental import apply, start
from kumitate.identity.graph.model import GraphRules
from kumitate.identity.graph.resolve import resolve

PUT = st.tuples(st.just("put"), NAMES, KEYS)
DELETE = st.tuples(st.just("delete"), NAMES)
PAIR = st.tuples(st.just("pair"), NAMES, NAMES, PROBABILITIES)
LINK = st.tuples(st.just("link"), NAMES, NAMES, st.booleans() | st.none())
RULE = st.tuples(st.just("rules"), st.sampled_from([RULES, OTHER_RULES]))
STEPS = st.lists(st.one_of(PUT, PUT, PUT, DELETE, PAIR, LINK, RULE), min_size=1, max_size=6)
WORLDS = st.dictionaries(NAMES, KEYS, min_size=4).map(lambda keys: [("put", *record) for record in keys.items()])
HISTORIES = st.tuples(WORLDS, st.lists(STEPS, min_size=1, max_size=5)).map(lambda told: [told[0], *told[1]])


def change(world: World, steps: list[tuple[Any, ...]], rules: GraphRules) -> tuple[set[str], GraphRules]:
    """Carry out the steps; the records that changed, and the rules that hold now."""
    changed: set[str] = set()
    for what, *told in steps:
        match what:
            case "put":
                world.keys[told[0]] = told[1]
                changed.add(told[0])
            case "delete":
                world.keys.pop(told[0], None)
                world.pairs = {pair: p for pair, p in world.pairs.items() if told[0] not in pair}
            case "pair" if told[0] < told[1]:
                world.pairs[told[0], told[1]] = told[2]
                changed |= {told[0], told[1]}
            case "link" if told[0] != told[1]:
                linked = {k: v for k, v in world.links.items() if set(k) != {told[0], told[1]}}
                world.links = linked | ({(told[0], told[1]): told[2]} if told[2] is not None else {})
            case "rules":
                rules = told[0]
    return changed, rules


def follow(history: list[list[tuple[Any, ...]]], *, scored: bool) -> None:
    """Hold every step of the history against deciding everything anew."""
    world, rules, names = World(), RULES, []
    state = start(0, world.keys_of([]), rules, pairs=world.pairs_of(set()), links=world.all_links())
    for steps in history:
        names = world.names
        changed, new_rules = change(world, steps, rules)
        score = world.scorer() if scored else None
        everything = {
            "pairs": world.pairs_of(set(world.names)), "links": world.all_links(), "score": score,
        }  # fmt: skip
        count, keys = len(world.keys), world.keys_of(world.names)
        try:
            full = resolve(count, keys, new_rules, **everything)
        except ConfigError:
            with pytest.raises(ConfigError):
                apply(state, world.delta(names, changed), score)
            world.links = {}
            full = resolve(count, keys, new_rules, **everything | {"links": world.all_links()})
        if new_rules != rules:
            state, rules = start(count, keys, new_rules, **everything | {"links": world.all_links()}), new_rules
        else:
            state, affected = apply(state, world.delta(names, changed), score)
            assert len(affected) <= count
        assert outcome(state.resolution) == outcome(full)


@settings(max_examples=400, deadline=None)
@given(HISTORIES)
def test_a_history_decided_step_by_step_is_decided_as_a_whole(history: list[list[tuple[Any, ...]]]) -> None:
    follow(history, scored=False)


@pytest.mark.slow
@settings(max_examples=250, deadline=None)
@given(HISTORIES)
def test_so_it_is_where_a_model_weighs_components_anew(history: list[list[tuple[Any, ...]]]) -> None:
    follow(history, scored=True)


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=2500, deadline=None)
@given(HISTORIES)
def test_thousands_of_histories_are_decided_as_a_whole(history: list[list[tuple[Any, ...]]]) -> None:
    follow(history, scored=False)


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=1500, deadline=None)
@given(HISTORIES)
def test_thousands_of_histories_with_a_model_are_decided_as_a_whole(history: list[list[tuple[Any, ...]]]) -> None:
    follow(history, scored=True)
