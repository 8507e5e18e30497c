"""A made-up project for `segments.py`: 100 segments over 1M profiles and 20M events, the same rows every time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from kumitate.config.project import Config
from kumitate.model.step import Run
from kumitate.segments.masks import member_condition
from kumitate.segments.tables import assign_bits

Condition = dict[str, Any]

RUN = Run("r000001", datetime(2026, 3, 1, tzinfo=UTC))
EVENTS = ("view", "search", "cart", "order", "refund", "open", "click", "call")
CATEGORIES = tuple(f"category_{number}" for number in range(12))
PREFECTURES = tuple(f"prefecture_{number:02}" for number in range(47))
PLANS = ("free", "basic", "plus", "pro")
DAYS_OF_EVENTS = 180

_MEMBERS: dict[str, Any] = {
    "kind": "records",
    "path": "members.csv",
    "key": ["member_id"],
    "columns": {
        "member_id": {"type": "id"},
        "prefecture": {},
        "plan": {},
        "age": {"type": "integer"},
        "points": {"type": "decimal"},
        "joined": {"type": "timestamp"},
        "opted_in": {"type": "boolean"},
    },
}
_EVENTS: dict[str, Any] = {
    "kind": "events",
    "path": "events.jsonl",
    "format": "jsonl",
    "key": "row",
    "time": "at",
    "event": "name",
    "columns": {"name": {}, "category": {}, "value": {"type": "decimal"}, "at": {"type": "timestamp"}},
}


def project() -> Config:
    """40 segments over attributes and 60 over events, the latter with 29 different metrics."""
    attributes = ("prefecture", "plan", "age", "points", "joined", "opted_in")
    segments = {f"attribute_{number:02}": {"when": _of_attributes(number)} for number in range(40)}
    segments |= {f"event_{number:02}": {"when": _of_events(number)} for number in range(60)}
    person = {"identifiers": {"member": {}}, "attributes": {name: {} for name in attributes}}
    return Config.model_validate(
        {
            "root": ".",
            "settings": {"project": "bench"},
            "sources": {"members": _MEMBERS, "events": _EVENTS},
            "identity": {"person": person},
            "segments": segments,
        }
    )


def _of_attributes(number: int) -> Condition:
    parts: list[Condition] = [
        {"attribute": "prefecture", "is": PREFECTURES[number]},
        {"attribute": "plan", "in": [PLANS[number % 4], PLANS[(number + 1) % 4]]},
        {"attribute": "age", "between": [20 + number % 30, 40 + number % 30]},
        {"attribute": "points", "more_than": 100 * number},
        {"attribute": "joined", "within": f"{30 * (number % 12 + 1)}d"},
        {"attribute": "opted_in", "is": True},
    ]
    chosen = [parts[number % 6], parts[(number + 2) % 6], {"not": parts[(number + 3) % 6]}]
    return {"any": chosen} if number % 5 == 0 else {"all": chosen[: 2 + number % 2]}


def _metrics() -> list[Condition]:
    """8 kinds of event in three windows, and five with a condition of their own."""
    plain = [
        {"event": {"source": "events", "event": name}, "within": f"{days}d"}
        for name in EVENTS
        for days in (7, 30, DAYS_OF_EVENTS)
    ]
    wheres: list[Condition] = [{"column": "category", "is": category} for category in CATEGORIES[:3]]
    wheres += [{"column": "value", "more_than": 50}, {"column": "category", "in": list(CATEGORIES[4:7])}]
    narrow = [{"event": {"source": "events", "event": "order", "where": where}, "within": "90d"} for where in wheres]
    return [*plain, *narrow]


def _of_events(number: int) -> Condition:
    metrics = _metrics()
    first = metrics[number % len(metrics)] | {"at_least": 1 + number % 3}
    second = metrics[(7 * number + 3) % len(metrics)] | ({"exactly": 0} if number % 4 == 0 else {"at_least": 2})
    shapes: list[Condition] = [
        first,
        {"all": [first, second]},
        {"all": [first, {"attribute": "plan", "is": PLANS[number % 4]}]},
        {"all": [{"any": [first, second]}, {"not": {"attribute": "opted_in", "is": False}}]},
    ]
    return shapes[number % 4]


def generate(folder: Path, *, profiles: int, events: int) -> None:
    """The lake's tables as Parquet files, `curated.profiles.parquet` and so on."""
    with duckdb.connect(
        config={"threads": 2, "memory_limit": "2GB", "temp_directory": str(folder / "spill")}
    ) as database:
        for table, select in _TABLES.items():
            database.execute(_copy(select.format(profiles=profiles, events=events), folder, table))


def generate_states(folder: Path, config: Config) -> None:
    """From new masks in `staging.segment_masks`: accepted ones in which 5 % of people differ, and both as long rows."""
    members = {name: member_condition("m", bit).sql("duckdb") for name, bit in assign_bits(config, RUN).items()}
    new = f"read_parquet('{folder}/staging.segment_masks.parquet')"
    old = f"read_parquet('{folder}/curated.segment_masks.parquet')"
    moved = "hash(person_id, 'moved') % 20 = 0"
    flipped = ", ".join(
        f"case when {moved} then xor({mask}, {4 + 2**20}) else {mask} end as {mask}" for mask in ("mask_0", "mask_1")
    )
    with duckdb.connect(
        config={"threads": 2, "memory_limit": "2GB", "temp_directory": str(folder / "spill")}
    ) as database:
        database.execute(_copy(f"select person_id, {flipped} from {new}", folder, "curated.segment_masks"))
        for table, masks in {"staging.memberships": new, "curated.memberships": old}.items():
            long_rows = " union all ".join(
                f"select person_id, '{name}' as segment from {masks} as m where {member}"
                for name, member in members.items()
            )
            database.execute(_copy(long_rows, folder, table))


def _copy(select: str, folder: Path, table: str) -> str:
    return f"copy ({select}) to '{folder}/{table}.parquet' (format parquet, compression zstd, row_group_size 500000)"


def _pick(values: tuple[str, ...], salt: str) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"[{listed}][1 + (hash(i, '{salt}') % {len(values)})::integer]"


def _number(salt: str, below: int) -> str:
    return f"(hash(i, '{salt}') % {below})::bigint"


_CLOCK = f"timestamp '{RUN.as_of:%Y-%m-%d %H:%M:%S}'"
_TABLES = {
    "curated.profiles": f"""
        select 'p' || lpad(i::varchar, 8, '0') as person_id, 1::bigint as records, ['members'] as sources,
            {_pick(PREFECTURES, "prefecture")} as prefecture, {_pick(PLANS, "plan")} as plan,
            case when {_number("has_age", 10)} > 0 then 15 + {_number("age", 70)} end as age,
            ({_number("points", 500_000)} / 100)::decimal(18, 4) as points,
            {_CLOCK} - to_hours({_number("joined", 24 * 900)}) as joined,
            {_number("opted_in", 3)} > 0 as opted_in
        from range({{profiles}}) as r(i)""",
    "curated.person_records": """
        select 'events/' || lpad(i::varchar, 8, '0') as record, 'events' as source,
            'r' || lpad(i::varchar, 8, '0') as record_id, 'p' || lpad(i::varchar, 8, '0') as person_id,
            'r000001' as since_run_id
        from range({profiles}) as r(i)""",
    "clean.events": f"""
        select 'd' || (i // 1000000)::varchar as _delivery_id, i as _line, 'r000001' as _run_id,
            'r' || lpad((hash(i, 'person') % {{profiles}})::varchar, 8, '0') as _record_id,
            {_pick(EVENTS, "name")} as name, {_pick(CATEGORIES, "category")} as category,
            ({_number("value", 10_000)} / 100)::decimal(18, 4) as value,
            {_CLOCK} - to_seconds({_number("at", DAYS_OF_EVENTS * 86_400)}) as at
        from range({{events}}) as r(i)""",
}
