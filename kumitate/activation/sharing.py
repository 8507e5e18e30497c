"""Identifiers of people who leave an audience, or change, that somebody who stays in it has as well."""

from __future__ import annotations

from collections.abc import Sequence

from kumitate.activation.destinations.registry import destination_class, registered
from kumitate.activation.statements import accepted_rows
from kumitate.activation.tables import changes_table
from kumitate.config.project import Config
from kumitate.model.step import Query, QueryStep, Run

Group = Sequence[str]

REMOVING = frozenset({"mirror", "add", "upsert"})
"""Modes in which a row's identifiers are taken out of an audience that others stay in."""


def groups(config: Config, name: str) -> tuple[Group, ...]:
    """What the sync's destination knows members by, as far as the sync maps it; nothing where nobody is taken out."""
    sync = config.syncs[name]
    known = destination_class(registered(config.destinations[sync.destination], sync)).terms.identifiers
    return tuple(group for group in known if sync.fields.keys() >= {*group}) if sync.mode in REMOVING else ()


def sharing(config: Config, run: Run, name: str) -> tuple[QueryStep, ...]:
    """The changes once more, of audiences alone: each row that is taken out with the fields that stay.

    `shared` are names of fields, each with a blank behind it. Values are the same but for case and blanks around
    them. Of values that count only together the first is named: without it the others say nothing. Who stays was
    accepted with the value, and will be taken out by it one day; who brings it in this run comes after the removals.
    """
    known = groups(config, name)
    if not known:
        return ()
    table, each = changes_table(name), range(len(known))
    columns = ", ".join(f"c.{column.name}" for column in table.columns if column.name != "shared")
    cases = ", ".join(f"case when s{n}.key is null then '' else '{known[n][0]} ' end" for n in each)
    joins = "".join(f"\nleft join shared_{n} as s{n} on s{n}.key = c.key" for n in each)
    told = ", ".join(f"{_value(group, 'fields')} as value_{n}" for n, group in enumerate(known))
    sql = f"""with removing as (
  select key, {told}
  from (
    select key, case when operation = 'delete' then fields else previous_fields end as fields
    from {table}
    where operation = 'delete' or (operation = 'update' and previous_fields is not null)
  ) as told
),
unchanged as (
  select s.fields
  from {accepted_rows(name, run)} as s
  left join {table} as c on c.key = s.key
  where c.key is null
),
{",".join(_shared(n, group, changes=str(table)) for n, group in enumerate(known))}
select {columns}, concat({cases}, '') as shared
from {table} as c{joins}"""
    return (QueryStep(table, Query(f"shared_{name}", sql)),)


def _shared(number: int, group: Group, *, changes: str) -> str:
    """The rows that are taken out whose value somebody who stays has."""
    now, before = _value(group, "fields"), _value(group, "previous_fields")
    return f"""
shared_{number} as (
  select distinct r.key
  from removing as r
  join (
    select {now} as value from unchanged
    union all
    select {now} as value from {changes} where operation = 'update' and {now} = {before}
  ) as v on v.value = r.value_{number}
)"""


def _value(group: Group, fields: str) -> str:
    """A group's values as one text, null where one of them is missing."""
    values = [_text(name, fields) for name in group]
    together = ", '|', ".join(values)
    return values[0] if len(values) == 1 else f"concat({together})"


def _text(name: str, fields: str) -> str:
    """A text out of the fields' JSON, which is ours and always written the same; null where it holds a quote.

    To parse the JSON of every member takes many times as long.
    """
    return f"""lower(trim(regexp_extract({fields}, '"{name}":"([^"\\\\]*)"', 1)))"""
