"""Who somebody names: a record, a person (by any id they ever had), or a value that identifies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kumitate.errors import FatalError
from kumitate.execution.workspace import Workspace
from kumitate.identity.stewards import clean_forms
from kumitate.identity.tables import IDENTIFIERS, PERSON_EVENTS, PERSON_RECORDS
from kumitate.model.masking import mask
from kumitate.model.step import Query
from kumitate.model.table import Type
from kumitate.sql.vocabulary import DIALECT, literal

Row = Mapping[str, Any]
_MOST_MERGES = 1000


@dataclass(frozen=True, slots=True)
class Named:
    """The records that a name stands for, with their persons; `merged` tells the ids a given one went into."""

    given: str
    kind: Literal["record", "person", "value"]
    records: Mapping[str, str]
    """Record -> person id."""
    merged: tuple[str, ...] = ()

    @property
    def persons(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.records.values())))


def find_named(workspace: Workspace, given: str) -> Named:
    """FatalError where nobody has this name."""
    person, merged = _heir(workspace, given)
    rows = _rows(workspace, f"r.record = {bound(given)} or r.person_id = {bound(person)}")
    if rows:
        kind: Literal["record", "person"] = "record" if any(row["record"] == given for row in rows) else "person"
        return Named(given, kind, _records(row for row in rows if kind == "person" or row["record"] == given), merged)
    forms = ", ".join(bound(form) for form in sorted({given, *clean_forms(workspace.config, given)}))
    rows = _rows(
        workspace,
        f"r.record in (select record from {IDENTIFIERS} where value in ({forms}) and kind not like 'rule:%')",
    )
    if not rows:
        raise FatalError(_nobody(workspace, given))
    return Named(given, "value", _records(rows))


def _nobody(workspace: Workspace, given: str) -> str:
    source, slash, _ = given.partition("/")
    if slash and source in workspace.config.sources:
        return f"{source} has no record {mask(given)!r}, or none that is good; see kumitate quarantine list"
    return f"nobody has {mask(given)!r}; give a record (source/id), a person id, an e-mail address, a phone number"


def _heir(workspace: Workspace, person: str) -> tuple[str, tuple[str, ...]]:
    """Who holds an id now: of a merged person the one they went into, and so on."""
    chain: list[str] = []
    for _ in range(_MOST_MERGES):
        sql = (
            f"select person_id from {PERSON_EVENTS} where event = 'merged' and other_person_id = {bound(person)}"
            " order by run_id desc limit 1"
        )
        found = [row["person_id"] for row in ask(workspace, sql)]
        if not found or found[0] in chain:
            break
        person = str(found[0])
        chain.append(person)
    return person, tuple(chain)


def _rows(workspace: Workspace, condition: str) -> Sequence[Row]:
    return ask(
        workspace, f"select r.record, r.person_id from {PERSON_RECORDS} as r where {condition} order by r.record"
    )


def _records(rows: Iterable[Row]) -> dict[str, str]:
    return {row["record"]: row["person_id"] for row in rows}


def ask(workspace: Workspace, sql: str, name: str = "named") -> list[dict[str, Any]]:
    return [row for batch in workspace.engine.rows(Query(name, sql)) for row in batch.to_pylist()]


def bound(value: str) -> str:
    return literal(value, Type.STRING).sql(DIALECT)
