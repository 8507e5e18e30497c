"""A model that was saved decides as the one that was trained in place, about the same table and about what is new."""

from __future__ import annotations

import random
from datetime import date

import pyarrow as pa
import pytest

from harness.examples import one_fast
from kumitate.config.table_rules import TableRules
from kumitate.identity.probabilistic.files import dump, load
from kumitate.identity.probabilistic.matching import matched
from kumitate.identity.resolving import Resolved, resolve_table
from kumitate.identity.table_delta import merged_with
from kumitate.identity.table_model import ModelChoice
from kumitate.identity.table_plan import Given, plan_table

COLUMNS = ("id", "last_name", "first_name", "birthdate", "city")
RULES = TableRules.model_validate(
    {"record_id": "id", "columns": {name: {} for name in COLUMNS[1:]}, "person": {"model": {"merge": 0.9}}}
)
LAST = [f"{a}{b}" for a in "佐鈴高田渡" for b in "藤木橋中辺"]


def people(count: int, seed: int) -> pa.Table:
    """A third of them twice, the second time with a slip; some names are common and most are rare."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        row = {
            "id": f"{number:04}",
            "last_name": LAST[min(int(draw.expovariate(0.2)), len(LAST) - 1)],
            "first_name": chr(0x4E00 + int(draw.expovariate(0.05))) + draw.choice("一子郎"),
            "birthdate": f"19{draw.randint(40, 99)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
            "city": draw.choice(["渋谷区", "港区", "港区", "北区"]),
        }
        rows.append(row)
        if number % 3 == 0:
            slip = draw.choice(COLUMNS[1:])
            rows.append(row | {"id": f"x{number:04}", slip: draw.choice(["", draw.choice(rows)[slip]])})
    return pa.Table.from_pylist(rows)


def resolved(table: pa.Table, model: ModelChoice) -> Resolved:
    plan = plan_table(table, RULES, Given(recognise=lambda _: {}, as_of=date(2026, 3, 1)))
    return resolve_table(table, plan, run_id="r1", model=model)


@pytest.mark.parametrize("seed", one_fast(range(3)))
def test_a_saved_model_gives_the_persons_that_training_in_place_gave(seed: int) -> None:
    table = people(300, seed)
    trained = resolved(table, "train")
    assert trained.scored is not None
    again = resolved(table, load(dump(trained.scored.model)))
    assert again.scored is not None
    assert again.clusters() == trained.clusters()
    assert again.scored.pairs.probability.tolist() == trained.scored.pairs.probability.tolist()
    assert 50 < len(trained.scored.pairs.left) < 400


@pytest.mark.slow
def test_a_record_that_stands_in_the_delta_once_more_joins_its_twin() -> None:
    table = people(300, 4)
    rows = [row for row in table.to_pylist() if all(row.values())][::10]
    twins = pa.Table.from_pylist([row | {"id": f"t{row['id']}"} for row in rows])
    trained = resolved(table, "train")
    assert trained.scored is not None
    saved = load(dump(trained.scored.model))
    for before in (trained, resolved(table, saved)):
        everything, found = merged_with(before, table, twins, run_id="r2")
        person = {row["record"]: row["person_id"] for row in found.clusters().to_pylist()}
        assert [row["id"] for row in rows if person[row["id"]] != person[f"t{row['id']}"]] == []
        full = resolved(everything, saved)
        assert found.resolution.component.tolist() == full.resolution.component.tolist()


@pytest.mark.slow
def test_a_rare_value_weighs_more_than_a_common_one_though_the_file_names_only_the_common() -> None:
    table = people(300, 5)
    found = matched(table, least=0.5, compare=("last_name", "first_name", "birthdate"))
    assert found is not None
    shares = found.model.frequencies["last_name"]
    counts = {name: table["last_name"].to_pylist().count(name) for name in LAST}
    assert {name for name, count in counts.items() if count >= 20} == set(shares) - {""}
    assert 0 < shares[""] < min(share for name, share in shares.items() if name)
