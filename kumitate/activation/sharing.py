"""Identifiers of people who leave an audience, or change, that somebody who stays in it has as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kumitate.activation.destinations.registry import destination_class, registered
from kumitate.config.project import Config

Group = Sequence[str]

REMOVING = frozenset({"mirror", "add", "upsert"})
"""Modes in which a row's identifiers are taken out of an audience that others stay in."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Pieces of the statement that compares `d`, desired now, with `s`, accepted last."""

    ctes: str = ""
    """Each with a comma behind it."""
    column: str = "cast(null as varchar)"
    joins: str = ""


def groups(config: Config, name: str) -> tuple[Group, ...]:
    """What the sync's destination knows members by, as far as the sync maps it; nothing where nobody is taken out."""
    sync = config.syncs[name]
    known = destination_class(registered(config.destinations[sync.destination], sync)).terms.identifiers
    return tuple(group for group in known if sync.fields.keys() >= {*group}) if sync.mode in REMOVING else ()


def shared(config: Config, name: str, *, state: str, stays: str, joins: str) -> Shared:
    """Which fields of a row that is taken out stay: names with a blank behind each, for audiences alone.

    Values are the same but for case and blanks around them. Of values that count only together the first is named:
    without it the others say nothing. Who stays was accepted with the value, and will be taken out by it one day; who
    brings it in this run comes after the removals. `stays` tells whether an accepted row that is desired no more is
    left where it is, of `s` and what `joins` brings to it.
    """
    known = groups(config, name)
    if not known:
        return Shared()
    each = range(len(known))
    cases = ", ".join(
        f"case when s{n}.key is not null or {_is_same(known[n])} then '{known[n][0]} ' else '' end" for n in each
    )
    return Shared(
        ctes="".join(_kept(n, group, state=state, stays=stays, joins=joins) for n, group in enumerate(known)),
        column=f"concat({cases}, '')",
        joins="".join(f"\n  left join shared_{n} as s{n} on s{n}.key = s.key" for n in each),
    )


def _is_same(group: Group) -> str:
    """A value that a row keeps is not taken out with what it had beside."""
    kept = (f"strpos(d.fields, concat({_before(name)}, {_raw(name, 's.fields')}, '\"')) > 0" for name in group)
    return f"(d.fields_hash <> s.fields_hash and {' and '.join(kept)})"


def _kept(number: int, group: Group, *, state: str, stays: str, joins: str) -> str:
    """CTEs, the last of which has the rows whose value somebody who stays has.

    Hardly any value is accepted of two: only who has one of those is looked at.
    """
    now = _alike(_value(group, "d.fields"))
    return f"""accepted_{number} as (
  select key, {_alike("value")} as value
  from (select s.key, {_value(group, "s.fields")} as value from {state} as s) as told
),
repeated_{number} as (
  select value
  from accepted_{number}
  where value is not null
  group by value
  having count(*) > 1
),
members_{number} as (
  select s.key, s.value, case when d.key is null then {stays} else {now} = s.value end as stays
  from accepted_{number} as s
  join repeated_{number} as v on v.value = s.value
  left join desired as d on d.key = s.key{joins}
),
shared_{number} as (
  select m.key
  from members_{number} as m
  join (select distinct value from members_{number} where stays) as k on k.value = m.value
),
"""


def _value(group: Group, fields: str) -> str:
    """A group's values as one text, null where one of them is missing."""
    values = [_raw(name, fields) for name in group]
    together = ", '|', ".join(values)
    return values[0] if len(values) == 1 else f"concat({together})"


def _alike(value: str) -> str:
    """In lower case, without blanks around it: to look for those of every script takes longer than all the rest."""
    return f"case when regexp_like({value}, '[^!-~]') then lower(trim({value})) else lower({value}) end"


def _raw(name: str, fields: str) -> str:
    """A text out of the fields' JSON, which is ours and always written the same; null where it holds a quote.

    To parse the JSON of every member takes many times as long.
    """
    return f"""regexp_extract({fields}, '"{name}":"([^"\\\\]*)"', 1)"""


def _before(name: str) -> str:
    return f"""'"{name}":"'"""
