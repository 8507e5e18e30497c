"""Identifiers of people who leave an audience, or change, that somebody who stays in it has as well."""

from __future__ import annotations

from collections.abc import Sequence

from kumitate.activation.destinations.registry import destination_class, registered
from kumitate.config.project import Config

Group = Sequence[str]

REMOVING = frozenset({"mirror", "add", "upsert"})
"""Modes in which a row's identifiers are taken out of an audience that others stay in."""


def groups(config: Config, name: str, mode: str) -> tuple[Group, ...]:
    """What the sync's destination knows members by, as far as the sync maps it; nothing where nobody is taken out."""
    sync = config.syncs[name]
    known = destination_class(registered(config.destinations[sync.destination], sync)).terms.identifiers
    return tuple(group for group in known if sync.fields.keys() >= {*group}) if mode in REMOVING else ()


def shared_fields(known: Sequence[Group], *, state: str) -> str:
    """CTEs after `compared`, the last of which is `shared_fields`: per row that is taken out, what stays.

    `shared` are names of fields, each with a blank behind it. Values are the same but for case and blanks around
    them. Of values that count only together the first is named: without it the others say nothing. Who stays was
    accepted with the value, and will be taken out by it one day; who brings it in this run comes after the removals.
    """
    joins = "".join(f"\n  left join staying_{n} as s{n} on s{n}.value = r.value_{n}" for n in range(len(known)))
    told = ", ".join(f"{_value(group)} as value_{n}" for n, group in enumerate(known))
    cases = ", ".join(f"case when s{n}.value is null then '' else '{group[0]} ' end" for n, group in enumerate(known))
    return f""",
staying as (
  select fields, previous_fields
  from compared
  where previous_fields is not null and (operation is null or operation <> 'delete')
  union all
  select s.fields, s.fields as previous_fields
  from {state} as s
  left join compared as c on c.key = s.key
  where c.key is null
),
{_staying(known)},
removing as (
  select key, {told}
  from (
    select key, case when operation = 'delete' then fields else previous_fields end as fields
    from compared
    where operation = 'delete' or (operation = 'update' and previous_fields is not null)
  ) as told
),
shared_fields as (
  select r.key, concat({cases}, '') as shared
  from removing as r{joins}
)"""


def _staying(known: Sequence[Group]) -> str:
    return ",\n".join(
        f"""staying_{n} as (
  select distinct {_value(group)} as value
  from staying
  where {_value(group)} = {_value(group, "previous_fields")}
)"""
        for n, group in enumerate(known)
    )


def _value(group: Group, fields: str = "fields") -> str:
    """A group's values as one text, null where one of them is missing."""
    values = [f"""lower(trim(json_extract_scalar({fields}, '$["{name}"]')))""" for name in group]
    together = ", '|', ".join(values)
    return values[0] if len(values) == 1 else f"concat({together})"
