"""`identity/*.yaml`: which values identify a person, which rules merge, which value wins per attribute."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from kumitate.model.expression import Section


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class IdentifierKind(Section):
    """One kind of identifier and its guards.

    `blocked` values (whole-value regular expressions) never identify. `max_distinct` says how many
    different values of another identifier kind or attribute may share one value before it counts as
    shared (a family phone, a store's tablet) and merges nobody: `{member_id: 1, given_name: 3}`.
    """

    blocked: tuple[Pattern, ...] = ()
    max_records: int | None = Field(None, ge=2)
    """A value on more records than this counts as shared, too."""
    max_distinct: dict[str, int] = {}


class MatchRule(Section):
    """Records that agree on all of `match` (attributes, none missing) are one person."""

    match: tuple[str, ...] = Field(min_length=1)
    max_records: int = Field(20, ge=2)


class Attribute(Section):
    """How one field of the golden record is chosen among a person's records."""

    policy: Literal["most_recent", "source_priority", "most_frequent", "longest"] = "most_recent"
    sources: tuple[str, ...] = ()
    """Sources in order of trust, for `source_priority`; empty for the others means any."""


class Entity(Section):
    """What is merged: `person`."""

    identifiers: dict[str, IdentifierKind] = Field(min_length=1)
    rules: dict[str, MatchRule] = {}
    attributes: dict[str, Attribute] = {}
    """Golden-record attributes by the name of the source columns they come from."""
