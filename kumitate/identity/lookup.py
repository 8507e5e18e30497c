"""The lookup: which person is behind a value, for whoever has no time to ask the lake twice.

Values are hashed, so that the table can lie where profiles are served without being a list of addresses. What many
share is left out, and so is what several persons have: a lookup never guesses.
"""

from __future__ import annotations

from kumitate.config.project import Config
from kumitate.identity.anonymous import anonymous_kinds
from kumitate.identity.entity_tables import LOOKUP, SESSIONS
from kumitate.identity.identifiers import RULE_PREFIX
from kumitate.identity.statements import bound, statement
from kumitate.identity.tables import IDENTIFIERS, PERSON_ALIASES, PERSON_RECORDS, SHARED
from kumitate.model.step import Query, QueryStep, Step

PERSON_ID = "person_id"
"""The kind of the persons' own ids, those that hold and those that went into another."""


def lookup_steps(config: Config) -> tuple[Step, ...]:
    return (QueryStep(LOOKUP, _lookup(config)),)


def _lookup(config: Config) -> Query:
    """A device that somebody logs in on is that person's for a time only, so it is no answer here."""
    changing_hands = f"union all select distinct kind, value from {SESSIONS}" if anonymous_kinds(config) else ""
    return statement(
        "profile_lookup",
        f"""
        with silent as (select kind, value from {SHARED} where reason not like 'limit:%' {changing_hands}),
        held_by as ({_HELD_BY}),
        known as (
            select kind, value, first_person as person_id from held_by where first_person = last_person
            union all
            {_IDS}
        )
        select kind, lower(to_hex(sha256(to_utf8(value)))) as value_hash, person_id
        from known
        """,
    )


_HELD_BY = f"""
    select i.kind, i.value, min(r.person_id) as first_person, max(r.person_id) as last_person
    from {IDENTIFIERS} as i
    join {PERSON_RECORDS} as r on r.record = i.record
    left join silent as s on s.kind = i.kind and s.value = i.value
    where s.kind is null and i.kind not like {bound(RULE_PREFIX + "%")}
    group by i.kind, i.value
"""
_IDS = f"""
    select distinct {bound(PERSON_ID)} as kind, person_id as value, person_id from {PERSON_RECORDS}
    union all
    select {bound(PERSON_ID)} as kind, alias as value, person_id from {PERSON_ALIASES}
"""
