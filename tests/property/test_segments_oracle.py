"""The one scan says of every person what a plain reading of the conditions says."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.memory_lake import MemoryLake
from harness.segment_oracle import World
from harness.shoppers import Row, project
from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.identity.tables import PERSON_RECORDS
from kumitate.model.step import Run
from kumitate.profiles.tables import CONSENTS, profiles_table
from kumitate.segments.compile import masks_query, segment_query
from kumitate.segments.masks import mask_name, place
from kumitate.segments.tables import assign_bits
from kumitate.sql.vocabulary import text

CLOCKS = [
    datetime(2026, 3, 10, 12, tzinfo=UTC),
    datetime(2026, 2, 27, tzinfo=UTC),
    datetime(2028, 2, 27, 6, 30, tzinfo=UTC),
    datetime(2026, 12, 30, 23, tzinfo=UTC),
]
TRAITS = {
    "spent": {"kind": "sum", "source": "orders", "column": "amount"},
    "orders": {"kind": "count", "source": "orders"},
    "last_order": {"kind": "last", "source": "orders", "column": "at"},
}
PEOPLE = ("a", "b", "c")
SPANS = ("12h", "1d", "2d", "7d")
TEXTS = ("x", "xy", "y'z", "%", "é")
LISTS = {
    "short": ("x", "y'z"),
    "long": (*TEXTS[1:3], *map(str, range(300))),
    "empty": (),
    "heights": ("1.5", "1.50", "2.0", *map(str, range(2, 300))),
}


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy, strategy, strategy)


texts, whole = st.sampled_from(TEXTS), st.integers(-2, 4)
decimals = st.sampled_from([Decimal(n) / 2 for n in range(-2, 6)])
days = st.integers(-2, 9)
edges = st.sampled_from([timedelta(), *(timedelta(hours=hours) for hours in (12, 24, 48, 168, -24))])
nearby = st.sampled_from([timedelta(milliseconds=extra) for extra in (0, 0, 1, -1)])
anywhere = st.integers(-3, 19).map(lambda halves: timedelta(hours=12 * halves))
ages = st.one_of(st.builds(timedelta.__add__, edges, nearby), anywhere)


def compared(
    values: st.SearchStrategy[Any], *more: st.SearchStrategy[Row], ordered: bool = True
) -> st.SearchStrategy[Row]:
    operators = ["is", "is_not", *(("more_than", "at_least", "less_than", "at_most") if ordered else ())]
    one = st.tuples(st.sampled_from(operators), values).map(lambda pair: dict([pair]))
    several = st.tuples(st.sampled_from(["in", "not_in"]), st.lists(values, max_size=3)).map(lambda pair: dict([pair]))
    known = st.booleans().map(lambda answer: {"known": answer})
    between = st.tuples(values, values).map(lambda pair: {"between": sorted(pair)})
    return st.one_of(one, one, several, known, *([between] if ordered else []), *more)


in_time = st.tuples(st.sampled_from(["within", "before"]), st.sampled_from(SPANS)).map(lambda pair: dict([pair]))
of_text = st.tuples(st.sampled_from(["contains", "starts_with"]), texts).map(lambda pair: dict([pair]))


def said(key: str, name: str, asked: st.SearchStrategy[Row]) -> st.SearchStrategy[Row]:
    return asked.map(lambda comparison: {key: name, **comparison})


def nested(leaf: st.SearchStrategy[Row], size: int) -> st.SearchStrategy[Row]:
    def wider(part: st.SearchStrategy[Row]) -> st.SearchStrategy[Row]:
        parts = st.lists(part, min_size=1, max_size=3)
        return st.one_of(
            parts.map(lambda all_: {"all": all_}),
            parts.map(lambda any_: {"any": any_}),
            part.map(lambda not_: {"not": not_}),
        )

    return st.recursive(leaf, wider, max_leaves=size)


@cache
def moments(as_of: datetime) -> st.SearchStrategy[datetime]:
    return ages.map(lambda age: (as_of - age).replace(tzinfo=None))


where = {
    "orders": nested(
        st.one_of(
            said("column", "amount", compared(decimals)),
            said("column", "quantity", compared(whole)),
            said("column", "product", compared(texts, of_text)),
            said("column", "at", in_time),
        ),
        3,
    ),
    "visits": nested(
        st.one_of(said("column", "page", compared(texts, of_text)), said("column", "seconds", compared(whole))), 3
    ),
}


@st.composite
def matches(draw: st.DrawFn, sources: tuple[str, ...] = ("orders", "visits")) -> Row:
    source = draw(st.sampled_from(sources))
    match: Row = {"source": source}
    if source == "visits" and draw(st.booleans()):
        match["event"] = draw(st.sampled_from(["View", "Cart"]))
    if source in where and draw(st.integers(0, 3)) == 0:
        match["where"] = draw(where[source])
    return match


@st.composite
def event_conditions(draw: st.DrawFn) -> Row:
    condition: Row = {"event": draw(matches(("orders", "visits", "cards")))}
    if condition["event"]["source"] != "cards" and draw(st.integers(0, 3)):
        condition["within"] = draw(st.sampled_from(SPANS))
    bounds: list[Row] = [{}, {"at_least": 2}, {"at_most": 0}, {"at_most": 1}, {"exactly": 0}, {"exactly": 1}]
    return condition | draw(st.sampled_from([*bounds, {"at_least": 1, "at_most": 2}]))


@st.composite
def sequence_conditions(draw: st.DrawFn) -> Row:
    sequence: Row = {
        "steps": draw(st.lists(matches(), min_size=1, max_size=3)),
        "within": draw(st.sampled_from(SPANS[1:])),
    }
    if draw(st.integers(0, 2)):
        sequence["then_not"] = {"event": draw(matches()), "span": draw(st.sampled_from(SPANS))}
    return {"sequence": sequence}


@cache
def conditions(as_of: datetime, others: tuple[str, ...]) -> st.SearchStrategy[Row]:
    dates = days.map(lambda age: (as_of - timedelta(days=age)).date())
    anniversaries = st.sampled_from([0, 1, 3, 180]).map(lambda age: {"anniversary": "born", "days_before": age})
    kinds = [
        said("attribute", "city", compared(texts, of_text)),
        said("attribute", "height", compared(decimals)),
        said("attribute", "active", compared(st.booleans(), ordered=False)),
        said("attribute", "born", compared(dates, in_time)),
        said("trait", "orders", compared(whole)),
        said("trait", "last_order", compared(moments(as_of), in_time)),
        st.sampled_from([1, 10, 20, 34, 50, 100]).map(lambda percent: {"trait": "spent", "top_percent": percent}),
        *[event_conditions()] * 4,
        *[sequence_conditions()] * 3,
        st.just({"list": "heights", "attribute": "height"}),
        st.sampled_from(["short", "long", "empty"]).map(lambda name: {"list": name, "attribute": "city"}),
        anniversaries,
        st.sampled_from(["email", "sms"]).map(lambda channel: {"consent": {"purpose": "news", "channel": channel}}),
    ]
    if others:
        kinds += [st.sampled_from(others).map(lambda name: {"segment": name})] * 2
    leaf = st.sampled_from(kinds).flatmap(lambda kind: kind)  # one_of would favour kinds of many branches
    return st.one_of(leaf, nested(leaf, 5))


def rows_of(**columns: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    row = st.fixed_dictionaries({name: maybe(values) for name, values in columns.items()})
    return st.lists(st.tuples(st.sampled_from([*PEOPLE, "nobody"]), row), min_size=4, max_size=10)


@cache
def data(as_of: datetime) -> st.SearchStrategy[Row]:
    born = st.one_of(
        st.builds(lambda years, age: (as_of - timedelta(days=365 * years + age)).date(), st.integers(0, 5), days),
        st.sampled_from([date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1), date(1990, 1, 2)]),
    )
    profile = {
        "city": texts, "height": decimals, "active": st.booleans(), "born": born,
        "spent": decimals, "orders": whole, "last_order": moments(as_of),
    }  # fmt: skip
    profiles = st.fixed_dictionaries({name: maybe(values) for name, values in profile.items()})
    word = st.tuples(st.sampled_from(PEOPLE), st.just("news"), st.sampled_from(["email", "sms"]))
    return st.fixed_dictionaries(
        {
            "profiles": st.fixed_dictionaries(dict.fromkeys(PEOPLE, profiles)),
            "orders": rows_of(amount=decimals, quantity=whole, product=texts, at=moments(as_of)),
            "visits": rows_of(name=st.sampled_from(["View", "Cart"]), page=texts, seconds=whole, at=moments(as_of)),
            "cards": rows_of(points=whole),
            "words": st.dictionaries(word, st.booleans()),
        }
    )


@st.composite
def worlds(draw: st.DrawFn, only: st.SearchStrategy[Row] | None = None, most: int = 9) -> tuple[Config, World, Row]:
    as_of = draw(st.sampled_from(CLOCKS))
    segments: Row = {}
    for number in range(draw(st.integers(2, most))):
        segments[f"s{number}"] = {"when": draw(conditions(as_of, tuple(segments)) if only is None else only)}
    priorities = {"chain": {"segments": sorted(segments)[-2:]}} if len(segments) > 2 and draw(st.booleans()) else {}
    config = project(traits=TRAITS, segments=segments, priorities=priorities, lists=LISTS)
    found = draw(data(as_of))
    world = World(
        as_of=as_of,
        profiles=found["profiles"],
        rows={source: found[source] for source in ("orders", "visits", "cards")},
        times={"orders": "at", "visits": "at", "cards": None},
        events={"orders": None, "visits": "name", "cards": None},
        granted=frozenset(word for word, granted in found["words"].items() if granted),
        lists=LISTS,
        segments={name: segment.when for name, segment in config.segments.items()},
        priorities=[tuple(one.segments) for one in config.priorities.values()],
    )
    return config, world, found


def lake_of(config: Config, world: World, found: Row) -> MemoryLake:
    """The world as tables; every person has two records, so that rows come together from both."""
    lake = MemoryLake()
    head = {"records": 2, "sources": ["members"]}
    lake.put(profiles_table(config), ({"person_id": name, **head, **row} for name, row in world.profiles.items()))
    lake.put(
        PERSON_RECORDS,
        (
            {"source": source, "record_id": f"{name}{half}", "person_id": name}
            for source in world.rows
            for name in (*PEOPLE, "nobody")
            for half in (0, 1)
        ),
    )
    for source, rows in world.rows.items():
        numbered = ({"_record_id": f"{name}{n % 2}", **row} for n, (name, row) in enumerate(rows))
        lake.put(clean_table(source, config.sources[source]), numbered)
    words = (dict(zip(("person_id", "purpose", "channel"), word, strict=True)) for word in found["words"])
    lake.put(
        CONSENTS, ({**word, "granted": granted} for word, granted in zip(words, found["words"].values(), strict=True))
    )
    return lake


def hold_to_the_conditions(config: Config, world: World, found: Row) -> None:
    run = Run("r000001", world.as_of)
    lake = lake_of(config, world, found)
    rows = lake.query(text(masks_query(config, run))).to_pylist()
    assert sorted(row["person_id"] for row in rows) == sorted(world.profiles)
    masks = {row["person_id"]: row for row in rows}
    for name, bit in assign_bits(config, run).items():
        members = {person for person, row in masks.items() if row[mask_name(bit)] & place(bit)}
        assert members == world.members(name), name
    alone = sorted(config.segments)[-1]
    assert {row["person_id"] for row in lake.query(segment_query(config, run, alone)).to_pylist()} == world.members(
        alone
    )


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.slow
@settings(patient, max_examples=6)
@given(worlds())
def test_the_scan_finds_the_members_that_the_conditions_mean(drawn: tuple[Config, World, Row]) -> None:
    hold_to_the_conditions(*drawn)


@settings(patient, max_examples=4)
@given(worlds(sequence_conditions(), most=4))
def test_the_scan_finds_who_went_through_sequences(drawn: tuple[Config, World, Row]) -> None:
    hold_to_the_conditions(*drawn)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(patient, max_examples=400)
@given(worlds())
def test_the_scan_finds_them_however_the_conditions_are_put_together(drawn: tuple[Config, World, Row]) -> None:
    hold_to_the_conditions(*drawn)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@settings(patient, max_examples=200)
@given(worlds(sequence_conditions(), most=4))
def test_the_scan_finds_them_however_the_steps_follow_each_other(drawn: tuple[Config, World, Row]) -> None:
    hold_to_the_conditions(*drawn)
