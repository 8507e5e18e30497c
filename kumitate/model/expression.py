"""The expression tree of conditions: what YAML says, what a no-code builder writes, what compiles to SQL.

Every node is frozen and typed; there is no free text but in `sql` nodes. A row condition (`where:`)
uses `column`; a segment uses `attribute`, `trait`, `event`, `sequence`, `segment`, `list`,
`anniversary`, `consent`; `all`, `any`, `not` nest both.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from kumitate.model.section import Section as Section

Scalar = bool | int | Decimal | date | datetime | str

_SPAN = re.compile(r"(\d+)\s*(m|h|d|w)")
_UNIT = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_span(value: object) -> timedelta:
    """`90d`, `24h`, `30m`, `2w` as a timedelta; ValueError otherwise."""
    if isinstance(value, timedelta):
        return value
    match = _SPAN.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is no time span; write 30m, 24h, 90d or 2w")
    return timedelta(**{_UNIT[match[2]]: int(match[1])})


Span = Annotated[timedelta, BeforeValidator(parse_span, json_schema_input_type=str)]


OPERATORS = (
    "is", "is_not", "in", "not_in", "more_than", "at_least", "less_than", "at_most",
    "between", "contains", "starts_with", "known", "within", "before",
)  # fmt: skip


class Comparison(Section):
    """One subject against one value, e.g. `{column: quantity, more_than: 0}`.

    `known: true|false` asks whether there is a value at all. `within: 30d` is true for times in the
    last 30 days before the run's clock, `before: 30d` for times further back. A comparison with a
    missing value is false, and so is its opposite (`is_not`): use `known`.
    """

    is_: Scalar | None = Field(None, alias="is")
    is_not: Scalar | None = None
    in_: tuple[Scalar, ...] | None = Field(None, alias="in")
    not_in: tuple[Scalar, ...] | None = None
    more_than: Scalar | None = None
    at_least: Scalar | None = None
    less_than: Scalar | None = None
    at_most: Scalar | None = None
    between: tuple[Scalar, Scalar] | None = None
    contains: str | None = None
    starts_with: str | None = None
    known: bool | None = None
    within: Span | None = None
    before: Span | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Comparison:
        if len(self.operators()) != 1:
            raise ValueError(f"give exactly one of {', '.join(OPERATORS)}")
        return self

    def operators(self) -> tuple[str, ...]:
        """The operators given, by their YAML names."""
        named = {name: getattr(self, name + "_" if name in ("is", "in") else name) for name in OPERATORS}
        return tuple(name for name, value in named.items() if value is not None)

    @property
    def operator(self) -> str:
        return self.operators()[0]

    @property
    def operand(self) -> Any:
        name = self.operator
        return getattr(self, name + "_" if name in ("is", "in") else name)


class ColumnIs(Comparison):
    """A column of the row at hand (in a source's or an event's `where:`)."""

    column: str


class AttributeIs(Comparison):
    """An attribute of the profile's golden record."""

    attribute: str


class TraitIs(Comparison):
    """A trait of the profile; `top_percent: 10` is the highest tenth of all who have a value."""

    trait: str
    top_percent: int | None = Field(None, ge=1, le=100)

    @model_validator(mode="after")
    def _one_operator(self) -> TraitIs:
        if len(self.operators()) + (self.top_percent is not None) != 1:
            raise ValueError(f"give exactly one of top_percent, {', '.join(OPERATORS)}")
        return self


class All(Section):
    """True where every part is."""

    all_: tuple[Condition, ...] = Field(alias="all", min_length=1)


class AnyOf(Section):
    """True where at least one part is."""

    any_: tuple[Condition, ...] = Field(alias="any", min_length=1)


class Not(Section):
    """True where the part is not (a part that cannot be decided counts as false)."""

    not_: Condition = Field(alias="not")


class EventMatch(Section):
    """Events of one source: `{source: web_events, event: Product Viewed, where: {...}}`.

    `event` compares the source's event-name column; leave it out for a source of one kind.
    """

    source: str
    event: str | None = None
    where: Condition | None = None


class EventIs(Section):
    """How often events happened in window `within`; at least once unless a bound is given."""

    event: EventMatch
    within: Span | None = None
    at_least: int | None = Field(None, ge=1)
    at_most: int | None = Field(None, ge=0)
    exactly: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_bound(self) -> EventIs:
        if self.exactly is not None and (self.at_least is not None or self.at_most is not None):
            raise ValueError("exactly goes without at_least and at_most")
        return self


class Absence(Section):
    """What must not have happened after a sequence's last step, for `span` (which must have passed)."""

    event: EventMatch
    span: Span


class Sequence(Section):
    """Events of one source in this order, the whole within `within`, then perhaps an absence.

    `{steps: [{source: web, event: Cart}], then_not: {event: {source: web, event: Order}, span: 24h}, within: 7d}`:
    `within` bounds both the chain's length and how far back its first step may lie.
    """

    steps: tuple[EventMatch, ...] = Field(min_length=1, max_length=6)
    within: Span
    then_not: Absence | None = None


class SequenceIs(Section):
    """A person who has gone through a sequence."""

    sequence: Sequence


class InSegment(Section):
    """Membership of another segment."""

    segment: str


class InList(Section):
    """The attribute's value stands in a list file (`lists/NAME.csv`, one value a line)."""

    list: str
    attribute: str


class Anniversary(Section):
    """A date attribute whose anniversary is `days_before` … 0 days ahead (`{anniversary: birthdate, days_before: 7}`).

    29 February is kept on 28 February in other years.
    """

    anniversary: str
    days_before: int = Field(0, ge=0, le=180)


class Consent(Section):
    """A purpose granted on a channel at the run's clock, to one brand where it says which; unknown is not granted."""

    purpose: str
    channel: str
    brand: str | None = None


class HasConsent(Section):
    """A person's consent as a segment condition."""

    consent: Consent


class SqlIs(Section):
    """Membership by SQL in Athena's dialect: one statement that yields `person_id`."""

    sql: str


NODES: dict[str, type[Section]] = {
    "all": All,
    "any": AnyOf,
    "not": Not,
    "column": ColumnIs,
    "trait": TraitIs,
    "event": EventIs,
    "sequence": SequenceIs,
    "segment": InSegment,
    "list": InList,
    "anniversary": Anniversary,
    "consent": HasConsent,
    "sql": SqlIs,
    "attribute": AttributeIs,
}
"""Node types by the key that tells them apart; `list` goes before `attribute`, which it also has."""


def _tag(value: object) -> str | None:
    if isinstance(value, Section):
        return next((tag for tag, node in NODES.items() if type(value) is node), None)
    if isinstance(value, dict):
        return next((tag for tag in NODES if tag in value), None)
    return None


Condition = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[ColumnIs, Tag("column")]
    | Annotated[TraitIs, Tag("trait")]
    | Annotated[EventIs, Tag("event")]
    | Annotated[SequenceIs, Tag("sequence")]
    | Annotated[InSegment, Tag("segment")]
    | Annotated[InList, Tag("list")]
    | Annotated[Anniversary, Tag("anniversary")]
    | Annotated[HasConsent, Tag("consent")]
    | Annotated[SqlIs, Tag("sql")]
    | Annotated[AttributeIs, Tag("attribute")],
    Discriminator(
        _tag,
        custom_error_type="condition_kind",
        custom_error_message="a condition is a mapping with one of the keys " + ", ".join(NODES),
    ),
]

for _node in (All, AnyOf, Not, EventMatch, EventIs, Absence, Sequence, SequenceIs):
    _node.model_rebuild()
