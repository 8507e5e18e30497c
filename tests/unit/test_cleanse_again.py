"""A source whose recipe changed is cleansed again from its raw rows: nothing is lost, doubled or counted twice."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.memory_lake import MemoryLake
from harness.reading import source
from kumitate.cleanse.recipes import fingerprint
from kumitate.cleanse.stage import CLEANSE, cleansed_through
from kumitate.config.project import Config
from kumitate.config.settings import Settings
from kumitate.config.source import Source
from kumitate.ingest.replayed import QUARANTINED
from kumitate.ingest.tables import DELIVERIES, QUARANTINE, REPLAYS, raw_table
from kumitate.model.step import Run, Step
from kumitate.model.table import Table

CLOCK = datetime(2026, 3, 1, tzinfo=UTC)
SETTINGS = Settings(project="test", timezone="Asia/Tokyo", country="JP")


def records(**columns: Any) -> Source:
    return source(key=["no"], columns={"no": {"type": "id"}, **columns})


def clicks(**columns: Any) -> Source:
    return source(kind="events", time="at", key=["id"], columns={"id": {}, "at": {}, **columns})


def config(declared: Source) -> Config:
    return Config.model_construct(root=Path(), settings=SETTINGS, sources={"rows": declared})


class Lake:
    """Raw rows and cleansing runs of one source, whose declaration may differ from run to run."""

    def __init__(self) -> None:
        self.memory = MemoryLake()
        self._raw: list[dict[str, Any]] = []
        self._deliveries: list[dict[str, Any]] = []
        self.memory.put(QUARANTINE, ())
        self.memory.put(REPLAYS, ())

    def receive(self, run_id: str, declared: Source, *rows: dict[str, Any], delivery: str = "") -> None:
        at = {"_delivery_id": f"{run_id}-1", "_run_id": run_id}
        self._raw += [{**at, "_line": line, **row} for line, row in enumerate(rows, 2)]
        self._deliveries.append({"delivery_id": delivery or f"{run_id}-1", "file": "data/x.csv", "run_id": run_id})
        self.memory.put(raw_table("rows", declared), self._raw)
        self.memory.put(DELIVERIES, self._deliveries)

    def cleanse(self, run_id: str, declared: Source, after: str = "") -> None:
        self.memory.run(CLEANSE, config(declared), Run(run_id, CLOCK, {"staging.rows": after}))

    def counts(self, run_id: str) -> dict[str, int]:
        sql = f"select outcome, reason, rows from clean.source_counts where run_id = '{run_id}'"
        return {f"{outcome}:{reason}" if reason else outcome: n for outcome, reason, n in self.memory.rows(sql)}

    def quarantine(self) -> list[tuple[Any, ...]]:
        """Line, reason, is it open, how was it closed."""
        return self.memory.rows(f"select line, reason, is_open, closed_as from ({QUARANTINED}) as q order by line")


DAY_FIRST = {"born": {"type": "date", "formats": ["%d/%m/%Y"], "required": True}}
MONTH_FIRST = {"born": {"type": "date", "formats": ["%m/%d/%Y"], "required": True}}
BIRTHS = ({"no": "1", "born": "13/02/1980"}, {"no": "2", "born": "02/13/1980"}, {"no": "3", "born": "01/02/1980"})


@pytest.fixture
def cleansed_again() -> Lake:
    """Days were read day first, then, with one more row, month first."""
    lake = Lake()
    lake.receive("r000001", records(**DAY_FIRST), *BIRTHS)
    lake.cleanse("r000001", records(**DAY_FIRST))
    lake.receive("r000002", records(**MONTH_FIRST), {"no": "4", "born": "12/31/1999"})
    lake.cleanse("r000002", records(**MONTH_FIRST))
    return lake


def test_the_clean_table_is_as_if_the_new_recipe_had_always_held(cleansed_again: Lake) -> None:
    rows = cleansed_again.memory.rows("select no, cast(born as varchar), _run_id from clean.rows order by no")
    assert rows == [
        ("2", "1980-02-13", "r000001"), ("3", "1980-01-02", "r000001"), ("4", "1999-12-31", "r000002"),
    ]  # fmt: skip


def test_a_row_that_is_accepted_now_is_closed_and_one_that_is_refused_now_is_open(cleansed_again: Lake) -> None:
    assert cleansed_again.quarantine() == [(2, "date.invalid", True, None), (3, "date.invalid", False, "recleansed")]


@pytest.mark.slow
def test_rows_counted_before_stand_apart_from_those_that_came(cleansed_again: Lake) -> None:
    assert cleansed_again.counts("r000001") == {"accepted": 2, "quarantined:date.invalid": 1}
    assert cleansed_again.counts("r000002") == {"accepted": 1, "recleansed": 2, "recleansed:date.invalid": 1}


@pytest.mark.slow
def test_a_recipe_that_comes_back_finds_what_it_had_left(cleansed_again: Lake) -> None:
    cleansed_again.cleanse("r000003", records(**DAY_FIRST))
    assert cleansed_again.memory.rows("select no from clean.rows order by no") == [("1",), ("3",)]
    assert cleansed_again.quarantine() == [
        (2, "date.invalid", False, "recleansed"), (2, "date.invalid", True, None), (3, "date.invalid", True, None),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_row_refused_for_the_same_reason_lies_in_quarantine_once() -> None:
    lake, strict = Lake(), records(**DAY_FIRST)
    lake.receive("r000001", strict, {"no": "1", "born": "never"})
    lake.cleanse("r000001", strict)
    lake.cleanse("r000002", records(**MONTH_FIRST))
    assert lake.memory.rows("select run_id, reason from quarantine.rows") == [("r000001", "date.invalid")]
    assert lake.quarantine() == [(2, "date.invalid", True, None)]
    assert lake.counts("r000002") == {"recleansed": 1}


@pytest.mark.slow
def test_events_are_replaced_not_added_to() -> None:
    lake = Lake()
    rows = ({"id": "a", "at": "2026-01-01"}, {"id": "b", "at": "1.2"}, {"id": "a", "at": "2026-01-02"})
    lake.receive("r000001", clicks(), *rows)
    lake.cleanse("r000001", clicks())
    lake.receive("r000002", clicks(), {"id": "b", "at": "7"}, {"id": "c", "at": "2026-01-03"})
    typed = clicks(at={"type": "date"})
    lake.cleanse("r000002", typed)
    found = lake.memory.rows("select id, cast(at as varchar), _run_id from clean.rows order by id")
    assert found == [("a", "2026-01-01", "r000001"), ("b", None, "r000001"), ("c", "2026-01-03", "r000002")]
    assert lake.counts("r000002") == {"accepted": 1, "duplicate": 1, "recleansed": 3}
    lake.receive("r000003", typed, {"id": "c", "at": "2026-01-04"}, {"id": "d", "at": "2026-01-05"})
    lake.cleanse("r000003", typed, "r000002")
    assert lake.counts("r000003") == {"accepted": 1, "duplicate": 1}
    assert lake.memory.rows("select count(*) from clean.rows") == [(4,)]


@pytest.mark.slow
def test_of_a_row_that_came_back_from_quarantine_its_later_reading_is_cleansed() -> None:
    lake, strict = Lake(), records(points={"type": "integer", "required": True})
    lake.receive("r000001", strict, {"no": "1", "points": "many"})
    lake.cleanse("r000001", strict)
    sent = {"delivery_id": "r000001-1", "line": 2, "replay_delivery_id": "replay-000001", "kind": "mended"}
    lake.memory.put(REPLAYS, (sent,))
    lake.receive("r000002", strict, delivery="replay-000001")
    mended = {"_delivery_id": "r000001-1", "_line": 2, "_run_id": "r000002", "no": "9", "points": "7"}
    lake._raw.append(mended)
    lake.memory.put(raw_table("rows", strict), lake._raw)
    lake.cleanse("r000002", strict, "r000001")
    loose = records(points={"type": "text", "required": True})
    lake.cleanse("r000003", loose)
    assert lake.memory.rows("select no, points from clean.rows") == [("9", "7")]
    assert lake.quarantine() == [(2, "integer.invalid", False, "mended")]


@pytest.mark.parametrize(
    "other",
    [
        records(born={"type": "birthdate"}),
        records(born={"type": "date", "formats": ["%d/%m/%Y"]}),
        records(born={"type": "date", "required": True}),
        records(born={"type": "date"}, year={"sql": "substr(no, 1, 4)"}),
    ],
)
def test_what_decides_a_value_changes_the_recipe(other: Source) -> None:
    assert fingerprint(other, SETTINGS) != fingerprint(records(born={"type": "date"}), SETTINGS)


def test_words_about_a_column_and_where_files_have_it_do_not_change_the_recipe() -> None:
    plain, told = (
        records(born={"type": "date"}),
        records(born={"type": "date", "meaning": "birthday", "from": "誕生日"}),
    )
    assert fingerprint(plain, SETTINGS) == fingerprint(told, SETTINGS)
    assert fingerprint(plain, SETTINGS) != fingerprint(plain, SETTINGS.model_copy(update={"country": "FR"}))


STAGING, CLEAN = "staging.rows", "clean.rows"
OWN, OTHER = "own", "other"


def through(marks: Mapping[tuple[str, str], str], run_id: str) -> str:
    """Where a run finds itself, by which run last wrote a table by its own recipe or by another."""

    def done_by(table: Table, step: Step | None) -> str:
        found = [run for (name, recipe), run in marks.items() if name == str(table) and (not step or recipe == OWN)]
        return max(found, default="")

    return cleansed_through(config(records()), "rows", Run(run_id, CLOCK), done_by=done_by)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ({}, ""),
        ({(STAGING, OWN): "r000002", (CLEAN, OWN): "r000002"}, "r000002"),
        ({(STAGING, OWN): "r000003", (CLEAN, OWN): "r000002"}, "r000002"),
        ({(STAGING, OTHER): "r000002", (CLEAN, OTHER): "r000002"}, ""),
        ({(STAGING, OWN): "r000003", (CLEAN, OTHER): "r000002"}, ""),
        ({(STAGING, OWN): "r000001", (CLEAN, OWN): "r000001", (STAGING, OTHER): "r000002"}, ""),
        (
            {
                (STAGING, OWN): "r000003",
                (CLEAN, OWN): "r000001",
                (STAGING, OTHER): "r000002",
                (CLEAN, OTHER): "r000002",
            },
            "",
        ),
        ({(STAGING, OWN): "r000002", (CLEAN, OWN): "r000002", (STAGING, OTHER): "r000003"}, ""),
    ],
    ids=[
        "nothing is cleansed yet",
        "the recipe of the run before",
        "killed after staging",
        "a new recipe",
        "killed after staging by a new recipe",
        "a recipe taken up again",
        "killed after staging by a recipe taken up again",
        "killed after staging by another recipe, which was given up",
    ],
)
def test_a_run_goes_on_where_the_last_one_with_the_same_recipe_ended(
    marks: Mapping[tuple[str, str], str], expected: str
) -> None:
    assert through(marks, "r000003") == expected
