"""Finds a person by any identifier, and gathers what the lake knows about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from kumitate.activation.statements import string
from kumitate.activation.tables import OUTCOMES
from kumitate.cleanse.rules import cleanser, rules_of
from kumitate.cli.lake import Row, ask, listed, masked, present, segment_bits, shown_row
from kumitate.config.project import Config
from kumitate.errors import FatalError, RecordError
from kumitate.execution.workspace import Workspace
from kumitate.identity.tables import IDENTIFIERS, PERSON_ALIASES, PERSON_RECORDS, PROVENANCE, golden_table
from kumitate.profiles.tables import CONSENTS, group_columns, profiles_table
from kumitate.segments.masks import mask_name, place

_MOST_NAMED = 5
_MOST_OUTCOMES = 20


@dataclass(frozen=True, slots=True)
class Person:
    """One person, ready to be shown."""

    person_id: str
    attributes: dict[str, Any]
    traits: dict[str, Any]
    segments: list[str]
    consents: list[Row]
    identifiers: list[Row]
    records: list[Row]
    deliveries: list[Row]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def find_person(workspace: Workspace, identifier: str) -> str:
    """The person with this person id, of now or of before, record or identifier value, written as people write it."""
    forms = listed(sorted({identifier, *_clean_forms(workspace.config, identifier)}))
    sql = f"""
select distinct r.person_id
from {PERSON_RECORDS} as r
left join {IDENTIFIERS} as i on i.record = r.record
where r.person_id in ({forms}) or r.record in ({forms}) or i.value in ({forms})
union
select person_id
from {PERSON_ALIASES}
where alias in ({forms})
order by 1
limit {_MOST_NAMED + 1}"""
    found = [row["person_id"] for row in ask(workspace, "find_person", sql)]
    if not found:
        raise FatalError("nobody has this identifier; give an e-mail address, phone, member number or person id")
    if len(found) > 1:
        more = ", …" if len(found) > _MOST_NAMED else ""
        people = ", ".join(found[:_MOST_NAMED])
        raise FatalError(f"several people share this value; ask for one of {people}{more}")
    return str(found[0])


def _clean_forms(config: Config, identifier: str) -> Iterator[str]:
    """The value as each identifying column would have it after cleansing."""
    for source in config.sources.values():
        columns = set(source.identifiers.values())
        for rule in rules_of(source, config.settings):
            if rule.column in columns:
                try:
                    value = cleanser(rule)(identifier)
                except RecordError:
                    continue
                if value is not None:
                    yield str(value)


def known_about(workspace: Workspace, person_id: str, *, unmask: bool) -> Person:
    """Everything about one person; personal data masked unless `unmask`."""
    config, who = workspace.config, string(person_id)
    columns = (*golden_table(config).columns, *group_columns(config))
    attributes = {column.name for column in columns} - {"person_id"}
    shown = _profile(workspace, who, unmask=unmask)
    return Person(
        person_id,
        {name: value for name, value in shown.items() if name in attributes},
        {name: value for name, value in shown.items() if name not in attributes},
        _segments(workspace, who),
        ask(
            workspace,
            "consents",
            f"select purpose, channel, granted, at from {CONSENTS} where person_id = {who} order by purpose, channel",
        ),
        _identifiers(workspace, who, unmask=unmask),
        _records(workspace, who, unmask=unmask),
        _deliveries(workspace, who),
    )


def _profile(workspace: Workspace, who: str, *, unmask: bool) -> Row:
    table = profiles_table(workspace.config)
    columns = [column for column in present(workspace, table) if column.name != "person_id"]
    names = ", ".join(column.name for column in columns)
    rows = ask(workspace, "profile", f"select {names} from {table} where person_id = {who}")
    return shown_row(workspace.config, rows[0], columns, unmask=unmask) if rows else {}


def _segments(workspace: Workspace, who: str) -> list[str]:
    bits = {name: bit for name, bit in segment_bits(workspace).items() if name in workspace.config.segments}
    if not bits:
        return []
    masks = ", ".join(sorted({mask_name(bit) for bit in bits.values()}))
    rows = ask(workspace, "memberships", f"select {masks} from curated.segment_masks where person_id = {who}")
    return sorted(name for row in rows for name, bit in bits.items() if (row[mask_name(bit)] or 0) & place(bit))


def _identifiers(workspace: Workspace, who: str, *, unmask: bool) -> list[Row]:
    sql = f"""
select i.kind, i.value, count(*) as records
from {IDENTIFIERS} as i
join {PERSON_RECORDS} as r on r.record = i.record
where r.person_id = {who} and i.kind not like 'rule:%'
group by i.kind, i.value
order by i.kind, i.value"""
    rows = ask(workspace, "identifiers", sql)
    return rows if unmask else [row | {"value": masked(row["value"])} for row in rows]


def _records(workspace: Workspace, who: str, *, unmask: bool) -> list[Row]:
    sql = f"""
select r.record, r.source, r.since_run_id, count(p.attribute) as attributes
from {PERSON_RECORDS} as r
left join {PROVENANCE} as p on p.record = r.record and p.person_id = r.person_id
where r.person_id = {who}
group by r.record, r.source, r.since_run_id
order by r.source, r.record"""
    rows = ask(workspace, "records", sql)
    return rows if unmask else [row | {"record": _masked_record(row)} for row in rows]


def _masked_record(row: Row) -> str:
    """A record's name without its id: whoever keeps a register finds the person by it."""
    head = f"{row['source']}/"
    return head + str(masked(row["record"].removeprefix(head)))


def _deliveries(workspace: Workspace, who: str) -> list[Row]:
    return ask(
        workspace,
        "deliveries",
        f"""
select at, sync, operation, verdict, reason
from {OUTCOMES}
where person_id = {who}
order by at desc, sync, key
limit {_MOST_OUTCOMES}""",
    )
