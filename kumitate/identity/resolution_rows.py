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
    names, held = today.names, resolution.held
    kinds = pa.array([*today.kinds, *OTHER_KINDS.values()], pa.large_string())
    edges, review, links = resolution.edges, resolution.review, today.evidence.links
    guarded = _guarded_holders(resolution, today)
    held_texts = texts(held.kind, held.value)
    parts = (
        _part(
            "record",
            record=names,
            person=names.take(pa.array(resolution.component)),
            tied=names.take(pa.array(resolution.tied)),
            signature=pa.array(today.signature, pa.int64()),
        ),
        _part(
            "edge",
            record=names.take(pa.array(edges.left)),
            other_record=names.take(pa.array(edges.right)),
            kind=kinds.take(pa.array(np.where(edges.kind < 0, len(today.kinds) - 1 - edges.kind, edges.kind))),
            probability=pa.array(edges.probability),
        ),
        _part(
            "held",
            kind=kinds.take(pa.array(held.kind)),
            value=held_texts,
            reason=pa.array(held.reason, pa.string()),
            records=pa.array(held.records, pa.int64()),
        ),
        _part(
            "holder",
            record=names.take(pa.array(today.values.keys.record[guarded[0]])),
            kind=kinds.take(pa.array(held.kind[guarded[1]])),
            value=held_texts.take(pa.array(guarded[1])),
        ),
        _part(
            "review",
            record=names.take(pa.array(review.left)),
            other_record=names.take(pa.array(review.right)),
            probability=pa.array(review.probability, mask=np.isnan(review.probability)),
        ),
        _part(
            "link",
            record=names.take(pa.array(links.left)),
            other_record=names.take(pa.array(links.right)),
            reason=pa.array(np.where(links.must, "must", "cannot").tolist(), pa.string()),
        ),
        _part("rules", reason=pa.array([today.rules][: len(names)], pa.string())),
    )
    return pa.concat_tables(parts)


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
