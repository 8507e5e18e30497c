"""Rows of which nobody knows what the destination has: the request left, and no answer came.

Where they are wanted they are sent once more, though their fields are by now what was accepted before. Where they are
wanted no more and were never accepted, a mirror takes them out: they may have arrived. That goes by the key, with every
field empty: what was sent is told in no table. Where people are known by what can match them, and not by a key, nobody
could say what to take out.
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


IN_DOUBT = "\n  left join in_doubt as x on x.key = d.key"
"""Brings to a desired row `d` whether what was last sent of it had no answer."""


def in_doubt(name: str, run: Run | None) -> str:
    """CTEs, each with a comma behind it, the last of which is `in_doubt`: rows of which a request had no answer, and
    none was accepted since.
    """
    forgotten = run.forgotten.get(name) if run else None
    earlier = f"sync = {string(name)}"
    earlier += f" and run_id < {string(run.id)}" if run else ""
    earlier += f" and run_id > {string(forgotten)}" if forgotten is not None else ""
    reasons = ", ".join(map(string, (UNAVAILABLE, UNREADABLE, INTERRUPTED)))
    return _IN_DOUBT.format(outcomes=OUTCOMES, earlier=earlier, reasons=reasons)


def taken_out(config: Config, name: str, *, state: str) -> str:
    """The changes to add to those of the comparison of `desired` and what was accepted."""
    sync = config.syncs[name]
    terms = destination_class(registered(config.destinations[sync.destination], sync)).terms
    if sync.mode != "mirror" or terms.identifiers:
        return ""
    fields = json.dumps(dict.fromkeys(sorted(sync.fields)))
    return _TAKEN_OUT.format(fields=string(fields), state=state)


_IN_DOUBT = """unanswered as (
  select key, max(run_id) as run_id, max_by(person_id, run_id) as person_id
  from {outcomes}
  where {earlier} and verdict = 'retry' and reason in ({reasons})
  group by key
),
answered_since as (
  select distinct u.key
  from (select key, run_id from {outcomes} where {earlier} and verdict = 'accepted') as o
  join unanswered as u on u.key = o.key and u.run_id < o.run_id
),
in_doubt as (
  select u.key, u.run_id, u.person_id
  from unanswered as u
  left join answered_since as a on a.key = u.key
  where a.key is null
),
"""

_TAKEN_OUT = """
union all
select
  x.key,
  'delete' as operation,
  x.person_id,
  {fields} as fields,
  '' as fields_hash,
  cast(null as varchar) as previous_fields,
  x.run_id as accepted_run_id,
  cast(null as varchar) as shared
from in_doubt as x
left join desired as d on d.key = x.key
left join {state} as s on s.key = x.key
where d.key is null and s.key is null"""
