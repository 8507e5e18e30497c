"""Values that merge nobody: placeholders, and what so many records or people have that it tells nobody apart.

Guards look at all of a value's records at once, so the order in which records arrive changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.identity.identifiers import RULE_PREFIX, identified_sources, record_sql
from kumitate.identity.patterns import matches
from kumitate.identity.statements import any_of, bound, quoted, statement, union_all
from kumitate.identity.tables import IDENTIFIERS
from kumitate.model.step import Query
from kumitate.model.table import Type


def shared_query(config: Config) -> Query:
    """One row per value that merges nobody, with its first reason in the order blocked, too many, shared."""
    findings = "\nunion all\n".join((_BLOCKED, _too_many(config), *_shared_by(config)))
    return statement(
        "shared",
        f"""
        with blocked as (
            select distinct kind, value
            from {IDENTIFIERS}
            where {any_of(_patterns(config))}
        ),
        sizes as (
            select kind, value, count(*) as records
            from {IDENTIFIERS}
            group by kind, value
        ),
        findings as ({findings})
        select f.kind, f.value, min_by(f.reason, f.place) as reason, max(s.records) as records
        from findings as f
        join sizes as s on s.kind = f.kind and s.value = f.value
        group by f.kind, f.value
        """,
    )


_BLOCKED = "select kind, value, 'blocked' as reason, 0 as place from blocked"


def _patterns(config: Config) -> Iterator[str]:
    for kind, spec in config.person.identifiers.items():
        if spec.blocked:
            yield f"kind = {bound(kind)} and ({matches('value', spec.blocked)})"


def _too_many(config: Config) -> str:
    limits = {kind: spec.max_records for kind, spec in config.person.identifiers.items() if spec.max_records}
    limits |= {RULE_PREFIX + rule: spec.max_records for rule, spec in config.person.rules.items()}
    over = (f"kind = {bound(kind)} and records > {bound(most, Type.BIGINT)}" for kind, most in limits.items())
    return f"select kind, value, 'too_many_records' as reason, 1 as place from sizes where {any_of(over)}"


def _shared_by(config: Config) -> Iterator[str]:
    limits = (
        (kind, what, most)
        for kind, spec in config.person.identifiers.items()
        for what, most in sorted(spec.max_distinct.items())
    )
    for place, (kind, what, most) in enumerate(limits, start=2):
        yield f"""
            select i.kind, i.value, {bound(f"shared_by:{what}")} as reason, {place} as place
            from {IDENTIFIERS} as i
            join ({_witnesses(config, what)}) as w on w.record = i.record
            where i.kind = {bound(kind)}
            group by i.kind, i.value
            having count(distinct w.value) > {bound(most, Type.BIGINT)}
            """


def _witnesses(config: Config, what: str) -> str:
    """What each record says of `what`: an identifier kind (blocked values say nothing) or else an attribute."""
    if what in config.person.identifiers:
        return f"""
            select i.record, i.value
            from {IDENTIFIERS} as i
            left join blocked as b on b.kind = i.kind and b.value = i.value
            where i.kind = {bound(what)} and b.kind is null
            """
    tables = {name: clean_table(name, source) for name, source in identified_sources(config).items()}
    selects = (
        f"""
        select distinct {record_sql(name)} as record, nullif(cast({quoted(what)} as varchar), '') as value
        from {table}
        """
        for name, table in tables.items()
        if table.column(what)
    )
    return union_all(selects, (IDENTIFIERS.columns[0], IDENTIFIERS.columns[2]))
