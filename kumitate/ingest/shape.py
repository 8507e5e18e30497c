"""From what a file calls its columns to the raw table: declared columns by name, the others as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.config.source import Source
from kumitate.ingest.lines import LINE_LIMIT
from kumitate.ingest.portion import Rejection
from kumitate.ingest.tables import raw_table

BATCH_ROWS = 65_536
EXACT_FLOATS = 2**53
"""Below it a whole number read as a float is the number that was meant: 17850.0 is written `17850`."""

Refusal = tuple[str, str]
"""Why no row of a file can be used: reason and column, e.g. `("column.missing", "member_id")`."""


Judge = Callable[[dict[str, Any]], bool]
"""Of a collected event that was blocked: whether it is taken after all."""


def as_before(_: dict[str, Any]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Intake:
    """What is read, and for whom: one delivery of one source in one run."""

    name: str
    source: Source
    delivery_id: str
    run_id: str
    line_limit: int = LINE_LIMIT
    is_good_now: Judge = as_before

    @property
    def paths(self) -> dict[str, str]:
        """Declared column -> its name in the file."""
        return {
            name: name if spec.from_ is None else spec.from_
            for name, spec in self.source.columns.items()
            if spec.is_delivered
        }

    @property
    def needed(self) -> frozenset[str]:
        """Columns without which no row makes sense."""
        key = () if self.source.key == "row" else self.source.key
        return frozenset({name for name in self.paths if self.source.columns[name].required}.union(key))


def missing_columns(intake: Intake, present: Iterable[str]) -> tuple[Refusal | None, str]:
    """Refuse a file without a needed column; name, as a note, the optional columns it lacks."""
    names = set(present)
    missing = [column for column, path in intake.paths.items() if path not in names]
    refused = next((column for column in missing if column in intake.needed), None)
    if refused is not None:
        return ("column.missing", refused), f"column.missing:{refused}"
    return None, f"column.absent:{','.join(missing)}" if missing else ""


def raw_batch(intake: Intake, lines: pa.Array, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """Rows of the raw table from a file's columns by their names there; what is absent is null."""
    paths = intake.paths
    declared = {name: columns[path] for name, path in paths.items() if path in columns}
    used = set(paths.values())
    other = extras({name: values for name, values in columns.items() if name not in used}, len(lines))
    return assembled(intake, lines, {**declared, "_extra": other})


def assembled(intake: Intake, lines: pa.Array, values: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """Rows of the raw table from its columns; those not given are null."""
    schema = raw_table(intake.name, intake.source).schema
    count = len(lines)
    columns = {
        **values,
        "_delivery_id": pa.repeat(pa.scalar(intake.delivery_id), count),
        "_line": lines,
        "_run_id": pa.repeat(pa.scalar(intake.run_id), count),
    }
    arrays = [columns[field.name] if field.name in columns else pa.nulls(count, field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def extras(columns: Mapping[str, pa.Array], count: int) -> pa.Array:
    """A JSON object per row of the fields that say something; null where none does."""
    if not columns:
        return pa.nulls(count, pa.string())
    members = [_members(name, values) for name, values in columns.items()]
    joined = pc.binary_join_element_wise(*members, "")
    objects = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), objects)


def _members(name: str, values: pa.Array) -> pa.Array:
    """`,"name":"value"` for each value, nothing for null and empty ones."""
    prefix = f",{json.dumps(name, ensure_ascii=False)}:"
    encoded = values.dictionary_encode()
    texts = [
        prefix + json.dumps(value, ensure_ascii=False) if value else "" for value in encoded.dictionary.to_pylist()
    ]
    return pc.fill_null(pa.array(texts, pa.string()).take(encoded.indices), "")


def refused_rows(columns: Mapping[str, pa.Array], lines: Sequence[int], refusal: Refusal) -> Iterator[Rejection]:
    """Rows of a file without a needed column, under the names the file gave."""
    for line, row in zip(lines, pa.table(dict(columns)).to_pylist(), strict=True):
        yield Rejection(line, *refusal, payload=json.dumps(row, ensure_ascii=False))


def told_apart(header: list[str]) -> list[str]:
    """Column names, trimmed; a name given twice gets a number the second time."""
    names: list[str] = []
    for given in header:
        plain = given.strip()
        names.append(next(name for name in _numbered(plain) if name not in names))
    return names


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} ({number})" for number in count(2))
