"""Lake tables as values: names, columns and their types, said once for every engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from kumitate.errors import FatalError

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,126}")


class Type(StrEnum):
    """The column types that Athena, Spark, DuckDB and Iceberg v2 agree on.

    `TIMESTAMP` is UTC without a zone, milliseconds; `DECIMAL` is decimal(18, 4).
    """

    STRING = "string"
    BIGINT = "bigint"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    DECIMAL = "decimal(18,4)"
    STRINGS = "array<string>"


_ARROW: dict[Type, pa.DataType] = {
    Type.STRING: pa.string(),
    Type.BIGINT: pa.int64(),
    Type.DOUBLE: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: pa.timestamp("us"),
    Type.DECIMAL: pa.decimal128(18, 4),
    Type.STRINGS: pa.list_(pa.field("element", pa.string())),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `personal` marks what masking, logs and erasure must treat as personal data."""

    name: str
    type: Type
    personal: bool = False
    meaning: str = ""

    def __post_init__(self) -> None:
        validate_identifier(self.name.lstrip("_") or self.name)

    @property
    def arrow(self) -> pa.Field:
        return pa.field(self.name, _ARROW[self.type])


@dataclass(frozen=True, slots=True)
class Table:
    """One lake table, e.g. `Table("curated", "profiles", (Column("person_id", Type.STRING),))`.

    `rebuilt` tables are made anew from others alone, by every run or by the first after a column has changed its type:
    so types may change.
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    meaning: str = ""
    rebuilt: bool = False

    def __post_init__(self) -> None:
        validate_identifier(self.database)
        validate_identifier(self.name)

    def __str__(self) -> str:
        return f"{self.database}.{self.name}"

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([column.arrow for column in self.columns])

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


def validate_identifier(name: str) -> str:
    """Return `name` when it is lower_snake_case; raise FatalError otherwise (it would reach SQL)."""
    if not _IDENTIFIER.fullmatch(name):
        raise FatalError(f"{name!r} is no lower_snake_case name of at most 127 characters")
    return name


def columns(**types: Type) -> tuple[Column, ...]:
    """Columns without notes: `columns(person_id=Type.STRING, at=Type.TIMESTAMP)`."""
    return tuple(Column(name, type_) for name, type_ in types.items())
