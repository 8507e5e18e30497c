"""What a run publishes of the past, for triggers that wait for a first time: when the lake saw it of whom."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kumitate.activation.statements import string
from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.config.trigger import FirstTime
from kumitate.events.state_keys import past_key
from kumitate.events.triggering import first_step_of
from kumitate.identity.entity_tables import OWNERS
from kumitate.identity.owners import owned_sources
from kumitate.model.expression import EventMatch
from kumitate.model.step import Run
from kumitate.model.table import Table
from kumitate.profiles.metrics import OWNER, Rows, RowSource
from kumitate.sql.vocabulary import column, text

PAST = "past"


def read_for_the_past(config: Config) -> tuple[Table, ...]:
    """Tables of earlier stages that tell it, beside who has which record."""
    asked = sorted({match.source for match, _ in _firsts(config).values()})
    owners = (OWNERS,) if {*asked} & {*owned_sources(config)} else ()
    return (*owners, *(clean_table(name, config.sources[name]) for name in asked))


def past_parts(config: Config, run: Run) -> Iterator[str]:
    """SQL: since when, and until when, the lake knows it of a person; and, without one, that the lake was asked."""
    nothing = "cast(null as varchar)"
    for step, (match, remember) in sorted(_firsts(config).items()):
        source = RowSource(config, match.source, run.as_of)
        rows = Rows(match.source, match.event, match.where, remember)
        at = source.needed_time("a first time").as_("at")
        done = source.select(column("person_id", OWNER), at).where(source.matching(rows))
        yield (
            f"select '{PAST}' as part, {string(step)} as name, {nothing} as value, d.person_id,"
            f" cast(min(d.at) as varchar) as key, cast(max(d.at) as varchar) as gate, {nothing} as fields\n"
            f"from ({text(done)}) as d\ngroup by d.person_id"
        )
        yield (
            f"select '{PAST}' as part, {string(step)} as name, {nothing} as value, {nothing} as person_id,"
            f" {nothing} as key, {nothing} as gate, {nothing} as fields"
        )


def past_entry(row: Mapping[str, Any]) -> tuple[str, str]:
    """The document of such a row, by its key."""
    times = {"first": row["key"], "last": row["gate"]} if row["person_id"] else {}
    return past_key(row["name"], row["person_id"] or ""), json.dumps({name: _iso(at) for name, at in times.items()})


def _firsts(config: Config) -> dict[str, tuple[EventMatch, timedelta]]:
    """Steps that a trigger takes for a first time, by name, with how far back there must be none."""
    found: dict[str, tuple[EventMatch, timedelta]] = {}
    for trigger in config.triggers.values():
        if isinstance(trigger.when, FirstTime):
            step = first_step_of(config, trigger)
            known = found.get(step, (trigger.when.first, timedelta(0)))[1]
            found[step] = trigger.when.first, max(known, trigger.when.remember)
    return found


def _iso(written: str) -> str:
    """Engines write the same moment with more or fewer noughts."""
    return datetime.fromisoformat(written).replace(tzinfo=UTC).isoformat(timespec="milliseconds")
