"""Sessions: the spans in which a device's or a cookie's anonymous events count to one person, by the nearest login."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import numpy as np
import pyarrow as pa

from kumitate.cleanse.tables import RECORD_ID, clean_column, clean_table
from kumitate.config.identity import IdentifierKind
from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.identity.anonymous import anonymous_columns, anonymous_kinds, known_columns, stated
from kumitate.identity.components import Integers
from kumitate.identity.entity_tables import SESSIONS
from kumitate.identity.patterns import matches
from kumitate.identity.statements import any_of, bound, quoted, statement, union_all
from kumitate.identity.tables import PERSON_RECORDS, SHARED
from kumitate.model.step import GraphStep, Query, Step
from kumitate.model.table import Column, Type

_LOGIN = (
    Column("kind", Type.STRING),
    Column("value", Type.STRING),
    Column("person_id", Type.STRING),
    Column("login_at", Type.TIMESTAMP),
)


def session_steps(config: Config) -> tuple[Step, ...]:
    """`curated.anonymous_sessions`; nothing where no kind has a span."""
    spans = {kind: _milliseconds(span) for kind, span in anonymous_kinds(config).items()}
    if not spans:
        return ()
    limits = {kind: _most_persons(config.person.identifiers[kind]) for kind in spans}
    return (GraphStep(SESSIONS, (_islands(config),), partial(sessions, spans=spans, limits=limits)),)


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


def _most_persons(spec: IdentifierKind) -> int | None:
    """How many persons may log in on one device before it is a shared one, if the project says."""
    return min(spec.max_distinct.values(), default=None)


def sessions(inputs: Mapping[str, pa.Table], *, spans: Mapping[str, int], limits: Mapping[str, int | None]) -> pa.Table:
    """Logins in a row (kind, value, person_id, first_at, last_at) as spans of time without overlap.

    `spans` are in ms. Between two logins the nearer one has the moment, of equally near ones the earlier. On a device
    of more persons than its limit nearness says nothing: a moment that several persons' logins reach is nobody's.
    """
    logins = inputs["logins"].sort_by([(name, "ascending") for name in ("kind", "value", "first_at", "person_id")])
    logins = logins.combine_chunks()
    device = _numbered(logins["kind"], logins["value"])
    person = _numbered(logins["person_id"])
    kinds = logins["kind"].to_pylist()
    span = np.array([spans[kind] for kind in kinds], np.int64)
    most = np.array([limits[kind] or np.iinfo(np.int64).max for kind in kinds], np.int64)
    first, last = (_ms(logins[name]) for name in ("first_at", "last_at"))
    reach = _Reach(device, person, first - span, last + span + 1)
    guarded = _persons_per(device, person) > most
    row, begin, end = _nearest(reach, first, last)
    alone = _alone(reach, np.flatnonzero(guarded))
    kept = ~guarded[row] & (begin < end)
    rows, begins, ends = (
        np.concatenate([one[kept], other]) for one, other in zip((row, begin, end), alone, strict=True)
    )
    order = np.lexsort((begins, device[rows]))
    taken = logins.take(pa.array(rows[order]))
    columns = [taken["kind"], taken["value"], _times(begins[order]), _times(ends[order]), taken["person_id"]]
    return pa.table(columns, names=SESSIONS.schema.names).cast(SESSIONS.schema)


@dataclass(frozen=True, slots=True)
class _Reach:
    """Rows of logins, device by device and in time, with the time that each reaches: from begin on, before end (ms)."""

    device: Integers
    person: Integers
    begin: Integers
    end: Integers


def _nearest(reach: _Reach, first: Integers, last: Integers) -> tuple[Integers, Integers, Integers]:
    """Per row its reach, cut where the neighbour's login is nearer."""
    begin, end = reach.begin.copy(), reach.end.copy()
    same = reach.device[1:] == reach.device[:-1]
    middle = (last[:-1] + first[1:]) // 2 + 1
    end[:-1] = np.where(same, np.minimum(end[:-1], middle), end[:-1])
    begin[1:] = np.where(same, np.maximum(begin[1:], middle), begin[1:])
    return np.arange(len(begin)), begin, end


def _alone(reach: _Reach, rows: Integers) -> tuple[Integers, Integers, Integers]:
    """Of these rows the times that one person's logins alone reach, with a row of theirs.

    A sweep over all beginnings and ends: where one person reaches, the sum of those who do names them.
    """
    row, begin, end = _united(reach, rows)
    count = len(row)
    at = np.concatenate([begin, end])
    device = np.tile(reach.device[row], 2)
    change = np.repeat(np.array([1, -1], np.int64), count)
    order = np.lexsort((at, device))
    at, device = at[order], device[order]
    reaching = np.cumsum(change[order])
    who = np.cumsum((change * np.tile(row, 2))[order])
    alone = np.flatnonzero((reaching[:-1] == 1) & (at[:-1] < at[1:]) & (device[:-1] == device[1:]))
    return who[alone], at[alone], at[alone + 1]


def _united(reach: _Reach, rows: Integers) -> tuple[Integers, Integers, Integers]:
    """What one person's logins on one device reach, without overlap: a row of each, its begin and its end."""
    rows = rows[np.lexsort((reach.begin[rows], reach.person[rows], reach.device[rows]))]
    begin, end = reach.begin[rows], reach.end[rows]
    same = (reach.device[rows][1:] == reach.device[rows][:-1]) & (reach.person[rows][1:] == reach.person[rows][:-1])
    starts = np.append(True, ~(same & (begin[1:] <= end[:-1])))[: len(rows)]
    last = np.append(starts[1:], True)[: len(rows)]
    return rows[starts], begin[starts], end[last]


def _numbered(*columns: pa.ChunkedArray) -> Integers:
    """One number per distinct row of the columns."""
    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        codes = column.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        number = np.unique(number * (codes.max(initial=0) + 1) + codes, return_inverse=True)[1]
    return number


def _persons_per(device: Integers, person: Integers) -> Integers:
    """Per row how many persons its device has."""
    persons = person.max(initial=0) + 1
    devices = np.unique(device * persons + person) // persons
    return np.bincount(devices, minlength=int(device.max(initial=0)) + 1)[device]


def _ms(times: pa.ChunkedArray) -> Integers:
    return np.asarray(times.combine_chunks().cast(pa.timestamp("ms"), safe=False).cast(pa.int64()).to_numpy(), np.int64)


def _times(milliseconds: Integers) -> pa.Array:
    return pa.array(milliseconds, pa.int64()).cast(pa.timestamp("ms"))


def _islands(config: Config) -> Query:
    """Logins of one person on one device, in a row where none is farther from the next than both their spans."""
    selects = (login for name, source in sorted(config.sources.items()) for login in _logins(config, name, source))
    near = any_of(
        f"kind = {bound(kind)} and login_at <= before_at + interval '{2 * int(span.total_seconds())}' second"
        for kind, span in anonymous_kinds(config).items()
    )
    return statement(
        "logins",
        f"""
        with logins as ({union_all(selects, _LOGIN)}),
        beside as (
            select kind, value, person_id, login_at,
                lag(person_id) over ({_ON_DEVICE}) as before_person, lag(login_at) over ({_ON_DEVICE}) as before_at
            from logins
        ),
        begun as (
            select kind, value, person_id, login_at,
                case when before_person = person_id and ({near}) then 0 else 1 end as begins
            from beside
        ),
        numbered as (
            select kind, value, person_id, login_at,
                sum(begins) over ({_ON_DEVICE} rows between unbounded preceding and current row) as island
            from begun
        )
        {_FIRST_AND_LAST}
        """,
    )


_ON_DEVICE = "partition by kind, value order by login_at, person_id"
_FIRST_AND_LAST = """
    select kind, value, person_id, min(login_at) as first_at, max(login_at) as last_at
    from numbered
    group by kind, value, person_id, island
"""


def _logins(config: Config, name: str, source: Source) -> Iterator[str]:
    """Rows that state an anonymous id beside one that says who it is, and when."""
    known, at = known_columns(config, source), _time(source)
    if not known or at is None:
        return
    joins = "\n".join(_held(kind, column) for kind, column in known.items())
    telling = any_of(f"{stated(column)} is not null and {_alias(kind)}.kind is null" for kind, column in known.items())
    for kind, column in anonymous_columns(config, source).items():
        blocked = config.person.identifiers[kind].blocked
        allowed = f"and not ({matches(stated(column), blocked)})" if blocked else ""
        yield f"""
            select distinct
                {bound(kind)} as kind,
                {stated(column)} as value,
                r.person_id,
                {at} as login_at
            from {clean_table(name, source)} as c
            join {PERSON_RECORDS} as r on r.record_id = c.{quoted(RECORD_ID.name)} and r.source = {bound(name)}
            {joins}
            where {stated(column)} is not null and {at} is not null and ({telling}) {allowed}
            """


def _held(kind: str, column: str) -> str:
    """The join that finds a value that merges nobody: such a login is anybody's."""
    return f"""
        left join {SHARED} as {_alias(kind)}
            on {_alias(kind)}.kind = {bound(kind)}
            and {_alias(kind)}.value = {stated(column)}
            and {_alias(kind)}.reason not like 'limit:%'
        """


def _alias(kind: str) -> str:
    return quoted(f"held_{kind}")


def _time(source: Source) -> str | None:
    """The row's moment: an event's time, a record's last change."""
    told = source.time or source.updated_at
    column = clean_column(source, told) if told else None
    if column is None or column.type not in (Type.DATE, Type.TIMESTAMP):
        return None
    value = f"c.{quoted(column.name)}"
    return value if column.type is Type.TIMESTAMP else f"cast({value} as timestamp)"
