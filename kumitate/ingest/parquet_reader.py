"""Parquet to raw rows: typed columns become the text a person would write; rows are numbered from 1."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as types

from kumitate.ingest.delivery import FILE_UNREADABLE
from kumitate.ingest.encoding import UNDECODABLE
from kumitate.ingest.portion import Portion, Rejection
from kumitate.ingest.shape import BATCH_ROWS, EXACT_FLOATS, Intake, missing_columns, raw_batch, refused_rows


def read_parquet(stream: IO[bytes], intake: Intake) -> Iterator[Portion]:
    """All rows; a nested field is addressed by its path, e.g. `address.city`."""
    row = 1
    try:
        file = pq.ParquetFile(stream)
        for batch in file.iter_batches(BATCH_ROWS):
            yield _portion(batch, row, intake)
            row += batch.num_rows
    except (pa.ArrowException, OSError, EOFError):
        rejection = Rejection(row, FILE_UNREADABLE, payload=json.dumps({"file": intake.delivery_id}))
        yield Portion(rejections=(rejection,), problem=f"{FILE_UNREADABLE}: no Parquet from row {row} on")


def _portion(batch: pa.RecordBatch, row: int, intake: Intake) -> Portion:
    lines = pa.array(range(row, row + batch.num_rows), pa.int64())
    columns = dict(_leaves(batch, intake))
    usable, rejections = _decodable(columns, lines)
    columns = {name: texts_of(values.filter(usable) if rejections else values) for name, values in columns.items()}
    lines = lines.filter(usable) if rejections else lines
    refusal, problem = missing_columns(intake, columns)
    if refusal is not None:
        refused = refused_rows(columns, lines.to_pylist(), refusal)
        return Portion(rejections=sorted([*rejections, *refused], key=lambda r: r.line), problem=problem)
    return Portion(raw_batch(intake, lines, columns), rejections, problem)


def _leaves(batch: pa.RecordBatch, intake: Intake) -> Iterator[tuple[str, pa.Array]]:
    """Columns by name, and the nested fields that are declared by their path."""
    yield from zip(batch.schema.names, batch.columns, strict=True)
    for path in intake.paths.values():
        head, *steps = path.split(".")
        if path not in batch.schema.names and steps and head in batch.schema.names:
            try:
                yield path, pc.struct_field(batch.column(head), steps)
            except (pa.ArrowException, KeyError, TypeError):
                continue


def _decodable(columns: dict[str, pa.Array], lines: pa.Array) -> tuple[pa.Array, list[Rejection]]:
    """Which rows hold text where text is claimed; Parquet's writers may put any bytes there."""
    usable = pa.array([True] * len(lines))
    rejections: dict[int, Rejection] = {}
    for name, values in columns.items():
        if not _may_hold_bytes(values.type) or _is_text(values):
            continue
        for place, value in enumerate(values.cast(pa.large_binary())):
            if value.is_valid and not _is_utf8(value.as_py()):
                rejections.setdefault(place, Rejection(lines[place].as_py(), UNDECODABLE, name))
    if rejections:
        usable = pa.array([place not in rejections for place in range(len(lines))])
    return usable, [rejections[place] for place in sorted(rejections)]


def _may_hold_bytes(type_: pa.DataType) -> bool:
    text = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    return any(holds(type_) for holds in text)


def _is_text(values: pa.Array) -> bool:
    try:
        values.cast(pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def texts_of(values: pa.Array) -> pa.Array:
    """Values as text: 17850.0 is `17850`, a list or a struct is JSON."""
    type_ = values.type
    if types.is_dictionary(type_):
        return texts_of(values.dictionary_decode())
    if types.is_nested(type_):
        dumped = (
            None if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in values.to_pylist()
        )
        return pa.array(list(dumped), pa.string())
    if types.is_floating(type_):
        return _number_texts(values.cast(pa.float64()))
    if types.is_fixed_size_binary(type_):
        values = values.cast(pa.binary())
    return values.cast(pa.string())


def _number_texts(values: pa.Array) -> pa.Array:
    whole = pc.and_(pc.equal(values, pc.trunc(values)), pc.less(pc.abs(values), EXACT_FLOATS))
    integers = pc.if_else(whole, values, None).cast(pa.int64(), safe=False)
    return pc.coalesce(integers.cast(pa.string()), values.cast(pa.string()))
