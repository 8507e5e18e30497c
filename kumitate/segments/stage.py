"""The stage `segments`: one scan makes the masks, their difference the changes, and they become the accepted state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlglot import exp

from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.identity.entity_tables import OWNERS
from kumitate.identity.tables import PERSON_RECORDS
from kumitate.model.expression import Condition, EventIs, SequenceIs, SqlIs
from kumitate.model.step import Mode, Query, QueryStep, Run, Stage, Step
from kumitate.model.table import Table
from kumitate.profiles.readable import tables_for_segments
from kumitate.profiles.tables import CONSENTS, profiles_table
from kumitate.segments.changes import accepted_query, bits_query, changes_query, sizes_query
from kumitate.segments.compile import masks_query
from kumitate.segments.tables import SEGMENT_BITS, SEGMENT_CHANGES, SEGMENT_SIZES, masks_table
from kumitate.sql.conditions import leaves
from kumitate.sql.vocabulary import text
from kumitate.sql.written import tables_named, written_query

_ANY_RUN = Run("", datetime(1970, 1, 1, tzinfo=UTC))
"""Declarations name the masks' tables; how many columns they have is up to the run."""


def plan(config: Config, run: Run) -> tuple[Step, ...]:
    staged, accepted = masks_table("staging", config, run), masks_table("curated", config, run)
    return (
        QueryStep(SEGMENT_BITS, _named("segment_bits", bits_query(config, run))),
        QueryStep(staged, _named("segment_masks", masks_query(config, run))),
        QueryStep(SEGMENT_CHANGES, _named("segment_changes", changes_query(config, run)), Mode.APPEND),
        QueryStep(SEGMENT_SIZES, _named("segment_sizes", sizes_query(config, run)), Mode.APPEND),
        QueryStep(accepted, _named("accepted_segment_masks", accepted_query(config, run))),
    )


def reads(config: Config) -> tuple[Table, ...]:
    readable = tables_for_segments(config)
    named = {str(table) for table in (PERSON_RECORDS, OWNERS, CONSENTS, profiles_table(config))} & readable.keys()
    for segment in config.segments.values():
        for leaf in leaves(segment.when):
            named.update(_tables_of(config, leaf))
    return (*(readable[name] for name in sorted(named)), masks_table("curated", config, _ANY_RUN))


def writes(config: Config) -> tuple[Table, ...]:
    masks = (masks_table(database, config, _ANY_RUN) for database in ("staging", "curated"))
    return (SEGMENT_BITS, SEGMENT_CHANGES, SEGMENT_SIZES, *masks)


def _tables_of(config: Config, leaf: Condition) -> Iterator[str]:
    match leaf:
        case EventIs(event=match):
            yield _clean(config, match.source)
        case SequenceIs(sequence=sequence):
            yield from (_clean(config, step.source) for step in sequence.steps)
            if sequence.then_not is not None:
                yield _clean(config, sequence.then_not.event.source)
        case SqlIs(sql=sql):
            yield from tables_named(written_query(sql, yields=(), readable=tables_for_segments(config)))


def _clean(config: Config, source: str) -> str:
    return str(clean_table(source, config.sources[source]))


def _named(name: str, query: exp.Select) -> Query:
    return Query(name, text(query, copy=False))


SEGMENTS = Stage("segments", reads=reads, writes=writes, plan=plan)
