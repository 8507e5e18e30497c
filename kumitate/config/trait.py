"""`traits/*.yaml`: numbers and facts about a person, computed from events and records, without SQL or with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from kumitate.model.expression import Condition, Section, Span
from kumitate.model.table import Type


class Aggregate(Section):
    """A figure over a person's rows of one source.

    `{kind: sum, source: orders, column: amount, where: {column: quantity, more_than: 0}, within: 365d}`.
    `first`/`last` take the column's value at the earliest/latest time; `days_since` the days since the
    latest row; `list` the distinct values, newest first, at most `limit`.
    """

    kind: Literal[
        "count", "count_distinct", "sum", "avg", "min", "max", "first", "last", "list", "most_frequent", "days_since"
    ]
    source: str
    event: str | None = None
    column: str | None = None
    where: Condition | None = None
    within: Span | None = None
    limit: int = Field(20, ge=1, le=100)
    meaning: str = ""


class Ratio(Section):
    """One trait divided by another; null where the denominator is zero or missing."""

    kind: Literal["ratio"]
    numerator: str
    denominator: str
    meaning: str = ""


class PointRule(Section):
    """Points for each matching row (at most `most` rows count)."""

    source: str
    event: str | None = None
    where: Condition | None = None
    points: int
    most: int | None = Field(None, ge=1)


class Points(Section):
    """A score: points per matching row, halved every `half_life` since it happened; two decimals."""

    kind: Literal["points"]
    rules: tuple[PointRule, ...] = Field(min_length=1)
    half_life: Span | None = None
    within: Span | None = None
    meaning: str = ""


class SqlTrait(Section):
    """A trait in SQL (Athena's dialect): one statement that yields `person_id` and `value`."""

    kind: Literal["sql"]
    sql: str
    type: Type = Type.DOUBLE
    meaning: str = ""


def _tag(value: object) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if kind in ("ratio", "points", "sql") else "aggregate"


Trait = Annotated[
    Annotated[Aggregate, Tag("aggregate")]
    | Annotated[Ratio, Tag("ratio")]
    | Annotated[Points, Tag("points")]
    | Annotated[SqlTrait, Tag("sql")],
    Discriminator(_tag),
]
