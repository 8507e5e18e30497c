"""A segment's members as files: people by id, with the columns that were asked for and that may leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from kumitate.blueprint.names import EXPORTS
from kumitate.errors import FatalError
from kumitate.model.step import Query
from kumitate.model.table import Column, validate_identifier

FORMATS = ("csv", "parquet")
MASK_BITS = 62
PERSON = "person_id"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One export; the same one twice is the same files."""

    segment: str
    format: str
    columns: tuple[str, ...]

    def prefix(self, run_id: str) -> str:
        """`exports/vips/r000007/csv-1f0c…`: other columns are another export."""
        columns = sha256(",".join(self.columns).encode()).hexdigest()[:8]
        return f"{EXPORTS}/{self.segment}/{run_id}/{self.format}-{columns}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the lake has the segment now."""

    bit: int
    run_id: str


class Frames(Protocol):
    """The lake's rows a page at a time, and files that pages become."""

    def pages(self, query: Query) -> Iterator[Any]: ...
    def store(self, page: Any, key: str) -> int:
        """Write a page as the key's ending says; return its rows."""
        ...


def wanted(event: Mapping[str, Any], declared: Iterable[Column], *, personal: bool) -> Wanted:
    """What the event asks for; FatalError where it asks for what is not there or may not leave."""
    if event.get("format") not in FORMATS:
        raise FatalError(f"format is one of {', '.join(FORMATS)}")
    known = {column.name: column for column in declared}
    columns = tuple(name for name in dict.fromkeys(event.get("columns") or ()) if name != PERSON)
    unknown = [str(name) for name in columns if name not in known]
    if unknown:
        raise FatalError(f"curated.profiles has no column {', '.join(unknown)}")
    refused = [name for name in columns if known[name].personal]
    if refused and not personal:
        raise FatalError(f"{', '.join(refused)}: personal columns are not exported in this environment")
    return Wanted(validate_identifier(str(event.get("segment"))), event["format"], (PERSON, *columns))


def place_query(segment: str, databases: Mapping[str, str]) -> Query:
    """The segment's bit, and the last run that counted its members; no row where the lake does not know it."""
    curated = databases["curated"]
    return Query(
        "segment_place",
        f"""
select
  b.bit,
  max(s.run_id) as run_id
from {curated}.segment_bits as b
join {curated}.segment_sizes as s on s.segment = b.segment
where b.segment = '{validate_identifier(segment)}'
group by b.bit""",
    )


def place_of(rows: Iterable[Mapping[str, Any]], segment: str, run_id: str | None) -> Place:
    """FatalError where the lake does not know the segment, or is at another run than the one that is asked for."""
    for row in rows:
        if run_id not in (None, row["run_id"]):
            raise FatalError(f"the lake has {segment} as of {row['run_id']}, no longer of {run_id}")
        return Place(int(row["bit"]), str(row["run_id"]))
    raise FatalError(f"segments.{segment}: no run has counted its members yet")


def members_query(asked: Wanted, bit: int, databases: Mapping[str, str]) -> Query:
    """Everyone whose mask has the segment's bit, in the order of their ids."""
    curated = databases["curated"]
    columns = ",\n  ".join(f"p.{validate_identifier(name)}" for name in asked.columns)
    mask, place = f"mask_{bit // MASK_BITS}", 1 << bit % MASK_BITS
    return Query(
        f"export_{asked.segment}",
        f"""
select
  {columns}
from {curated}.segment_masks as m
join {curated}.profiles as p on p.person_id = m.person_id
where bitwise_and(coalesce(m.{mask}, 0), {place}) <> 0
order by p.person_id""",
    )


def export(asked: Wanted, place: Place, frames: Frames, *, databases: Mapping[str, str]) -> dict[str, Any]:
    """Write the members' files; the answer is their manifest."""
    prefix, keys, rows = asked.prefix(place.run_id), [], 0
    for number, page in enumerate(frames.pages(members_query(asked, place.bit, databases))):
        keys.append(f"{prefix}/{number:05d}.{asked.format}")
        rows += frames.store(page, keys[-1])
    told = {"segment": asked.segment, "run_id": place.run_id, "format": asked.format, "columns": list(asked.columns)}
    return {**told, "rows": rows, "keys": keys}
