"""`triggers/*.yaml`: what happens in real time, when events say so."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from kumitate.config.trait import PointRule
from kumitate.model.expression import EventIs, EventMatch, Scalar, Section, SequenceIs, Span


class FirstTime(Section):
    """The person's first such event, as far as it is remembered (`remember`)."""

    first: EventMatch
    remember: Span = timedelta(days=365)


class Changed(Section):
    """A column's value is another than in the person's event before: `{changed: plan, of: {…}, to: premium}`."""

    changed: str
    of: EventMatch
    from_: Scalar | None = Field(None, alias="from")
    to: Scalar | None = None


class ScoreReaches(Section):
    """Points of events add up to `at_least`, of those within `within`; each is worth half after `half_life`."""

    score: tuple[PointRule, ...] = Field(min_length=1)
    at_least: float
    within: Span
    half_life: Span | None = None


class AllOf(Section):
    """All of these, whichever comes last: `{all: [{event: {…}, at_least: 3, within: 7d}, {event: {…}}]}`."""

    all_: tuple[Part, ...] = Field(alias="all", min_length=2, max_length=6)


def _tag(value: object) -> str | None:
    if isinstance(value, Section):
        return next((tag for tag, node in CONDITIONS.items() if type(value) is node), None)
    return next((tag for tag in CONDITIONS if tag in value), None) if isinstance(value, dict) else None


CONDITIONS: dict[str, type[Section]] = {
    "score": ScoreReaches,
    "changed": Changed,
    "first": FirstTime,
    "sequence": SequenceIs,
    "all": AllOf,
    "event": EventIs,
}
_KINDS = "a trigger's condition is a mapping with one of the keys " + ", ".join(CONDITIONS)
_PARTS = "a part of 'all' is a mapping with one of the keys event, first, sequence"

Part = Annotated[
    Annotated[EventIs, Tag("event")] | Annotated[FirstTime, Tag("first")] | Annotated[SequenceIs, Tag("sequence")],
    Discriminator(_tag, custom_error_type="condition_kind", custom_error_message=_PARTS),
]
TriggerCondition = Annotated[
    Annotated[EventIs, Tag("event")]
    | Annotated[SequenceIs, Tag("sequence")]
    | Annotated[FirstTime, Tag("first")]
    | Annotated[Changed, Tag("changed")]
    | Annotated[ScoreReaches, Tag("score")]
    | Annotated[AllOf, Tag("all")],
    Discriminator(_tag, custom_error_type="condition_kind", custom_error_message=_KINDS),
]

AllOf.model_rebuild()


class Fact(Section):
    """What a fired trigger tells: a column of events, of the last one that made it true unless `of` says which.

    `take: list` is each event's value, oldest first; with `columns` each is a mapping of them. `without` takes out what
    was undone: `{without: {source: web_events, event: Product Removed}, by: product_id}`.
    """

    column: str | None = None
    columns: tuple[str, ...] = ()
    of: EventMatch | None = None
    take: Literal["last", "first", "list", "count", "sum"] = "last"
    within: Span | None = None
    """How far back; as far as the condition looks, unless given."""
    most: int = Field(20, ge=1, le=100)
    """Of a list, the newest so many."""
    same: str | None = None
    """Only events with the same value in this column as the one that made it true, e.g. `cart_id`."""
    without: EventMatch | None = None
    by: str | None = None

    @model_validator(mode="after")
    def _has_columns(self) -> Fact:
        if (self.column is None) == (not self.columns) and self.take != "count":
            raise ValueError("give exactly one of column and columns")
        if (self.without is None) != (self.by is None):
            raise ValueError("without and by (the column that tells which event is undone) go together")
        if self.same is not None and self.of is None:
            raise ValueError("same goes with of: it says which of those events are meant")
        return self


class Trigger(Section):
    """A condition over a person's events, decided as they come in; it fires at most once per key in `once_per`.

    Events count by the time they happened, once each, in whatever order they arrive. `then_not` of a sequence waits
    for what must not happen: “added to the cart, no order for 24 h”. Conditions may look at columns of events and
    nothing else.
    """

    when: TriggerCondition
    key: str = "{person_id}"
    """A template of `person_id` and facts: `{person_id}:{cart_id}` is once a cart."""
    once_per: Span | Literal["ever"] = timedelta(days=1)
    fresh: Span = timedelta(days=1)
    """It does not fire for what came true longer ago than this, when an event arrives late; so long, too, what it told
    waits for its person to be published, or for a destination that is down."""
    lateness: Span = timedelta(minutes=5)
    """What must not happen is waited for this much longer, so that an event that arrives late still counts."""
    facts: dict[str, Fact] = {}
    description: str = ""
