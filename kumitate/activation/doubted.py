"""Rows that a mirrored destination may hold though it never said so: added, no answer came, and wanted no more.

They are taken out by their key, with every field empty: what was sent is told in no table. Where people are known by
what can match them, and not by a key, nobody could say what to take out.
"""

from __future__ import annotations

import json

from kumitate.activation.destinations.answers import UNAVAILABLE, UNREADABLE
from kumitate.activation.destinations.registry import destination_class, registered
from kumitate.activation.statements import string
from kumitate.activation.tables import OUTCOMES
from kumitate.config.project import Config
from kumitate.model.step import Run

INTERRUPTED = "run.interrupted"
"""The reason of rows without a verdict when their run was killed: a request of them may have been under way."""


def doubted(config: Config, name: str, run: Run | None, *, state: str) -> tuple[str, str]:
    """CTEs over `desired`, each with a comma behind it, and the changes to add to those of the comparison."""
    sync = config.syncs[name]
    terms = destination_class(registered(config.destinations[sync.destination], sync)).terms
    if sync.mode != "mirror" or terms.identifiers:
        return "", ""
    forgotten = run.forgotten.get(name) if run else None
    earlier = f"sync = {string(name)}"
    earlier += f" and run_id < {string(run.id)}" if run else ""
    earlier += f" and run_id > {string(forgotten)}" if forgotten is not None else ""
    reasons = ", ".join(map(string, (UNAVAILABLE, UNREADABLE, INTERRUPTED)))
    ctes = _DOUBTED.format(outcomes=OUTCOMES, earlier=earlier, reasons=reasons, state=state)
    return ctes, _TAKEN_OUT.format(fields=string(json.dumps(dict.fromkeys(sorted(sync.fields)))))


_DOUBTED = """unanswered as (
  select key, max(run_id) as run_id, max_by(person_id, run_id) as person_id
  from {outcomes}
  where {earlier} and verdict = 'retry' and operation = 'create' and reason in ({reasons})
  group by key
),
answered_since as (
  select distinct u.key
  from (select key, run_id from {outcomes} where {earlier} and verdict = 'accepted') as o
  join unanswered as u on u.key = o.key and u.run_id < o.run_id
),
doubted as (
  select u.key, u.run_id, u.person_id
  from unanswered as u
  left join answered_since as a on a.key = u.key
  left join desired as d on d.key = u.key
  left join {state} as s on s.key = u.key
  where a.key is null and d.key is null and s.key is null
),
"""

_TAKEN_OUT = """
union all
select
  key,
  'delete' as operation,
  person_id,
  {fields} as fields,
  '' as fields_hash,
  cast(null as varchar) as previous_fields,
  run_id as accepted_run_id,
  cast(null as varchar) as shared
from doubted"""
