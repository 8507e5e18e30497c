"""What each record says about who it is: its identifiers, and the values its compound rules compare."""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.cleanse.tables import RECORD_ID, clean_column, clean_table
from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.identity.anonymous import anonymous_kinds, anonymous_value
from kumitate.identity.compared_names import compared_sql, is_name
from kumitate.identity.graph_rules import RULE_PREFIX as RULE_PREFIX  # others take it from here
from kumitate.identity.graph_rules import kind_names, telling_attributes, witness_names
from kumitate.identity.patterns import matches
from kumitate.identity.statements import any_of, bound, quoted, statement, union_all
from kumitate.identity.tables import IDENTIFIERS, PERSON_RECORDS, STATED
from kumitate.model.step import Query, Run
from kumitate.model.table import Column, Type

WITNESS_PREFIX = "attribute:"
"""Before an attribute's name, where it stands as a kind that only guards look at."""

_BETWEEN = "\x1f"
"""Between the parts of a compound value; cleansing leaves no control character in any of them."""


def identified_sources(config: Config) -> dict[str, Source]:
    """The sources whose records belong to persons, by name."""
    return {name: config.sources[name] for name in sorted(config.sources) if config.sources[name].identifiers}


def record_sql(source: str, table: str = "") -> str:
    """A record's name as SQL, e.g. `'members/' || "_record_id"`."""
    prefix = f"{table}." if table else ""
    return f"{bound(source + '/')} || {prefix}{quoted(RECORD_ID.name)}"


def stated_query(config: Config, run: Run) -> Query:
    """One row per record, kind and value, with when it was first and last said; a blank value says nothing.

    What was known of these times before stays known, though the source should deliver it no more. What only guards
    look at has no times.
    """
    selects = (_identifiers_of(config, name, source) for name, source in identified_sources(config).items())
    clock = bound(run.as_of, Type.TIMESTAMP)
    is_kept = f"s.kind not like {bound(WITNESS_PREFIX + '%')}"
    return statement(
        "stated",
        f"""
        with delivered as ({union_all(selects, _DELIVERED)}),
        stated as (
            select record, kind, value, min(at) as first_at, max(at) as last_at
            from delivered
            where value is not null
            group by record, kind, value
        )
        select
            s.record, s.kind, s.value,
            case when {is_kept} then
                coalesce(case when b.first_seen < s.first_at then b.first_seen end, s.first_at, b.first_seen, {clock})
            end as first_seen,
            case when {is_kept} then
                coalesce(case when b.last_seen > s.last_at then b.last_seen end, s.last_at, b.last_seen, {clock})
            end as last_seen,
            {_is_blocked(config)} as is_blocked
        from stated as s
        left join {IDENTIFIERS} as b on b.record = s.record and b.kind = s.kind and b.value = s.value
        """,
    )


_DELIVERED = (*IDENTIFIERS.columns[:3], Column("at", Type.TIMESTAMP))


def kinds_as_stated(config: Config) -> tuple[str, ...]:
    """The kinds of `project_rules`, as `staging.identifiers` names them."""
    telling = telling_attributes(config)
    witnesses = witness_names(config.person, telling)
    names = kind_names(config.person, telling)
    return (*names[: len(names) - len(witnesses)], *(WITNESS_PREFIX + name for name in witnesses))


def identifiers_query() -> Query:
    """What is stated, but for attributes that only guards look at."""
    columns = ", ".join(column.name for column in IDENTIFIERS.columns)
    witness = bound(WITNESS_PREFIX + "%")
    return statement("identifiers", f"select {columns} from {STATED} where kind not like {witness}")


def _is_blocked(config: Config) -> str:
    kinds = ((kind, spec.blocked) for kind, spec in config.person.identifiers.items() if spec.blocked)
    return any_of(f"s.kind = {bound(kind)} and ({matches('s.value', blocked)})" for kind, blocked in kinds)


def records_query(config: Config) -> Query:
    """Every record that belongs to a person, also one that says nothing about who it is."""
    selects = (
        f"""
        select distinct
            {record_sql(name)} as record,
            {bound(name)} as source,
            {quoted(RECORD_ID.name)} as record_id
        from {clean_table(name, source)}
        where {quoted(RECORD_ID.name)} is not null
        """
        for name, source in identified_sources(config).items()
    )
    return statement("records", union_all(selects, PERSON_RECORDS.columns[:3]))


def _identifiers_of(config: Config, name: str, source: Source) -> str:
    values = dict(_values(config, name, source))
    cases = "\n".join(f"when {bound(kind)} then {value}" for kind, value in values.items())
    kinds = ", ".join(f"({bound(kind)})" for kind in values)
    return f"""
        select distinct
            {record_sql(name, "c")} as record,
            k.kind,
            case k.kind {cases} end as value,
            {_moment(source)} as at
        from {clean_table(name, source)} as c
        cross join (values {kinds}) as k(kind)
        where c.{quoted(RECORD_ID.name)} is not null
        """


def _moment(source: Source) -> str:
    """When the row says it; null where the source has no column that tells."""
    column = source.updated_at if source.kind == "records" else source.time
    at = clean_column(source, column) if column else None
    if at is None or at.type not in (Type.TIMESTAMP, Type.DATE):
        return bound(None, Type.TIMESTAMP)
    return f"cast(c.{quoted(at.name)} as timestamp)"


def _values(config: Config, name: str, source: Source) -> Iterator[tuple[str, str]]:
    """Kind and SQL of each value; compound rules look at records only, an event is no description of a person."""
    table = clean_table(name, source)
    anonymous = anonymous_kinds(config)
    for kind, column in source.identifiers.items():
        yield kind, anonymous_value(config, source, _stated(column)) if kind in anonymous else _stated(column)
    for rule, spec in config.person.rules.items():
        if source.kind == "records" and all(table.column(column) for column in spec.match):
            parts = (_telling(config, source, column) for column in spec.match)
            yield RULE_PREFIX + rule, f" || {bound(_BETWEEN)} || ".join(parts)
    for attribute in witness_names(config.person, telling_attributes(config)):
        if table.column(attribute):
            yield WITNESS_PREFIX + attribute, _compared(source, attribute)


def _stated(column: str) -> str:
    return f"nullif(cast(c.{quoted(column)} as varchar), '')"


def _compared(source: Source, column: str) -> str:
    """A column's value as it is held against others: names however they are written."""
    return compared_sql(_stated(column)) if is_name(source, column) else _stated(column)


def _telling(config: Config, source: Source, column: str) -> str:
    """A column's value unless it is blocked as an identifier: a placeholder tells no more in company than alone."""
    kinds = (config.person.identifiers[kind] for kind, held_in in source.identifiers.items() if held_in == column)
    patterns = [pattern for kind in kinds for pattern in kind.blocked]
    if not patterns:
        return _compared(source, column)
    return f"case when not ({matches(_stated(column), patterns)}) then {_compared(source, column)} end"
