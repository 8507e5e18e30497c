"""The questions of an audit as SQL: over the rows as text, and over the identifiers that were made of them."""

from __future__ import annotations

from kumitate.identity.tables import IDENTIFIERS, SHARED
from kumitate.model.step import Query
from kumitate.model.table import Table, Type, columns

SHARED_BY = 3
"""A value beside more different names than this belongs to no one of them."""


def rows_table(width: int) -> Table:
    """`audit.rows`: the file's columns by place, `c1`, `c2`, …; texts, blank ones null."""
    return Table("audit", "rows", columns(**{column_at(place): Type.STRING for place in range(width)}))


def column_at(place: int) -> str:
    return f"c{place + 1}"


STATED = Table("audit", "stated", columns(kind=Type.STRING, value=Type.STRING, held=Type.BIGINT))
"""Clean identifiers of the file, each once per kind, with the rows that hold it."""


def figures(column: str) -> Query:
    """One row: how many values there are, how many of them distinct, how long they are, which stand twice."""
    return Query(
        "figures",
        f"""
        select
            count(*) as distinct_values,
            coalesce(sum(held), 0) as filled,
            coalesce(sum(case when held > 1 then 1 else 0 end), 0) as repeated_values,
            coalesce(sum(case when held > 1 then held else 0 end), 0) as rows_of_repeated,
            coalesce(min(shortest), 0) as shortest,
            coalesce(max(shortest), 0) as longest
        from (
            select count(*) as held, min(length({column})) as shortest
            from audit.rows
            where {column} is not null
            group by {column}
        ) as each_value
        """,
    )


def commonest(column: str, most: int) -> Query:
    """The column's distinct values and the rows of each, the commonest first."""
    return Query(
        "commonest",
        f"""
        select {column} as value, count(*) as held
        from audit.rows
        where {column} is not null
        group by {column}
        order by held desc, value
        limit {most}
        """,
    )


def every_value(column: str) -> Query:
    return Query(
        "every_value",
        f"select {column} as value, count(*) as held from audit.rows where {column} is not null group by {column}",
    )


def shared_by(column: str, witness: str) -> Query:
    """One row: values that stand beside more than three different ones of `witness`, and the rows they are on."""
    return Query(
        "shared_by",
        f"""
        select count(*) as shared_values, coalesce(sum(held), 0) as held
        from (
            select count(*) as held
            from audit.rows
            where {column} is not null
            group by {column}
            having count(distinct lower({witness})) > {SHARED_BY}
        ) as shared
        """,
    )


def known() -> Query:
    """Per kind: values and rows that the lake's identifiers know; rows whose value it holds for shared."""
    return Query(
        "known",
        f"""
        with met as (select distinct kind, value from {IDENTIFIERS}),
        useless as (select distinct kind, value from {SHARED})
        select
            s.kind,
            count(*) as stated_values,
            sum(s.held) as held,
            sum(case when m.value is not null then 1 else 0 end) as known_values,
            sum(case when m.value is not null then s.held else 0 end) as known_rows,
            sum(case when u.value is not null then s.held else 0 end) as shared_rows
        from {STATED} as s
        left join met as m on m.kind = s.kind and m.value = s.value
        left join useless as u on u.kind = s.kind and u.value = s.value
        group by s.kind
        """,
    )
