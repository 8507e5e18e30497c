"""Anonymous to known: which identifiers tell a device or a browser and not a person, and when they are a record's only.

An identifier kind with `within` merges nobody: a tablet has as many owners as log in on it. A record that says who it
is leaves the device out of its identifiers (`anonymous_value`), so that only anonymous records hang together by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.identity.statements import quoted


def anonymous_kinds(config: Config) -> Mapping[str, timedelta]:
    """Identifier kinds that tell a device or a browser, with the span that a login reaches."""
    kinds = config.person.identifiers.items()
    return {kind: spec.within for kind, spec in kinds if spec.within is not None}


def anonymous_columns(config: Config, source: Source) -> Mapping[str, str]:
    """The source's columns that hold such ids, by kind."""
    return {kind: column for kind, column in source.identifiers.items() if kind in anonymous_kinds(config)}


def known_columns(config: Config, source: Source) -> Mapping[str, str]:
    """The source's columns that say who somebody is, by kind."""
    return {kind: column for kind, column in source.identifiers.items() if kind not in anonymous_kinds(config)}


def anonymous_value(config: Config, source: Source, value: str) -> str:
    """SQL: `value`, an anonymous id of row `c`, where the row says nothing else about who it is."""
    known = known_columns(config, source).values()
    if not known:
        return value
    unknown = " and ".join(f"{stated(column)} is null" for column in known)
    return f"case when {unknown} then {value} end"


def stated(column: str) -> str:
    """SQL: what row `c` says in the column, if anything."""
    return f"nullif(cast(c.{quoted(column)} as varchar), '')"
