"""Publishing: what real time needs to know of people, put into the state store by each run, as far as it has changed.

Who an identifier is (`who#…`), which person ids went into others (`moved#…`), and what each sync that a trigger fires
would send to whom (`card#…`). The lake notes
what was put, by hash. A run writes down what it is about to put before it puts it: one that is killed leaves that list,
and the next run puts those keys once more, whatever has become of them since.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

import pyarrow as pa

from kumitate.activation.past import PAST, past_entry, past_parts, read_for_the_past
from kumitate.activation.statements import string
from kumitate.activation.tables import LIVE_CHANGES, LIVE_ENTRIES, LIVE_PUBLISHED, candidates_table
from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.events.state_keys import card_key, moved_key, who_key
from kumitate.identity.anonymous import anonymous_columns, anonymous_kinds, known_columns, stated
from kumitate.identity.identifiers import record_sql
from kumitate.identity.statements import quoted
from kumitate.identity.tables import IDENTIFIERS, PERSON_ALIASES, PERSON_RECORDS, SHARED
from kumitate.model.expression import Section
from kumitate.model.step import BatchStep, Live, LiveStep, Query, QueryStep, Run, Step
from kumitate.model.table import Table
from kumitate.sql.vocabulary import text as sql_text
from kumitate.sql.vocabulary import timestamp_literal

_WHO, _MOVED, _CARD = "who", "moved", "card"
_MOST_FORMER = 20
"""Former ids of a person that real time looks at."""
_DIGITS = 32


def publishes(config: Config) -> bool:
    """A project without triggers needs nothing of this."""
    return bool(config.triggers)


def publishing_steps(config: Config, run: Run) -> tuple[Step, ...]:
    """What should be known, what of it is new, telling it, and noting that it was told."""
    if not publishes(config):
        return ()
    return (
        BatchStep(LIVE_ENTRIES, Query("live_entries", _wanted(config, run)), entries),
        QueryStep(LIVE_CHANGES, Query("live_changes", _CHANGED)),
        LiveStep(LIVE_CHANGES, Live.PUBLISH),
        QueryStep(LIVE_PUBLISHED, Query("live_published", f"select key, hash from {LIVE_ENTRIES}")),
        QueryStep(LIVE_CHANGES, Query("live_told", f"select key, data from {LIVE_CHANGES} where key is null")),
    )


def read_to_publish(config: Config) -> tuple[Table, ...]:
    """Tables of earlier stages that publishing reads."""
    if not publishes(config):
        return ()
    named = (clean_table(name, config.sources[name]) for name in _sources(config) if _anonymous(config, name))
    tables = (IDENTIFIERS, SHARED, PERSON_RECORDS, PERSON_ALIASES, *named, *read_for_the_past(config))
    return tuple(dict.fromkeys(tables))


def written_to_publish(config: Config) -> tuple[Table, ...]:
    return (LIVE_ENTRIES, LIVE_CHANGES, LIVE_PUBLISHED) if publishes(config) else ()


def changes_to_put() -> Query:
    """What a publication puts, deletions among them; a key once."""
    return Query("live_put", f"select key, data from {LIVE_CHANGES} order by key")


_CHANGED = f"""with differing as (
  select coalesce(e.key, p.key) as key
  from {LIVE_ENTRIES} as e
  full outer join {LIVE_PUBLISHED} as p on p.key = e.key
  where e.key is null or p.key is null or e.hash <> p.hash
  union
  select key from {LIVE_CHANGES}
)
select d.key, e.data
from differing as d
left join {LIVE_ENTRIES} as e on e.key = d.key"""
"""What an earlier run was about to put, and did not note as put, is among them."""


def _wanted(config: Config, run: Run) -> str:
    parts = [*_told(config), *past_parts(config, run)]
    return f"""with named as (
{_lines(_named(config, run))}
),
surest as (
  select kind, value, max(is_known) as is_known
  from named
  group by kind, value
),
named_once as (
  select n.kind, n.value, min(n.person_id) as person_id
  from named as n
  join surest as b on b.kind = n.kind and b.value = n.value and b.is_known = n.is_known
  left join {SHARED} as s on s.kind = n.kind and s.value = n.value
  where s.kind is null
  group by n.kind, n.value
  having min(n.person_id) = max(n.person_id)
),
former_ids as (
  select person_id, array_join(array_sort(array_agg(alias)), ' ') as former
  from {PERSON_ALIASES}
  group by person_id
)
{_lines(parts)}"""


def _told(config: Config) -> list[str]:
    """Rows of documents: of identifiers, of ids that went into others, and cards."""
    nothing = "cast(null as varchar)"
    parts = [
        f"select '{_WHO}' as part, n.kind as name, n.value, n.person_id, f.former as key, {nothing} as gate,"
        f" {nothing} as fields\nfrom named_once as n\nleft join former_ids as f on f.person_id = n.person_id",
        f"select '{_MOVED}' as part, alias as name, {nothing} as value, person_id, {nothing} as key, {nothing} as gate,"
        f" {nothing} as fields\nfrom {PERSON_ALIASES}",
    ]
    parts += [
        f"select '{_CARD}' as part, {string(name)} as name, {nothing} as value, person_id, key, gate,"
        f" case when gate is null then fields end as fields\nfrom {candidates_table(name)}"
        for name in sorted(config.fired_syncs)
    ]
    return parts


def _lines(parts: Iterator[str] | list[str]) -> str:
    return "\nunion all\n".join(parts)


def _named(config: Config, run: Run) -> Iterator[str]:
    """Who says which value. An anonymous id also where the record says more of the person: the lake ties it to nobody
    then, since a tablet may have several owners; here it leads to the one person who was known by it lately (`within`),
    if it is one, and before anybody was to the visitor that the lake makes of it.
    """
    sources = _sources(config)
    kinds = {kind for name in sources for kind in config.sources[name].identifiers} - anonymous_kinds(config).keys()
    listed = ", ".join(string(kind) for kind in sorted(kinds)) or "''"
    yield (
        f"select i.kind, i.value, p.person_id, 1 as is_known\nfrom {IDENTIFIERS} as i\n"
        f"join {PERSON_RECORDS} as p on p.record = i.record\nwhere i.kind in ({listed})"
    )
    for name in sources:
        for kind, column in sorted(_anonymous(config, name).items()):
            value = stated(column)
            yield (
                f"select {string(kind)} as kind, {value} as value, p.person_id,"
                f" case when {_is_known(config, name, kind, as_of=run.as_of)} then 1 else 0 end as is_known\n"
                f"from {clean_table(name, config.sources[name])} as c\n"
                f"join {PERSON_RECORDS} as p on p.record = {record_sql(name, 'c')}\nwhere {value} is not null"
            )


def _is_known(config: Config, name: str, kind: str, *, as_of: datetime) -> str:
    """SQL: whether row `c` says who the browser's owner is, and not too long ago."""
    source = config.sources[name]
    known = [f"{stated(column)} is not null" for column in known_columns(config, source).values()]
    if not known:
        return "1 = 0"
    oldest = sql_text(timestamp_literal(as_of - anonymous_kinds(config)[kind]))
    recent = f" and c.{quoted(source.time)} >= {oldest}" if source.time else ""
    return f"({' or '.join(known)}){recent}"


def _anonymous(config: Config, source: str) -> dict[str, str]:
    return dict(anonymous_columns(config, config.sources[source]))


def _sources(config: Config) -> tuple[str, ...]:
    """The sources that triggers look at, by name."""
    return tuple(sorted({name for trigger in config.triggers.values() for name in _named_in(trigger)}))


def _named_in(value: object) -> Iterator[str]:
    match value:
        case Section():
            source = getattr(value, "source", None)
            if isinstance(source, str):
                yield source
            for name in type(value).model_fields:
                yield from _named_in(getattr(value, name))
        case tuple() | list():
            for each in value:
                yield from _named_in(each)
        case dict():
            yield from _named_in(list(value.values()))


def entries(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Persons' identifiers and cards in, documents by their key out."""
    rows = [_entry(row) for row in batch.to_pylist()]
    keys, texts = [key for key, _ in rows], [text for _, text in rows]
    hashes = [sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS] for text in texts]
    columns = [pa.array(each, pa.string()) for each in (keys, texts, hashes)]
    return pa.RecordBatch.from_arrays(columns, schema=LIVE_ENTRIES.schema)


def _entry(row: dict[str, Any]) -> tuple[str, str]:
    if row["part"] == _WHO:
        former = (row["key"] or "").split()[:_MOST_FORMER]
        known = {"person": row["person_id"], **({"was": former} if former else {})}
        return who_key(row["name"], row["value"]), json.dumps(known)
    if row["part"] == _MOVED:
        return moved_key(row["name"]), json.dumps({"person": row["person_id"]})
    if row["part"] == PAST:
        return past_entry(row)
    key = card_key(row["name"], row["person_id"])
    if row["gate"] is not None:
        return key, json.dumps({"gate": row["gate"]})
    card = {"key": row["key"], "fields": json.loads(row["fields"])}
    return key, json.dumps(card, ensure_ascii=False, separators=(",", ":"))
