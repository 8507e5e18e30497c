"""What a Glue job is started with, read from its command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kumitate.errors import FatalError


@dataclass(frozen=True, slots=True)
class JobArguments:
    """One start of a stage's job."""

    project: str
    """`s3://…/project.zip`"""
    environment: str
    account: str
    run_id: str
    as_of: datetime
    syncs: tuple[str, ...] = ()
    """The syncs that alone are brought up to date; none means all."""


def job_arguments(argv: Sequence[str]) -> JobArguments:
    """The arguments after the script's name; FatalError names one that is missing or wrong."""
    given = options(argv)
    return JobArguments(
        project=required(given, "project"),
        environment=required(given, "environment"),
        account=required(given, "account"),
        run_id=required(given, "run_id"),
        as_of=_moment(required(given, "as_of")),
        syncs=tuple(filter(None, given.get("syncs", "").split(","))),
    )


def options(argv: Sequence[str]) -> Mapping[str, str]:
    """`--name value` and `--name=value`; Glue adds arguments of its own, and the last of two counts."""
    return dict(_pairs(argv))


def _pairs(argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    for number, word in enumerate(argv):
        name, equals, value = word.removeprefix("--").partition("=")
        if word.startswith("--"):
            following = argv[number + 1] if number + 1 < len(argv) else ""
            yield name, value if equals else "" if following.startswith("--") else following


def required(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        raise FatalError(f"job argument --{name} is missing; the job's default arguments or whoever starts it gives it")
    return given[name]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise FatalError(f"job argument --as_of: {text!r} is no time such as 2026-11-22T00:00:00+00:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
