"""What triggers watch for, as plain values: a processor carries it as `triggers.json` and reads no project.

Times are milliseconds; a moment counts from 1970 in UTC, as the lake keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from kumitate.model.realtime import MOST

FEW = 20
"""Events remembered for other steps, unless they need more to be decided."""
FUTURE_MS = 3_600_000
"""An event from further ahead than this does not count: its clock is wrong."""

Where = list[Any]
"""A compiled `where:`: `["all", [w, …]]`, `["any", [w, …]]`, `["not", w]`, `[operator, column, operand, type]`."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of events: where its value stands in the JSON, and how it is read (`integer`, `timestamp`, `id` …)."""

    path: str
    semantic: str
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """An identifier that events carry; one with `within_ms` tells a browser or device, and not a person."""

    kind: str
    column: str
    _: KW_ONLY
    within_ms: int | None = None
    blocked: tuple[str, ...] = ()
    """Whole-value regular expressions of values that identify nobody."""
    country: str = ""
    """Whose phone numbers those without a country code are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A source: its columns as far as triggers ask for them, and who its events are of, the surest kind first."""

    fields: Mapping[str, Field]
    time: str
    event: str | None
    names: tuple[Named, ...]
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Events of one source that some trigger asks for, and what is remembered of each."""

    source: str
    event: str | None
    where: Where | None
    columns: tuple[str, ...] = ()
    keep_ms: int = 0
    most: int = MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that must be so: `kind` is `count`, `first`, `sequence`, `changed` or `score`."""

    kind: str
    steps: tuple[str, ...]
    within_ms: int
    """How far back it looks; 0: at the one event at hand."""
    at_least: float = 1
    spoiler: str | None = None
    """The step that must not happen for `span_ms` after the last one."""
    span_ms: int = 0
    column: str = ""
    from_value: Any = None
    to_value: Any = None
    points: tuple[tuple[int, int | None], ...] = ()
    """Per step its points, and how many events of it count."""
    half_life_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A fact: which columns of which events are told, and how."""

    step: str | None
    """None: of the events that made it true."""
    column: str = ""
    columns: tuple[str, ...] = ()
    take: str = "last"
    within_ms: int = 0
    most: int = 20
    same: str = ""
    without: str | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A trigger: it fires when all its parts are so, at the moment the last of them comes true."""

    parts: tuple[Part, ...]
    key: str
    once_ms: int | None
    """None: once for ever."""
    fresh_ms: int
    lateness_ms: int
    facts: Mapping[str, Told] = field(default_factory=dict)
    description: str = ""

    @property
    def waits(self) -> bool:
        """Whether something must not happen for a while: a timer tells when that has passed."""
        return any(part.spoiler for part in self.parts)

    @property
    def looks_at(self) -> frozenset[str]:
        """The steps of its condition and its facts."""
        asked = [step for part in self.parts for step in (*part.steps, part.spoiler)]
        told = [step for fact in self.facts.values() for step in (fact.step, fact.without)]
        return frozenset(step for step in (*asked, *told) if step)


@dataclass(frozen=True, slots=True)
class Triggering:
    """Every trigger of a project, with the sources and steps that they look at."""

    sources: Mapping[str, Watched] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=dict)
    """By a name that stays the same as long as the step means the same."""
    watches: Mapping[str, Watch] = field(default_factory=dict)

    @property
    def keep_ms(self) -> int:
        """How long a person is remembered after their last event: as long as it, or what has fired, can matter."""
        events = (step.keep_ms for step in self.steps.values())
        firings = (
            watch.once_ms + watch.fresh_ms + watch.lateness_ms for watch in self.watches.values() if watch.once_ms
        )
        return max((*events, *firings), default=0)
