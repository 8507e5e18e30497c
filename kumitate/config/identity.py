"""`identity/*.yaml`: which values identify a person, which rules merge, which value wins per attribute."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from kumitate.config.source import Semantic
from kumitate.model.expression import Section, Span


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class Limit(Section):
    """At most `most` values of a kind per person, at any time or within a span: `{most: 5, within: 30d}`."""

    most: int = Field(ge=1)
    within: Span | None = None


class IdentifierKind(Section):
    """One kind of identifier and its guards.

    `blocked` values (whole-value regular expressions) never identify. `max_distinct` says how many
    different values of another identifier kind or attribute may share one value before it counts as
    shared (a family phone, a store's tablet) and merges nobody: `{member_id: 1, given_name: 3}`.
    """

    type: Semantic | None = None
    """How values are normalised where columns are not cleansed already (`kumitate resolve` on a bare table)."""
    blocked: tuple[Pattern, ...] = ()
    max_records: int | None = Field(None, ge=2)
    """A value on more records than this counts as shared, too."""
    max_distinct: dict[str, int] = {}
    unique: bool = False
    """A person has one value of this kind at most: records with two different ones are never one person."""
    limit: Limit | None = None
    """How many values of this kind a person may have."""
    priority: int | None = Field(None, ge=1)
    """Where ties contradict a limit or a unique kind, the kind with the higher number yields; in the order in which
    kinds are declared, unless given."""
    within: Span | None = None
    """Device and cookie ids: a value ties what happened within this span of a login, nothing older."""


class MatchRule(Section):
    """Records that agree on all of `match` (attributes, none missing) are one person."""

    match: tuple[str, ...] = Field(min_length=1)
    max_records: int = Field(20, ge=2)
    max_distinct: dict[str, int] = {}


class Probabilistic(Section):
    """Records that are alike though no value is equal: a Fellegi-Sunter model, and from which probability it acts."""

    file: str | None = None
    """The model's JSON inside the project, versioned with it (`models/person.json`); without it the model that ships
    with Kumitate is trained on the data itself."""
    merge: float = Field(0.99, gt=0, le=1)
    """As probable as this is one person."""
    review: float = Field(0.80, gt=0, le=1)
    """As probable as this waits for a steward."""
    compare: tuple[str, ...] = ()
    """Attributes that are compared; those that the model or their types suggest, unless given."""


class Attribute(Section):
    """How one field of the golden record is chosen among a person's records."""

    policy: Literal["most_recent", "source_priority", "most_frequent", "longest", "verified"] = "most_recent"
    sources: tuple[str, ...] = ()
    """Sources in order of trust, for `source_priority`; empty for the others means any."""
    verified_by: str | None = None
    """For `verified`: the true-or-false column of the same source that says the value was checked."""


class Brand(Section):
    """A brand's own view of the persons: those who are known to one of its sources, by what those sources say."""

    sources: tuple[str, ...] = Field(min_length=1)
    description: str = ""


class Entity(Section):
    """What is merged: `person`, or a group of them such as `household` and `company`."""

    identifiers: dict[str, IdentifierKind] = {}
    rules: dict[str, MatchRule] = {}
    model: Probabilistic | None = None
    attributes: dict[str, Attribute] = {}
    """Golden-record attributes by the name of the source columns they come from."""
    largest: int = Field(50, ge=2)
    """A person of more records than this is held apart for a steward."""
    brands: dict[str, Brand] = {}
    of: Literal["records", "persons"] = "records"
    """What is grouped: records (`person`), or persons by their golden records (`household`, `company`)."""
    columns: dict[str, str] = {}
    """`household` and `company`: the column behind a name that its rules use, where it is called otherwise, e.g.
    `{name: company, domain: email}`."""
    crowded: dict[str, dict[str, int]] = {}
    """`household` and `company`: values that tell nothing where more than so many different values of another fact
    share them, e.g. `{address: {last_name: 3}}` for a building whose room numbers nobody wrote."""
