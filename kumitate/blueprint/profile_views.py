"""Views of people, without what tells who they are: all of them, and those that each brand knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kumitate.config.project import Config
from kumitate.identity.entity_tables import brand_profiles_table
from kumitate.model.table import Column, Type
from kumitate.profiles.tables import profiles_table


@dataclass(frozen=True, slots=True)
class View:
    """One statement in Athena's dialect over the lake's own table names, with what each column means."""

    name: str
    meaning: str
    sql: str
    columns: tuple[Column, ...]


def profiles_360(config: Config) -> View:
    """Attributes and traits of every person."""
    shown = tuple(column for column in profiles_table(config).columns if not column.personal)
    return View(
        "profiles_360",
        "one row per person: attributes and traits that do not tell who it is",
        f"select\n  {_listed(shown)}\nfrom curated.profiles",
        shown,
    )


def brand_views(config: Config) -> Iterator[View]:
    """`brand_ec_profiles`: what the brand's own sources say of whom they know.

    A view holds no traits and no consent: they are made of what all brands know. Whoever may see them joins
    `profiles_360` and `curated.consents` by the person's id.
    """
    table = brand_profiles_table(config)
    shown = tuple(column for column in table.columns if not column.personal and column.name != "brand")
    for brand in sorted(config.person.brands):
        yield View(
            f"brand_{brand}_profiles",
            f"one row per person whom brand {brand} knows: attributes by its own sources that do not tell who it is",
            f"select\n  {_listed(shown)}\nfrom {table}\nwhere brand = '{brand}'",
            shown,
        )


def _listed(columns: Sequence[Column]) -> str:
    return ",\n  ".join(map(_typed, columns))


def _typed(column: Column) -> str:
    """Iceberg keeps microseconds, a view's column milliseconds; Athena wants that said."""
    if column.type is not Type.TIMESTAMP:
        return f'"{column.name}"'
    return f'cast("{column.name}" as timestamp(3)) as "{column.name}"'
