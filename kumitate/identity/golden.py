"""The golden record: per attribute the best value among a person's records, and which record it came from.

Every policy becomes one number per record and attribute, lower is better, unique within the person; the value with
the lowest number wins. So one pass over the records decides all attributes, and ties cannot occur.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kumitate.cleanse.tables import RECORD_ID, clean_table
from kumitate.config.identity import Attribute
from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.identity.identifiers import identified_sources
from kumitate.identity.statements import bound, quoted, statement, union_all
from kumitate.identity.tables import PERSON_RECORDS, PROVENANCE, golden_table
from kumitate.model.step import Query
from kumitate.model.table import Column, Type

_STEP = 1_000_000_000
"""More than any person has rows: a better class beats every recency within a worse one."""

_ROW = (
    Column("person_id", Type.STRING),
    Column("_record", Type.STRING),
    Column("_source", Type.STRING),
    Column("_at", Type.TIMESTAMP),
    Column("_delivery_id", Type.STRING),
    Column("_line", Type.BIGINT),
)


def golden_query(config: Config) -> Query:
    """One row per person, also one whose records have none of the attributes."""
    attributes = _attributes(config)
    persons = f"""
        persons as (
            select person_id, count(*) as records, array_sort(array_agg(distinct source)) as sources
            from {PERSON_RECORDS}
            group by person_id
        )
        """
    if not attributes:
        return statement("golden_records", f"with {persons} select person_id, records, sources from persons")
    values = ", ".join(f"min_by({quoted(name)}, {_place(name)}) as {quoted(name)}" for name in attributes)
    return statement(
        "golden_records",
        f"""
        with {_placed(config)},
        {persons},
        best as (select person_id, {values} from placed group by person_id)
        select p.person_id, p.records, p.sources, {", ".join(f"b.{quoted(name)}" for name in attributes)}
        from persons as p
        left join best as b on b.person_id = p.person_id
        """,
    )


def provenance_query(config: Config) -> Query:
    """One row per person and attribute that has a value."""
    attributes = _attributes(config)
    if not attributes:
        return statement("provenance", union_all((), PROVENANCE.columns))
    records = ", ".join(f"min_by(_record, {_place(name)}) as {quoted(name)}" for name in attributes)
    cases = "\n".join(f"when {bound(name)} then b.{quoted(name)}" for name in attributes)
    policies = ", ".join(
        f"({bound(name)}, {bound(attribute.policy)})" for name, attribute in config.person.attributes.items()
    )
    return statement(
        "provenance",
        f"""
        with {_placed(config)},
        best as (select person_id, {records} from placed group by person_id),
        origins as (
            select b.person_id, a.attribute, case a.attribute {cases} end as record, a.policy
            from best as b
            cross join (values {policies}) as a(attribute, policy)
        )
        select person_id, attribute, record, policy
        from origins
        where record is not null
        """,
    )


def contributing_sources(config: Config, attribute: str) -> frozenset[str]:
    """The sources whose values count: those the attribute names, else all records that have it, else events."""
    having = {
        name: source
        for name, source in identified_sources(config).items()
        if clean_table(name, source).column(attribute) is not None
    }
    named = config.person.attributes[attribute].sources
    if named:
        return frozenset(having) & frozenset(named)
    return frozenset(name for name, source in having.items() if source.kind == "records") or frozenset(having)


def _attributes(config: Config) -> Mapping[str, Column]:
    """The golden columns by name, without those that say how many records and sources there are."""
    head = len(golden_table(config).columns) - len(config.person.attributes)
    return {column.name: column for column in golden_table(config).columns[head:]}


def _place(attribute: str) -> str:
    return quoted(f"_place_{attribute}")


def _placed(config: Config) -> str:
    """The CTEs up to `placed`: every row with its values and, per attribute, its place (null without a value)."""
    attributes = _attributes(config)
    values = ", ".join(quoted(name) for name in attributes)
    places = ",\n".join(
        f"case when {quoted(name)} is not null then {_order(name, attribute)} end as {_place(name)}"
        for name, attribute in config.person.attributes.items()
    )
    return f"""
        versions as ({union_all(_versions(config), (*_ROW, *attributes.values()))}),
        recent as (
            select
                person_id, _record, _source, {values},
                cast(row_number() over (
                    partition by person_id
                    order by _at desc nulls last, _record, _delivery_id, _line
                ) as bigint) as _recency
            from versions
        ),
        placed as (select person_id, _record, {values}, {places} from recent)
        """


def _versions(config: Config) -> Iterator[str]:
    """Each source's rows with their person, in the golden record's types."""
    for name in identified_sources(config):
        counted = {a for a in config.person.attributes if name in contributing_sources(config, a)}
        if counted:
            yield _versions_of(config, name, counted)


def _versions_of(config: Config, name: str, counted: set[str]) -> str:
    source = config.sources[name]
    table = clean_table(name, source)
    values = ",\n".join(
        f"{_converted(table.column(attribute) if attribute in counted else None, golden)} as {quoted(attribute)}"
        for attribute, golden in _attributes(config).items()
    )
    return f"""
        select
            p.person_id,
            p.record as _record,
            p.source as _source,
            {_moment(name, source)} as _at,
            c._delivery_id,
            c._line,
            {values}
        from {table} as c
        join {PERSON_RECORDS} as p on p.record_id = c.{quoted(RECORD_ID.name)} and p.source = {bound(name)}
        """


def _moment(name: str, source: Source) -> str:
    """The column that tells the newest version."""
    column = source.updated_at if source.kind == "records" else source.time
    at = clean_table(name, source).column(column) if column else None
    return _converted(at, Column("_at", Type.TIMESTAMP))


def _converted(column: Column | None, golden: Column) -> str:
    """A source's column in the golden column's type: null where it has none, or does not convert."""
    if column is None:
        return bound(None, golden.type)
    value = f"c.{quoted(column.name)}"
    if column.type is golden.type:
        return value
    return f"try_cast({value} as {_SQL_TYPES.get(golden.type, golden.type)})"


_SQL_TYPES = {Type.STRING: "varchar"}


def _order(name: str, attribute: Attribute) -> str:
    match attribute.policy:
        case "most_recent":
            return "_recency"
        case "source_priority":
            return f"{_rank(attribute.sources)} * {_STEP} + _recency"
        case "most_frequent":
            return f"_recency - {_STEP} * count(*) over (partition by person_id, {quoted(name)})"
        case "longest":
            return f"_recency - {_STEP} * cast(length(cast({quoted(name)} as varchar)) as bigint)"


def _rank(sources: tuple[str, ...]) -> str:
    if not sources:
        return "cast(0 as bigint)"
    ranks = "\n".join(f"when {bound(source)} then {rank}" for rank, source in enumerate(sources))
    return f"cast(case _source {ranks} end as bigint)"
