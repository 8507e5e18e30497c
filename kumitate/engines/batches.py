"""Record batches as engines and the lake exchange them: fitted to a schema, gathered into chunks."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from kumitate.errors import FatalError, KumitateError
from kumitate.model.step import BatchFunction

BATCH_ROWS = 32_768
BATCH_BYTES = 64 * 1024 * 1024
CHUNK_ROWS = 131_072
CHUNK_BYTES = 128 * 1024 * 1024

_KINDS = (
    (types.is_null, "null"),
    (types.is_boolean, "boolean"),
    (types.is_integer, "integer"),
    (types.is_floating, "floating"),
    (types.is_decimal, "decimal"),
    (types.is_date, "date"),
    (types.is_timestamp, "timestamp"),
)
_WIDENINGS = {
    ("integer", "decimal"),
    ("integer", "floating"),
    ("decimal", "integer"),
    ("decimal", "floating"),
    ("date", "timestamp"),
    ("timestamp", "date"),  # at midnight only
}
"""What may change its kind on the way into a table; anything else is a cast that the query must spell out."""


def fit(batch: pa.RecordBatch, schema: pa.Schema, where: str) -> pa.RecordBatch:
    """The batch with exactly the columns, order and types of `schema`; `where` begins the error message."""
    if batch.schema.equals(schema):
        return batch
    _require_same_columns(batch.schema, schema, where)
    arrays = [_cast(batch.column(field.name), field, where) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _require_same_columns(given: pa.Schema, wanted: pa.Schema, where: str) -> None:
    missing = [name for name in wanted.names if name not in given.names]
    extra = [name for name in given.names if name not in wanted.names]
    repeated = sorted({name for name in given.names if given.names.count(name) > 1})
    if missing or extra or repeated:
        found = {"missing": missing, "not in the table": extra, "given twice": repeated}
        said = "; ".join(f"{what}: {', '.join(names)}" for what, names in found.items() if names)
        raise FatalError(f"{where}: the columns do not match the table ({said}); make the query and the table agree")


def _cast(array: pa.Array, field: pa.Field, where: str) -> pa.Array:
    if types.is_timestamp(array.type):
        array = _milliseconds(array)
    if array.type.equals(field.type):
        return array
    given, wanted = _kind(array.type), _kind(field.type)
    if given not in (wanted, "null") and (given, wanted) not in _WIDENINGS:
        raise FatalError(f"{where}.{field.name}: {array.type} is no {field.type}; cast it in the query")
    try:
        if (given, wanted) == ("integer", "decimal"):
            array = array.cast(pa.decimal128(38, field.type.scale))  # Arrow wants room for every bigint
        return array.cast(field.type)
    except pa.ArrowException:  # its message would quote the value
        raise FatalError(
            f"{where}.{field.name}: a value of type {array.type} does not fit {field.type}; "
            "round or limit it in the query"
        ) from None


def _milliseconds(array: pa.Array) -> pa.Array:
    naive = array.cast(pa.timestamp("us"), safe=False)
    return pc.floor_temporal(naive, unit="millisecond")


def _kind(type_: pa.DataType) -> str:
    if types.is_dictionary(type_):
        return _kind(type_.value_type)
    if types.is_list(type_) or types.is_large_list(type_):
        return f"array of {_kind(type_.value_type)}"
    if types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_):
        return "string"
    return next((kind for holds, kind in _KINDS if holds(type_)), str(type_))


def in_common_types(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch in the types that engines share (bigint, double, string …): a function sees the same anywhere."""
    fields = [pa.field(field.name, _common(field.type)) for field in batch.schema]
    return batch if batch.schema.equals(pa.schema(fields)) else _as(batch, pa.schema(fields))


def _as(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _common(type_: pa.DataType) -> pa.DataType:
    kind = _kind(type_)
    if kind.startswith("array of"):
        return pa.list_(pa.field("element", _common(type_.value_type)))
    if kind == "decimal" and type_.scale == 0 and type_.precision == 38:
        return pa.int64()  # DuckDB's HUGEINT: the sum of bigints, which is a bigint in Athena
    return {
        "integer": pa.int64(),
        "floating": pa.float64(),
        "string": pa.string(),
        "null": pa.string(),
        "timestamp": pa.timestamp("us"),
    }.get(kind, type_)


def applied(function: BatchFunction, batch: pa.RecordBatch, where: str) -> pa.RecordBatch:
    """`function` of `batch`; what it raises is told by kind and place, for its text may quote the rows."""
    try:
        return function(batch)
    except KumitateError:
        raise
    except Exception as error:  # a library's words may quote personal data, which no log may hold
        place = traceback.extract_tb(error.__traceback__)[-1]
        kind, file = type(error).__name__, Path(place.filename).name
        raise FatalError(f"{where}: {kind} at {file}:{place.lineno} (its text is not shown)") from None


def gathered(batches: Iterable[pa.RecordBatch], rows: int = CHUNK_ROWS, size: int = CHUNK_BYTES) -> Iterator[pa.Table]:
    """Batches in chunks of at most `rows` rows, and of about `size` bytes; empty batches vanish."""
    held: list[pa.RecordBatch] = []
    held_rows = held_bytes = 0
    for piece in _pieces(batches, rows):
        if held and (held_rows + piece.num_rows > rows or held_bytes + piece.nbytes > size):
            yield pa.Table.from_batches(held)
            held, held_rows, held_bytes = [], 0, 0
        held.append(piece)
        held_rows += piece.num_rows
        held_bytes += piece.nbytes
    if held:
        yield pa.Table.from_batches(held)


def _pieces(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)


def rebatched(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Small batches gathered (per-batch work such as dictionary encoding then pays); an empty one for no rows."""
    none = True
    for chunk in gathered(batches, BATCH_ROWS, BATCH_BYTES):
        none = False
        yield from chunk.combine_chunks().to_batches()
    if none:
        yield in_common_types(pa.RecordBatch.from_pylist([], schema=schema))
