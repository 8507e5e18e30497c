"""Documented views for BI: what a dashboard asks for, without anyone's name or address."""

from __future__ import annotations

import base64
import json

import sqlglot
from sqlglot import exp

from kumitate.activation.tables import OUTCOMES, SYNC_COUNTS
from kumitate.blueprint.names import Names
from kumitate.blueprint.profile_views import View, brand_views, profiles_360
from kumitate.cleanse.tables import COUNTS
from kumitate.config.project import Config
from kumitate.ingest.tables import DELIVERIES, QUARANTINE
from kumitate.model.table import Column, Type
from kumitate.profiles.tables import CONSENTS
from kumitate.segments.tables import SEGMENT_CHANGES, SEGMENT_SIZES

ATHENA = "athena"
_PRESTO = {Type.STRING: "varchar", Type.STRINGS: "array(varchar)", Type.TIMESTAMP: "timestamp(3)"}
"""How Athena calls a view's types; the others it calls as the lake does."""


def views(config: Config) -> tuple[View, ...]:
    """Every view of the project."""
    return (
        profiles_360(config),
        *brand_views(config),
        _segment_sizes_daily(),
        _segment_changes_daily(),
        _sync_results(),
        _sync_candidates(),
        _consents_now(),
        _quarantine_summary(),
        _source_quality(),
        _runs(),
    )


def placed_sql(view: View, names: Names) -> str:
    """The statement with the databases' names in the account: `curated.profiles` is `shop_dev_curated.profiles`."""
    tree = sqlglot.parse_one(view.sql, read=ATHENA)
    for table in tree.find_all(exp.Table):
        if table.db:
            table.set("db", exp.to_identifier(names.database(table.db)))
    return tree.sql(dialect=ATHENA, identify=True)


def encoded(view: View, names: Names, *, schema: str) -> str:
    """The text that the Glue catalogue keeps of a view; Athena reads statement and columns out of it."""
    told = {
        "originalSql": placed_sql(view, names),
        "catalog": "awsdatacatalog",
        "schema": schema,
        "columns": [{"name": column.name, "type": presto_type(column.type)} for column in view.columns],
    }
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return f"/* Presto View: {base64.b64encode(text.encode()).decode()} */"


def presto_type(type_: Type) -> str:
    return _PRESTO.get(type_, str(type_))


def _segment_sizes_daily() -> View:
    return View(
        "segment_sizes_daily",
        "the size of each segment after the last run of each day",
        f"""
with numbered as (
  select
    cast(at as date) as day,
    segment,
    members,
    row_number() over (partition by cast(at as date), segment order by at desc, run_id desc) as place
  from {SEGMENT_SIZES}
)
select day, segment, members
from numbered
where place = 1
""".strip(),
        (
            Column("day", Type.DATE, meaning="day (UTC) of the run"),
            Column("segment", Type.STRING, meaning="the segment's name in the project"),
            Column("members", Type.BIGINT, meaning="people in it"),
        ),
    )


def _segment_changes_daily() -> View:
    return View(
        "segment_changes_daily",
        "how many people entered and left each segment, by day",
        f"""
select
  cast(at as date) as day,
  segment,
  change,
  count(*) as people
from {SEGMENT_CHANGES}
group by cast(at as date), segment, change
""".strip(),
        (
            Column("day", Type.DATE, meaning="day (UTC) of the run"),
            Column("segment", Type.STRING, meaning="the segment's name in the project"),
            Column("change", Type.STRING, meaning="entered or left"),
            Column("people", Type.BIGINT, meaning="how many"),
        ),
    )


def _sync_results() -> View:
    return View(
        "sync_results",
        "what became of the changes that each sync sent",
        f"""
select
  run_id,
  cast(max(at) as date) as day,
  sync,
  operation,
  verdict,
  coalesce(reason, '') as reason,
  count(*) as changes
from {OUTCOMES}
group by run_id, sync, operation, verdict, coalesce(reason, '')
""".strip(),
        (
            Column("run_id", Type.STRING, meaning="the run that sent them"),
            Column("day", Type.DATE, meaning="day (UTC) of the last answer"),
            Column("sync", Type.STRING, meaning="the sync's name in the project"),
            Column("operation", Type.STRING, meaning="create, update or delete"),
            Column("verdict", Type.STRING, meaning="accepted, rejected, retry or unknown"),
            Column("reason", Type.STRING, meaning="a stable code; empty where accepted"),
            Column("changes", Type.BIGINT, meaning="how many"),
        ),
    )


def _sync_candidates() -> View:
    return View(
        "sync_candidates",
        "of each sync's candidates: how many were sent, unchanged, or held back and why",
        f"""
select
  run_id,
  sync,
  outcome,
  sum(rows) as people
from {SYNC_COUNTS}
group by run_id, sync, outcome
""".strip(),
        (
            Column("run_id", Type.STRING, meaning="the run that counted them"),
            Column("sync", Type.STRING, meaning="the sync's name in the project"),
            Column(
                "outcome",
                Type.STRING,
                meaning="create, update, unchanged, retried, held:<gate>, delete or delete_retried",
            ),
            Column("people", Type.BIGINT, meaning="how many"),
        ),
    )


def _consents_now() -> View:
    return View(
        "consents_now",
        "how many people have granted or refused each purpose on each channel; who never said is in neither",
        f"""
select
  purpose,
  channel,
  granted,
  count(*) as people
from {CONSENTS}
group by purpose, channel, granted
""".strip(),
        (
            Column("purpose", Type.STRING, meaning="what for"),
            Column("channel", Type.STRING, meaning="by which way"),
            Column("granted", Type.BOOLEAN, meaning="their newest word"),
            Column("people", Type.BIGINT, meaning="how many"),
        ),
    )


def _quarantine_summary() -> View:
    return View(
        "quarantine_summary",
        "rows that were not accepted, by source and reason",
        f"""
select
  source,
  reason,
  coalesce(field, '') as field,
  run_id,
  cast(max(found_at) as date) as day,
  count(*) as rows_held
from {QUARANTINE}
group by source, reason, coalesce(field, ''), run_id
""".strip(),
        (
            Column("source", Type.STRING, meaning="the source's name in the project"),
            Column("reason", Type.STRING, meaning="a stable code such as date.invalid"),
            Column("field", Type.STRING, meaning="the column at fault; empty where it is the whole row"),
            Column("run_id", Type.STRING, meaning="the run that found them"),
            Column("day", Type.DATE, meaning="day (UTC) of the last finding"),
            Column("rows_held", Type.BIGINT, meaning="how many"),
        ),
    )


def _source_quality() -> View:
    return View(
        "source_quality",
        "what became of each run's rows; per run and source the counts add up to the rows read. Rows of earlier runs"
        " that changed rules cleanse again are recleansed, beside that sum",
        f"""
select
  run_id,
  source,
  outcome,
  coalesce(reason, '') as reason,
  sum(rows) as rows_counted
from {COUNTS}
group by run_id, source, outcome, coalesce(reason, '')
""".strip(),
        (
            Column("run_id", Type.STRING, meaning="the run that read them"),
            Column("source", Type.STRING, meaning="the source's name in the project"),
            Column(
                "outcome",
                Type.STRING,
                meaning="accepted, duplicate, superseded or quarantined; recleansed beside the sum",
            ),
            Column("reason", Type.STRING, meaning="a stable code; empty where accepted"),
            Column("rows_counted", Type.BIGINT, meaning="how many"),
        ),
    )


def _runs() -> View:
    return View(
        "runs",
        "each run that took files in: when, how many files and rows",
        f"""
select
  run_id,
  cast(min(received_at) as timestamp(3)) as received_at,
  count(*) as files,
  sum(rows_in) as rows_in,
  sum(rows_rejected) as rows_rejected,
  count(problem) as unreadable_files
from {DELIVERIES}
group by run_id
""".strip(),
        (
            Column("run_id", Type.STRING, meaning="sorts by time"),
            Column("received_at", Type.TIMESTAMP, meaning="when its first file was taken in (UTC)"),
            Column("files", Type.BIGINT, meaning="files taken in"),
            Column("rows_in", Type.BIGINT, meaning="rows counted by the readers"),
            Column("rows_rejected", Type.BIGINT, meaning="rows that could not be read"),
            Column("unreadable_files", Type.BIGINT, meaning="files that could not be read as a whole"),
        ),
    )
