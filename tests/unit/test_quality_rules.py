"""Quality rules judge a table's rows: each kind passes what it should and finds what it should, with what it found."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harness.memory_lake import MemoryLake
from kumitate.cleanse.tables import clean_table
from kumitate.config.identity import Entity
from kumitate.config.project import Config
from kumitate.config.quality import QualityRules
from kumitate.config.settings import Settings
from kumitate.config.source import Source
from kumitate.model.step import Run
from kumitate.profiles.quality import PROFILE_QUALITY
from kumitate.profiles.tables import profiles_table
from kumitate.quality.stage import QUALITY
from kumitate.quality.tables import HISTORY, PROFILE_RESULTS, RESULTS
from kumitate.quality.verdict import failed, failed_query

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOURCE = Source.model_validate(
    {
        "kind": "records",
        "path": "data/*.csv",
        "key": ["id"],
        "columns": {
            "id": {"type": "id"}, "city": {}, "points": {"type": "integer"}, "price": {"type": "decimal"},
            "born": {"type": "date"}, "at": {"type": "timestamp"},
        },
    }
)  # fmt: skip
TABLE = clean_table("members", SOURCE)
Row = dict[str, Any]


def config_of(**rules: Any) -> Config:
    quality = {"members": QualityRules.model_validate(rules)} if rules else {}
    person = Entity.model_validate({"identifiers": {"id": {}}, "attributes": {"city": {}, "points": {}}})
    return Config(
        root=Path(),
        settings=Settings(project="shop"),
        sources={"members": SOURCE},
        identity={"person": person},
        quality=quality,
    )


def member(number: int, *, run: str = "r000001", **values: Any) -> Row:
    row = {"_delivery_id": "d", "_line": number, "_run_id": run, "_record_id": str(number), "id": str(number)}
    return (
        row
        | {"city": "Tokyo", "points": 5, "price": None, "born": date(1990, 1, 1), "at": datetime(2026, 3, 1)}
        | values
    )


def verdicts(rows: list[Row], **rules: Any) -> dict[str, tuple[float | None, bool]]:
    """Rule -> what was found, and whether it passed, in the first run."""
    lake = MemoryLake()
    return judged(lake, rows, 1, **rules)


def judged(
    lake: MemoryLake, rows: list[Row], run: int, *, released: frozenset[str] = frozenset(), **rules: Any
) -> dict[str, tuple[float | None, bool]]:
    lake.put(TABLE, rows)
    run_id = f"r{run:06d}"
    lake.run(QUALITY, config_of(**rules), Run(run_id, NOON, released=released))
    found = lake.query(f"select rule, found, passed from {RESULTS} where run_id = '{run_id}'").to_pylist()
    return {
        row["rule"]: (row["found"] if row["found"] is None else round(row["found"], 4), row["passed"]) for row in found
    }


CASES: list[tuple[Row, list[tuple[Any, float | None, bool]]]] = [
    ({}, [
        ({"freshness": {"column": "at", "within": "1d"}}, 12.0, True),
        ({"freshness": {"column": "at", "within": "11h"}}, 12.0, False),
        ({"nulls": {"price": 1}}, 1.0, True),
        ({"nulls": {"price": 0.99}}, 1.0, False),
        ({"nulls": {"city": 0}}, 0.0, True),
        ({"ranges": {"points": {"min": 5, "max": 5}}}, 0.0, True),
        ({"ranges": {"points": {"max": 4}}}, 2.0, False),
        ({"ranges": {"points": {"min": 6}}}, 2.0, False),
        ({"ranges": {"price": {"min": 0}}}, 0.0, True),
        ({"ranges": {"born": {"min": date(1990, 1, 2)}}}, 2.0, False),
        ({"values": {"city": ["Tokyo", "Osaka"]}}, 0.0, True),
        ({"values": {"city": ["it's"]}}, 2.0, False),
        ({"unique": [["id"]]}, 0.0, True),
        ({"unique": [["id", "city"]]}, 0.0, True),
        ({"unique": [["city", "points"]]}, 1.0, False),
        ({"unique": [["city", "price"]]}, 0.0, True),
    ]),
    ({"born": date(2026, 2, 28), "price": Decimal("1.26"), "city": None, "at": None}, [
        ({"freshness": {"column": "born", "within": "14d"}}, 36.0, True),
        ({"freshness": {"column": "at", "within": "11h"}}, None, False),
        ({"ranges": {"price": {"max": 1.25}}}, 2.0, False),
        ({"values": {"city": ["Tokyo"]}}, 0.0, True),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("row", "cases"), CASES, ids=["whole rows", "rows with gaps"])
def test_each_rule_passes_and_fails_as_it_says(row: Row, cases: list[tuple[Any, float | None, bool]]) -> None:
    lake = MemoryLake()
    lake.put(TABLE, [member(1, **row), member(2, **row)])
    sections = {f"case_{place}": {"table": "members", **rules} for place, (rules, _, _) in enumerate(cases)}
    quality = {name: QualityRules.model_validate(rules) for name, rules in sections.items()}
    lake.run(QUALITY, config_of().model_copy(update={"quality": quality}), Run("r000001", NOON))
    verdicts = {
        name: (found, passed) for name, found, passed in lake.rows(f"select name, found, passed from {RESULTS}")
    }
    assert verdicts == {f"case_{place}": (found, passed) for place, (_, found, passed) in enumerate(cases)}


def test_a_time_that_is_still_to_come_makes_nothing_fresh() -> None:
    rows = [member(1), member(2, at=datetime(2062, 3, 1))]
    assert verdicts(rows, freshness={"column": "at", "within": "11h"}) == {"freshness": (12.0, False)}
    assert verdicts(rows[1:], freshness={"column": "at", "within": "11h"}) == {"freshness": (None, False)}


def test_an_empty_table_passes_all_but_freshness() -> None:
    rules = {
        "freshness": {"column": "at", "within": "1d"}, "volume": {"min_ratio": 0.5}, "nulls": {"city": 0},
        "unique": [["id"]], "ranges": {"points": {"min": 0}}, "values": {"city": ["x"]}, "drift": {"city": 0.1},
    }  # fmt: skip
    found = verdicts([], **rules)
    assert {rule for rule, (_, passed) in found.items() if not passed} == {"freshness"}
    assert found.keys() == {"freshness", "volume_min", "nulls", "unique", "ranges", "values", "drift"}


@pytest.mark.slow
def test_a_first_run_has_no_history_to_fail_against() -> None:
    rules = {"volume": {"min_ratio": 0.5, "max_ratio": 2}, "drift": {"city": 0.0}}
    assert verdicts([member(1)], **rules) == {
        "volume_min": (None, True),
        "volume_max": (None, True),
        "drift": (None, True),
    }


@pytest.mark.slow
def test_volume_is_held_against_the_mean_of_the_last_runs_that_had_rows() -> None:
    lake, rules = MemoryLake(), {"volume": {"min_ratio": 0.5, "max_ratio": 2}, "against": 2}
    rows: list[Row] = []
    found = []
    for run, count in enumerate((500, 10, 30, 0, 9, 100), 1):
        rows += [member(len(rows) + n, run=f"r{run:06d}") for n in range(count)]
        found.append(judged(lake, rows, run, **rules))
    # against 10 and 30 (the run without rows says nothing): 9 is 0.45 of 20; against 30 and 9, 100 is 5.13 of 19.5
    assert found[2] == {"volume_min": (0.1176, False), "volume_max": (0.1176, True)}
    assert found[3] == {"volume_min": (0.1176, False), "volume_max": (None, True)}, "what failed stands"
    assert found[4] == {"volume_min": (0.45, False), "volume_max": (0.45, True)}
    assert found[5] == {"volume_min": (5.1282, True), "volume_max": (5.1282, False)}


@pytest.mark.parametrize(
    ("level", "released", "stands"),
    [("hold", frozenset(), True), ("hold", frozenset({"r000002"}), False), ("warn", frozenset(), False)],
)
def test_running_again_lets_nobody_go_whom_a_delivery_holds(level: str, released: frozenset[str], stands: bool) -> None:
    lake, rules = MemoryLake(), {"volume": {"min_ratio": 0.5}, "level": level}
    rows = [member(n) for n in range(20)]
    judged(lake, rows, 1, **rules)
    rows += [member(90, run="r000002")]
    assert judged(lake, rows, 2, **rules) == {"volume_min": (0.05, False)}
    assert judged(lake, rows, 3, released=released, **rules) == {
        "volume_min": (0.05, False) if stands else (None, True)
    }
    rows += [member(n + 100, run="r000004") for n in range(9)]
    assert judged(lake, rows, 4, **rules)["volume_min"] == (0.8571, True)
    assert judged(lake, rows, 5, **rules)["volume_min"] == (None, True)


def drifted(before: Mapping[Any, int], now: Mapping[Any, int], column: str = "city") -> float:
    """The drift from rows per value to others."""
    lake, rules = MemoryLake(), {"drift": {column: 0.1}}
    rows = [member(n, **{column: value}) for value, count in before.items() for n in range(count)]
    judged(lake, rows, 1, **rules)
    rows += [member(n, run="r000002", **{column: value}) for value, count in now.items() for n in range(count)]
    found = judged(lake, rows, 2, **rules)["drift"][0]
    assert found is not None
    return found


@pytest.mark.slow
def test_drift_is_the_share_of_rows_that_moved() -> None:
    moved = drifted({"Tokyo": 5000, "Osaka": 5000}, {"Tokyo": 8000, "Osaka": 2000})
    assert moved == pytest.approx(0.3, abs=0.01)


def test_drift_of_few_rows_is_not_told_from_chance() -> None:
    assert drifted({"Tokyo": 500, "Osaka": 500}, {"Tokyo": 3, "Osaka": 1}) < 0.1


@pytest.mark.slow
def test_numbers_drift_by_their_magnitude() -> None:
    assert drifted({5: 400, 7: 600}, {5: 400, 7: 600}, "points") == 0.0
    assert drifted({5: 900, -120: 100}, {500: 900, -120: 100}, "points") > 0.8


def test_rules_of_new_rows_look_at_this_run_alone() -> None:
    old = [member(n, city=None) for n in range(5)]
    new = [member(9, run="r000002")]
    lake = MemoryLake()
    assert judged(lake, old + new, 2, nulls={"city": 0.1}, of="new") == {"nulls": (0.0, True)}
    assert judged(MemoryLake(), old + new, 2, nulls={"city": 0.1}) == {"nulls": (0.8333, False)}


def test_a_failed_rule_says_which_it_is_and_at_what_level() -> None:
    lake = MemoryLake()
    judged(
        lake, [member(1, city=None)], 1, nulls={"city": 0.5}, unique=[["id"]], level="stop", levels={"unique": "warn"}
    )
    (found,) = failed(lake.query(failed_query(str(RESULTS)).sql).to_pylist())
    assert str(found) == "members: nulls (city) of clean.members found 1, limit 0.5"
    assert found.level == "stop"
    assert failed(lake.query(failed_query(str(RESULTS), "r000009").sql).to_pylist()) == ()


def test_profiles_are_judged_by_a_stage_of_their_own() -> None:
    config = config_of(table="profiles", values={"city": ["Osaka"]})
    lake = MemoryLake()
    lake.put(profiles_table(config), [{"person_id": "p1", "city": "Tokyo"}])
    lake.run(PROFILE_QUALITY, config, Run("r000001", NOON))
    assert QUALITY.plan(config, Run("r000001", NOON)) == ()
    (found,) = failed(lake.query(failed_query(str(PROFILE_RESULTS)).sql).to_pylist())
    assert (found.table, found.found) == ("curated.profiles", 1.0)


def test_a_project_without_rules_plans_and_writes_nothing() -> None:
    config = config_of()
    for stage in (QUALITY, PROFILE_QUALITY):
        assert stage.plan(config, Run("r000001", NOON)) == ()
        assert stage.writes(config) == ()
    assert HISTORY not in QUALITY.writes(config_of(nulls={"city": 1}))
