"""What was decided, as rows of `staging.resolved`, and the queries that tell them apart again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from kumitate.identity.graph.guards import is_guard
from kumitate.identity.graph.model import MODEL, STEWARD, Hashes, Integers, Resolution
from kumitate.identity.graph.values import packed_names
from kumitate.identity.resolution_past import Today
from kumitate.identity.statements import statement
from kumitate.identity.tables import EDGES, RESOLVED, REVIEW, SHARED
from kumitate.model.step import Query, QueryStep, Step

Texts = Callable[[Integers, Hashes], pa.Array]
"""The texts of values, given their kinds and hashes."""

OTHER_KINDS = {MODEL: "model", STEWARD: "steward"}


def rows_of(resolution: Resolution, today: Today, texts: Texts) -> pa.Table:
    """One table of all parts; columns that a part has not are empty."""
    rules = _part("rules", reason=pa.array([today.rules][: len(today.names)], pa.string()))
    held = _held(resolution, today, texts)
    return pa.concat_tables(
        [
            _records(resolution, today),
            _edges(resolution, today),
            *held,
            _review(resolution, today),
            _links(today),
            rules,
        ]
    )


def _names(today: Today, positions: Integers) -> pa.Array:
    return today.names.take(pa.array(positions))


def _kinds(today: Today, numbers: Integers) -> pa.Array:
    """Kinds by name, those of edges that come from no key after the others."""
    kinds = pa.array([*today.kinds, *OTHER_KINDS.values()], pa.large_string())
    return kinds.take(pa.array(np.where(numbers < 0, len(today.kinds) - 1 - numbers, numbers)))


def _records(resolution: Resolution, today: Today) -> pa.Table:
    return _part(
        "record",
        record=today.names,
        person=_names(today, resolution.component),
        tied=_names(today, resolution.tied),
        signature=pa.array(today.signature, pa.int64()),
    )


def _edges(resolution: Resolution, today: Today) -> pa.Table:
    edges = resolution.edges
    return _part(
        "edge",
        record=_names(today, edges.left),
        other_record=_names(today, edges.right),
        kind=_kinds(today, edges.kind),
        probability=pa.array(edges.probability),
    )


def _held(resolution: Resolution, today: Today, texts: Texts) -> tuple[pa.Table, pa.Table]:
    """The values that are held, and who holds those that guards hold."""
    held = resolution.held
    rows, number = _guarded_holders(resolution, today)
    kinds, values = _kinds(today, held.kind), texts(held.kind, held.value)
    said = _part(
        "held",
        kind=kinds,
        value=values,
        reason=pa.array(held.reason, pa.string()),
        records=pa.array(held.records, pa.int64()),
    )
    holders = _part(
        "holder",
        record=_names(today, today.values.keys.record[rows]),
        kind=kinds.take(pa.array(number)),
        value=values.take(pa.array(number)),
    )
    return said, holders


def _review(resolution: Resolution, today: Today) -> pa.Table:
    review = resolution.review
    return _part(
        "review",
        record=_names(today, review.left),
        other_record=_names(today, review.right),
        probability=pa.array(review.probability, mask=np.isnan(review.probability)),
    )


def _links(today: Today) -> pa.Table:
    links = today.evidence.links
    return _part(
        "link",
        record=_names(today, links.left),
        other_record=_names(today, links.right),
        reason=pa.array(np.where(links.must, "must", "cannot").tolist(), pa.string()),
    )


def _guarded_holders(resolution: Resolution, today: Today) -> tuple[Integers, Integers]:
    """Rows of the values that guards hold, and which of the held values each is of."""
    held = resolution.held
    number = np.flatnonzero(is_guard(held))
    packed = packed_names(held.kind[number], held.value[number])
    order = np.argsort(packed)
    rows = today.values.find(packed[order])
    return rows, number[order][np.searchsorted(packed[order], today.values.packed[rows])]


def _part(name: str, **columns: Any) -> pa.Table:
    length = len(next(iter(columns.values())))
    columns["part"] = pa.array([name], pa.string()).take(pa.array(np.zeros(length, np.int64)))
    return pa.table(
        [
            columns[field.name].cast(field.type) if field.name in columns else pa.nulls(length, field.type)
            for field in RESOLVED.schema
        ],
        schema=RESOLVED.schema,
    )


def publishing_steps() -> tuple[Step, ...]:
    """Each part of what was decided, in the table that people read."""
    return (
        QueryStep(
            SHARED,
            statement("shared", f"select kind, value, reason, records from {RESOLVED} where part = 'held'"),
        ),
        QueryStep(
            EDGES,
            statement(
                "edges",
                f"""
                select distinct record as left_record, other_record as right_record, kind as rule, probability
                from {RESOLVED}
                where part = 'edge'
                """,
            ),
        ),
        QueryStep(
            REVIEW,
            statement(
                "review_queue",
                f"""
                select record as left_record, other_record as right_record, max(probability) as probability
                from {RESOLVED}
                where part = 'review'
                group by record, other_record
                """,
            ),
        ),
    )


def before_query() -> Query:
    """All that the run before decided."""
    columns = ", ".join(column.name for column in RESOLVED.columns)
    return statement("before", f"select {columns} from {RESOLVED}")
