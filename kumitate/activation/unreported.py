"""Rows of requests that a platform took and reports on later: kept until then, and pending again where it failed them.

Google says half an hour after it took a request whether it could do anything with it. Until then the request's rows
count as accepted; what they were before is kept beside, so that a removal that failed can be made once more.
"""

from __future__ import annotations

from datetime import timedelta

from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.registry import destination_class, registered
from kumitate.activation.destinations.talk import EITHER_OF, FAILED, GOES_AGAIN, REFUSED_ROW, Conversing, Reporting
from kumitate.activation.statements import string
from kumitate.activation.tables import OUTCOMES, PLATFORM_FIGURES, changes_table, unreported_table
from kumitate.config.project import Config
from kumitate.model.step import Mode, Query, QueryStep, Run
from kumitate.model.table import Type
from kumitate.sql.vocabulary import literal, text

FAILED_LATER = "settled.failed"
"""The reason of rows that were accepted, and of which the platform says later that nothing came of them."""
_KEPT = timedelta(days=14)
"""Twice as long as a report is asked for."""


def reports_later(config: Config, name: str) -> bool:
    """Whether the sync's destination fails requests after it took them, and says which."""
    return _kind(config, name).terms.reports_failures


def tells_later(config: Config, name: str) -> bool:
    """Whether the sync's destination says later what it made of what it took."""
    return issubclass(_kind(config, name), Conversing) or issubclass(_kind(config, name), Reporting)


def _kind(config: Config, name: str) -> type[Destination]:
    sync = config.syncs[name]
    return destination_class(registered(config.destinations[sync.destination], sync))


def failed_rows(name: str) -> str:
    """CTEs, the last of which is `failed_rows`: every row of which the platform has said that nothing came of it.

    Several requests of one row may have failed: `before` is what it was before the first of them, `between_them` before
    the last. `words` are the platform's where it names the row, and null where it failed the request as a whole.
    """
    figures = f"from {PLATFORM_FIGURES}\n  where sync = {string(name)}"
    place = "concat(receipt, '#', cast(cast(value as bigint) as varchar))"
    return f"""failed_requests as (
  select distinct receipt
  {figures} and name in ({string(FAILED)}, {string(GOES_AGAIN)}) and value > 0
),
refused_places as (
  select {place} as place, min(name) as words
  {figures} and starts_with(name, {string(REFUSED_ROW)})
  group by {place}
),
{_FAILED_ROWS.format(unreported=unreported_table(name))}"""


_PART = "u.key, u.run_id, u.operation, u.person_id, u.before, u.accepted_run_id"
_FAILED_ROWS = f"""failed_parts as (
  select {_PART}, cast(null as varchar) as words
  from {{unreported}} as u
  join failed_requests as f on f.receipt = u.receipt
  union all
  select {_PART}, p.words
  from {{unreported}} as u
  join refused_places as p on p.place = u.place
),
failed_rows as (
  select
    key,
    max(run_id) as run_id,
    max_by(operation, run_id) as operation,
    max_by(person_id, run_id) as person_id,
    min_by(before, run_id) as before,
    max_by(before, run_id) as between_them,
    min_by(coalesce(accepted_run_id, ''), run_id) as accepted_run_id,
    max(words) as words
  from failed_parts
  group by key
)"""


def pending_again(state: str, name: str) -> str:
    """A `state` statement without the rows that the platform failed later.

    A new row that was accepted once more since then is there, whatever became of the request before. Of a row that
    was to be changed or removed nobody knows which part of it the platform has: all that it may have is kept under
    `EITHER_OF`, and has to leave with the next change, which comes by itself.
    """
    return f"""with {failed_rows(name)},
accepted_now as (
{state}
)
select n.key, n.person_id, n.fields, n.fields_hash, n.accepted_run_id
from accepted_now as n
left join failed_rows as f on f.key = n.key
where f.key is null or (f.before = '' and n.accepted_run_id > f.run_id)
union all
select
  f.key,
  f.person_id,
  concat('{{"{EITHER_OF}":[', f.before, ',', f.between_them, ',', coalesce(n.fields, f.before), ']}}') as fields,
  '' as fields_hash,
  f.accepted_run_id
from failed_rows as f
left join accepted_now as n on n.key = f.key
where f.before <> ''"""


def failures(name: str, run: Run) -> QueryStep:
    """What is said of such rows, under a run id between this run's and the next one's."""
    sql = f"""with {failed_rows(name)}
select
  {string(f"{run.id}.000")} as run_id,
  {text(literal(run.as_of, Type.TIMESTAMP))} as at,
  {string(name)} as sync,
  key,
  person_id,
  operation,
  case when words is null then 'retry' else 'rejected' end as verdict,
  {string(FAILED_LATER)} as reason,
  case when words is null then '' else substr(words, {len(REFUSED_ROW) + 1}) end as message
from failed_rows"""
    return QueryStep(OUTCOMES, Query(f"failed_later_{name}", sql), Mode.APPEND)


def unreported(name: str, run: Run) -> QueryStep:
    """Rows still to be reported on: the old ones that are, and this run's. A row may be in two requests."""
    sql = _UNREPORTED.format(
        figures=PLATFORM_FIGURES,
        outcomes=OUTCOMES,
        changes=changes_table(name),
        unreported=unreported_table(name),
        sync=string(name),
        run=string(run.id),
        first=_PLACE.format("message"),
        second=_PLACE.format("more"),
        cutoff=text(literal(run.as_of - _KEPT, Type.TIMESTAMP)),
    )
    return QueryStep(unreported_table(name), Query(f"unreported_{name}", sql))


_PLACE = "substr({0}, 1, strpos(concat({0}, ' '), ' ') - 1)"
"""A text up to its first blank."""
_UNREPORTED = """with told as (
  select distinct receipt
  from {figures}
  where sync = {sync}
),
taken as (
  select key, run_id, at, message, substr(message, strpos(concat(message, ' '), ' ') + 1) as more
  from {outcomes}
  where run_id = {run} and sync = {sync} and verdict = 'accepted'
),
places as (
  select key, run_id, at, {first} as place from taken
  union
  select key, run_id, at, {second} as place from taken
)
select u.receipt, u.place, u.key, u.operation, u.person_id, u.before, u.accepted_run_id, u.run_id, u.at
from {unreported} as u
left join told as t on t.receipt = u.receipt
where t.receipt is null and u.at > {cutoff}
union all
select
  substr(p.place, 1, strpos(p.place, '#') - 1) as receipt,
  p.place,
  c.key,
  c.operation,
  c.person_id,
  coalesce(c.previous_fields, '') as before,
  c.accepted_run_id,
  p.run_id,
  p.at
from places as p
join {changes} as c on c.key = p.key
where strpos(p.place, '#') > 1"""
