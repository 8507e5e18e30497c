"""What Athena's answers are in Arrow: the types that engines share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

_TYPES = {
    "boolean": pa.bool_(),
    "tinyint": pa.int64(),
    "smallint": pa.int64(),
    "integer": pa.int64(),
    "bigint": pa.int64(),
    "float": pa.float64(),
    "real": pa.float64(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "array": pa.list_(pa.field("element", pa.string())),
}
_PRECISION, _SCALE = 4, 5
"""Places in a DB-API column description."""


def batch_of(description: Sequence[Sequence[Any]], rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
    """Columns of a DB-API description; what has no type of its own comes as text."""
    schema = pa.schema([pa.field(column[0], _type(column)) for column in description])
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [
        pa.array([_value(value, field.type) for value in column], field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _type(column: Sequence[Any]) -> pa.DataType:
    if column[1] == "decimal":
        return pa.decimal128(column[_PRECISION], column[_SCALE])
    return _TYPES.get(column[1], pa.string())


def _value(value: Any, type_: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_list(type_):
        return [None if each is None else str(each) for each in value] if isinstance(value, list) else [str(value)]
    return str(value) if pa.types.is_string(type_) else value
