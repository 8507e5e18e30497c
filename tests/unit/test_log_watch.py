"""No log line of the suite may hold personal data or a secret; the watch that sees to it can fail."""

import hashlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import log_watch
from harness.log_watch import Watch, judged, lines_of

ROOT = Path(__file__).parents[2]
HASH = hashlib.sha256(b"x").hexdigest()
BAD = """
import logging
import pytest

@pytest.mark.parametrize("line", {lines!r})
def test_it_logs(line):
    logging.getLogger("quiet.library").info("row %s", line)
"""
CONFTEST = """
from harness import log_watch
from harness.log_watch import pytest_sessionfinish, pytest_terminal_summary, pytest_testnodedown
log_watch.watch()
"""


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("a", logging.INFO, __file__, 1, message, args, None)
    vars(made).update(extra)
    return made


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("sent to taro@example.com", "an e-mail address"),
        ("row +819012345678 refused", "a phone number"),
        ("tel 090-1234-5678", "a phone number"),
        ("tel 09012345678", "a phone number"),
        (f"key {HASH}", "a hash"),
        (f"key {HASH.upper()}", "a hash"),
        ("Authorization: Bearer abcdef123456", "credentials"),
        ("POST /?access_token=abcd1234", "credentials"),
        ("token s3cret", "a planted secret"),
    ],
)
def test_each_kind_of_leak_is_seen(line: str, kind: str) -> None:
    assert kind in list(judged(line))


@pytest.mark.parametrize(
    "line",
    [
        "run r000012 began at 2026-03-10 12:00:00.123456+09:00",
        "sync vip_campaign: 1200 rows, 3 requests, 0.25 s",
        "arn:aws:sqs:ap-northeast-1:000000000000:deliver-team",
        "request 5b1f6e7a-0000-4000-8000-123456789012 took 81.90 ms",
        f"digest {HASH[:16]}",
        "127.0.0.1:54321 POST /v26.0/123/users 200",
    ],
)
def test_what_logs_usually_say_is_let_through(line: str) -> None:
    assert list(judged(line)) == []


def test_arguments_exceptions_and_extra_values_are_looked_at_too() -> None:
    try:
        raise ValueError("taro@example.com")
    except ValueError:
        failed = logging.LogRecord("a", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    for made in (record("sent to %s", "taro@example.com"), record("sent", member="taro@example.com"), failed):
        watch = Watch()
        watch.note_record(made)
        assert {finding.kinds for finding in watch.findings} == {("an e-mail address",)}
    assert list(lines_of(record("%d rows", "x"))) == ["'%d rows' ('x',)"]


def test_a_finding_does_not_repeat_what_it_found() -> None:
    watch = Watch()
    watch.note(["sent to taro@example.com"], source="a")
    assert "taro" not in str(watch.findings[0])
    assert "test_a_finding_does_not_repeat_what_it_found: a logged an e-mail address" in str(watch.findings[0])


def test_loggers_that_pass_nothing_on_are_heard_as_well() -> None:
    logger = logging.getLogger("kumitate.deaf")
    logger.propagate = False
    before = log_watch.SESSION.lines
    logger.info("one row")
    assert log_watch.SESSION.lines == before + 1


def suite(folder: Path, lines: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    """A little suite of its own under the same watch."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_bad.py").write_text(BAD.format(lines=lines))
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/tests:{ROOT}"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow  # suites of their own
@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "workers"])
def test_one_bad_line_fails_a_session_whose_tests_pass(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = suite(tmp_path, ["a", "taro@example.com", "b"], *options)
    assert done.returncode == 1, done.stdout
    assert "3 passed" in done.stdout
    assert "quiet.library (INFO, test_bad.py:7) logged an e-mail address" in done.stdout
    assert suite(tmp_path, ["a", "b"], *options).returncode == 0
