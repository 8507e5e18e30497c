"""Persons against a known truth."""

import pyarrow as pa
import pytest

from kumitate.identity.scoring import b_cubed, score_labels, score_pairs


def labelled(**persons: str) -> pa.Table:
    return pa.table({"record": list(persons), "person_id": list(persons.values())})


def test_a_perfect_clustering_scores_one_whatever_its_names() -> None:
    score = score_pairs(labelled(a="p1", b="p1", c="p2"), labelled(c="x", a="y", b="y"))
    assert (score.precision, score.recall, score.f1) == (1, 1, 1)


def test_a_wrong_merge_costs_precision() -> None:
    score = score_labels([1, 1, 1], [7, 7, 8])
    assert (score.precision, score.recall) == (pytest.approx(1 / 3), 1)


def test_a_missed_merge_costs_recall() -> None:
    score = score_labels([1, 1, 2], [7, 7, 7])
    assert (score.precision, score.recall, score.f1) == (1, pytest.approx(1 / 3), pytest.approx(0.5))


def test_records_that_only_one_side_knows_do_not_count() -> None:
    score = score_pairs(labelled(a="p1", b="p1", z="p1"), labelled(a="x", b="x", y="x"))
    assert (score.records, score.merged_pairs, score.true_pairs) == (2, 1, 1)


def test_where_there_is_no_pair_nothing_is_wrong() -> None:
    assert score_labels([], []).f1 == score_labels([1, 2], [1, 2]).f1 == 1
    assert score_labels([1, 2], [1, 1]).f1 == score_labels([1, 1], [1, 2]).f1 == 0


def test_pairs_are_counted_not_listed() -> None:
    assert score_labels([0] * 200_000, [0] * 200_000).merged_pairs == 200_000 * 199_999 // 2


def test_b_cubed_averages_over_records() -> None:
    score = b_cubed([1, 1, 2], [7, 7, 7])
    assert (score.precision, round(score.recall, 4)) == (1.0, round(5 / 9, 4))
    assert b_cubed([1, 1, 1], [7, 7, 8]).precision == pytest.approx(5 / 9)
    assert b_cubed([], []).f1 == 1.0
