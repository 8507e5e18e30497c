"""Rows that come back from quarantine: how they are written, how they are read, which rows are still open.

A row that comes back keeps the file and line it first came from: refused again, it is the same row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any

import pyarrow as pa

from kumitate.config.source import ColumnSpec, Source
from kumitate.ingest.jsonl_reader import read_jsonl
from kumitate.ingest.portion import Portion
from kumitate.ingest.shape import Intake
from kumitate.ingest.tables import DELIVERIES, ORIGIN, QUARANTINE, REPLAYS

_EXTRA = "_extra"
_ORIGIN = "_origin"
_NOT_DECLARED = frozenset({*(column.name for column in ORIGIN), _EXTRA})

REPLAYED, MENDED, RECLEANSED = "replayed", "mended", "recleansed"
"""How a row left quarantine: read anew, edited by hand, or accepted by changed rules."""

QUARANTINED = f"""
select q.source, q.reason, q.field, q.file, q.line, q.payload, q.delivery_id,
  sent.run_id is null or sent.run_id <= q.run_id as is_open,
  case when sent.run_id > q.run_id then sent.kind end as closed_as
from (
  select source, reason, field, file, line, payload, delivery_id, run_id,
    rank() over (partition by delivery_id, line order by run_id desc) as place
  from {QUARANTINE}
) as q
left join (
  select delivery_id, line, max(run_id) as run_id, max_by(kind, run_id) as kind
  from (
    select r.delivery_id, r.line, coalesce(r.kind, '{REPLAYED}') as kind,
      coalesce(r.run_id, d.run_id, 'underway') as run_id
    from {REPLAYS} as r
    left join {DELIVERIES} as d on d.delivery_id = r.replay_delivery_id
  ) as each
  group by delivery_id, line
) as sent on sent.delivery_id = q.delivery_id and sent.line = q.line
where q.place = 1"""
"""Each quarantined row once, as it was refused last; `is_open` unless it left since, `closed_as` says how.

A replay that no run has taken in is later than every run: `underway` sorts behind `r000001`.
"""


def as_replayed(row: dict[str, Any]) -> bytes:
    """A raw row as the line of a replay's file."""
    line: dict[str, Any] = {
        name: value for name, value in row.items() if value is not None and name not in _NOT_DECLARED
    }
    line[_ORIGIN] = {"delivery_id": row["_delivery_id"], "line": row["_line"]}
    if row[_EXTRA]:
        line[_EXTRA] = row[_EXTRA]
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def read_replayed(stream: IO[bytes], intake: Intake) -> Iterator[Portion]:
    """A replay's file as rows of the files that first brought them."""
    for portion in read_jsonl(stream, replace(intake, source=_by_own_names(intake.source))):
        yield replace(portion, rows=None if portion.rows is None else _at_their_origin(portion.rows))


def _by_own_names(source: Source) -> Source:
    """How a replay's file is written: JSON lines, each column under its own name."""
    columns: dict[str, ColumnSpec] = {
        name: spec.model_copy(update={"from_": None}) for name, spec in source.columns.items()
    }
    return source.model_copy(update={"format": "jsonl", "encoding": "utf-8", "columns": columns})


def _at_their_origin(rows: pa.RecordBatch) -> pa.RecordBatch:
    undeclared = [json.loads(text) for text in rows.column(_EXTRA).to_pylist()]
    found = {
        "_delivery_id": [each[_ORIGIN]["delivery_id"] for each in undeclared],
        "_line": [each[_ORIGIN]["line"] for each in undeclared],
        _EXTRA: [each.get(_EXTRA) for each in undeclared],
    }
    for name, values in found.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.array(values, rows.schema.field(place).type))
    return rows
