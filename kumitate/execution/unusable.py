"""What records delivered as identifiers and cleansing could not use: a list, what is too long, no such number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from kumitate.cleanse.reasons import is_unusable
from kumitate.cleanse.tables import RECORD_ID, clean_table
from kumitate.config.source import Source
from kumitate.execution.named import ask, bound
from kumitate.execution.workspace import Workspace
from kumitate.identity.identifiers import identified_sources
from kumitate.identity.why import Unusable

_MOST_RECORDS = 500
_MOST_TOLD = 20

Dropped = Mapping[tuple[str, str], str]
"""Kind and delivered text -> the code that says why it was dropped; of a list also each of its members."""


def unusable_by_both(workspace: Workspace, left: Sequence[str], right: Sequence[str]) -> tuple[Unusable, ...]:
    """What records of both sides delivered alike, and what nobody can be told by; some of the many at most."""
    one, other = (dict(_dropped(workspace, records[:_MOST_RECORDS])) for records in (left, right))
    alike = sorted(one.keys() & other.keys())
    return tuple(Unusable(kind, text, one[kind, text]) for kind, text in alike[:_MOST_TOLD])


def _dropped(workspace: Workspace, records: Sequence[str]) -> Iterator[tuple[tuple[str, str], str]]:
    for name, source in identified_sources(workspace.config).items():
        ids = [record.removeprefix(f"{name}/") for record in records if record.startswith(f"{name}/")]
        if ids:
            for row in _touched_rows(workspace, name, source, ids=ids):
                yield from _of_row(row, source)


def _touched_rows(workspace: Workspace, name: str, source: Source, *, ids: Sequence[str]) -> list[dict[str, Any]]:
    listed = ", ".join(map(bound, ids))
    return ask(
        workspace,
        f'select "_changes", "_originals" from {clean_table(name, source)}'
        f' where "_originals" is not null and "{RECORD_ID.name}" in ({listed})',
    )


def _of_row(row: Mapping[str, Any], source: Source) -> Iterator[tuple[tuple[str, str], str]]:
    originals = json.loads(row["_originals"])
    dropped = dict(told.split(":", 1) for told in row["_changes"] if is_unusable(told.split(":", 1)[1]))
    for kind, column in source.identifiers.items():
        if column in dropped and originals.get(column):
            for text in _texts(originals[column]):
                yield (kind, text), dropped[column]


def _texts(delivered: str) -> Iterator[str]:
    """The text, or the members of the list that it is."""
    members: object = None
    with suppress(ValueError):
        members = json.loads(delivered)
    if isinstance(members, list):
        yield from (str(member) for member in members if isinstance(member, str | int) and str(member).strip())
    else:
        yield delivered
