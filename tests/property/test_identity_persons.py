"""Components and person ids against naive oracles."""

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.identity.graph.components import components
from kumitate.identity.person_changes import assign_among
from kumitate.identity.persons import assign_persons
from kumitate.identity.persons import heirs as inherited
from kumitate.identity.scoring import score_labels
from kumitate.identity.tables import PERSON_RECORDS

NODES = st.integers(0, 11)
PAIRS = st.lists(st.tuples(NODES, NODES), max_size=14)
OLD_IDS, RUNS = st.sampled_from("ABCD"), st.sampled_from(["r000001", "r000002"])
PREVIOUS = st.dictionaries(NODES, st.tuples(OLD_IDS, RUNS))
MINTED = st.dictionaries(OLD_IDS, RUNS)

Previous = dict[int, tuple[str, str]]


def union_find(pairs: list[tuple[int, int]], count: int) -> list[int]:
    """The smallest node of each node's component, the slow way."""
    smallest = list(range(count))
    for _ in range(count):
        for left, right in pairs:
            smallest[left] = smallest[right] = min(smallest[left], smallest[right])
    return smallest


def record(node: int) -> str:
    return f"s/{node:02}"


def table(columns: str, rows: list[tuple[Any, ...]]) -> pa.Table:
    names = columns.split()
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)})


def inputs(
    nodes: set[int], pairs: list[tuple[int, int]], previous: Previous, minted: dict[str, str]
) -> dict[str, pa.Table]:
    smallest = union_find([(left, right) for left, right in pairs if left in nodes and right in nodes], 12)
    rows = [(record(n), "s", f"{n:02}", record(smallest[n])) for n in nodes]
    return {
        "records": table("record source record_id person", rows),
        "previous": table("record person_id since_run_id", [(record(n), *was) for n, was in previous.items()]),
        "minted": table("person_id run_id", list(minted.items())),
    }


def assigned(given_inputs: dict[str, pa.Table]) -> dict[int, tuple[str, str]]:
    result = assign_persons(given_inputs, run_id="r000009")
    assert result.schema == PERSON_RECORDS.schema
    return {int(row["record_id"]): (row["person_id"], row["since_run_id"]) for row in result.to_pylist()}


def heirs(component: dict[int, int], previous: Previous, minted: dict[str, str]) -> dict[int, str]:
    """Component -> the id it carries on, the slow way."""
    places: dict[str, Counter[int]] = defaultdict(Counter)
    for node, (old_id, _) in previous.items():
        if node in component:
            places[old_id][component[node]] += 1
    inherited = defaultdict(list)
    for old_id, count in places.items():
        home = min(count, key=lambda place: (-count[place], place))
        inherited[home].append((minted.get(old_id, ""), old_id))
    return {place: min(ids)[1] for place, ids in inherited.items()}


@settings(max_examples=50, deadline=None)
@given(PAIRS)
def test_components_are_those_of_a_naive_union_find(pairs: list[tuple[int, int]]) -> None:
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    assert components(12, [(ends[:, 0], ends[:, 1])]).tolist() == union_find(pairs, 12)


@settings(max_examples=50, deadline=None)
@given(st.sets(NODES), PAIRS, PREVIOUS, MINTED)
def test_ids_go_where_most_of_their_records_are_and_the_oldest_carries_on(
    nodes: set[int], pairs: list[tuple[int, int]], previous: Previous, minted: dict[str, str]
) -> None:
    now = assigned(inputs(nodes, pairs, previous, minted))
    inside = [(left, right) for left, right in pairs if left in nodes and right in nodes]
    smallest = union_find(inside, 12)
    component = {node: smallest[node] for node in nodes}
    carried = heirs(component, previous, minted)
    assert set(now) == nodes
    for node, (person_id, since) in now.items():
        expected = carried.get(component[node])
        assert person_id == expected if expected else person_id not in "ABCD"
        kept = node in previous and previous[node][0] == person_id
        assert since == (previous[node][1] if kept else "r000009")
    assert len({person_id for person_id, _ in now.values()}) == len(set(component.values()))


@settings(max_examples=50, deadline=None)
@given(st.sets(NODES), PAIRS, PREVIOUS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_id(
    nodes: set[int], pairs: list[tuple[int, int]], previous: Previous, random: Any
) -> None:
    tables = inputs(nodes, pairs, previous, {})
    shuffled = {
        name: rows.take(pa.array(random.sample(range(rows.num_rows), rows.num_rows), pa.int64()))
        for name, rows in tables.items()
    }
    assert assigned(tables) == assigned(shuffled)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=20))
def test_pairs_by_counts_are_the_pairs_one_by_one(labels: list[tuple[int, int]]) -> None:
    pairs = [(a, b) for i, a in enumerate(labels) for b in labels[:i]]
    merged = [a[0] == b[0] for a, b in pairs]
    true = [a[1] == b[1] for a, b in pairs]
    score = score_labels([found for found, _ in labels], [truth for _, truth in labels])
    both = sum(m and t for m, t in zip(merged, true, strict=True))
    assert (score.merged_pairs, score.true_pairs, score.right_pairs) == (sum(merged), sum(true), both)


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.lists(st.integers(-1, 5), min_size=12, max_size=12), st.permutations(range(6)))
def test_ids_of_what_a_change_affected_are_those_of_a_full_run(
    pairs: list[tuple[int, int]], previous: list[int], age: list[int]
) -> None:
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    component, before, ages = components(12, [(ends[:, 0], ends[:, 1])]), np.array(previous), np.array(age)
    _, place = np.unique(component, return_inverse=True)
    heir = inherited(place, before, ages)
    change = assign_among(np.arange(12), component, before, age=ages)
    assert [one for one in change.person.tolist() if one < 6] == [one for one in heir[place].tolist() if one >= 0]
    flows = [*flow(change.merged), *flow(change.split), *flow(change.moved)]
    went = Counter(
        (was, now) for was, now in zip(previous, change.person.tolist(), strict=True) if was not in (-1, now)
    )
    assert {(old, new): records for old, new, records in flows} == went
    assert len(flows) == len(went)
    alive = set(change.person.tolist())
    assert {old for old, _, _ in flow(change.merged)} == {one for one in previous if one >= 0} - alive
    assert all(new >= 6 for _, new, _ in flow(change.split))
    assert all(new < 6 for _, new, _ in flow(change.moved))


def flow(rows: Any) -> list[tuple[int, int, int]]:
    return list(zip(rows.old.tolist(), rows.new.tolist(), rows.records.tolist(), strict=True))
