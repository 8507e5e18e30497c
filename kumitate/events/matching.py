"""One collected line, as far as triggers look at it: when it happened, whose it is, and which steps it is of."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from typing import Any, NoReturn

from kumitate.errors import RecordError
from kumitate.events.conditions import Test, matcher_of
from kumitate.events.identifiers import Name, names_of
from kumitate.events.plan import FUTURE_MS, Step, Triggering, Watched
from kumitate.events.reading import at_path, kept, read
from kumitate.events.state_keys import root_of
from kumitate.model.event import MARKS

NOT_COUNTED = frozenset({"bot", "replayed"})
"""Flags of events that fire nothing and name nobody."""
_ID_BYTES = 9


@dataclass(frozen=True, slots=True)
class Noticed:
    """An event that some trigger or somebody's identity may ask for."""

    source: str
    id: str
    """A digest of its messageId."""
    at: int
    """Milliseconds since 1970, by its own time."""
    steps: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """The steps it is of -> the columns that are remembered."""
    known_by: tuple[Name, ...] = field(default=(), repr=False)
    consents: Mapping[str, bool] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """As a state holds them: `kind:hash`, the surest last."""
        return [root_of(name.named.kind, name.value) for name in reversed(self.known_by)]


@dataclass(frozen=True)
class Matching:
    """Tells what triggers see in a line."""

    triggering: Triggering

    def notice(self, line: bytes | str, *, now: int | None) -> Noticed | None:
        """None for what no trigger asks for, or must not count; RecordError where the line cannot be used.

        Without `now` the event is looked at as it happens.
        """
        return self.marked(parsed(line), now=now)

    def marked(self, event: Mapping[str, Any], *, now: int | None) -> Noticed | None:
        """The same for a collected event that was read."""
        marks = event.get(MARKS)
        if not isinstance(marks, Mapping) or not isinstance(marks.get("source"), str):
            raise RecordError("event.no_source")
        if marks.get("blocked") or NOT_COUNTED & set(_flags(marks)):
            return None
        return self.seen(event, marks["source"], now=now)

    def seen(self, event: Mapping[str, Any], source: str, *, now: int | None) -> Noticed | None:
        """The same for an event that was read, of a known source."""
        watched = self.triggering.sources.get(source)
        if watched is None:
            return None
        message = event.get("messageId")
        if not isinstance(message, str) or not message:
            raise RecordError("event.no_id")
        values = self._values(event, watched)
        at = values(watched.time)
        if at is None:
            raise RecordError("event.no_time")
        now = at if now is None else now
        if at > now + FUTURE_MS:
            return None
        steps = {
            name: _remembered(step, watched, values)
            for name, (step, test) in self._tests[source].items()
            if step.event in (None, values(watched.event) if watched.event else None) and test(values, now)
        }
        known_by = tuple(names_of(event, watched))
        return Noticed(source, _digest(source, message), at, steps, known_by, _consents(event.get(MARKS)))

    def _values(self, event: Mapping[str, Any], watched: Watched) -> Callable[[str], Any]:
        """Columns by name, each read once."""

        @cache
        def value(column: str) -> Any:
            found = watched.fields[column]
            return read(at_path(event, found.path), found, watched.zone)

        return value

    @cached_property
    def _tests(self) -> Mapping[str, Mapping[str, tuple[Step, Test]]]:
        """Source -> its steps by name, with their conditions."""
        found: dict[str, dict[str, tuple[Step, Test]]] = {name: {} for name in self.triggering.sources}
        for name, step in self.triggering.steps.items():
            found[step.source][name] = step, matcher_of(step.where)
        return found


def parsed(line: bytes | str) -> Mapping[str, Any]:
    """The line's JSON object; RecordError where it is none."""
    try:
        found = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise RecordError("json.invalid") from None
    if not isinstance(found, dict):
        raise RecordError("json.no_object")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _remembered(step: Step, watched: Watched, values: Callable[[str], Any]) -> dict[str, Any]:
    found = {name: kept(values(name), watched.fields[name].semantic) for name in step.columns}
    return {name: value for name, value in found.items() if value is not None}


def _flags(marks: Mapping[str, Any]) -> list[str]:
    flags = marks.get("flags")
    return [flag for flag in flags if isinstance(flag, str)] if isinstance(flags, list) else []


def _consents(marks: Any) -> dict[str, bool]:
    said = marks.get("consent") if isinstance(marks, Mapping) else None
    if not isinstance(said, Mapping):
        return {}
    return {name: yes for name, yes in said.items() if isinstance(yes, bool)}


def _digest(source: str, message: str) -> str:
    found = sha256(f"{source}\x1f{message}".encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(found[:_ID_BYTES]).decode()
