"""Profiles, their traits and consents."""

from __future__ import annotations

from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.config.trait import Aggregate, Points, Ratio, SqlTrait
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
    ),
    "each person's newest word per purpose and channel; absent is unknown, and unknown is not granted",
)

_FIXED = {
    "count": Type.BIGINT,
    "count_distinct": Type.BIGINT,
    "days_since": Type.BIGINT,
    "avg": Type.DOUBLE,
    "list": Type.STRINGS,
}


def trait_column(config: Config, name: str) -> Column:
    """A trait's column; `sum`, `min`, `max`, `first`, `last`, `most_frequent` have the type of what they look at."""
    trait = config.traits[name]
    match trait:
        case Ratio() | Points():
            return Column(name, Type.DOUBLE, meaning=trait.meaning)
        case SqlTrait():
            return Column(name, trait.type, meaning=trait.meaning)
        case Aggregate():
            source = clean_table(trait.source, config.sources[trait.source])
            looked_at = source.column(trait.column or "")
            type_ = _FIXED.get(trait.kind) or (looked_at.type if looked_at else Type.STRING)
            return Column(name, type_, meaning=trait.meaning)


def traits_table(config: Config) -> Table:
    """`curated.traits`: one row per person."""
    return Table(
        "curated", "traits", (Column("person_id", Type.STRING), *(trait_column(config, name) for name in config.traits))
    )


def profiles_table(config: Config) -> Table:
    """`curated.profiles`: the golden record and every trait."""
    traits = traits_table(config).columns[1:]
    return Table(
        "curated", "profiles", (*golden_table(config).columns, *traits), "the 360° profile, one row per person"
    )
