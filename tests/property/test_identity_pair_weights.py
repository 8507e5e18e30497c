"""A run that weighs only pairs that may weigh otherwise keeps what weighing all gives, on either side of the caps."""

from __future__ import annotations

import random
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.people import PERSON, People, card, member, project
from harness.people import Row as Rows
from kumitate.identity.pair_rows import known_pairs, rows_of_pairs
from kumitate.identity.pair_weights import Weighed, weigh_since
from kumitate.identity.probabilistic.candidates import ANY_TWO, Rule
from kumitate.identity.probabilistic.files import dump, load
from kumitate.identity.probabilistic.levels import Check, Measure
from kumitate.identity.probabilistic.model import Comparison, Level, Model
from kumitate.identity.stage import IDENTITY
from kumitate.identity.tables import PAIR_WEIGHTS, RESOLVED

NAMES = ("record", "first_name", "last_name", "phone")
NOTHING = PAIR_WEIGHTS.schema.empty_table()
LEAST = 0.3
Row = dict[str, str | None]
World = dict[str, list[Rows]]


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
BLOCKINGS: tuple[tuple[Rule, ...], ...] = ((("last_name", "first_name"), ("phone",)), (("first_name",),), ANY_TWO, ())


def _row(draw: random.Random, name: str, *, has_name: bool, has_phone: bool) -> Row:
    """With the name and the telephone that many have, or with others."""
    return {
        "record": name,
        "last_name": "l0" if has_name else f"l{draw.randint(1, 9)}",
        "first_name": "f0" if has_name else f"f{draw.randint(1, 9)}",
        "phone": "p0" if has_phone else draw.choice([None, *(f"p{number}" for number in range(1, 60))]),
    }


def _first(draw: random.Random) -> dict[str, Row]:
    """About as many have one name, and one telephone, as the caps of 50 let find pairs."""
    names = [f"s/{number:03}" for number in draw.sample(range(130), 100)]
    named, reached = (set(draw.sample(names, draw.randint(47, 53))) for _ in range(2))
    return {name: _row(draw, name, has_name=name in named, has_phone=name in reached) for name in names}


def _changed(draw: random.Random, known: dict[str, Row]) -> dict[str, Row]:
    """Some records are new, some say something else, some are gone."""
    known = dict(known)
    for _ in range(draw.randint(0, 12)):
        name = f"s/{draw.randrange(130):03}"
        if name in known and draw.random() < 0.3:
            del known[name]
        else:
            known[name] = _row(draw, name, has_name=draw.random() < 0.5, has_phone=draw.random() < 0.5)
    return known


def _table(rows: dict[str, Row], draw: random.Random) -> pa.Table:
    """In whatever order."""
    listed = draw.sample(list(rows.values()), len(rows))
    return pa.Table.from_pylist(listed, pa.schema([(name, pa.string()) for name in NAMES]))


def _kept(weighed: Weighed) -> pa.Table:
    return rows_of_pairs(weighed.kept) if weighed.kept else NOTHING


def _told(weighed: Weighed) -> list[str]:
    """Everything but the model: of a model that leaves something to the data each says its own."""
    return sorted(repr(row) for row in _kept(weighed).to_pylist() if row["part"] != "model")


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from(BLOCKINGS))
def test_runs_after_others_keep_what_weighing_everything_gives(seed: int, blocking: tuple[Rule, ...]) -> None:
    draw, model = random.Random(seed), replace(MODEL, blocking=blocking)
    known, kept = _first(draw), NOTHING
    for least in (LEAST, LEAST, LEAST, 0.5, 0.5):  # another threshold is another rule
        table = _table(known, draw)
        after = weigh_since(table, kept, model=model, least=least)
        whole = weigh_since(table, NOTHING, model=model, least=least)
        assert _told(after) == _told(whole)
        known, kept = _changed(draw, known), _kept(after)


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1 << 30))
def test_a_learned_model_stays_in_force_and_weighs_everything_alike(seed: int) -> None:
    """Weighing everything by its text, as a file would hold it, gives what runs after others keep."""
    draw = random.Random(seed)
    known, kept = _first(draw), NOTHING
    for _ in range(4):
        table = _table(known, draw)
        after = weigh_since(table, kept, model=None, least=LEAST)
        past, kept = known_pairs(kept), _kept(after)
        assert after.kept is not None
        assert past is None or past.model == after.kept.model
        by_file = weigh_since(table, NOTHING, model=load(after.kept.model.text), least=LEAST)
        assert _told(after) == _told(by_file)
        known = _changed(draw, known)


PEOPLE_MODEL = Model(
    (_comparison("given_name", 0.9, 0.1), _comparison("city", 0.9, 0.1), _comparison("phone", 0.9, 0.001)),
    0.05,
    (("given_name",), ("phone",)),
)
CONFIG = project(PERSON | {"model": {"file": "m.json", "merge": 0.9, "review": 0.2}, "attributes": {"city": {}}})
WORLD = {
    source: st.lists(
        st.builds(
            make,
            st.integers(0, 9).map(str),
            given_name=st.sampled_from([None, "太郎", "花子"]),
            phone=st.sampled_from([None, "+81300000001", "+81300000002"]),
            **others,
        ),
        max_size=8,
        unique_by=lambda row: str(row["_record_id"]),
    )
    for source, make, others in (
        ("members", member, {"city": st.sampled_from([None, "奈良", "神戸"])}),
        ("cards", card, {}),
    )
}
WORLDS = st.lists(st.fixed_dictionaries(WORLD), min_size=2, max_size=4)


def _stage_told(people: People) -> list[list[str]]:
    tables = (people.lake.table(table) for table in IDENTITY.writes(people.config))
    return [sorted(map(repr, table.to_pylist())) for table in tables]


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(WORLDS, st.integers(0, 3))
def test_the_stage_gives_the_same_persons_whether_it_weighed_before_or_not(worlds: list[World], other: int) -> None:
    """Other rules come with the run `other`; nothing is left of before in the second lake."""
    told = [CONFIG.model_copy(update={"person_model": dump(replace(PEOPLE_MODEL, probability=p))}) for p in (0.05, 0.2)]
    people, anew = People(told[0]), People(told[0])
    for number, world in enumerate(worlds):
        if number == other:
            people.config = anew.config = told[1]
        people.resolve(**world)
        for table in (PAIR_WEIGHTS, RESOLVED):
            anew.lake.put(table, ())
        anew.resolve(**world)
        assert _stage_told(people) == _stage_told(anew)
