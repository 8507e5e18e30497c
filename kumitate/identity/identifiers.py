"""What each record says about who it is: its identifiers, and the values its compound rules compare."""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.cleanse.tables import RECORD_ID, clean_table
from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.identity.anonymous import anonymous_columns, anonymous_value
from kumitate.identity.patterns import matches
from kumitate.identity.statements import bound, quoted, statement, union_all
from kumitate.identity.tables import IDENTIFIERS, PERSON_RECORDS
from kumitate.model.step import Query

RULE_PREFIX = "rule:"
_BETWEEN = "\x1f"
"""Between the parts of a compound value; cleansing leaves no control character in any of them."""


def identified_sources(config: Config) -> dict[str, Source]:
    """The sources whose records belong to persons, by name."""
    return {name: config.sources[name] for name in sorted(config.sources) if config.sources[name].identifiers}


def record_sql(source: str, table: str = "") -> str:
    """A record's name as SQL, e.g. `'members/' || "_record_id"`."""
    prefix = f"{table}." if table else ""
    return f"{bound(source + '/')} || {prefix}{quoted(RECORD_ID.name)}"


def identifiers_query(config: Config) -> Query:
    """One row per record, kind and value; a blank value says nothing."""
    selects = (_identifiers_of(config, name, source) for name, source in identified_sources(config).items())
    return statement(
        "identifiers",
        f"""
        with stated as ({union_all(selects, IDENTIFIERS.columns)})
        select record, kind, value
        from stated
        where value is not null
        """,
    )


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
            case k.kind {cases} end as value
        from {clean_table(name, source)} as c
        cross join (values {kinds}) as k(kind)
        where c.{quoted(RECORD_ID.name)} is not null
        """


def _values(config: Config, name: str, source: Source) -> Iterator[tuple[str, str]]:
    """Kind and SQL of each value; compound rules look at records only, an event is no description of a person."""
    table = clean_table(name, source)
    anonymous = anonymous_columns(config, source)
    for kind, column in source.identifiers.items():
        stated = _stated(column)
        yield kind, anonymous_value(config, source, stated) if kind in anonymous else stated
    for rule, spec in config.person.rules.items():
        if source.kind == "records" and all(table.column(column) for column in spec.match):
            parts = (_telling(config, source, column) for column in spec.match)
            yield RULE_PREFIX + rule, f" || {bound(_BETWEEN)} || ".join(parts)


def _stated(column: str) -> str:
    return f"nullif(cast(c.{quoted(column)} as varchar), '')"


def _telling(config: Config, source: Source, column: str) -> str:
    """A column's value unless it is blocked as an identifier: a placeholder tells no more in company than alone."""
    kinds = (config.person.identifiers[kind] for kind, held_in in source.identifiers.items() if held_in == column)
    patterns = [pattern for kind in kinds for pattern in kind.blocked]
    if not patterns:
        return _stated(column)
    return f"case when not ({matches(_stated(column), patterns)}) then {_stated(column)} end"
