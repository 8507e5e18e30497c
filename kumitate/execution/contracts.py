"""Contracts beside what came in: which events no contract knows, a draft for one, and what was promised to senders."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from kumitate.cleanse.tables import clean_table
from kumitate.config.contract import Contract
from kumitate.config.published import (
    CONTRACTS,
    OF,
    PUBLISHED_FILE,
    Published,
    events_of,
    read_published,
    schema_fingerprint,
)
from kumitate.config.source import Source
from kumitate.errors import FatalError
from kumitate.events.drafting import brought_by, draft_schema
from kumitate.ingest.replayed import QUARANTINED
from kumitate.model.step import Query
from kumitate.model.table import validate_identifier
from kumitate.ports import Engine

SAMPLES = 10_000
"""Events that a draft is made of, at most: the newest."""


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """One kind of event that came in to a source, `blocked` of them into quarantine; `contract` is empty where none
    describes it.
    """

    source: str
    call: str
    event: str
    events: int
    first_at: datetime | None
    last_at: datetime | None
    contract: str
    blocked: int = 0


def seen_events(engine: Engine, sources: Mapping[str, Source], contracts: Mapping[str, Contract]) -> list[SeenEvent]:
    """Every kind of event of these sources, most frequent first."""
    found = []
    for name, source in sources.items():
        own: dict[tuple[str, str | None], str] = {
            (each.call, each.event): title for title, each in contracts.items() if each.source == name
        }
        blocked = _blocked(engine, name, source)
        for row in _accepted(engine, name, source):
            call, event = row["call"] or "track", row["event"] or ""
            held = blocked.pop((call, event), 0)
            told = row | {"call": call, "event": event, "events": row["events"] + held}
            found.append(SeenEvent(name, **told, contract=_known(own, call, event), blocked=held))
        for (call, event), held in blocked.items():
            found.append(SeenEvent(name, call, event, held, None, None, _known(own, call, event), held))
    return sorted(found, key=lambda each: (each.source, -each.events, each.call, each.event))


def _known(own: Mapping[tuple[str, str | None], str], call: str, event: str) -> str:
    return own.get((call, event)) or own.get((call, None)) or ""


def _accepted(engine: Engine, name: str, source: Source) -> Iterator[dict[str, Any]]:
    for batch in engine.rows(Query(f"seen_{name}", _seen_sql(name, source))):
        yield from batch.to_pylist()


def _blocked(engine: Engine, name: str, source: Source) -> Counter[tuple[str, str]]:
    """Call and name of the events that contracts keep in quarantine, with how many there are."""
    sql = (
        f"select q.payload from ({QUARANTINED}) as q\n"
        f"where q.is_open and q.source = '{validate_identifier(name)}' and q.reason like 'contract.%'"
    )
    call = _column_of(source, "type")
    found = Counter[tuple[str, str]]()
    for batch in engine.rows(Query(f"blocked_{name}", sql)):
        for row in batch.to_pylist():
            told = json.loads(row["payload"])
            rest = told.get("_extra", {})
            found[str(told.get(call) or rest.get("type") or "track"), _blocked_name(told, rest, source)] += 1
    return found


def _blocked_name(told: Mapping[str, Any], rest: Mapping[str, Any], source: Source) -> str:
    return str((told.get(source.event) if source.event else None) or rest.get("event") or "")


def _column_of(source: Source, path: str) -> str | None:
    return next((column for column, spec in source.columns.items() if spec.from_ == path), None)


def _seen_sql(name: str, source: Source) -> str:
    """A column that is read from `type` tells the call; without one all are track calls."""
    call = _column_of(source, "type")
    calls = validate_identifier(call) if call else "cast(null as varchar)"
    event = validate_identifier(source.event) if source.event else "cast(null as varchar)"
    time = validate_identifier(source.time) if source.time else "cast(null as timestamp)"
    return (
        f"select {calls} as call, {event} as event, count(*) as events,\n"
        f"  min({time}) as first_at, max({time}) as last_at\n"
        f"from {clean_table(name, source)}\n"
        "group by 1, 2"
    )


def drafted(events: Iterable[Mapping[str, Any]], *, call: str, event: str | None) -> tuple[dict[str, Any], int]:
    """A schema that accepts all of these events (the first `SAMPLES`), and how many there were; FatalError for none."""
    wanted = (
        brought_by(each)
        for each in events
        if each.get("type", "track") == call and (event is None or _name_of(each) == event)
    )
    samples = list(islice(wanted, SAMPLES))
    if not samples:
        raise FatalError(
            f"no {call} call {event or ''!r} was found; `kumitate contract seen` lists what came in, and --events "
            "names a file to look at instead"
        )
    return draft_schema(samples), len(samples)


def _name_of(event: Mapping[str, Any]) -> Any:
    return event.get("event") or event.get("name")


def publish(root: Path, contracts: Mapping[str, Contract], *, dry_run: bool = False) -> list[tuple[str, str]]:
    """Note every version that is not yet; the names and versions that are new."""
    published = _published(root)
    new = []
    for name, contract in sorted(contracts.items()):
        for version, schema in contract.versions.items():
            if version not in published.setdefault(name, {}):
                published[name][version] = schema_fingerprint(schema)
                new.append((name, version))
        published[name].setdefault(OF, events_of(contract))
    if new and not dry_run:
        _write(root, published)
    return new


def retire(root: Path, name: str, version: str | None, *, dry_run: bool = False) -> list[str]:
    """Take versions back, all unless one is named; FatalError where there is no such promise."""
    published = _published(root)
    promised = published.get(name, {})
    gone = [each for each in promised if version in (None, each) and each != OF]
    if not gone:
        told = (f"{each} {', '.join(versions.keys() - {OF})}" for each, versions in sorted(published.items()))
        known = ", ".join(told) or "none"
        raise FatalError(f"{' '.join(filter(None, (name, version)))} was not published; published are: {known}")
    published[name] = {each: digest for each, digest in promised.items() if each not in gone}
    if not dry_run:
        _write(root, {each: versions for each, versions in published.items() if versions.keys() - {OF}})
    return gone


def _published(root: Path) -> Published:
    problems: list[Any] = []
    found = read_published(root / CONTRACTS, problems)
    if problems:
        raise FatalError(str(problems[0]))
    return found


def _write(root: Path, published: Published) -> None:
    path = root / CONTRACTS / PUBLISHED_FILE
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(published, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)


def unknown_only(seen: Iterable[SeenEvent]) -> Iterator[SeenEvent]:
    return (each for each in seen if not each.contract)
