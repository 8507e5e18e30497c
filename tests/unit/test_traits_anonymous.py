"""A late login attributes what its device did before, within the span, and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.memory_lake import MemoryLake
from harness.people import PERSON, SOURCES, Row, member, visit
from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.identity.stage import IDENTITY
from kumitate.model.step import Run
from kumitate.profiles.stage import PROFILES
from kumitate.segments.stage import SEGMENTS

NOON = datetime(2026, 2, 1, 12)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def config(**device: Any) -> Config:
    return Config.model_validate(
        {
            "root": ".",
            "settings": {"project": "people", "consent": CONSENT},
            "sources": SOURCES | {"visits": VISITS},
            "identity": {"person": PERSON | {"identifiers": PERSON["identifiers"] | {"device": device}}},
            "traits": {
                "visits": {"kind": "count", "source": "visits"},
                "pages": {"kind": "list", "source": "visits", "column": "page"},
                "score": {
                    "kind": "points",
                    "half_life": "30d",
                    "rules": [{"source": "visits", "points": 10, "most": 5}],
                },
            },
            "segments": {"readers": {"when": {"sequence": {"steps": [opened("/a"), opened("/b")], "within": "60d"}}}},
        }
    )


CONSENT: Row = {"source": "visits", "purpose": "page", "channel": "page", "granted": "agreed", "at": "at"}
VISITS: Row = SOURCES["visits"] | {"columns": SOURCES["visits"]["columns"] | {"agreed": {"type": "boolean"}}}


def opened(page: str) -> Row:
    return {"source": "visits", "where": {"column": "page", "is": page}}


def lake_of(visits: list[Row], config: Config) -> MemoryLake:
    lake, run = MemoryLake(), Run("r000001", AS_OF)
    members = [member("1"), member("2")]
    for name, rows in (("members", members), ("cards", []), ("visits", visits)):
        lake.put(clean_table(name, config.sources[name]), ({"_line": line, **row} for line, row in enumerate(rows)))
    for stage in (IDENTITY, PROFILES, SEGMENTS):
        lake.run(stage, config, run)
    return lake


def told(lake: MemoryLake, column: str) -> dict[str, Any]:
    """A trait by record."""
    people = "curated.person_records as r join curated.traits as t on t.person_id = r.person_id"
    return {row[0]: row[1] for row in lake.rows(f"select r.record, t.{column} from {people}")}


LATE_LOGIN = [
    visit("d", page="/a", at=NOON - 2 * DAY),
    visit("d", page="/b", at=NOON - HOUR),
    visit("d", "1", page="/c", at=NOON),
    visit("d", page="/d", at=NOON + HOUR),
]


def test_a_late_login_counts_what_came_before_within_the_span_and_once() -> None:
    visits = told(lake_of(LATE_LOGIN, config(within="1d")), "visits")
    assert (visits["members/1"], visits["visits/d|1"], visits["members/2"]) == (3, 3, 0)
    assert visits["visits/d|"] == 1
    assert visits["members/1"] + visits["visits/d|"] == len(LATE_LOGIN)


@pytest.mark.slow
def test_lists_and_points_count_the_same_rows() -> None:
    lake = lake_of(LATE_LOGIN, config(within="1d"))
    assert sorted(told(lake, "pages")["members/1"]) == ["/b", "/c", "/d"]
    assert told(lake, "pages")["visits/d|"] == ["/a"]
    assert told(lake, "score")["members/1"] > 2 * told(lake, "score")["visits/d|"]


@pytest.mark.slow
def test_a_sequence_of_events_crosses_the_login() -> None:
    visits = [visit("d", page="/a", at=NOON - HOUR), visit("d", "1", page="/b", at=NOON)]
    members = "select person_id from curated.segment_changes where change = 'entered'"
    lake = lake_of(visits, config(within="1d"))
    person = lake.rows("select person_id from curated.person_records where record = 'members/1'")
    assert lake.rows(members) == person


@pytest.mark.slow
def test_a_tablet_counts_each_event_to_one_person_only() -> None:
    visits = [
        visit("t", "1", page="/a", at=NOON),
        visit("t", page="/b", at=NOON + HOUR),
        visit("t", page="/c", at=NOON + 2 * HOUR),
        visit("t", "2", page="/d", at=NOON + 3 * HOUR),
    ]
    pages = told(lake_of(visits, config(within="1d")), "pages")
    assert sorted(pages["members/1"]) == ["/a", "/b"]
    assert sorted(pages["members/2"]) == ["/c", "/d"]
    assert pages["visits/t|"] is None


@pytest.mark.slow
def test_a_word_of_consent_before_the_login_is_not_the_persons() -> None:
    visits = [visit("d", page="ads", agreed=True, at=NOON - HOUR), visit("d", "1", at=NOON)]
    lake = lake_of(visits, config(within="1d"))
    who = lake.rows(
        "select r.record from curated.consents as c join curated.person_records as r on r.person_id = c.person_id"
    )
    assert who == [("visits/d|",)]


@pytest.mark.slow
def test_an_event_without_a_time_stays_with_its_record() -> None:
    visits = [visit("d", page="/a"), visit("d", "1", page="/b", at=NOON)]
    pages = told(lake_of(visits, config(within="1d")), "pages")
    assert (pages["visits/d|"], pages["members/1"]) == (["/a"], ["/b"])


@pytest.mark.slow
def test_without_a_span_a_device_ties_as_any_identifier_does() -> None:
    lake = lake_of(LATE_LOGIN, config())
    assert told(lake, "visits")["members/1"] == len(LATE_LOGIN)
