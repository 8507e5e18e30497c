"""Segment state is bit masks; long rows exist only for who entered and who left."""

from __future__ import annotations

from kumitate.config.project import Config
from kumitate.model.step import Run
from kumitate.model.table import Column, Table, Type

BITS_PER_MASK = 62
"""A signed 64-bit integer less sign and one spare bit, the same in every engine."""

SEGMENT_BITS = Table(
    "curated",
    "segment_bits",
    (Column("segment", Type.STRING), Column("bit", Type.BIGINT, meaning="mask_<bit / 62>, place bit % 62")),
    "each segment's place in the mask; places of removed segments are not used again",
)

SEGMENT_CHANGES = Table(
    "curated",
    "segment_changes",
    (
        Column("run_id", Type.STRING),
        Column("at", Type.TIMESTAMP),
        Column("segment", Type.STRING),
        Column("person_id", Type.STRING),
        Column("change", Type.STRING, meaning="entered or left"),
    ),
    "who entered and left which segment, and when; a segment taken out of the project is left by all",
)

SEGMENT_SIZES = Table(
    "curated",
    "segment_sizes",
    (
        Column("run_id", Type.STRING),
        Column("at", Type.TIMESTAMP),
        Column("segment", Type.STRING),
        Column("members", Type.BIGINT),
    ),
    "the size of each segment after each run",
)


def assign_bits(config: Config, run: Run) -> dict[str, int]:
    """Every segment's bit: what the lake has (also of removed segments), then free places by name."""
    bits = dict(run.bits)
    free = max(bits.values(), default=-1) + 1
    for name in sorted(config.segments):
        if name not in bits:
            bits[name] = free
            free += 1
    return bits


def mask_columns(count: int) -> tuple[Column, ...]:
    """`mask_0` … for `count` bits (at least one mask)."""
    masks = max(1, -(-count // BITS_PER_MASK))
    return tuple(Column(f"mask_{number}", Type.BIGINT) for number in range(masks))


def masks_table(database: str, config: Config, run: Run) -> Table:
    """`staging.segment_masks` (new) and `curated.segment_masks` (accepted): one row per person."""
    masks = mask_columns(len(assign_bits(config, run)))
    return Table(database, "segment_masks", (Column("person_id", Type.STRING), *masks), "segment memberships as bits")
