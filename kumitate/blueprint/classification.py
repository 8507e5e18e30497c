"""How much a column tells about a person: what Lake Formation's tags say, from the tables alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kumitate.blueprint.names import Names
from kumitate.model.table import Table

_ABOUT_ONE = frozenset({
    "_record_id", "company_id", "household_id", "key", "left_record", "line", "person_id", "record", "record_id",
    "right_record", "_line",
})  # fmt: skip
"""Columns that tie a row to one person, one group of them, or one delivered row."""


class Classification(StrEnum):
    """`public` within the company: counts and settings; `internal`: about people, by ids; `personal`: who they are."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Reader:
    """A role of people: it is shown these classes of these databases, and what is public of all, nothing else."""

    name: str
    purpose: str
    classes: tuple[Classification, ...]
    databases: tuple[str, ...]


_ALL = tuple(Classification)
_NOT_PERSONAL = (Classification.PUBLIC, Classification.INTERNAL)
VIEWS = "views"
READERS = (
    Reader(
        "analyst",
        "Studies behaviour and quality; sees nobody's name or address",
        _NOT_PERSONAL,
        ("clean", "curated", "activation", "quarantine", VIEWS),
    ),
    Reader(
        "marketer",
        "Looks at segments, their sizes and what became of syncs",
        _NOT_PERSONAL,
        ("curated", "activation", VIEWS),
    ),
    Reader(
        "steward",
        "Answers for the data: personal columns and quarantined rows too",
        _ALL,
        ("raw", "quarantine", "staging", "clean", "curated", "activation", VIEWS),
    ),
    Reader(
        "activation",
        "Finds out why a delivery went wrong: what was sent, to whom",
        _ALL,
        ("curated", "activation", VIEWS),
    ),
)


@dataclass(frozen=True, slots=True)
class Tagged:
    """A class that differs from the database's own (internal), of a table or of some of its columns."""

    table: Table
    classification: Classification
    columns: tuple[str, ...] = ()
    """The whole table, where there are none."""


def class_of(table: Table) -> Classification:
    """What the table's columns are unless they are personal."""
    tells = any(column.personal or column.name in _ABOUT_ONE for column in table.columns)
    return Classification.INTERNAL if tells else Classification.PUBLIC


def tagged(tables: tuple[Table, ...]) -> Iterator[Tagged]:
    for table in tables:
        if class_of(table) is Classification.PUBLIC:
            yield Tagged(table, Classification.PUBLIC)
        personal = tuple(column.name for column in table.columns if column.personal)
        if personal:
            yield Tagged(table, Classification.PERSONAL, personal)


def tag_key(names: Names, what: str) -> str:
    """Tags are known to the whole account, so that they carry project and environment: `shop_dev_classification`."""
    return names.database(what)
