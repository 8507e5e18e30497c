"""What may hold people back from syncs: shared exclusions, hold-outs, budgets, ranks; and what holds a whole sync."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from kumitate.model.expression import Section, Span

_PERCENT = re.compile(r"\d{1,3}(\.\d{1,4})?%")


def parse_threshold(value: object) -> int | str:
    """`500` rows, or `12.5%` of the accepted ones; ValueError otherwise."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and _PERCENT.fullmatch(value.strip()):
        return value.strip()
    raise ValueError(f"{value!r} is no limit; write a number of rows, e.g. 500, or a share, e.g. 10%")


Threshold = Annotated[int | str, BeforeValidator(parse_threshold, json_schema_input_type=int | str)]


class Guard(Section):
    """How much one run of a sync may change before a person must approve: `{adds: 20%, removes: 500, least: 100}`.

    A share is one of the rows that the destination accepted before; it holds no first full sync.
    """

    adds: Threshold | None = None
    """New rows of one run, beyond which the sync is held; no limit, unless given."""
    removes: Threshold | None = "20%"
    """Removals of one run, beyond which the sync is held."""
    least: int = Field(100, ge=0)
    """So many are never too many, whatever share they are."""


class ExclusionList(Section):
    """Segments whose members are left out, declared once: `{segments: [open_tickets, buyers_30d], all_syncs: true}`."""

    segments: tuple[str, ...] = Field(min_length=1)
    all_syncs: bool = False
    """Applied to every sync that needs a consent; others name the list under `exclude`."""
    description: str = ""


class HoldOut(Section):
    """People kept out for good, so that what activation brings can be measured: `{percent: 5}`.

    Without `segment` it is universal: nothing is sent to them by any sync that needs a consent. With one, it holds a
    share of that segment's members out of every sync of the segment, at every destination.
    """

    percent: float = Field(gt=0, lt=100)
    """The share of people who are assigned from now on; who is assigned stays so."""
    segment: str | None = None
    description: str = ""


class FrequencyBudget(Section):
    """How many messages a person gets at most: `{channel: email, most: 3, within: 7d}`.

    Counted are rows of syncs in mode `append` whose consent is for this channel.
    """

    channel: str
    most: int = Field(ge=1)
    within: Span
    description: str = ""


class SyncRanking(Section):
    """Syncs that exclude each other: a person is sent by the first of them only that would."""

    syncs: tuple[str, ...] = Field(min_length=2)
    description: str = ""
