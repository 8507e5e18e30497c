"""What follows from new masks: who entered and who left, and how large each segment is."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from kumitate.config.project import Config
from kumitate.model.step import Query, Run
from kumitate.model.table import Table, Type
from kumitate.segments.masks import member_condition, place
from kumitate.segments.tables import (
    BITS_PER_MASK,
    SEGMENT_BITS,
    SEGMENT_CHANGES,
    SEGMENT_SIZES,
    assign_bits,
    masks_table,
)
from kumitate.sql.shapes import case, flag, no_rows, value_rows, with_ctes
from kumitate.sql.vocabulary import call, column, literal, table_ref, text, timestamp_literal

_NEW, _OLD = "n", "a"


def bits_query(config: Config, run: Run) -> exp.Select:
    """`curated.segment_bits`: every place in the masks, also of segments that are gone."""
    bits = assign_bits(config, run)
    if not bits:
        return _nothing(SEGMENT_BITS)
    rows = ((literal(name, Type.STRING), literal(bit, Type.BIGINT)) for name, bit in bits.items())
    return value_rows("bits", ("segment", "bit"), rows)


def changes_query(config: Config, run: Run) -> exp.Select:
    """`curated.segment_changes`: only people whose masks differ become rows; a segment that is gone is left by all."""
    bits = assign_bits(config, run)
    if not bits:
        return _nothing(SEGMENT_CHANGES)
    in_it, moved = (_bit(column(name, "differing")) for name in ("now", "changed"))
    change = case(in_it, literal("entered", Type.STRING), literal("left", Type.STRING))
    query = exp.select(*_when(run), column("segment", "bits"), column("person_id", "differing"), change.as_("change"))
    same_mask = column("mask", "bits").eq(column("mask", "differing"))
    query = query.from_(table_ref("differing")).join(table_ref("bits"), on=same_mask).where(moved)
    masks = _masks(config, run)
    numbers = value_rows("masks", ["mask"], [[literal(number, Type.BIGINT)] for number in range(len(masks))])
    parts = {"moved": _moved(config, run), "masks": numbers, "differing": _differing(masks), "bits": _bits(bits)}
    return with_ctes(query, parts.items())


def moves_query(run: Run) -> Query:
    """How many people entered and left in a run, by segment; none for a segment that nobody did."""
    entered, left = (
        call("sum", flag(column("change").eq(literal(change, Type.STRING)))) for change in ("entered", "left")
    )
    counts = (exp.alias_(exp.cast(one, Type.BIGINT), name) for one, name in ((entered, "entered"), (left, "left")))
    query = exp.select(column("segment"), *counts).from_(table_ref(SEGMENT_CHANGES))
    query = query.where(column("run_id").eq(literal(run.id, Type.STRING)))
    return Query("segment_moves", text(query.group_by(column("segment")).order_by(column("segment"))))


def sizes_query(config: Config, run: Run) -> exp.Select:
    """`curated.segment_sizes`: all counted in one pass over the new masks."""
    if not config.segments:
        return _nothing(SEGMENT_SIZES)
    bits = assign_bits(config, run)
    counted = {name: call("sum", flag(member_condition(_NEW, bits[name]))) for name in sorted(config.segments)}
    totals = exp.select(*(exp.alias_(one, f"members_{bits[name]}") for name, one in counted.items()))
    totals = totals.from_(table_ref(masks_table("staging", config, run), _NEW))
    members = exp.Case(this=column("segment", "bits"))
    for name in counted:
        members = members.when(literal(name, Type.STRING), column(f"members_{bits[name]}", "totals"))
    filled = call("coalesce", members, literal(0, Type.BIGINT))
    query = exp.select(*_when(run), column("segment", "bits"), exp.alias_(exp.cast(filled, Type.BIGINT), "members"))
    query = query.from_(table_ref("totals")).join(table_ref("bits"), join_type="cross")
    own = {name: bits[name] for name in counted}
    return with_ctes(query, [("totals", totals), ("bits", _bits(own))])


def accepted_query(config: Config, run: Run) -> exp.Select:
    """`curated.segment_masks`: the new masks become the accepted ones."""
    staged = masks_table("staging", config, run)
    return exp.select(*(column(one.name) for one in staged.columns)).from_(table_ref(staged))


def _moved(config: Config, run: Run) -> exp.Select:
    """People whose masks differ: what they are, and what changed. Who is new was, who is gone is in no segment."""
    person = call("coalesce", column("person_id", _NEW), column("person_id", _OLD))
    columns, differences = [exp.alias_(person, "person_id")], []
    for name in _masks(config, run):
        was, now = (call("coalesce", column(name, side), literal(0, Type.BIGINT)) for side in (_OLD, _NEW))
        changed = call("bitwise_xor", was, now)
        columns += [exp.alias_(now.copy(), f"now_{name}"), exp.alias_(changed, f"changed_{name}")]
        differences.append(exp.NEQ(this=was.copy(), expression=now.copy()))
    accepted = table_ref(masks_table("curated", config, run), _OLD)
    same = column("person_id", _OLD).eq(column("person_id", _NEW))
    query = exp.select(*columns).from_(table_ref(masks_table("staging", config, run), _NEW))
    return query.join(accepted, on=same, join_type="full outer").where(exp.or_(*differences))


def _differing(masks: list[str]) -> exp.Select:
    """Each such person and mask that differs, so that only its own segments are looked at."""
    now, changed = (_of_mask(side, masks) for side in ("now", "changed"))
    columns = (column("person_id", "moved"), column("mask", "masks"), now.as_("now"), changed.as_("changed"))
    query = exp.select(*columns).from_(table_ref("moved")).join(table_ref("masks"), join_type="cross")
    return query.where(exp.NEQ(this=changed.copy(), expression=literal(0, Type.BIGINT)))


def _of_mask(side: str, masks: list[str]) -> exp.Condition:
    value = exp.Case(this=column("mask", "masks"))
    for number, name in enumerate(masks):
        value = value.when(literal(number, Type.BIGINT), column(f"{side}_{name}", "moved"))
    return value


def _bit(mask: exp.Condition) -> exp.Condition:
    return call("bitwise_and", mask, column("place", "bits")).neq(0)


def _bits(bits: Mapping[str, int]) -> exp.Select:
    """Segments with their mask and place."""
    rows = (
        (
            literal(name, Type.STRING),
            literal(bits[name] // BITS_PER_MASK, Type.BIGINT),
            literal(place(bits[name]), Type.BIGINT),
        )
        for name in sorted(bits)
    )
    return value_rows("bits", ("segment", "mask", "place"), rows)


def _masks(config: Config, run: Run) -> list[str]:
    return [one.name for one in masks_table("staging", config, run).columns[1:]]


def _when(run: Run) -> list[exp.Expr]:
    return [exp.alias_(literal(run.id, Type.STRING), "run_id"), exp.alias_(timestamp_literal(run.as_of), "at")]


def _nothing(table: Table) -> exp.Select:
    return no_rows((one.name, one.type) for one in table.columns)
