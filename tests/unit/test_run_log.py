"""The run log: ids count up, an interrupted run is the same again, and a release stays with its run."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from kumitate.execution.runs import RunLog

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_an_interrupted_run_is_the_same_again_with_its_release(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "runs.db")
    first = log.release(log.begin(AT, "f", AT), "checked")
    assert log.begin(AT, "other", AT) == log.last() == first
    log.finish(first.id, AT, None)
    second = log.begin(AT, "f", AT)
    assert [(run.id, run.released) for run in log.all()] == [("r000002", ""), ("r000001", "checked")]
    assert second.released == ""


def test_the_log_of_an_older_version_is_read_and_continued(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "runs.db")
    with connection:
        connection.execute(
            "create table runs (id text primary key, as_of text not null, fingerprint text not null,"
            " started_at text not null, finished_at text, until_stage text)"
        )
        at = AT.isoformat()
        connection.execute("insert into runs values ('r000007', ?, 'f', ?, ?, 'profiles')", (at, at, at))
    connection.close()
    log = RunLog(tmp_path / "runs.db")
    last = log.last()
    assert last is not None
    assert (last.id, last.until_stage, last.released) == ("r000007", "profiles", "")
    assert log.release(log.begin(AT, "f", AT), "checked") == log.last()
