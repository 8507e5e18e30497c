"""Collects what the whole suite logs, and fails the session where a line holds personal data or a secret."""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

PLANTED = frozenset(
    {"sandbox-token", "s3cret", "kd94hf93k423kf44", "pfkkdhi9sl3r4s00", "planted-secret-4711", "not-for-logs"}
)
"""Secrets that tests give to what they run. A new one goes in here."""
_KINDS = {
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}"),
    "a phone number": re.compile(r"(?<![\w+.:-])(?:\+\d{10,15}|0\d{1,3}[- ]\d{2,4}[- ]\d{3,4}|0[5-9]0\d{8})(?![\w:-])"),
    "a hash": re.compile(r"(?<![0-9a-zA-Z])[0-9a-fA-F]{64}(?![0-9a-zA-Z])"),
    "credentials": re.compile(r"(?i)\bbearer\s+[\w.~+/-]{6,}|\b(?:access_token|client_secret|password)=[^&\s\"']{4,}"),
}
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_KEPT = 50
WORKERS = "log_findings"


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a line said too much: the test, the logger, what it held; not the line itself."""

    test: str
    source: str
    kinds: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.test}: {self.source} logged {', '.join(self.kinds)}"


@dataclass(slots=True)
class Watch:
    """What was logged since it began."""

    lines: int = 0
    findings: list[Finding] = field(default_factory=list)

    def note_record(self, record: logging.LogRecord) -> None:
        self.note(lines_of(record), source=f"{record.name} ({record.levelname}, {record.filename}:{record.lineno})")

    def note(self, lines: Iterable[str], *, source: str) -> None:
        for line in lines:
            self.lines += 1
            kinds = tuple(judged(line))
            if kinds and len(self.findings) < _KEPT:
                self.findings.append(Finding(_test(), source, kinds))


SESSION = Watch()


def watch_output(text: str, *, source: str) -> None:
    """What another process wrote, a packaged function for one."""
    SESSION.note(text.splitlines(), source=source)


def judged(line: str) -> Iterator[str]:
    """What a line holds that no log may hold."""
    for kind, pattern in _KINDS.items():
        if pattern.search(line):
            yield kind
    if any(secret in line for secret in PLANTED):
        yield "a planted secret"


def lines_of(record: logging.LogRecord) -> Iterator[str]:
    """All that any formatter could make of a record: message, exception, stack, what was added to it."""
    yield _message(record)
    if record.exc_info and record.exc_info[0] is not None:
        yield from "".join(traceback.format_exception(*record.exc_info)).splitlines()
    if record.exc_text:
        yield record.exc_text
    if record.stack_info:
        yield record.stack_info
    yield from (f"{name}={value!r}" for name, value in vars(record).items() if name not in _OWN)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a wrong format string is the caller's trouble, and pytest's to tell
        return f"{record.msg!r} {record.args!r}"


def _test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "between tests").rpartition(" (")[0] or "between tests"


def watch() -> None:
    """From here on every record of every logger is looked at, whatever handlers or propagation it has."""
    inner = logging.Logger.handle

    def handle(self: logging.Logger, record: logging.LogRecord) -> None:
        SESSION.note_record(record)
        inner(self, record)

    logging.Logger.handle = handle  # type: ignore[method-assign]  # the one place that all records pass
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("kumitate").setLevel(logging.DEBUG)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands over what it found; whoever leads the session fails it."""
    handed: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if handed is not None:
        handed[WORKERS] = [SESSION.lines, [str(finding) for finding in SESSION.findings]]
    elif told(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker found is the session's; the hook is xdist's."""
    lines, findings = getattr(node, "workeroutput", {}).get(WORKERS, (0, []))
    SESSION.lines += lines
    _of_workers(node.config).extend(findings)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    found = told(config)
    if found:
        terminalreporter.section("personal data or secrets in logs", red=True)
        for line in found:
            terminalreporter.write_line(line)


def told(config: pytest.Config) -> list[str]:
    """Every finding of this session, its workers' too."""
    return [*map(str, SESSION.findings), *_of_workers(config)]


def _of_workers(config: pytest.Config) -> list[str]:
    return config.stash.setdefault(_STASH, [])


_STASH: pytest.StashKey[list[str]] = pytest.StashKey()
