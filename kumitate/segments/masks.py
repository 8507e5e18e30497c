"""Where a segment's bit lies, and the condition that tells its members by it."""

from __future__ import annotations

from sqlglot import exp

from kumitate.config.project import Config
from kumitate.errors import FatalError
from kumitate.model.step import Run
from kumitate.model.table import Type
from kumitate.segments.tables import BITS_PER_MASK, assign_bits
from kumitate.sql.vocabulary import call, column, literal


def is_member(config: Config, run: Run, segment: str, *, alias: str) -> exp.Condition:
    """Membership by the mask of `alias`, a row of `curated.segment_masks`; false where an outer join found none.

    `bitwise_and(coalesce(m.mask_0, 0), 8) <> 0`
    """
    if segment not in config.segments:
        raise FatalError(f"segments.{segment}: no such segment in the project")
    return member_condition(alias, assign_bits(config, run)[segment])


def member_condition(alias: str, bit: int) -> exp.Condition:
    """Whether `bit` is set in the masks of `alias`."""
    mask = call("coalesce", column(mask_name(bit), alias), literal(0, Type.BIGINT))
    return call("bitwise_and", mask, literal(place(bit), Type.BIGINT)).neq(0)


def mask_name(bit: int) -> str:
    return f"mask_{bit // BITS_PER_MASK}"


def place(bit: int) -> int:
    """The bit's value within its mask: a power of two, at most 2^61."""
    return 1 << bit % BITS_PER_MASK
