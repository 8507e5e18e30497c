"""Identifiers of people who leave an audience, or change, that somebody who stays in it has as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kumitate.activation.destinations.registry import destination_class, registered
from kumitate.activation.tables import candidates_table
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
    pieces = {"candidates": str(candidates_table(name)), "state": state, "stays": stays, "joins": joins}
    cases = ", ".join(
        f"case when s{n}.key is not null or {_is_same(known[n])} then '{known[n][0]} ' else '' end" for n in each
    )
    return Shared(
        ctes="".join(_kept(n, group, **pieces) for n, group in enumerate(known)),
        column=f"concat({cases}, '')",
        joins="".join(f"\n  left join shared_{n} as s{n} on s{n}.key = s.key" for n in each),
    )


def _is_same(group: Group) -> str:
    """A value that a row keeps is not taken out with what it had beside."""
    kept = (f"strpos(d.fields, {_told(name, 's.fields')}) > 0" for name in group)
    return f"(d.fields_hash <> s.fields_hash and {' and '.join(kept)})"


def _kept(number: int, group: Group, **pieces: str) -> str:
    """CTEs, the last of which has the rows whose value somebody who stays has."""
    accepted, desired = _columns(group, "s.fields"), _columns(group, "d.fields")
    return _KEPT.format(n=number, value=_value(group), accepted=accepted, desired=desired, **pieces)


_KEPT = """accepted_{n} as (
  select key, {value} as value
  from (select s.key, {accepted} from {state} as s) as told
),
repeated_{n} as (
  select value
  from accepted_{n}
  where value is not null
  group by value
  having count(*) > 1
),
alike_{n} as (
  select s.key, s.value
  from accepted_{n} as s
  join repeated_{n} as v on v.value = s.value
),
desired_{n} as (
  select key, {value} as value
  from (
    select d.key, {desired}
    from {candidates} as d
    join alike_{n} as a on a.key = d.key
    where d.gate is null
  ) as told
),
members_{n} as (
  select s.key, s.value, case when d.key is null then {stays} else d.value = s.value end as stays
  from alike_{n} as s
  left join desired_{n} as d on d.key = s.key{joins}
),
shared_{n} as (
  select m.key
  from members_{n} as m
  join (select distinct value from members_{n} where stays) as k on k.value = m.value
),
"""
"""Hardly any value is accepted of two: only who has one of those is looked at, and only of them what is desired."""


def _columns(group: Group, fields: str) -> str:
    return ", ".join(f"{_told(name, fields)} as told_{place}" for place, name in enumerate(group))


def _value(group: Group) -> str:
    """A group's values as one text, null where one of them is missing."""
    values = [_alike(name, f"told_{place}") for place, name in enumerate(group)]
    return values[0] if len(values) == 1 else f"concat({', '.join(values)})"


def _alike(name: str, told: str) -> str:
    """In lower case, without blanks around it: to look for those of every script takes longer than all the rest."""
    value = f"""regexp_extract({told}, '"{name}":"([^"\\\\]*)"', 1)"""
    trimmed = f"""concat('"{name}":"', trim({value}), '"')"""
    return f"case when regexp_like({told}, '[^!-~]') then lower({trimmed}) else lower({told}) end"


def _told(name: str, fields: str) -> str:
    """A text with its name out of the fields' JSON, which is ours and always written the same; null where it holds a
    quote.

    To parse the JSON of every member takes many times as long, and to cut out the value alone half as long again.
    """
    return f"""regexp_extract({fields}, '"{name}":"[^"\\\\]*"')"""
