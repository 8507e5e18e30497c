"""A lake table's columns in Iceberg's words, and how they follow the project without losing a row."""

from __future__ import annotations

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)

from kumitate.errors import FatalError
from kumitate.model.table import Column, Table, Type

_TYPES: dict[Type, IcebergType] = {
    Type.STRING: StringType(),
    Type.BIGINT: LongType(),
    Type.DOUBLE: DoubleType(),
    Type.BOOLEAN: BooleanType(),
    Type.DATE: DateType(),
    Type.TIMESTAMP: TimestampType(),
    Type.DECIMAL: DecimalType(18, 4),
    Type.STRINGS: ListType(element_id=-1, element_type=StringType(), element_required=False),
}
_NAMES = {str(iceberg): type_ for type_, iceberg in _TYPES.items()}


def schema_of(table: Table) -> Schema:
    """The declared columns, for a table that is made now."""
    return Schema(*(_field(number, column) for number, column in enumerate(table.columns, 1)))


def _field(number: int, column: Column) -> NestedField:
    return NestedField(number, column.name, _TYPES[column.type], required=False, doc=column.meaning or None)


def arrow_schema(table: IcebergTable, fields: tuple[NestedField, ...]) -> pa.Schema:
    """How Kumitate reads these columns."""
    return pa.schema([Column(field.name, _type_of(table, field)).arrow for field in fields])


def _type_of(table: IcebergTable, field: NestedField) -> Type:
    type_ = _NAMES.get(str(field.field_type))
    if type_ is None:
        name = ".".join(table.name())
        raise FatalError(f"{name}.{field.name}: type {field.field_type} is not one that Kumitate reads or writes")
    return type_


def evolve(existing: IcebergTable, table: Table) -> None:
    """Add what is missing; FatalError where a kept column would change its type."""
    known = {field.name: _type_of(existing, field) for field in existing.schema().fields}
    changed = [column for column in table.columns if known.get(column.name, column.type) is not column.type]
    if changed and not table.rebuilt:
        name, type_ = changed[0].name, changed[0].type
        raise FatalError(
            f"{table}.{name} is {known[name]} in the lake and {type_} in the project, and its rows are kept; "
            "give the new type a new column name, or start a new lake folder and deliver the files again"
        )
    if changed:
        with existing.update_schema(allow_incompatible_changes=True) as update:
            for column in changed:
                update.delete_column(column.name)
    missing = [column for column in table.columns if column in changed or column.name not in known]
    if missing:
        with existing.update_schema() as update:
            for column in missing:
                update.add_column(column.name, _TYPES[column.type], doc=column.meaning or None)
