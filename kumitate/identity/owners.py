"""Whose the rows of a record are, by time: an anonymous record's events belong to whoever logged in near them.

Only sources whose records may be anonymous are here; of the others each record has its person at all times.
"""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.cleanse.tables import RECORD_ID, clean_table
from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.identity.anonymous import anonymous_columns, anonymous_kinds, anonymous_value, stated
from kumitate.identity.entity_tables import OWNERS, SESSIONS
from kumitate.identity.statements import bound, quoted, statement, union_all
from kumitate.identity.tables import PERSON_RECORDS
from kumitate.model.step import Query, QueryStep, Step
from kumitate.model.table import Column, Type

_STATED = (
    Column("source", Type.STRING),
    Column("record_id", Type.STRING),
    Column("kind", Type.STRING),
    Column("value", Type.STRING),
    Column("place", Type.BIGINT),
)


def owned_sources(config: Config) -> dict[str, Source]:
    """The sources whose rows change hands with time, by name."""
    return {name: config.sources[name] for name in sorted(config.sources) if _is_owned(config, config.sources[name])}


def _is_owned(config: Config, source: Source) -> bool:
    return bool(anonymous_columns(config, source)) and bool(source.time or source.updated_at)


def owner_steps(config: Config) -> tuple[Step, ...]:
    """`curated.record_owners`; nothing where no kind of identifier has a span."""
    if not anonymous_kinds(config):
        return ()
    return (QueryStep(OWNERS, _owners(config)),)


def _owners(config: Config) -> Query:
    """Per record spans without gap or overlap: a login's, and between them those of the record's own person."""
    names = ", ".join(bound(name) for name in owned_sources(config)) or "''"
    return statement(
        "record_owners",
        f"""
        with stated as ({union_all(_stated(config), _STATED)}),
        followed as ({_FOLLOWED}),
        taken as ({_TAKEN}),
        own as (select source, record_id, person_id from {PERSON_RECORDS} where source in ({names}))
        select source, record_id, person_id, from_at, to_at from taken
        union all
        {_BETWEEN}
        union all
        select o.source, o.record_id, o.person_id, {_EVER} as from_at, {_EVER} as to_at
        from own as o
        left join followed as f on f.source = o.source and f.record_id = o.record_id
        where f.source is null
        """,
    )


_EVER = bound(None, Type.TIMESTAMP)

_FOLLOWED = f"""
    select source, record_id, kind, value
    from (
        select s.source, s.record_id, s.kind, s.value,
            row_number() over (partition by s.source, s.record_id order by s.place) as place
        from stated as s
        join (select distinct kind, value from {SESSIONS}) as d on d.kind = s.kind and d.value = s.value
    ) as ranked
    where place = 1
"""
"""A record of several devices goes by the first kind, as they are declared, that somebody logged in with."""

_TAKEN = f"""
    select f.source, f.record_id, s.person_id, s.from_at, s.to_at,
        lag(s.to_at) over (partition by f.source, f.record_id order by s.from_at) as before_at,
        lead(s.from_at) over (partition by f.source, f.record_id order by s.from_at) as after_at
    from followed as f
    join {SESSIONS} as s on s.kind = f.kind and s.value = f.value
"""

_BETWEEN = f"""
    select t.source, t.record_id, o.person_id, t.before_at as from_at, t.from_at as to_at
    from taken as t
    join own as o on o.source = t.source and o.record_id = t.record_id
    where t.before_at is null or t.before_at < t.from_at
    union all
    select t.source, t.record_id, o.person_id, t.to_at as from_at, {_EVER} as to_at
    from taken as t
    join own as o on o.source = t.source and o.record_id = t.record_id
    where t.after_at is null
"""


def _stated(config: Config) -> Iterator[str]:
    """The anonymous ids of each source's anonymous records."""
    places = {kind: place for place, kind in enumerate(anonymous_kinds(config))}
    for name, source in owned_sources(config).items():
        for kind, column in anonymous_columns(config, source).items():
            value = anonymous_value(config, source, stated(column))
            yield f"""
                select distinct
                    {bound(name)} as source,
                    c.{quoted(RECORD_ID.name)} as record_id,
                    {bound(kind)} as kind,
                    {value} as value,
                    {bound(places[kind], Type.BIGINT)} as place
                from {clean_table(name, source)} as c
                where c.{quoted(RECORD_ID.name)} is not null and {value} is not null
                """
