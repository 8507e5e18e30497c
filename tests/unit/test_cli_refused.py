"""What machine or AWS refuse a command is a sentence with what next, never a stack trace."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import click
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from click.testing import CliRunner

from kumitate.cli.lake import scratch
from kumitate.cli.main import PlainErrors
from kumitate.cli.refused import refusal


def ended(error: BaseException, name: str = "meet") -> tuple[int, str]:
    """Exit code and words of a command that meets this error."""

    @click.command()
    def meet() -> None:
        raise error

    done = CliRunner().invoke(PlainErrors(commands={name: meet}), [name])
    return done.exit_code, done.stderr


def test_a_run_that_is_stopped_by_hand_says_that_the_next_one_goes_on() -> None:
    code, told = ended(KeyboardInterrupt(), "run")
    assert code == 1
    assert "the next `kumitate run` goes on from there" in told
    assert "kumitate run" not in ended(KeyboardInterrupt(), "query")[1]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.EROFS, os.strerror(errno.EROFS), "lake/lock"),
            "lake/lock: Read-only file system; let this user",
        ),
        (OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), "a/b.csv"), "a/b.csv: Not a directory; mend that"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "the disk: No space left on device; make room"),
        (NoCredentialsError(), "AWS cannot be asked (NoCredentialsError); sign in first"),
        (
            ClientError({"Error": {"Code": "AccessDenied"}}, "GetQueueUrl"),
            "AWS refuses GetQueueUrl (AccessDenied); see",
        ),
    ],
)
def test_a_refusal_says_where_what_and_what_next(error: Exception, words: str) -> None:
    code, told = ended(error)
    assert code == 1
    assert told.startswith(f"kumitate: {words}")
    assert told.count("\n") == 1


def test_a_database_that_may_not_be_written_is_told_also_from_within_the_catalogues_own_error(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    sqlite3.connect(path).execute("create table t (a)").connection.close()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as met:
        connection.execute("insert into t values (1)")
    connection.close()
    wrapped = RuntimeError("wrapped")
    wrapped.orig = met.value  # type: ignore[attr-defined]  # as sqlalchemy's errors carry it
    for error in (met.value, wrapped):
        assert "readonly database; let this user write there" in str(refusal(error))


@pytest.mark.parametrize(
    "error", [ValueError("ours"), BrokenPipeError(errno.EPIPE, "pipe"), sqlite3.OperationalError()]
)
def test_our_own_mistakes_keep_their_trace(error: Exception) -> None:
    assert refusal(error) is None


def test_a_lake_that_may_only_be_read_is_asked_with_a_folder_elsewhere(tmp_path: Path) -> None:
    with scratch(tmp_path) as own:
        assert own == tmp_path / "tmp"
    with scratch(tmp_path / "nobody may write here") as elsewhere:
        assert elsewhere.is_dir()
        assert tmp_path not in elsewhere.parents
    assert not elsewhere.exists()
