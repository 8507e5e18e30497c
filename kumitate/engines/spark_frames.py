"""Between Spark's data frames and what engines share: schemas, batch functions, and errors that quote no value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kumitate.engines.batches import applied, fit, in_common_types
from kumitate.errors import FatalError
from kumitate.model.step import BatchFunction

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def spark_schema(schema: pa.Schema, field_ids: Mapping[str, int] | None = None) -> Any:
    from pyspark.sql import types as t

    kinds = {
        pa.string(): t.StringType(),
        pa.int64(): t.LongType(),
        pa.float64(): t.DoubleType(),
        pa.bool_(): t.BooleanType(),
        pa.date32(): t.DateType(),
        pa.timestamp("us"): t.TimestampNTZType(),
        pa.decimal128(18, 4): t.DecimalType(18, 4),
        pa.list_(pa.field("element", pa.string())): t.ArrayType(t.StringType()),
    }
    ids = field_ids or {}
    return t.StructType(
        [
            t.StructField(field.name, kinds[field.type], True, {"parquet.field.id": ids[field.name]} if ids else None)
            for field in schema
        ]
    )


def without_void(frame: DataFrame) -> DataFrame:
    """Parquet has no type for a column of nothing but nulls."""
    from pyspark.sql import types as t

    voids = {field.name: frame[field.name].cast("string") for field in frame.schema if field.dataType == t.NullType()}
    return frame.withColumns(voids) if voids else frame


def mapped(frame: DataFrame, function: BatchFunction, schema: pa.Schema, *, where: str) -> DataFrame:
    """`function` of every batch of the frame, fitted to `schema`, by Spark's workers."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        done = (applied(function, in_common_types(batch), where) for batch in batches)
        return (fit(batch, schema, where) for batch in done)

    return frame.mapInArrow(run, spark_schema(schema))


def arrow_schema(frame: DataFrame) -> pa.Schema:
    from pyspark.sql.pandas.types import to_arrow_schema

    return to_arrow_schema(frame.schema)


def streamed(frame: DataFrame) -> Iterator[pa.RecordBatch]:
    """The frame's rows in its order, one partition in memory at a time."""
    for row in frame.mapInArrow(_packed, "message binary").toLocalIterator():
        yield from pa.ipc.open_stream(bytes(row["message"]))


def _packed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Each batch as one value: Spark hands rows to the driver, and a row at a time is slow."""
    for batch in batches:
        message = pa.BufferOutputStream()
        with pa.ipc.new_stream(message, batch.schema) as sink:
            sink.write_batch(batch)
        yield pa.record_batch([pa.array([message.getvalue().to_pybytes()], pa.binary())], names=["message"])


@contextmanager
def errors_of(where: str) -> Iterator[None]:
    from py4j.protocol import Py4JError
    from pyspark.errors import AnalysisException, ParseException, PySparkException

    try:
        yield
    except (AnalysisException, ParseException) as error:
        raise FatalError(f"{where}: {str(error).strip().splitlines()[0]}") from None
    except (PySparkException, Py4JError) as error:
        raise FatalError(_explained(where, error)) from None


def _explained(where: str, error: Exception) -> str:
    ours = re.search(r"^kumitate\.errors\.\w+: (.*)$", str(error), re.MULTILINE)  # raised in a worker
    if ours is not None:
        return ours[1]
    kind = getattr(error, "getCondition", lambda: None)() or type(error).__name__
    return (
        f"{where}: Spark failed with {kind} (its text is not shown, it may quote personal data); "
        "run the query with DuckDB to look into it"
    )
