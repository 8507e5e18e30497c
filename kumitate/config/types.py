"""What type a column, an attribute and a trait has; None where the project does not say."""

from __future__ import annotations

from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.config.trait import Aggregate, Points, Ratio, SqlTrait
from kumitate.model.table import Type

NUMBERS = frozenset({Type.BIGINT, Type.DOUBLE, Type.DECIMAL})
TIMES = frozenset({Type.DATE, Type.TIMESTAMP})

FIXED = {
    "count": Type.BIGINT,
    "count_distinct": Type.BIGINT,
    "days_since": Type.BIGINT,
    "avg": Type.DOUBLE,
    "list": Type.STRINGS,
}
"""Figures whose type does not follow from the column they look at."""

_WORDS = {
    Type.STRING: "text",
    Type.BIGINT: "a whole number",
    Type.DOUBLE: "a number",
    Type.DECIMAL: "a number",
    Type.BOOLEAN: "true or false",
    Type.DATE: "a date",
    Type.TIMESTAMP: "a time",
    Type.STRINGS: "a list",
}


def in_words(type_: Type) -> str:
    return _WORDS[type_]


def column_type(source: Source, column: str) -> Type | None:
    return source.columns[column].type.type if column in source.columns else None


def attribute_type(config: Config, attribute: str) -> Type | None:
    """The type of the first source (by name) that has the column."""
    types = (column_type(config.sources[name], attribute) for name in sorted(config.sources))
    return next((type_ for type_ in types if type_), None)


def trait_type(config: Config, trait: str) -> Type | None:
    match config.traits.get(trait):
        case Ratio() | Points():
            return Type.DOUBLE
        case SqlTrait(type=type_):
            return type_
        case Aggregate(kind=kind, source=name, column=column):
            source = config.sources.get(name)
            looked_at = column_type(source, column) if source and column else None
            return FIXED.get(kind) or (None if kind == "sum" and looked_at not in NUMBERS else looked_at)
    return None
