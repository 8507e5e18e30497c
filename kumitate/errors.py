"""The error tree: four errors, each with one consequence for the run.

`ConfigError` is mended by the project's owner, `RecordError` sends one row to quarantine,
`RetryableError` is tried again later, `FatalError` stops the run.
"""

from __future__ import annotations

from dataclasses import dataclass


class KumitateError(Exception):
    """Whatever Kumitate raises on purpose; the message says where, what, and what next."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in the project's files, e.g. `kumitate.yaml:12 syncs.a.segment: unknown segment 'x'`."""

    file: str
    line: int
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}{' ' if self.key else ''}{self.key}: {self.what}"


class ConfigError(KumitateError):
    """The project's files are wrong; carries every problem found, not only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class RecordError(KumitateError):
    """One row cannot be used; `reason` is a stable code such as `encoding.undecodable`."""

    def __init__(self, reason: str, field: str = "") -> None:
        self.reason = reason
        self.field = field
        super().__init__(f"{reason} {field}".strip())


class RetryableError(KumitateError):
    """The world did not answer this time; `retry_after_seconds` is the destination's own wish.

    `never_left` is true where the request certainly had no effect, so that even a message may be sent again.
    """

    def __init__(self, message: str, retry_after_seconds: float | None = None, *, never_left: bool = False) -> None:
        self.retry_after_seconds = retry_after_seconds
        self.never_left = never_left
        super().__init__(message)


class FatalError(KumitateError):
    """Going on would do harm: the run stops, what is done stays done."""
