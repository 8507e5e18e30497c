"""Hold-outs: who is never sent anything, so that what activation brings can be measured against them.

A person is assigned once, when first seen, by a hash of their id, and stays so whatever the share becomes. Where two
persons merge, one of whom is held out, the merged person is held out.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from functools import partial

import pyarrow as pa

from kumitate.activation.statements import string
from kumitate.activation.tables import HOLDOUT_ASSIGNMENTS
from kumitate.config.project import Config
from kumitate.config.sync import Sync
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.step import BatchStep, Mode, Query, Run
from kumitate.profiles.tables import profiles_table
from kumitate.segments.masks import is_member
from kumitate.segments.tables import masks_table
from kumitate.sql.vocabulary import text

_BYTES = 8


def holdouts_of(config: Config, sync: Sync) -> tuple[str, ...]:
    """The hold-outs that a sync keeps: universal ones, and those of its segment.

    None hold a sync that removes people (`delete`), or that needs no consent and does not say `hold_out: true`.
    """
    applies = sync.mode != "delete" and (sync.consent != "not_needed" or sync.hold_out)
    return tuple(
        name for name, one in sorted(config.holdouts.items()) if applies and one.segment in (None, sync.segment)
    )


def assignments(config: Config, run: Run) -> BatchStep | None:
    """Assigns whoever has none: all persons for a universal hold-out, members for one of a segment."""
    if not config.holdouts:
        return None
    wanted = "\n  union all\n".join(_wanted(config, run, name) for name in sorted(config.holdouts))
    sql = f"""with known as (
  select distinct h.holdout, coalesce(a.person_id, h.person_id) as person_id
  from {HOLDOUT_ASSIGNMENTS} as h
  left join {PERSON_ALIASES} as a on a.alias = h.person_id
),
wanted as (
{wanted}
)
select w.holdout, w.person_id, w.percent
from wanted as w
left join known as k on k.holdout = w.holdout and k.person_id = w.person_id
where k.person_id is null"""
    query = Query("holdout_assignments", sql)
    return BatchStep(HOLDOUT_ASSIGNMENTS, query, partial(assigned, run), Mode.APPEND)


def _wanted(config: Config, run: Run, name: str) -> str:
    one = config.holdouts[name]
    columns = f"{string(name)} as holdout, person_id, cast({one.percent!r} as double) as percent"
    if one.segment is None:
        return f"  select {columns} from {profiles_table(config)}"
    member = text(is_member(config, run, one.segment, alias="m"))
    return f"  select {columns} from {masks_table('curated', config, run)} as m where {member}"


def assigned(run: Run, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Persons in, their assignments out."""
    names, people = batch.column("holdout").to_pylist(), batch.column("person_id").to_pylist()
    percents = batch.column("percent").to_pylist()
    held = [is_held(name, person, percent) for name, person, percent in zip(names, people, percents, strict=True)]
    rows, schema = batch.num_rows, HOLDOUT_ASSIGNMENTS.schema
    return pa.RecordBatch.from_arrays(
        [
            pa.array(names, pa.string()),
            pa.array(people, pa.string()),
            pa.array(held, pa.bool_()),
            pa.array(percents, pa.float64()),
            pa.array([run.id] * rows, pa.string()),
            pa.array([run.as_of.astimezone(UTC).replace(tzinfo=None)] * rows, pa.timestamp("us")),
        ],
        schema=schema,
    )


def is_held(holdout: str, person_id: str, percent: float) -> bool:
    """Whether the first 8 bytes of sha256(`<holdout>:<person_id>`) fall within the share; each hold-out draws anew."""
    drawn = int.from_bytes(hashlib.sha256(f"{holdout}:{person_id}".encode()).digest()[:_BYTES], "big")
    return drawn < int(percent * 2 ** (8 * _BYTES) / 100)


def held_out(names: tuple[str, ...]) -> str:
    """A CTE: every person held out by one of these, under today's id, once, with the first such hold-out by name."""
    listed = ", ".join(map(string, names))
    return f"""held_out as (
  select coalesce(a.person_id, h.person_id) as person_id, min(h.holdout) as holdout
  from {HOLDOUT_ASSIGNMENTS} as h
  left join {PERSON_ALIASES} as a on a.alias = h.person_id
  where h.is_held and h.holdout in ({listed})
  group by coalesce(a.person_id, h.person_id)
)"""
