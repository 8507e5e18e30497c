"""Profiles, their traits and consents."""

from __future__ import annotations

from kumitate.cleanse.tables import clean_column
from kumitate.config.project import Config
from kumitate.config.trait import Aggregate, SqlTrait, Trait
from kumitate.config.types import trait_type
from kumitate.identity.entity_tables import COMPANY, HOUSEHOLD
from kumitate.identity.tables import golden_table
from kumitate.model.table import Column, Table, Type

CONSENTS = Table(
    "curated",
    "consents",
    (
        Column("person_id", Type.STRING),
        Column("purpose", Type.STRING),
        Column("channel", Type.STRING),
        Column("granted", Type.BOOLEAN),
        Column("at", Type.TIMESTAMP),
        Column("brand", Type.STRING, meaning="the brand that the word is about, where the source says which"),
    ),
    "each person's newest word per purpose, channel and brand; absent is unknown, and unknown is not granted",
)

_SHOWN_VALUES = frozenset({"min", "max", "first", "last", "list", "most_frequent"})


def trait_column(config: Config, name: str) -> Column:
    """A trait's column; it is personal where it shows values of a personal column, or may."""
    trait = config.traits[name]
    return Column(name, trait_type(config, name) or Type.STRING, _is_personal(config, trait), trait.meaning)


def _is_personal(config: Config, trait: Trait) -> bool:
    match trait:
        case Aggregate(kind=kind, source=source, column=column) if column and kind in _SHOWN_VALUES:
            looked_at = clean_column(config.sources[source], column)
            return looked_at is not None and looked_at.personal
        case SqlTrait(type=type_):
            return type_ in (Type.STRING, Type.STRINGS)
    return False


def traits_table(config: Config) -> Table:
    """`curated.traits`: one row per person."""
    traits = (trait_column(config, name) for name in config.traits)
    return Table("curated", "traits", (Column("person_id", Type.STRING), *traits), "one row per person", rebuilt=True)


def group_columns(config: Config) -> tuple[Column, ...]:
    """The household's and the company's id, where the project declares them."""
    return tuple(column for entity, column in _GROUPS.items() if entity in config.identity)


_GROUPS = {
    HOUSEHOLD: Column("household_id", Type.STRING, meaning="who lives together; empty for a person alone"),
    COMPANY: Column("company_id", Type.STRING, meaning="the company that the person's newest record names"),
}


def profiles_table(config: Config) -> Table:
    """`curated.profiles`: the golden record, the groups that the person belongs to, and every trait."""
    columns = (*golden_table(config).columns, *group_columns(config), *traits_table(config).columns[1:])
    return Table("curated", "profiles", columns, "the 360° profile, one row per person", rebuilt=True)
