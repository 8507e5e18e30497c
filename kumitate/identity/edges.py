"""Why two records are one person: each value that identifies ties all its records to the smallest of them.

A star per value costs one edge a record, where pairs would cost their square, and connects the same.
"""

from __future__ import annotations

from kumitate.identity.statements import statement
from kumitate.identity.tables import IDENTIFIERS, SHARED
from kumitate.model.step import Query


def edges_query() -> Query:
    """Edges over every value that is not shared."""
    return statement(
        "edges",
        f"""
        with identifying as (
            select i.record, i.kind, i.value
            from {IDENTIFIERS} as i
            left join {SHARED} as s on s.kind = i.kind and s.value = i.value
            where s.kind is null
        ),
        centres as (
            select kind, value, min(record) as record
            from identifying
            group by kind, value
        )
        select distinct c.record as left_record, i.record as right_record, i.kind as rule
        from identifying as i
        join centres as c on c.kind = i.kind and c.value = i.value
        where i.record <> c.record
        """,
    )
