"""Segments become one statement: facts that are asked once, then a predicate per segment over them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from kumitate.config.project import Config
from kumitate.model.step import Query, Run
from kumitate.model.table import Type
from kumitate.segments.facts import FACTS, Facts
from kumitate.segments.masks import mask_name, place
from kumitate.segments.order import ahead, needed, rests_on
from kumitate.segments.predicates import Predicates
from kumitate.segments.tables import assign_bits, masks_table
from kumitate.sql.conditions import certain, located
from kumitate.sql.shapes import case, with_ctes
from kumitate.sql.vocabulary import column, literal, table_ref, text


@dataclass(frozen=True, slots=True)
class SegmentScan:
    """`rows` holds one row per person; each segment's predicate says whether that person is a member."""

    parts: tuple[tuple[str, exp.Query], ...]
    rows: str
    predicates: dict[str, exp.Condition]


def compile_segments(config: Config, run: Run, names: Iterable[str]) -> SegmentScan:
    """The scan that decides `names`; segments that others rest on become columns, level by level."""
    levels = needed(config, names)
    in_order = sorted(levels, key=lambda name: (levels[name], name))
    facts = Facts(config, run)
    rested_on = {below for name in in_order for below in rests_on(config, name)}
    members = {name: facts.free_name(f"in_{name}") for name in in_order if name in rested_on}
    predicates = {name: _predicate(name, Predicates(facts, members)) for name in in_order}
    parts, rows = facts.parts(), FACTS
    for level in sorted({levels[name] for name in members}):
        known = {members[name]: predicates[name] for name in members if levels[name] == level}
        parts.append((f"members_{level}", _with_members(rows, known)))
        rows = f"members_{level}"
    settled = {name: column(members[name]) if name in members else predicates[name] for name in in_order}
    return SegmentScan(tuple(parts), rows, settled)


def masks_query(config: Config, run: Run) -> exp.Select:
    """`staging.segment_masks`: one row per profile, all its segments as bits."""
    scan = compile_segments(config, run, config.segments)
    bits = assign_bits(config, run)
    masks: dict[str, list[exp.Condition]] = {one.name: [] for one in masks_table("staging", config, run).columns[1:]}
    for name in sorted(config.segments, key=bits.__getitem__):
        member = literal(place(bits[name]), Type.BIGINT)
        masks[mask_name(bits[name])].append(case(scan.predicates[name], member, literal(0, Type.BIGINT)))
    columns = (exp.alias_(exp.cast(_sum(parts), Type.BIGINT), name) for name, parts in masks.items())
    query = exp.select(column("person_id"), *columns).from_(table_ref(scan.rows))
    return with_ctes(query, scan.parts)


def segment_query(config: Config, run: Run, name: str) -> Query:
    """One segment's members by themselves: what `kumitate explain` prints, and the same people as in the scan."""
    scan = compile_segments(config, run, (name,))
    query = exp.select(column("person_id")).from_(table_ref(scan.rows)).where(scan.predicates[name])
    return Query(f"segment_{name}", text(with_ctes(query, scan.parts), copy=False))


def _predicate(name: str, predicates: Predicates) -> exp.Condition:
    config = predicates.facts.config
    with located(f"segments.{name}"):
        own = predicates.of(config.segments[name].when)
    others = (exp.not_(column(predicates.members[other])) for other in ahead(config, name))
    return exp.and_(own, *others)


def _with_members(rows: str, known: dict[str, exp.Condition]) -> exp.Select:
    every_column = exp.Column(this=exp.Star(), table=exp.to_identifier(rows))
    columns = (exp.alias_(certain(predicate), name) for name, predicate in known.items())
    return exp.select(every_column, *columns).from_(table_ref(rows))


def _sum(parts: list[exp.Condition]) -> exp.Condition:
    total: exp.Condition = literal(0, Type.BIGINT) if not parts else parts[0]
    for part in parts[1:]:
        total = exp.Add(this=total, expression=part)
    return total
