"""What a pull job writes is what the source's reader reads; the connection itself is Glue's alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.reading import read_bytes, source
from kumitate.blueprint.platform import PulledSource
from kumitate.cloud.pulling import connection_options, pull
from kumitate.config.source import Pull
from kumitate.engines.local_files import LocalRawArea

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket"),  # Spark lets its own socket be collected
]

SCHEMA = "id string, at timestamp_ntz, `owner.now` struct<name string, teams array<string>>, note string"
ROWS = [
    ("1", datetime(2026, 1, 2, 3, 4, 5), ("Ōta", ["a", "b"]), 'said "no", twice\nand left'),
    ("2", None, None, None),
]
MORNING, NOON = datetime(2026, 11, 22, 6, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    from tests.harness.spark_jvm import fresh_session

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        settings = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        with fresh_session("local[1]", {**settings, "spark.ui.enabled": "false"}) as running:
            yield running


class Connection:
    """Gives the same rows whatever is asked, and remembers what was."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.asked: list[Mapping[str, str]] = []

    def read(self, _connection_type: str, options: Mapping[str, str]) -> Any:
        self.asked.append(options)
        return self.frame


def tickets(format_: str) -> PulledSource:
    columns = {"id": {}, "at": {}, "owner": {"from": "owner.now"}, "note": {}}
    settings = {"api_version": "v3"}
    asked = Pull(connector="hubspot", object="tickets", connection="ours", incremental="at", settings=settings)
    return PulledSource("tickets", source(format=format_, columns=columns, pull=asked), asked)


@pytest.mark.parametrize("format_", ["jsonl", "csv"])
def test_what_was_pulled_is_read_as_it_was(session: Any, tmp_path: Path, format_: str) -> None:
    pulled, connection = tickets(format_), Connection(session.createDataFrame(ROWS, SCHEMA))
    rows = pull(
        pulled, connection.read, LocalRawArea(tmp_path), options=partial(connection_options, pulled, "ours"), at=MORNING
    )
    assert rows == 2
    (file,) = (tmp_path / "pulled" / "tickets").iterdir()
    assert file.name == f"20261122T060000Z.{format_}"
    found = read_bytes(file.read_bytes(), pulled.source, str(file))
    assert found.rejections == found.problems == []
    ids, times, owners, notes = zip(*found.values, strict=True)
    assert ids == ("1", "2")
    assert [(time or "")[:10] for time in times] == ["2026-01-02", ""]
    assert [(owner or "").replace(" ", "") for owner in owners] == ['{"name":"Ōta","teams":["a","b"]}', ""]
    assert [note or "" for note in notes] == ['said "no", twice\nand left', ""]


def test_a_pull_goes_on_where_the_last_file_ended(session: Any, tmp_path: Path) -> None:
    pulled, area = tickets("jsonl"), LocalRawArea(tmp_path)
    connection = Connection(session.createDataFrame(ROWS, SCHEMA))
    for moment in (MORNING, NOON):
        pull(pulled, connection.read, area, options=partial(connection_options, pulled, "ours"), at=moment)
    assert [options.get("FILTER_PREDICATE") for options in connection.asked] == [
        None,
        "at >= TIMESTAMP '2026-11-22 05:50:00Z'",
    ]
    assert len(area.names("pulled/tickets/")) == 2


def test_nothing_new_leaves_no_file(session: Any, tmp_path: Path) -> None:
    pulled, connection = tickets("parquet"), Connection(session.createDataFrame([], SCHEMA))
    area = LocalRawArea(tmp_path)
    assert pull(pulled, connection.read, area, options=partial(connection_options, pulled, "ours"), at=MORNING) == 0
    assert area.names("pulled/") == ()


def test_parquet_that_was_pulled_is_read(session: Any, tmp_path: Path) -> None:
    pulled, connection = tickets("parquet"), Connection(session.createDataFrame(ROWS, SCHEMA))
    pull(
        pulled, connection.read, LocalRawArea(tmp_path), options=partial(connection_options, pulled, "ours"), at=MORNING
    )
    (file,) = (tmp_path / "pulled" / "tickets").iterdir()
    assert [row[0] for row in read_bytes(file.read_bytes(), pulled.source, str(file)).values] == ["1", "2"]
