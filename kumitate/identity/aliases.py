"""Ids that went into another person, and whose they are today.

An alias follows the records: it stands for the person who has most of the records that the id had when it went, also
where a later split gave those to somebody else. Where none of these records is left, it goes where the person went
whom it stood for last. So an alias always leads to an id, and never to another alias.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from kumitate.identity.ledger import ASSIGNMENT
from kumitate.identity.statements import statement
from kumitate.identity.tables import PERSON_ALIASES, PERSON_EVENTS, PERSON_HISTORY
from kumitate.model.step import GraphStep, Query

_LONGEST_CHAIN = 10_000


@dataclass(frozen=True, slots=True)
class Ledger:
    """Relations that aliases are found by: who has which record now, the history and events of it, and aliases before.

    `given` are the CTEs that make them, where they are no tables.
    """

    now: str
    history: str
    events: str
    aliases: str
    given: str = ""


def alias_step() -> GraphStep:
    """After the history of this run is written."""
    return GraphStep(PERSON_ALIASES, alias_queries(_PERSONS), aliases)


def alias_queries(ledger: Ledger) -> tuple[Query, Query]:
    """What `aliases` looks at."""
    return _followed(ledger), _last(ledger)


def _followed(ledger: Ledger) -> Query:
    """Per id that merged, the persons who have records today that it had when it went; best first."""
    return statement(
        "followed",
        f"""
        with {_gone(ledger)},
        ended as (
            select h.person_id, max(h.to_run_id) as run_id
            from {ledger.history} as h
            join gone as g on g.alias = h.person_id
            group by h.person_id
        ),
        followed as (
            select e.person_id as alias, n.person_id, count(*) as records, min(n.record) as smallest_record
            from ended as e
            join {ledger.history} as h on h.person_id = e.person_id and h.to_run_id = e.run_id
            join {ledger.now} as n on n.record = h.record
            group by e.person_id, n.person_id
        ),
        placed as (
            select
                alias, person_id,
                row_number() over (partition by alias order by records desc, smallest_record) as place
            from followed
        )
        select alias, person_id
        from placed
        where place = 1
        """,
    )


def _last(ledger: Ledger) -> Query:
    """Per id that merged, into whom first, and whom it stood for at last."""
    return statement(
        "last",
        f"""
        with {_gone(ledger)}
        select g.alias, coalesce(a.person_id, g.person_id) as person_id
        from gone as g
        left join {ledger.aliases} as a on a.alias = g.alias
        """,
    )


def _gone(ledger: Ledger) -> str:
    return f"""
        {ledger.given + "," if ledger.given else ""}
        gone as (
            select other_person_id as alias, min_by(person_id, run_id) as person_id
            from {ledger.events}
            where event = 'merged'
            group by other_person_id
        )
    """


_PERSONS = Ledger(str(ASSIGNMENT), str(PERSON_HISTORY), str(PERSON_EVENTS), str(PERSON_ALIASES))


def aliases(inputs: Mapping[str, pa.Table]) -> pa.Table:
    """Each id that merged, once, with the id that holds now; an id that nobody holds any more stands for itself."""
    followed = _pairs(inputs["followed"])
    last = _pairs(inputs["last"]) | followed
    held = {alias: _end(alias, last, followed) for alias in sorted(last)}
    return pa.table({"alias": list(held), "person_id": list(held.values())}, schema=PERSON_ALIASES.schema)


def _pairs(table: pa.Table) -> dict[str, str]:
    return dict(zip(table["alias"].to_pylist(), table["person_id"].to_pylist(), strict=True))


def _end(alias: str, last: Mapping[str, str], followed: Mapping[str, str]) -> str:
    """Where the records are; else where the person went whom the alias stood for, and so on."""
    person = alias
    for _ in range(_LONGEST_CHAIN):
        if person in followed:
            return followed[person]
        if person not in last:
            return person
        person = last[person]
    return person
