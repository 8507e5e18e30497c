"""How good persons are against a known truth: precision and recall over pairs of records, by counts, not pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class PairScore:
    """Of the pairs merged, how many rightly (precision); of the pairs that belong together, how many merged (recall).

    Both are 1 where there is no pair to get wrong.
    """

    records: int
    merged_pairs: int
    true_pairs: int
    right_pairs: int

    @property
    def precision(self) -> float:
        return self.right_pairs / self.merged_pairs if self.merged_pairs else 1.0

    @property
    def recall(self) -> float:
        return self.right_pairs / self.true_pairs if self.true_pairs else 1.0

    @property
    def f1(self) -> float:
        total = self.merged_pairs + self.true_pairs
        return 2 * self.right_pairs / total if total else 1.0


def score_pairs(found: pa.Table, truth: pa.Table) -> PairScore:
    """Compare two tables of `record` and `person_id` on the records that both know."""
    found, truth = (side.select(["record", "person_id"]).combine_chunks() for side in (found, truth))
    row = pc.index_in(found["record"].combine_chunks(), value_set=truth["record"].combine_chunks())
    both = pc.is_valid(row)
    return score_labels(
        _codes(found["person_id"].filter(both)),
        _codes(truth["person_id"].take(row.filter(both))),
    )


def score_labels(found: ArrayLike, truth: ArrayLike) -> PairScore:
    """The same over aligned cluster numbers: `score_labels([1, 1, 2], [7, 7, 7])` has recall 1/3."""
    found, truth = (np.unique(np.asarray(labels), return_inverse=True)[1] for labels in (found, truth))
    both = found * (truth.max(initial=0) + 1) + truth
    return PairScore(len(found), _pairs(found), _pairs(truth), _pairs(both))


@dataclass(frozen=True, slots=True)
class RecordScore:
    """B-cubed: of a record's cluster, the share that belongs with it; of those that do, the share found; averaged.

    Source: Bagga and Baldwin, "Entity-based cross-document coreferencing using the vector space model", 1998.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def b_cubed(found: ArrayLike, truth: ArrayLike) -> RecordScore:
    """Over aligned cluster numbers: `b_cubed([1, 1, 2], [7, 7, 7])` has precision 1 and recall 5/9."""
    found, truth = (np.unique(np.asarray(labels), return_inverse=True)[1] for labels in (found, truth))
    if not len(found):
        return RecordScore(1.0, 1.0)
    both = found * (truth.max(initial=0) + 1) + truth
    cells, together = np.unique(both, return_counts=True)
    in_found, in_truth = np.divmod(cells, truth.max(initial=0) + 1)
    shared = together.astype(np.float64) ** 2
    precision = (shared / np.bincount(found)[in_found]).sum() / len(found)
    recall = (shared / np.bincount(truth)[in_truth]).sum() / len(found)
    return RecordScore(float(precision), float(recall))


def _pairs(labels: NDArray[np.int64]) -> int:
    """Pairs with equal labels."""
    _, sizes = np.unique(labels, return_counts=True)
    return int((sizes * (sizes - 1) // 2).sum())


def _codes(values: pa.ChunkedArray) -> NDArray[np.int64]:
    codes = values.combine_chunks().dictionary_encode().indices
    return np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)
