"""The ways that `segments.py` compares: each runs over a folder of tables, and says afterwards what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from segment_data import RUN, project

from kumitate.engines.duckdb import DuckDBEngine
from kumitate.model.step import Query
from kumitate.ports import Scan
from kumitate.segments.changes import changes_query
from kumitate.segments.compile import masks_query, segment_query
from kumitate.segments.masks import mask_name, place
from kumitate.segments.tables import assign_bits
from kumitate.sql.vocabulary import text

LONG_ROWS_DIFF = """
select n.segment, n.person_id, 'entered' as change from staging.memberships as n
left join curated.memberships as o on o.person_id = n.person_id and o.segment = n.segment where o.person_id is null
union all
select o.segment, o.person_id, 'left' as change from curated.memberships as o
left join staging.memberships as n on n.person_id = o.person_id and n.segment = o.segment where n.person_id is null
"""


@dataclass(frozen=True)
class Way:
    """`run` is what is measured, over SQL compiled before; `answer` reads its result, to hold ways to each other."""

    title: str
    run: Callable[[Path, list[Query]], Any]
    answer: Callable[[Any, Path], list[int]]


@dataclass(frozen=True)
class ParquetLake:
    """Tables as one Parquet file each: all that the engine needs to know of a lake."""

    folder: Path

    def scan(self, table: str) -> Scan:
        file = self.folder / f"{table}.parquet"
        return Scan(pq.read_schema(file), (str(file),), {})

    def tables(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in self.folder.glob("*.parquet")))


def statements(name: str) -> list[Query]:
    """The SQL of a way, as the stage compiles it."""
    config = project()
    match name:
        case "one":
            return [Query("masks", text(masks_query(config, RUN)))]
        case "hundred":
            return [segment_query(config, RUN, segment) for segment in config.segments]
        case "masks":
            return [Query("changes", text(changes_query(config, RUN)))]
        case _:
            return [Query("long_rows", LONG_ROWS_DIFF)]


def _rows(folder: Path, queries: list[Query]) -> pa.Table:
    return pa.Table.from_batches(_engine(folder).rows(queries[0]))


def _counts(folder: Path, queries: list[Query]) -> list[int]:
    """Each segment by itself, and only counted: no row has to leave the engine."""
    runner = _engine(folder)
    counted = (Query(one.name, f"select count(*) as members from ({one.sql}) as m") for one in queries)
    return [batch.column("members")[0].as_py() for query in counted for batch in runner.rows(query)]


def _members(masks: pa.Table, folder: Path) -> list[int]:
    """Members by segment; the masks are kept, for the comparison of states to start from."""
    pq.write_table(masks, folder / "staging.segment_masks.parquet", compression="zstd")
    bits = assign_bits(project(), RUN)
    values = ((masks.column(mask_name(bits[name])), place(bits[name])) for name in project().segments)
    return [pc.sum(pc.not_equal(pc.bit_wise_and(mask, value), 0)).as_py() or 0 for mask, value in values]


def _changes(rows: pa.Table, _: Path) -> list[int]:
    counted = (
        rows.group_by(["segment", "change"])
        .aggregate([([], "count_all")])
        .sort_by([("segment", "ascending"), ("change", "ascending")])
    )
    return [int(number) for number in counted.column("count_all").to_pylist()]


def _engine(folder: Path) -> DuckDBEngine:
    return DuckDBEngine(ParquetLake(folder), temp_directory=folder / "spill", memory_limit="2500MB", threads=2)


WAYS = {
    "one": Way("one scan for all segments", _rows, _members),
    "hundred": Way("a query per segment", _counts, lambda counts, _: counts),
    "masks": Way("what changed, by masks", _rows, _changes),
    "rows": Way("what changed, by long rows", _rows, _changes),
}
