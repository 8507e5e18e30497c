"""Weights of pairs: the same for one pair in words and for a million in columns, in characters and not in bytes."""

import math
import random

import pyarrow as pa
import pytest

from kumitate.identity.probabilistic.comparisons import comparisons_for
from kumitate.identity.probabilistic.explaining import explain
from kumitate.identity.probabilistic.fitting import fit
from kumitate.identity.probabilistic.levels import Check, Measure
from kumitate.identity.probabilistic.model import Comparison, Level, Model
from kumitate.identity.probabilistic.scoring import score

NAMES = ["高橋", "髙橋", "田中", "中田", "佐藤", "加藤", "山本", "van der Berg", "Müller", "Muller", None, ""]
DATES = ["1980-02-29", "1980-02-28", "1979-02-28", "not a date", None, "2001-12-31"]
MAILS = ["taro@example.jp", "taro@example.com", "tarou@example.jp", "@example.jp", "hanako@example.com", None, "x"]


def _table(rows: int, seed: int) -> pa.Table:
    draw = random.Random(seed)
    return pa.table(
        {
            "last_name": pa.array([draw.choice(NAMES) for _ in range(rows)], pa.string()),
            "first_name": pa.array([draw.choice(NAMES) for _ in range(rows)], pa.string()),
            "birthdate": pa.array([draw.choice(DATES) for _ in range(rows)], pa.string()),
            "email": pa.array([draw.choice(MAILS) for _ in range(rows)], pa.string()),
        }
    )


def _level(*tests: Check, m: float, u: float, frequency: str = "") -> Level:
    return Level(tests, m, u, frequency)


def _same(measure: Measure, column: str, threshold: float = 0.0) -> Check:
    return Check(measure, column, column, threshold)


SWAPPED = (Check(Measure.EQUAL, "last_name", "first_name"), Check(Measure.EQUAL, "first_name", "last_name"))
OTHER = Level((Check(Measure.ELSE),), 0.05, 0.9)
EVERY_TEST = Model(
    (
        Comparison(
            "last_name",
            (
                _level(_same(Measure.NULL, "last_name"), m=1, u=1),
                _level(_same(Measure.EQUAL, "last_name"), m=0.8, u=0.01, frequency="last_name"),
                _level(*SWAPPED, m=0.02, u=1e-5),
                _level(_same(Measure.JARO_WINKLER, "last_name", 0.9), m=0.1, u=0.02),
                _level(_same(Measure.JARO_WINKLER, "last_name", 0.6), m=0.1, u=0.05),
                OTHER,
            ),
        ),
        Comparison(
            "birthdate",
            (
                _level(_same(Measure.NULL, "birthdate"), m=1, u=1),
                _level(_same(Measure.EQUAL, "birthdate"), m=0.9, u=0.001),
                _level(_same(Measure.DAMERAU, "birthdate", 1), m=0.05, u=0.01),
                _level(_same(Measure.DAYS, "birthdate", 366), m=0.05, u=0.02),
                OTHER,
            ),
        ),
        Comparison(
            "email",
            (
                _level(_same(Measure.NULL, "email"), m=1, u=1),
                _level(_same(Measure.USERNAME, "email"), m=0.7, u=0.001),
                _level(_same(Measure.LEVENSHTEIN, "email", 2), m=0.1, u=0.01),
                _level(_same(Measure.DOMAIN, "email"), m=0.1, u=0.3),
                OTHER,
            ),
        ),
    ),
    1e-4,
)  # fmt: skip


@pytest.mark.parametrize("others", [{}, {"": 0.0004}])
def test_a_million_pairs_and_one_pair_weigh_the_same(others: dict[str, float]) -> None:
    left, right = _table(500, 1), _table(500, 2)
    shares = {"last_name": {"高橋": 0.02, "佐藤": 0.3, "加藤": 0.001, **others}}
    many = score(EVERY_TEST, left, right, frequencies=shares)
    one = [
        explain(EVERY_TEST, a, b, frequencies=shares).weight
        for a, b in zip(left.to_pylist(), right.to_pylist(), strict=True)
    ]
    assert max(abs(x - y) for x, y in zip(many, one, strict=True)) < 1e-9
    assert len({round(weight, 6) for weight in one}) > 20


def test_names_are_compared_by_their_characters_not_their_bytes() -> None:
    """By bytes 高橋 and 髙橋 are .91 alike, and 東京 and 京東 six errors apart."""
    said = explain(EVERY_TEST, {"last_name": "高橋"}, {"last_name": "髙橋"}).steps[1].said
    assert said == "alike (Jaro-Winkler at least 0.6)"


def test_a_missing_value_says_nothing() -> None:
    assert explain(EVERY_TEST, {"last_name": ""}, {"last_name": "田中"}).weight == pytest.approx(
        math.log2(1e-4 / (1 - 1e-4))
    )


def test_swapped_names_are_told_in_words() -> None:
    said = explain(EVERY_TEST, {"last_name": "田中", "first_name": "学"}, {"last_name": "学", "first_name": "田中"})
    assert said.steps[1].said == "last_name and first_name swapped"


def test_a_rare_name_weighs_more_than_a_common_one() -> None:
    shares = {"last_name": {"佐藤": 0.3, "加藤": 0.001}}
    rare, common = (
        explain(EVERY_TEST, {"last_name": n}, {"last_name": n}, frequencies=shares).weight for n in ("加藤", "佐藤")
    )
    assert rare - common == pytest.approx(math.log2(0.3 / 0.001))


def test_what_a_family_shares_counts_together_as_one_fact() -> None:
    bounded = Model(EVERY_TEST.comparisons, 1e-4, shared=("last_name", "email"), most_shared=5.0)
    a = {"last_name": "田中", "email": "tanaka@example.jp", "birthdate": "1980-01-01"}
    told = explain(bounded, a, a | {"birthdate": "1951-10-20"})
    assert told.weight == pytest.approx(bounded.prior + 5.0 + OTHER.weight)
    table = pa.Table.from_pylist([a])
    assert score(bounded, table, table)[0] == pytest.approx(explain(bounded, a, a).weight)


def test_an_explanation_holds_no_value_of_the_records() -> None:
    record = {"last_name": "高橋", "birthdate": "1980-02-29", "email": "taro@example.jp"}
    told = " ".join(str(step) for step in explain(EVERY_TEST, record, record).steps)
    assert not any(value in told for value in record.values())


def test_a_column_that_the_table_lacks_is_missing_in_every_record() -> None:
    table = pa.table({"last_name": ["田中", "佐藤"]})
    weights = score(EVERY_TEST, table, table)
    assert weights[0] == pytest.approx(explain(EVERY_TEST, {"last_name": "田中"}, {"last_name": "田中"}).weight)


def _registry(people: int) -> tuple[pa.Table, list[int]]:
    """Each person twice, the second time with a slip; whose each row is."""
    draw = random.Random(5)
    rows, whose = [], []
    for person in range(people):
        name, first = draw.choice("佐藤鈴木高橋田中"), "".join(draw.choices("一二三太郎次美子花", k=3))
        born = f"{draw.randint(1940, 2000)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        mail = f"{draw.randint(0, 10**9)}@example.jp"
        again = {"first_name": first[:2]} if draw.random() < 0.2 else {"email": None} if draw.random() < 0.3 else {}
        rows += [record := {"last_name": name, "first_name": first, "birthdate": born, "email": mail}, record | again]
        whose += [person, person]
    return pa.Table.from_pylist(rows), whose


def test_a_model_learned_without_labels_tells_persons_apart() -> None:
    table, whose = _registry(300)
    model = fit(table, comparisons_for(table.column_names))
    assert model.probability == pytest.approx(300 / (600 * 599 / 2), rel=0.1)
    of_one = score(model, table.slice(0, 600), table.take([i ^ 1 for i in range(600)]))
    of_two = score(model, table.slice(0, 600), table.take([(i + 2) % 600 for i in range(600)]))
    assert (of_one > 0).mean() > 0.99
    assert (of_two > 0).mean() == 0
    assert len(set(whose)) == 300


def test_the_same_rows_give_the_same_model_to_the_last_bit() -> None:
    table, _ = _registry(100)
    comparisons = comparisons_for(table.column_names)
    assert fit(table, comparisons, 3) == fit(table, comparisons, 3)
