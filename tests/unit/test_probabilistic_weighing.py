"""A model at work in a project: what it looks at, and what it says of the records."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from kumitate.identity.pair_rows import PAIRS, PAIRS_BEFORE, rows_of_pairs
from kumitate.identity.pair_weights import weigh_pairs, weigh_since
from kumitate.identity.probabilistic.candidates import ANY_TWO, Budget, blocking_rules, candidates, rules_of
from kumitate.identity.probabilistic.columns import encode
from kumitate.identity.probabilistic.comparisons import comparisons_for
from kumitate.identity.probabilistic.fitting import fit, with_frequencies
from kumitate.identity.probabilistic.matching import telling
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.resolution import Weighing
from kumitate.identity.tables import PAIR_WEIGHTS
from kumitate.identity.weighing import COMPARED, weigh


def _people(count: int) -> pa.Table:
    """Everybody twice, the second time without a mail address."""
    rows = []
    for number in range(count):
        row = {
            "record": f"a/{number:04}",
            "last_name": ("佐藤", "鈴木", "高橋")[number % 3],
            "first_name": f"名{number}",
            "birthdate": f"19{number % 90 + 10}-0{number % 9 + 1}-1{number % 7}",
            "email": f"{number * 7919}@example.jp",
        }
        rows += [row, row | {"record": f"b/{number:04}", "email": None}]
    return pa.Table.from_pylist(rows)


def learned(table: pa.Table) -> Model:
    """From this table, with how common its values are."""
    model = fit(table, comparisons_for(table.column_names))
    return with_frequencies(model, encode(table, model.columns))


def _names(table: pa.Table) -> pa.Array:
    return pa.array(sorted(table["record"].to_pylist()), pa.large_string())


def _weighing(table: pa.Table, names: pa.Array, *, model: Model | None = None, least: float) -> Weighing | None:
    """Of a first run: both steps, one after the other."""
    before = PAIR_WEIGHTS.schema.empty_table()
    rows = weigh_pairs({COMPARED: table, PAIRS_BEFORE: before}, model=model, least=least)
    return weigh({COMPARED: table, PAIRS: rows}, names)


def test_a_rule_of_columns_with_more_combinations_than_63_bits_can_number_finds_all_its_pairs() -> None:
    twice = [str(number // 2) for number in range(10_000)]
    columns = encode(pa.table(dict.fromkeys("abcdef", twice)), "abcdef")
    found = candidates(columns, (tuple("abcdef"),))
    assert np.array_equal(found.left, np.arange(0, 10_000, 2))
    assert np.array_equal(found.right, found.left + 1)


def test_pairs_are_told_by_the_places_of_their_records_names() -> None:
    table = _people(60)
    names = _names(table)
    weighing = _weighing(table, names, least=0.9)
    assert weighing is not None
    pairs = {
        (names[int(a)].as_py(), names[int(b)].as_py())
        for a, b in zip(weighing.pairs.left, weighing.pairs.right, strict=True)
    }
    assert pairs == {(f"a/{n:04}", f"b/{n:04}") for n in range(60)}
    assert (weighing.score(weighing.pairs.left, weighing.pairs.right) > 0).all()


def test_the_order_of_rows_changes_nothing() -> None:
    table = _people(40)
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))
    one, other = (_weighing(t, _names(table), least=0.5) for t in (table, shuffled))
    assert one is not None
    assert other is not None
    assert one.model == other.model
    assert np.array_equal(one.pairs.probability, other.pairs.probability)
    assert np.array_equal(one.looked_at, other.looked_at)


def test_only_records_that_changed_are_looked_at_anew() -> None:
    table = _people(40)
    model = learned(table)
    changed = table.to_pylist()
    changed[0]["first_name"] = "改名"
    before = _weighing(table, _names(table), model=model, least=0.5)
    after = _weighing(pa.Table.from_pylist(changed), _names(table), model=model, least=0.5)
    assert before is not None
    assert after is not None
    assert np.flatnonzero(before.looked_at != after.looked_at).tolist() == [0]
    assert before.model == after.model
    assert np.array_equal(
        before.pairs.probability[before.pairs.left > 0], after.pairs.probability[after.pairs.left > 0]
    )


def test_a_record_that_describes_nobody_is_alike_to_none() -> None:
    table = _people(40)
    names = pa.array(sorted([*table["record"].to_pylist(), "events/1"]), pa.large_string())
    weighing = _weighing(table, names, least=0.5)
    assert weighing is not None
    assert 80 not in set(weighing.pairs.left.tolist()) | set(weighing.pairs.right.tolist())


def test_a_table_with_nothing_to_compare_has_no_model() -> None:
    table = pa.table({"record": ["a/1", "a/2"], "colour": ["red", "red"]})
    assert _weighing(table, _names(table), least=0.5) is None


def test_a_versioned_model_tells_of_common_names_only() -> None:
    table = _people(40)
    model = learned(table)
    assert set(model.frequencies["last_name"]) == {"佐藤", "鈴木", "高橋"}
    assert model.frequencies["first_name"] == {"": 0.025}


def test_a_value_that_many_share_finds_no_pairs() -> None:
    """A call centre's telephone on 3,000 records would make 4.5 million pairs."""
    table = pa.table({"phone": ["+81312345678"] * 3000, "last_name": [f"n{i // 2}" for i in range(3000)]})
    columns = encode(table, table.column_names)
    rules = blocking_rules(columns, Budget(per_record=2.0, least=10_000))
    assert len(candidates(columns, rules)) == 1500


def test_a_telephone_that_very_many_share_speaks_for_nobody() -> None:
    phones = [f"+8190{number // 2:08}" for number in range(400)]
    phones[:60] = ["+81312345678"] * 60
    told = telling(pa.table({"phone": phones, "last_name": ["佐藤"] * 400}))
    assert told["phone"].null_count == 60
    assert told["last_name"].null_count == 0


def test_a_small_table_is_looked_at_whole() -> None:
    table = pa.table({"last_name": [f"n{i}" for i in range(50)]})
    columns = encode(table, table.column_names)
    assert len(candidates(columns, blocking_rules(columns))) == 50 * 49 // 2


def test_a_model_of_a_small_table_looks_not_at_any_two_records_of_a_large_one() -> None:
    few, many = (encode(pa.table({"last_name": [f"n{i // 2}" for i in range(n)]}), ["last_name"]) for n in (50, 3000))
    assert rules_of(ANY_TWO, few) == ANY_TWO
    assert rules_of(ANY_TWO, many) == (("last_name",),)
    assert rules_of((("last_name",),), few) == (("last_name",),)


@pytest.mark.slow
def test_only_pairs_that_may_weigh_otherwise_are_weighed_again() -> None:
    table = _people(1_200)
    model = replace(learned(table), blocking=(("first_name",), ("email",)))
    nothing = PAIR_WEIGHTS.schema.empty_table()
    first = weigh_since(table, nothing, model=model, least=0.5)
    assert (first.records, first.pairs) == (2_400, 1_200)
    assert first.kept is not None
    kept = rows_of_pairs(first.kept)
    again = weigh_since(table, kept, model=model, least=0.5)
    assert (again.records, again.pairs) == (0, 0)
    rows = table.to_pylist()
    rows[0]["birthdate"], rows[2]["first_name"] = "1999-09-09", "改名"
    rows[4:] = [*rows[5:], {**rows[7], "record": "c/new"}]
    changed = weigh_since(pa.Table.from_pylist(rows), kept, model=model, least=0.5)
    assert (changed.records, changed.pairs) == (3, 1 + 2)  # the renamed one has nobody beside it now
    other = weigh_since(table, kept, model=replace(model, probability=0.3), least=0.5)
    assert (other.records, other.pairs) == (2_400, 1_200)


def test_a_learned_model_stays_until_the_table_has_doubled() -> None:
    nothing = PAIR_WEIGHTS.schema.empty_table()
    first = weigh_since(_people(30), nothing, model=None, least=0.5)
    assert first.kept is not None
    kept = rows_of_pairs(first.kept)
    more, double = (weigh_since(_people(count), kept, model=None, least=0.5) for count in (60, 61))
    assert more.kept is not None
    assert double.kept is not None
    assert (more.kept.model, more.records) == (first.kept.model, 60)
    assert (double.kept.model.records, double.records) == (122, 122)
