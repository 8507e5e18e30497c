"""The report's figures as queries over the lake, in Athena's dialect; each names the columns it answers with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlglot import exp

from kumitate.activation.tables import (
    OUTCOMES,
    SYNC_COUNTS,
    candidates_table,
    state_table,
)
from kumitate.cleanse.tables import CHANGES, COUNTS
from kumitate.identity.tables import EDGES, IDENTIFIERS, PERSON_EVENTS, PERSON_RECORDS, SHARED
from kumitate.ingest.delivery import REPLAY_PREFIX
from kumitate.ingest.tables import DELIVERIES, QUARANTINE
from kumitate.model.step import Query
from kumitate.profiles.tables import CONSENTS
from kumitate.segments.tables import SEGMENT_CHANGES, SEGMENT_SIZES

HISTORY_RUNS = 20

Row = dict[str, Any]
Ask = Callable[[Query], list[Row]]


def of(rows: list[Row], column: str, value: str) -> list[Row]:
    """The rows about one source, segment or sync."""
    return [row for row in rows if row[column] == value]


def _text(value: str) -> str:
    return exp.Literal.string(value).sql(dialect="athena")


def _now(run_id: str, count: str = "1") -> str:
    """A sum over this run's rows beside one over all."""
    return f"cast(coalesce(sum(case when run_id = {_text(run_id)} then {count} else 0 end), 0) as bigint)"


def deliveries(run_id: str) -> Query:
    """Files and rows per source and `problem` (empty where the file is as it should be); rows sent back apart."""
    problem = "coalesce(problem, case when duplicate_of is null then '' else 'file.duplicate' end)"
    file = f"case when coalesce(delivery_id, '') like '{REPLAY_PREFIX}%' then 0 else 1 end"
    sql = f"""
with read as (
  select
    source,
    run_id,
    {problem} as problem,
    {file} as file,
    {file} * rows_in as rows_in,
    (1 - {file}) * rows_in as replayed
  from {DELIVERIES}
)
select
  source,
  problem,
  cast(sum(file) as bigint) as files,
  cast(coalesce(sum(rows_in), 0) as bigint) as rows_in,
  cast(coalesce(sum(replayed), 0) as bigint) as replayed,
  {_now(run_id, "file")} as files_now,
  {_now(run_id, "rows_in")} as rows_in_now,
  {_now(run_id, "replayed")} as replayed_now
from read
group by source, problem
order by 1, 2"""
    return Query("deliveries", sql)


def outcomes_of_rows(run_id: str) -> Query:
    """Accepted, duplicate and superseded rows per source; those cleansed again, and of them those refused anew."""
    sql = f"""
select
  source,
  case when outcome = 'recleansed' and reason is not null then 'refused_again' else outcome end as outcome,
  cast(sum(rows) as bigint) as rows,
  {_now(run_id, "rows")} as rows_now
from {COUNTS}
where outcome <> 'quarantined'
group by source, case when outcome = 'recleansed' and reason is not null then 'refused_again' else outcome end
order by 1, 2"""
    return Query("outcomes_of_rows", sql)


def cleansing(run_id: str) -> Query:
    """What was done to each source's values since it was last cleansed from the beginning on; samples of its newest."""
    sql = f"""
with anew as (
  select source, max(run_id) as run_id
  from {COUNTS}
  where outcome = 'recleansed'
  group by source
)
select
  c.source,
  c.column_name,
  max_by(c.semantic, c.run_id) as semantic,
  c.code,
  c.kind,
  cast(sum(c.rows) as bigint) as rows,
  cast(sum(case when c.run_id = {_text(run_id)} then c.rows else 0 end) as bigint) as rows_now,
  max_by(c.samples, c.run_id) as samples
from {CHANGES} as c
left join anew as a on a.source = c.source
where c.run_id >= coalesce(a.run_id, '')
group by c.source, c.column_name, c.code, c.kind
order by 1, 2, 4"""
    return Query("cleansing", sql)


def quarantined(run_id: str) -> Query:
    """Quarantined rows per source and reason."""
    sql = f"""
select source, reason, count(*) as rows, {_now(run_id)} as rows_now
from {QUARANTINE}
group by source, reason
order by 1, 3 desc, 2"""
    return Query("quarantined", sql)


def quarantine_samples() -> Query:
    """The first quarantined row per source and reason."""
    sql = f"""
with placed as (
  select
    source,
    reason,
    coalesce(field, '') as field,
    file,
    coalesce(line, 0) as line,
    coalesce(payload, '') as payload,
    row_number() over (partition by source, reason order by run_id, file, line, delivery_id) as place
  from {QUARANTINE}
)
select source, reason, field, file, line, payload
from placed
where place = 1
order by 1, 2"""
    return Query("quarantine_samples", sql)


def person_sizes() -> Query:
    sql = f"""
with sizes as (
  select person_id, count(*) as records
  from {PERSON_RECORDS}
  group by person_id
)
select records, count(*) as persons
from sizes
group by records
order by 1"""
    return Query("person_sizes", sql)


def anonymous_persons(kinds: Iterable[str]) -> Query:
    """How many persons have no identifier but of these kinds."""
    sql = f"""
with known as (
  select distinct record
  from {IDENTIFIERS}
  where kind not in ({", ".join(map(_text, sorted(kinds)))})
),
nobodies as (
  select r.person_id
  from {PERSON_RECORDS} as r
  left join known as k on k.record = r.record
  group by r.person_id
  having max(k.record) is null
)
select count(*) as persons from nobodies"""
    return Query("anonymous_persons", sql)


def person_records() -> Query:
    return Query("person_records", f"select record, person_id from {PERSON_RECORDS}")


def ties() -> Query:
    sql = f"select rule as name, count(*) as rows from {EDGES} group by rule order by 2 desc, 1"
    return Query("ties", sql)


def person_events(run_id: str) -> Query:
    sql = f"""
select event as name, count(*) as rows
from {PERSON_EVENTS}
where run_id = {_text(run_id)}
group by event
order by 1"""
    return Query("person_events", sql)


def shared_identifiers() -> Query:
    sql = f"""
select kind, reason, count(*) as distinct_values, cast(sum(records) as bigint) as records
from {SHARED}
group by kind, reason
order by 1, 2"""
    return Query("shared_identifiers", sql)


def consents() -> Query:
    sql = f"""
select
  purpose,
  channel,
  cast(sum(case when granted then 1 else 0 end) as bigint) as granted,
  cast(sum(case when granted then 0 else 1 end) as bigint) as refused
from {CONSENTS}
group by purpose, channel
order by 1, 2"""
    return Query("consents", sql)


def profiles() -> Query:
    sql = """
select
  (select count(*) from curated.profiles) as profiles,
  (select cast(coalesce(sum(records), 0) as bigint) from curated.golden_records) as records"""
    return Query("profiles", sql)


def segment_sizes() -> Query:
    """The newest sizes of each segment, oldest first."""
    sql = f"""
with placed as (
  select segment, run_id, members, row_number() over (partition by segment order by run_id desc) as place
  from {SEGMENT_SIZES}
)
select segment, run_id, members
from placed
where place <= {HISTORY_RUNS}
order by 1, 2"""
    return Query("segment_sizes", sql)


def segment_changes(run_id: str) -> Query:
    sql = f"""
select segment, change, count(*) as rows
from {SEGMENT_CHANGES}
where run_id = {_text(run_id)}
group by segment, change
order by 1, 2"""
    return Query("segment_changes", sql)


def sync_counts(run_id: str) -> Query:
    sql = f"""
select sync, outcome, cast(sum(rows) as bigint) as rows
from {SYNC_COUNTS}
where run_id = {_text(run_id)}
group by sync, outcome
order by 1, 2"""
    return Query("sync_counts", sql)


def syncs_of_earlier_plans(run_id: str) -> Query:
    """Syncs that this run did not plan, as one that brought other syncs alone, or ended before any."""
    sql = f"""
select distinct e.sync
from {SYNC_COUNTS} as e
left join (select distinct sync from {SYNC_COUNTS} where run_id = {_text(run_id)}) as n on n.sync = e.sync
where e.run_id < {_text(run_id)} and n.sync is null
order by 1"""
    return Query("syncs_of_earlier_plans", sql)


def sync_outcomes(run_id: str) -> Query:
    """What became of rows, per sync; those that go again by reason."""
    operation = "case when operation = 'delete' then 'delete' else 'write' end"
    reason = "case when verdict = 'retry' then coalesce(reason, '') else '' end"
    sql = f"""
select sync, {operation} as operation, verdict, {reason} as reason, count(*) as rows
from {OUTCOMES}
where run_id = {_text(run_id)} and operation <> 'keep'
group by sync, {operation}, verdict, {reason}
order by 1, 2, 3, 4"""
    return Query("sync_outcomes", sql)


def sync_sizes(syncs: Iterable[str]) -> Query:
    """Rows of each sync's candidates and of its accepted state."""
    counts = [
        f"select {_text(sync)} as sync, {_text(what)} as what, count(*) as rows from {table}"
        for sync in syncs
        for what, table in (("candidates", candidates_table(sync)), ("at_destination", state_table(sync)))
    ]
    return Query("sync_sizes", "\nunion all\n".join(counts))
