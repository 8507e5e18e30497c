"""Taking in what is new with a model gives what resolving everything with it gives, on either side of its caps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.config.table_rules import TableRules
from kumitate.identity.probabilistic.candidates import ANY_TWO
from kumitate.identity.probabilistic.levels import Check, Measure
from kumitate.identity.probabilistic.model import Comparison, Level, Model
from kumitate.identity.resolving import Resolved, resolve_table
from kumitate.identity.table_delta import merged_with
from kumitate.identity.table_plan import Given, plan_table

NAMES = ("id", "last_name", "first_name", "phone", "city")
RULES = TableRules.model_validate(
    {"record_id": "id", "columns": {name: {} for name in NAMES[1:]}, "person": {"model": {"merge": 0.9, "review": 0.3}}}
)
GIVEN = Given(recognise=lambda _: {}, as_of=date(2026, 3, 1))


def _comparison(name: str, m: float, u: float) -> Comparison:
    levels = (
        Level((Check(Measure.NULL, name, name),)),
        Level((Check(Measure.EQUAL, name, name),), m, u, name if name == "last_name" else ""),
        Level((Check(Measure.ELSE),), 1 - m, 1 - u),
    )
    return Comparison(name, levels)


MODEL = Model(
    (_comparison("last_name", 0.9, 0.05), _comparison("first_name", 0.9, 0.05), _comparison("phone", 0.7, 0.002)),
    0.02,
    frequencies={"last_name": {"l0": 0.4, "": 0.01}},
)
BLOCKINGS = ((("last_name", "first_name"), ("phone",)), (("first_name",),), ANY_TWO)


def _row(draw: random.Random, name: str, *, has_name: bool, has_phone: bool) -> dict[str, str]:
    """With the name and the telephone that many have, or with others."""
    return {
        "id": name,
        "last_name": "l0" if has_name else f"l{draw.randint(1, 9)}",
        "first_name": "f0" if has_name else f"f{draw.randint(1, 9)}",
        "phone": "p0" if has_phone else draw.choice(["", f"p{draw.randint(1, 60)}"]),
        "city": f"c{draw.randrange(3)}",
    }


def _first(draw: random.Random) -> dict[str, dict[str, str]]:
    """About as many have one name, and one telephone, as the caps of 50 let find pairs."""
    names = [f"{number:03}" for number in draw.sample(range(130), 100)]
    named, reached = (set(draw.sample(names, draw.randint(47, 53))) for _ in range(2))
    return {name: _row(draw, name, has_name=name in named, has_phone=name in reached) for name in names}


def _changes(draw: random.Random, known: dict[str, dict[str, str]]) -> Iterator[tuple[str, dict[str, str] | None]]:
    for _ in range(draw.randint(1, 25)):
        name, has_name, has_phone = f"{draw.randrange(130):03}", draw.random() < 0.5, draw.random() < 0.5
        is_gone = name in known and draw.random() < 0.3
        yield name, None if is_gone else _row(draw, name, has_name=has_name, has_phone=has_phone)


def _told(found: Resolved) -> tuple[Any, ...]:
    pairs = found.state.pairs
    listed = zip(pairs.left.tolist(), pairs.right.tolist(), pairs.probability.tolist(), strict=True)
    return sorted(map(repr, found.clusters().to_pylist())), sorted(map(repr, found.events.to_pylist())), sorted(listed)


def _table(rows: dict[str, dict[str, str] | None]) -> pa.Table:
    listed = [{**(row or {"id": name}), "_deleted": "" if row else "true"} for name, row in rows.items()]
    return pa.Table.from_pylist(listed, pa.schema([(name, pa.string()) for name in (*NAMES, "_deleted")]))


def _resolved(rows: dict[str, dict[str, str]], model: Model, run_id: str, previous: pa.Table | None = None) -> Resolved:
    table = _table(dict(rows)).drop_columns(["_deleted"])
    return resolve_table(table, plan_table(table, RULES, GIVEN), run_id=run_id, previous=previous, model=model)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from(BLOCKINGS))
def test_deltas_with_a_model_give_what_a_full_run_gives(seed: int, blocking: tuple[tuple[str, ...], ...]) -> None:
    draw, model = random.Random(seed), Model(MODEL.comparisons, 0.02, blocking, frequencies=MODEL.frequencies)
    known = _first(draw)
    table, found = _table(dict(known)).drop_columns(["_deleted"]), _resolved(known, model, "r1")
    for run_id in ("r2", "r3"):
        changes = dict(_changes(draw, known))
        known = {name: row for name, row in {**known, **changes}.items() if row}
        before = found.clusters()
        table, found = merged_with(found, table, _table(changes), run_id=run_id)
        assert _told(found) == _told(_resolved(known, model, run_id, before))
