"""The quality gate judges a run by the lake: rows since the last activated run, profiles then and now."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.memory_lake import MemoryLake
from kumitate.activation.tables import SYNC_COUNTS
from kumitate.cloud.gate import DATABASES, Figures, Finding, Limits, figures_query, judged, stopped, verdict
from kumitate.config.environment import QualityGate
from kumitate.engines.dialect import parse, tables_of
from kumitate.errors import FatalError
from kumitate.execution.workspace import open_workspace
from kumitate.identity.tables import PERSON_EVENTS
from kumitate.ingest.tables import DELIVERIES, QUARANTINE, REPLAYS
from kumitate.model.step import Query
from kumitate.model.table import Table, Type, columns
from kumitate.ports import Engine
from kumitate.quality.tables import RESULTS

PROFILES = Table("curated", "profiles", columns(person_id=Type.STRING))
LIMITS = Limits(max_quarantined_percent=5.0, max_profile_drop_percent=20.0, min_profiles=1)


class Lake(MemoryLake):
    """A lake after two runs: r000001 was activated, r000002 was held; ten people."""

    def __init__(self) -> None:
        super().__init__()
        self.people(10, born="r000001")
        self.put(SYNC_COUNTS, [{"run_id": "r000001", "sync": "letter", "outcome": "create", "rows": 10}])
        self.delivered(("r000001", 100), ("r000002", 100))
        self.set_aside("r000002", 50)
        self.put(REPLAYS, [])

    def people(self, count: int, *, born: str, gone: Mapping[str, str] | None = None) -> None:
        """`gone` says of a person in which run it went into another."""
        ids = [f"p{number}" for number in range(count)]
        events = [{"run_id": born, "event": "created", "person_id": person} for person in ids]
        events += [
            {"run_id": run, "event": "merged", "person_id": "p0", "other_person_id": person}
            for person, run in (gone or {}).items()
        ]
        self.put(PERSON_EVENTS, events)
        self.put(PROFILES, [{"person_id": person} for person in ids if person not in (gone or {})])

    def delivered(self, *runs: tuple[str, int], duplicate_of: str | None = None) -> None:
        rows = [
            {"delivery_id": f"d-{run}", "run_id": run, "rows_in": count, "duplicate_of": duplicate_of}
            for run, count in runs
        ]
        self.put(DELIVERIES, rows)

    def set_aside(self, run: str, count: int) -> None:
        self.put(QUARANTINE, [{"delivery_id": f"d-{run}", "line": line, "run_id": run} for line in range(count)])

    def ask(self, query: Query) -> Iterator[Mapping[str, Any]]:
        yield from self.query(query).to_pylist()


def test_a_limit_that_is_met_exactly_is_kept() -> None:
    on_the_line = Figures(rows_in=100, quarantined=5, profiles=8, profiles_before=10)
    assert judged(on_the_line, LIMITS) == ()


@pytest.mark.parametrize(
    ("figures", "finding"),
    [
        (Figures(100, 6, 10, 10), Finding("max_quarantined_percent", 5.0, 6.0)),
        (Figures(0, 1, 10, 10), Finding("max_quarantined_percent", 5.0, 100.0)),
        (Figures(100, 0, 7, 10), Finding("max_profile_drop_percent", 20.0, 30.0)),
        (Figures(100, 0, 0, 0), Finding("min_profiles", 1, 0)),
    ],
)
def test_a_run_beyond_a_limit_is_held_with_what_was_found(figures: Figures, finding: Finding) -> None:
    assert judged(figures, LIMITS) == (finding,)


def test_the_limits_are_those_of_the_environment() -> None:
    assert Limits.from_json(QualityGate(min_profiles=7).model_dump_json()) == Limits(5.0, 20.0, 7)


def test_a_fault_that_held_one_run_holds_the_next_one_too() -> None:
    lake = Lake()
    assert verdict("r000002", lake, LIMITS)["verdict"] == "hold"
    assert verdict("r000003", lake, LIMITS) == {
        "verdict": "hold",
        "findings": [{"rule": "max_quarantined_percent", "limit": 5.0, "found": 50.0}],
    }


def test_the_answer_is_json() -> None:
    assert json.loads(json.dumps(verdict("r000001", Lake(), LIMITS))) == {"verdict": "pass", "findings": []}


def test_rows_that_were_sent_back_are_no_longer_counted() -> None:
    lake = Lake()
    lake.put(REPLAYS, [{"delivery_id": "d-r000002", "line": line} for line in range(46)])
    assert verdict("r000003", lake, LIMITS)["verdict"] == "pass"


def test_a_file_delivered_twice_counts_once() -> None:
    lake = Lake()
    lake.set_aside("r000002", 1)
    lake.delivered(("r000002", 100), duplicate_of="d-r000001")
    assert verdict("r000002", lake, LIMITS)["findings"] == [
        {"rule": "max_quarantined_percent", "limit": 5.0, "found": 100.0}
    ]


def test_people_who_went_into_others_are_missed_until_a_run_is_activated() -> None:
    lake = Lake()
    lake.set_aside("r000002", 0)
    lake.people(10, born="r000001", gone={f"p{number}": "r000002" for number in range(1, 5)})
    missed = [{"rule": "max_profile_drop_percent", "limit": 20.0, "found": 40.0}]
    assert [verdict(run, lake, LIMITS)["findings"] for run in ("r000002", "r000003")] == [missed, missed]

    lake.put(SYNC_COUNTS, [{"run_id": "r000003", "sync": "letter", "outcome": "delete", "rows": 4}])
    assert verdict("r000004", lake, LIMITS)["verdict"] == "pass"


def test_the_first_run_has_nothing_to_lose() -> None:
    lake = Lake()
    lake.put(SYNC_COUNTS, [])
    lake.set_aside("r000002", 0)
    figures = next(lake.ask(figures_query("r000002")))
    assert (figures["rows_in"], figures["profiles"], figures["profiles_before"]) == (200, 10, 0)


def test_before_anything_has_arrived_there_is_nothing_to_hold() -> None:
    lake = Lake()
    for table in (SYNC_COUNTS, DELIVERIES, QUARANTINE, PERSON_EVENTS, PROFILES):
        lake.put(table, [])
    assert verdict("r000001", lake, LIMITS) == {"verdict": "empty", "findings": []}
    lake.set_aside("r000001", 1)
    assert verdict("r000001", lake, LIMITS)["verdict"] == "hold", "a file came, and nothing of it could be used"


def test_people_who_are_all_gone_are_missed_though_nothing_arrived() -> None:
    lake = Lake()
    lake.delivered()
    lake.set_aside("r000002", 0)
    lake.put(PROFILES, [])
    assert verdict("r000002", lake, LIMITS)["verdict"] == "hold"


def test_the_query_reads_the_databases_it_is_told_and_no_others() -> None:
    names = {name: f"shop_dev_{name}" for name in DATABASES}
    here, there = (tables_of(parse(figures_query("r000001", each).sql)) for each in (DATABASES, names))
    assert list(there) == [f"shop_dev_{table}" for table in here]


def with_verdicts(*verdicts: tuple[str, str, bool]) -> Lake:
    """A lake that no limit of the environment holds, with verdicts of quality rules: run, level, passed."""
    lake = Lake()
    lake.set_aside("r000002", 0)
    fixed = {"name": "members", "table_name": "clean.members", "rule": "nulls", "column_name": "email"}
    fixed |= {"threshold": 0.1, "found": 0.5}
    rows = [{**fixed, "run_id": run, "level": level, "passed": passed} for run, level, passed in verdicts]
    lake.put(RESULTS, rows)
    return lake


TABLES = [str(RESULTS)]


def test_a_quality_rule_of_level_hold_holds_a_run_and_says_what_it_found() -> None:
    lake = with_verdicts(("r000002", "hold", False), ("r000002", "warn", False), ("r000002", "hold", True))
    finding = {"rule": "members: nulls (email)", "limit": 0.1, "found": 0.5}
    assert verdict("r000002", lake, LIMITS, results=TABLES) == {"verdict": "hold", "findings": [finding]}
    assert stopped(lake, TABLES) == {"verdict": "pass", "findings": []}
    assert verdict("r000002", lake, LIMITS)["verdict"] == "pass", "a project without rules has no such table"


def test_a_rule_of_level_stop_ends_a_run_before_persons_are_looked_for() -> None:
    lake = with_verdicts(("r000002", "stop", False))
    assert stopped(lake, TABLES)["verdict"] == "hold"
    assert verdict("r000002", lake, LIMITS, results=TABLES)["verdict"] == "hold"


def test_only_the_newest_verdict_counts_also_for_a_run_of_syncs_alone() -> None:
    mended = with_verdicts(("r000001", "hold", False), ("r000002", "hold", True))
    assert verdict("r000003", mended, LIMITS, results=TABLES)["verdict"] == "pass"
    broken = with_verdicts(("r000001", "hold", True), ("r000002", "hold", False))
    assert verdict("r000003", broken, LIMITS, results=TABLES)["verdict"] == "hold"


def test_what_is_no_run_id_reaches_no_query() -> None:
    with pytest.raises(FatalError, match="no run id"):
        figures_query("r000001' or true --")


@pytest.mark.slow
def test_the_profiles_of_the_last_activated_run_are_counted_from_the_merge_ledger(bakery: Path) -> None:
    with open_workspace(bakery) as workspace:
        first, next_ = (_figures(workspace.engine, run) for run in ("r000001", "r000002"))
    assert first["rows_in"] > 0
    assert (first["profiles_before"], next_["rows_in"], next_["quarantined"]) == (0, 0, 0)
    assert next_["profiles_before"] == next_["profiles"] == first["profiles"] > 0


def _figures(engine: Engine, run: str) -> dict[str, Any]:
    (row,) = (row for batch in engine.rows(figures_query(run)) for row in batch.to_pylist())
    return row
