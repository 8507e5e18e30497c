"""What a month of a platform is assumed to hold: three values of everything, a low, an expected and a high one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from kumitate.blueprint.platform import Platform
from kumitate.config.findings import unknown
from kumitate.config.schedules import timing
from kumitate.config.yaml_lines import read_yaml
from kumitate.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Range:
    """A figure that is not known: at least, probably, at most."""

    low: float
    expected: float
    high: float

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def __mul__(self, other: Range | float) -> Range:
        by = other if isinstance(other, Range) else exactly(other)
        return Range(self.low * by.low, self.expected * by.expected, self.high * by.high)

    __rmul__ = __mul__


NOTHING = Range(0, 0, 0)


def exactly(value: float) -> Range:
    return Range(value, value, value)


def total(parts: Mapping[str, Range] | list[Range]) -> Range:
    ranges = parts.values() if isinstance(parts, Mapping) else parts
    return sum(ranges, start=NOTHING)


@dataclass(frozen=True, slots=True)
class Usage:
    """The assumptions; each can be set by --usage FILE, as a number or as [low, expected, high]."""

    profiles: Range
    """People in the lake."""
    runs: Range
    """Runs of the pipeline a month; from the schedules, unless given."""
    events: Range
    """Events a month, of each streamed source."""
    event_kb: Range
    calls_an_event: Range
    """HTTP calls to the collector: SDKs gather events."""
    pulled_gb: Range
    """What one pull of one source fetches."""
    job_minutes: Range
    """What one stage's job is paid for in one run."""
    optimizer_hours: Range
    """What one optimiser of one table is paid for a month, in DPU-hours."""
    lake_gb: Range
    """All tables and files, past states included."""
    changed_percent: Range
    """Of the profiles, changed at one destination by one run."""
    queries: Range
    """Athena queries of people and BI a month."""
    query_gb: Range
    """What one of them reads."""
    mails_a_profile: Range
    """Mails a month."""
    sms_a_profile: Range
    pushes_a_profile: Range


MEANINGS = {
    "profiles": "people in the lake",
    "runs": "runs of the pipeline a month",
    "events": "events a month, of each streamed source",
    "event_kb": "KB of an event",
    "calls_an_event": "HTTP calls to the collector that an event takes",
    "pulled_gb": "GB that one pull of one source fetches",
    "job_minutes": "minutes that one stage's job is paid for in a run",
    "optimizer_hours": "DPU-hours a month of one optimiser of one table",
    "lake_gb": "GB of all tables and files, past states included",
    "changed_percent": "% of the profiles changed at one destination by one run",
    "queries": "Athena queries of people and BI a month",
    "query_gb": "GB that one of them reads",
    "mails_a_profile": "mails a profile and month",
    "sms_a_profile": "SMS a profile and month",
    "pushes_a_profile": "push notifications a profile and month",
}


def that_matter(platform: Platform) -> tuple[str, ...]:
    """The assumptions that this platform's cost rests on."""
    messaging = platform.environment.messaging
    types = {account.type for account in platform.accounts}
    needless = {
        "events": not platform.streams,
        "event_kb": not platform.streams,
        "calls_an_event": not platform.collected,
        "pulled_gb": not platform.pulls,
        "changed_percent": not platform.routes,
        "mails_a_profile": not messaging.email and "ses" not in types,
        "sms_a_profile": not messaging.sms,
        "pushes_a_profile": not messaging.push,
    }
    return tuple(name for name in MEANINGS if not needless.get(name))


def usage_of(platform: Platform, given: Mapping[str, Range]) -> Usage:
    """What is given; the rest from the project's schedules and sizes."""
    profiles = given.get("profiles", Range(50_000, 100_000, 200_000))
    events = given.get("events", Range(100_000, 1_000_000, 5_000_000))
    event_kb = given.get("event_kb", Range(0.5, 1, 2))
    streamed = events * event_kb * len(platform.streams) * 1e-6
    sources = len(platform.config.sources)
    derived = Usage(
        profiles=profiles,
        runs=_runs(platform),
        events=events,
        event_kb=event_kb,
        calls_an_event=Range(0.1, 0.5, 1),
        pulled_gb=Range(0.001, 0.01, 0.1),
        job_minutes=Range(1, 2, 4) + profiles * 1e-6 * Range(2, 6, 15),
        optimizer_hours=Range(0, 0.1, 0.5),
        lake_gb=profiles * 1e-6 * Range(5, 10, 20) * sources + streamed * Range(1, 6, 24) + Range(0.1, 0.5, 1),
        changed_percent=Range(0.1, 1, 5),
        queries=Range(0, 200, 2000),
        query_gb=Range(0.05, 0.2, 1),
        mails_a_profile=Range(0.1, 1, 4),
        sms_a_profile=Range(0.01, 0.1, 0.5),
        pushes_a_profile=Range(0.1, 1, 4),
    )
    return replace(derived, **given)


def _runs(platform: Platform) -> Range:
    """By the schedule alone; besides, a run for what arrives, gathered or each by itself."""
    scheduled = timing(platform.environment.schedule).times_a_month
    pulls = [timing(pulled.pull.schedule).times_a_month for pulled in platform.pulls]
    files = Range(0, 4, 30) if platform.dropped else NOTHING
    return exactly(scheduled) + files + Range(0, max(pulls, default=0), sum(pulls))


def read_usage(path: Path) -> dict[str, Range]:
    """`{profiles: 250000, runs: [30, 60, 90]}` from a YAML file; ConfigError with everything that is wrong in it."""
    document = read_yaml(path.read_bytes(), str(path))
    problems = list(document.problems)
    found: dict[str, Range] = {}
    known = [field.name for field in fields(Usage)]
    value = document.value if isinstance(document.value, dict) else {}
    for key, given in value.items():
        read = _range(given)
        if key not in known:
            problems.append(Problem(str(path), document.lines[(key,)], key, unknown("assumption", key, known)))
        elif read is None:
            what = "expected a number, or [low, expected, high] in that order, none below 0"
            problems.append(Problem(str(path), document.lines[(key,)], key, what))
        else:
            found[key] = read
    if problems:
        raise ConfigError(tuple(problems))
    return found


def _range(given: Any) -> Range | None:
    values = given if isinstance(given, list) and len(given) == 3 else [given] * 3
    try:
        low, expected, high = (float(value) for value in values)
    except (TypeError, ValueError):
        return None
    return Range(low, expected, high) if 0 <= low <= expected <= high else None
