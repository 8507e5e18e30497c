"""What a graph makes of keys, pairs and links, one claim at a time."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from harness.graphs import as_keys, as_links
from kumitate.errors import ConfigError
from kumitate.identity.graph.hashing import distinct_hashes, hash64
from kumitate.identity.graph.model import GraphRules, KindRule, Links, Pairs, Resolution, no_links, no_pairs
from kumitate.identity.graph.resolve import resolve

LOGIN, PHONE, NAME = range(3)
UNIQUE = (
    KindRule("login", priority=1, most_per_person=1),
    KindRule("phone", priority=2),
    KindRule("name", merges=False),
)

Row = tuple[int, int, int]


def resolved(
    rows: list[Row],
    kinds: tuple[KindRule, ...] = UNIQUE,
    *,
    pairs: Pairs | None = None,
    links: Links | None = None,
    score: Any = None,
    largest: int = 50,
    count: int | None = None,
) -> Resolution:
    """Rows of record, kind, value."""
    keys = as_keys([(record, kind, value, 0) for record, kind, value in rows])
    known = max([record for record, _, _ in rows], default=-1) + 1
    return resolve(
        known if count is None else count,
        keys,
        GraphRules(kinds, largest),
        pairs=pairs or no_pairs(),
        links=links or no_links(),
        score=score,
    )


def held(found: Resolution) -> dict[tuple[int, int], str]:
    return dict(
        zip(zip(found.held.kind.tolist(), found.held.value.tolist(), strict=True), found.held.reason, strict=True)
    )


def pairs_of(*rows: tuple[int, int, float]) -> Pairs:
    left, right, probability = zip(*rows, strict=True)
    return Pairs(np.array(left), np.array(right), np.array(probability))


def matrix(rows: list[list[float]]) -> Any:
    return lambda left, right: np.array(rows)[left, right]


def test_of_ties_that_contradict_a_unique_kind_the_weaker_kind_yields() -> None:
    """Two logins share a phone: the phone yields, whatever the order of records."""
    found = resolved([(0, LOGIN, 1), (1, LOGIN, 1), (1, PHONE, 9), (2, PHONE, 9), (2, LOGIN, 2), (3, LOGIN, 2)])
    assert found.component.tolist() == [0, 0, 2, 2]
    assert held(found) == {(PHONE, 9): "limit:login"}
    assert (found.review.left.tolist(), found.review.right.tolist()) == ([1], [2])
    assert np.isnan(found.review.probability).all()


def test_the_kind_with_the_higher_number_yields_though_it_was_declared_first() -> None:
    kinds = (KindRule("login", priority=2), KindRule("phone", priority=1), KindRule("name", most_per_person=1))
    found = resolved([(0, NAME, 1), (0, PHONE, 9), (1, PHONE, 9), (1, LOGIN, 5), (2, LOGIN, 5), (2, NAME, 2)], kinds)
    assert found.component.tolist() == [0, 0, 2]
    assert held(found) == {(LOGIN, 5): "limit:name"}


def test_what_yields_merges_none_of_those_who_have_it() -> None:
    found = resolved([(0, LOGIN, 1), (0, PHONE, 9), (1, PHONE, 9), (2, PHONE, 9), (2, LOGIN, 2)])
    assert found.component.tolist() == [0, 1, 2]


def test_a_limit_counts_values_within_its_span_and_those_without_a_time_always() -> None:
    kinds = (KindRule("device", most_per_person=1, within_ms=10), KindRule("mail", priority=2))

    def persons(*times: int) -> int:
        rows = [(n, 0, n + 1, at) for n, at in enumerate(times)] + [(n, 1, 7, 0) for n in range(len(times))]
        keys = as_keys(rows)
        return len(set(resolve(2, keys, GraphRules(kinds), pairs=no_pairs(), links=no_links()).component.tolist()))

    assert (persons(5, 15), persons(5, 16), persons(0, 16)) == (2, 1, 2)


def test_a_person_of_too_many_records_is_held_apart_by_the_weakest_tie() -> None:
    rows = [(n, LOGIN, 1) for n in range(3)] + [(n, PHONE, 9) for n in range(2, 5)]
    found = resolved(rows, (KindRule("login"), KindRule("phone", priority=2)), largest=4)
    assert found.component.tolist() == [0, 0, 0, 3, 4]
    assert held(found) == {(PHONE, 9): "limit:largest"}


def test_a_blocked_witness_says_nothing_and_a_guard_looks_at_all_records() -> None:
    kinds = (KindRule("login"), KindRule("phone", most_distinct=((NAME, 1),)), KindRule("name", merges=False))
    alone = [(0, PHONE, 9), (1, PHONE, 9), (0, NAME, 1), (1, NAME, 0)]
    assert resolved(alone, kinds).component.tolist() == [0, 0]
    shared = resolved([*alone, (2, PHONE, 9), (2, NAME, 2)], kinds)
    assert held(shared) == {(PHONE, 9): "shared_by:name"}


@pytest.mark.parametrize(("people", "merged"), [(3, True), (4, False), (400, False)])
def test_a_phone_that_many_people_have_is_found_from_the_data(people: int, merged: bool) -> None:
    """More different names than max(3, the square root of the records that state one)."""
    kinds = (KindRule("login"), KindRule("phone", told_by=(NAME,)), KindRule("name", merges=False))
    found = resolved([row for n in range(people) for row in ((n, PHONE, 9), (n, NAME, n + 1))], kinds, largest=1000)
    assert (set(found.component.tolist()) == {0}) is merged
    assert held(found) == ({} if merged else {(PHONE, 9): "found:name"})


def test_ten_spellings_on_a_hundred_records_are_still_one_person() -> None:
    kinds = (KindRule("login"), KindRule("phone", told_by=(NAME,)), KindRule("name", merges=False))
    rows = [row for n in range(100) for row in ((n, PHONE, 9), (n, NAME, n % 10 + 1))]
    assert set(resolved(rows, kinds, largest=100).component.tolist()) == {0}


def test_a_must_link_outranks_a_limit() -> None:
    found = resolved([(0, LOGIN, 1), (1, LOGIN, 2), (2, LOGIN, 3)], links=as_links([(0, 1, True)]))
    assert found.component.tolist() == [0, 0, 2]


def test_who_brings_no_more_of_it_may_join_a_person_over_the_limit() -> None:
    rows = [(0, LOGIN, 1), (1, LOGIN, 2), (2, LOGIN, 2), (0, PHONE, 5), (3, PHONE, 5), (3, LOGIN, 3)]
    found = resolved(rows, links=as_links([(0, 1, True)]))
    assert found.component.tolist() == [0, 0, 0, 3]


def test_a_cannot_link_cuts_the_weakest_tie_and_needs_no_review() -> None:
    kinds = (KindRule("login"), KindRule("phone", priority=2))
    rows = [(0, LOGIN, 1), (1, LOGIN, 1), (1, PHONE, 9), (2, PHONE, 9)]
    found = resolved(rows, kinds, links=as_links([(0, 2, False)]))
    assert found.component.tolist() == [0, 0, 2]
    assert held(found) == {(PHONE, 9): "limit:steward"}
    assert len(found.review.left) == 0


def test_links_that_contradict_each_other_are_an_error_that_names_them() -> None:
    links = as_links([(0, 1, True), (1, 2, True), (2, 0, False)])
    with pytest.raises(ConfigError, match=r"records 2 and 0 may not be one person, but 0=1, 1=2 says they are"):
        resolved([], count=3, links=links)


def test_a_probable_pair_ties_a_doubtful_one_is_reviewed_and_an_improbable_one_is_forgotten() -> None:
    found = resolved([], count=4, pairs=pairs_of((1, 0, 0.995), (1, 2, 0.9), (2, 3, 0.5)))
    assert found.component.tolist() == [0, 0, 2, 3]
    assert (found.edges.left.tolist(), found.edges.probability.tolist()) == ([0], [0.995])
    assert (found.review.left.tolist(), found.review.right.tolist()) == ([1], [2])


def test_a_chain_whose_ends_are_unlike_is_parted_where_it_is_weakest() -> None:
    """A like B, B like C, but C unlike A: on average C does not belong to A and B."""
    weights = [[0, 7, -9], [7, 0, 5], [-9, 5, 0]]
    pairs = pairs_of((0, 1, 0.999), (1, 2, 0.995))
    found = resolved([], count=3, pairs=pairs, score=matrix(weights))
    assert found.component.tolist() == [0, 0, 2]
    assert (found.review.left.tolist(), found.review.right.tolist()) == ([1], [2])
    assert resolved([], count=3, pairs=pairs).component.tolist() == [0, 0, 0]


def test_a_value_that_a_model_outweighs_is_held_and_reviewed() -> None:
    rows = [(0, LOGIN, 1), (1, LOGIN, 1), (1, PHONE, 9), (2, PHONE, 9)]
    weights = [[0, 7, -8], [7, 0, -8], [-8, -8, 0]]
    found = resolved(rows, (KindRule("login"), KindRule("phone")), score=matrix(weights))
    assert found.component.tolist() == [0, 0, 2]
    assert held(found) == {(PHONE, 9): "limit:model"}


def test_two_records_are_what_their_tie_says_whatever_the_model_says() -> None:
    found = resolved([(0, LOGIN, 1), (1, LOGIN, 1)], score=matrix([[0, -8], [-8, 0]]))
    assert found.component.tolist() == [0, 0]


def test_no_records_are_no_persons() -> None:
    assert resolved([]).component.tolist() == []


def test_a_hash_is_siphash_2_4() -> None:
    """Vectors of the paper and the reference implementation: key 00..0f, messages 00, 00 01, …"""
    key = bytes(range(16))
    texts = pa.array([bytes(range(length)) for length in (0, 8, 15)], pa.binary())
    assert [int(one) for one in hash64(texts, key)] == [0x726FDB47DD0E0E31, 0x93F5F5799A932462, 0xA129CA6149BE45E5]


def test_a_hash_does_not_depend_on_its_neighbours() -> None:
    texts = pa.array(["", "a", "山田太郎", "x" * 1000, "a"])
    together = hash64(pa.chunked_array([texts[:2], texts[2:]]))
    assert together.tolist() == [int(hash64(texts[n : n + 1])[0]) for n in range(5)]
    assert distinct_hashes(texts).tolist() == together.tolist()
    assert len(hash64(pa.array([], pa.string()))) == 0
