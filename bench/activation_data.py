"""The lake that planning is measured on: people with contact data, consents, masks, what was sent and accepted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from kumitate.activation.stage import ACTIVATION
from kumitate.activation.tables import HOLDOUT_ASSIGNMENTS, OUTCOMES, candidates_table, state_table
from kumitate.config.project import Config
from kumitate.engines.iceberg import IcebergLake
from kumitate.engines.local_lake import open_local_lake
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.step import Mode, Run
from kumitate.model.table import Table
from kumitate.ports import Mark
from kumitate.profiles.tables import CONSENTS, profiles_table
from kumitate.segments.tables import assign_bits, masks_table

RUN = Run("r000002", datetime(2026, 3, 10, 12, tzinfo=UTC))
SYNCS = ("audience", "messages")
_CONSENT = {"purpose": "ads", "channel": "email"}
_BATCH = 100_000
_PEOPLE_A_CHANGE = 1.25
"""One in five is held back by some gate."""


def project() -> Config:
    """A mirrored audience and a mail, each with every gate that can apply to it."""
    columns = {name: {"type": type_} for name, type_ in _COLUMNS.items()}
    fields = {name: f"{{{name}}}" for name in _COLUMNS if name != "id"}
    segment = {"when": {"attribute": "email", "known": True}}
    return Config.model_validate(
        {
            "root": ".",
            "settings": {"project": "bench"},
            "sources": {"people": {"kind": "records", "path": "p.csv", "key": ["id"], "columns": columns}},
            "identity": {"person": {"identifiers": {"id": {}}, "attributes": {name: {} for name in fields}}},
            "segments": dict.fromkeys(("members", "subscribers", "staff", "buyers", "tickets"), segment),
            "destinations": {"ads": {"type": "meta"}, "mail": {"type": "slack", "settings": {"channel": "C1"}}},
            "syncs": _syncs({"consent": _CONSENT, "exclude": ["staff"], "fields": fields}),
            "exclusions": {"customers": {"segments": ["buyers"], "all_syncs": True}},
            "holdouts": {"universal": {"percent": 5}},
            "budgets": {"mail": {"channel": "email", "most": 3, "within": "7d"}},
            "rankings": {"urgent_first": {"syncs": ["urgent", "messages"]}},
        }
    )


def _syncs(common: dict[str, Any]) -> dict[str, Any]:
    ads = {"destination": "ads", "segment": "subscribers", "mode": "mirror", "key": "{email}"}
    mail = {"destination": "mail", "mode": "append"}
    return {
        "audience": {**common, **ads, "nulls": {"phone": "clear"}},
        "messages": {**common, **mail, "segment": "members", "key": "{person_id}:{last_seen}"},
        "urgent": {**common, **mail, "segment": "tickets"},
    }


_COLUMNS = {
    "id": "id",
    "email": "email",
    "phone": "phone",
    "given_name": "name",
    "family_name": "name",
    "postal_code": "text",
    "lifetime_value": "decimal",
    "last_seen": "timestamp",
}


def make(folder: Path, changes: int) -> None:
    """Write the lake; the same every time."""
    config, people = project(), round(changes * _PEOPLE_A_CHANGE)
    lake = open_local_lake(folder)
    lake.prepare((*ACTIVATION.reads(config), *ACTIVATION.writes(config)))
    bits = assign_bits(config, RUN)
    for table, sql in _tables(config, people, bits).items():
        _put(lake, table, sql)


def _tables(config: Config, people: int, bits: dict[str, int]) -> dict[Table, str]:
    """Statements of DuckDB over `p`, the numbers of people; what is drawn hangs on hashes of them."""
    everybody = f"from range({people}) as t(p)"
    at = (RUN.as_of - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
    mask = " + ".join(f"case when {share} then {1 << bits[name]} else 0 end" for name, share in _MEMBERS.items())
    old = '\'{"email":"person\' || p || \'@example.jp","lifetime_value":1}\''
    accepted = f"'person' || p || '@example.jp' as key, {_ID} as person_id, {old} as fields, md5(p::varchar) as hash"
    word = "'ads', 'email', hash(p) % 40 <> 0"
    urgent = f"{_ID}, {_ID}, case when p % 100 = 0 then 'no_consent' end, '{{}}', ''"
    outcome = f"'r000001', timestamp '{at}', 'messages', p || ':' || n, {_ID}, 'create', 'accepted', '', ''"
    return {
        profiles_table(config): f"select {_ID}, {_PROFILE} {everybody}",
        masks_table("curated", config, RUN): f"select {_ID}, ({mask})::bigint {everybody}",
        CONSENTS: f"select {_ID}, {word}, timestamp '{at}', null {everybody} where p % 30 <> 0",
        PERSON_ALIASES: f"select 'q' || p, {_ID} {everybody} where p % 100 = 0",
        HOLDOUT_ASSIGNMENTS: (
            f"select 'universal', {_ID}, hash(p, 3) % 20 = 0, 5.0::double, 'r000001', timestamp '{at}' {everybody}"
        ),
        candidates_table("urgent"): f"select {urgent} {everybody} where p % 50 = 0",
        state_table("audience"): f"select {accepted}, 'r000001' {everybody} where p % 100 < 84 and p % 10 <> 0",
        OUTCOMES: f"select {outcome} {everybody}, range(4) as m(n) where n < p % 10 - 6 or (n = 0 and p % 3 = 0)",
    }


_ID = "'p' || lpad(p::varchar, 12, '0')"
_MEMBERS = {
    "members": "true",
    "subscribers": "p % 100 < 84",
    "staff": "hash(p, 1) % 100 = 0",
    "buyers": "hash(p, 2) % 50 = 0",
    "tickets": "p % 50 = 0",
}
_NAMES = "['佐藤', '鈴木', '高橋', 'O''Neill', '山田 \"T\"', '渡辺', '伊藤', '中村'][1 + (hash(p, 4) % 8)::int]"
_PROFILE = f"""2::bigint, ['shop', 'web'],
  case when hash(p, 5) % 200 = 0 then null else 'person' || p || '@example.jp' end,
  case when p % 4 = 0 then null else '+8190' || lpad((hash(p, 6) % 100000000)::varchar, 8, '0') end,
  {_NAMES}, {_NAMES}, lpad((hash(p, 7) % 1000)::varchar, 3, '0') || '-' || lpad((hash(p, 8) % 10000)::varchar, 4, '0'),
  ((hash(p, 9) % 10000000) / 100)::decimal(18, 4),
  timestamp '2026-01-01' + to_seconds((hash(p, 10) % 5000000)::int)"""


def _put(lake: IcebergLake, table: Table, sql: str) -> None:
    connection = duckdb.connect(config={"memory_limit": "500MB"})
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    reader = connection.sql(f"select {names} from ({sql}) as made({names})").to_arrow_reader(_BATCH)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            yield batch.cast(table.schema)

    lake.write(table, batches(), Mark(Mode.REPLACE, "bench", "r000001"))
