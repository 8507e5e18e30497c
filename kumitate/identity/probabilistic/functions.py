"""The functions that a model's SQL calls, for DuckDB and for Spark: string distances in characters, by rapidfuzz.

DuckDB's own count bytes, and those of Splink's jar for Spark UTF-16 units; with these a model means the same on both,
and the same as our own scorer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

if TYPE_CHECKING:
    import duckdb
    from pyspark.sql import SparkSession


def jaro_winkler(left: pa.Array, right: pa.Array) -> pa.Array:
    """Similarities of two columns of texts, null where either is missing."""
    return _compared(left, right, scorer=JaroWinkler.similarity)


def damerau(left: pa.Array, right: pa.Array) -> pa.Array:
    """Typing errors between two columns of texts, null where either is missing."""
    return _compared(left, right, scorer=DamerauLevenshtein.distance)


def _compared(left: pa.Array, right: pa.Array, *, scorer: Any) -> pa.Array:
    one, other = (_one(side) for side in (left, right))
    missing = pc.or_(pc.is_null(one), pc.is_null(other)).to_numpy(zero_copy_only=False)
    texts = (pc.fill_null(side, "").to_numpy(zero_copy_only=False) for side in (one, other))
    return pa.array(process.cpdist(*texts, scorer=scorer, dtype=np.float64), pa.float64(), mask=missing)


def _one(side: pa.Array | pa.ChunkedArray) -> pa.Array:
    return side.combine_chunks() if isinstance(side, pa.ChunkedArray) else side


def equip(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a connection the functions, and the arrow lambdas that Splink's SQL may still use."""
    for function in (jaro_winkler, damerau):
        connection.create_function(
            function.__name__, function, ["VARCHAR", "VARCHAR"], "DOUBLE", type="arrow", null_handling="special"
        )
    connection.execute("create or replace macro unix_date(day) as date_diff('day', date '1970-01-01', day)")
    connection.execute("set lambda_syntax = 'ENABLE_SINGLE_ARROW'")


def equip_spark(session: SparkSession) -> None:
    """Give a Spark session the functions; `unix_date` it has."""
    from pyspark.sql.functions import arrow_udf

    for function in (jaro_winkler, damerau):
        session.udf.register(function.__name__, arrow_udf(function, "double"))
