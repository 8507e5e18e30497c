"""The rows of a sync that its destination has not taken, in its own words, and who may be tried again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kumitate.activation.destinations.talk import REFUSED_ROW
from kumitate.activation.retries import waiting_rows
from kumitate.activation.statements import string
from kumitate.activation.tables import candidates_table, changes_table
from kumitate.errors import FatalError
from kumitate.model.masking import mask
from kumitate.model.step import Query
from kumitate.report.masking import message_shape

if TYPE_CHECKING:
    from kumitate.config.project import Config
    from kumitate.execution.workspace import Workspace
    from kumitate.ports import Engine

Row = dict[str, Any]
_KEYS_AT_ONCE = 1_000


def waiting(engine: Engine, sync: str, *, unmask: bool) -> list[Row]:
    """Every row that is rejected, pending or of unknown fate, newest first; words and keys masked unless `unmask`."""
    rows = [row for batch in engine.rows(waiting_rows(sync)) for row in batch.to_pylist()]
    if unmask or not rows:
        return rows
    fields = _fields(engine, sync, [row["key"] for row in rows])
    return [
        row
        | {
            "key": shown_key(row["key"], row["person_id"]),
            "message": message_shape(row["message"] or "", {row["key"], *_values(fields.get(row["key"]))}),
        }
        for row in rows
    ]


def shown_key(key: str, person_id: str | None) -> str:
    """A key as whoever may not know it is shown it; a person id is nobody's secret."""
    return key if key == person_id else mask(key)


def retriable(engine: Engine, config: Config, sync: str, *, keys: Sequence[str]) -> list[str]:
    """The keys that can be tried again now; FatalError for one that does not wait, or where all rows go together."""
    from kumitate.activation.destinations.registry import destination_class, registered

    section = config.syncs[sync]
    terms = destination_class(registered(config.destinations[section.destination], section)).terms
    if section.mode == "rebuild" or terms.is_whole_in(section.mode):
        raise FatalError(f"{sync} brings its rows all together; `kumitate sync {sync}` tries all of them again")
    rows = [row for batch in engine.rows(waiting_rows(sync)) for row in batch.to_pylist()]
    may_go = [row["key"] for row in rows if row["status"] != "unknown" or terms.idempotent]
    lost = [key for key in keys if key not in may_go]
    if lost:
        stuck = {row["key"] for row in rows} & set(lost)
        why = "may have arrived, and must not go twice" if stuck else "does not wait to be tried again"
        listed = f"`kumitate sync {sync} --{'unknown' if stuck else 'rejected'} --show` lists those that wait"
        raise FatalError(f"{len(lost)} of {len(keys)} keys: the row {why}; {listed}")
    return [key for key in may_go if not keys or key in keys]


def match_rates(workspace: Workspace, sync: str) -> list[Row]:
    """What the platform counted of this sync, newest first: `run_id`, `at`, `receipt`, `name`, `value`."""
    from kumitate.activation.tables import PLATFORM_FIGURES

    sql = f"""select run_id, at, receipt, name, value
from {PLATFORM_FIGURES}
where sync = {string(sync)} and not starts_with(name, {string(REFUSED_ROW)})
order by at desc, run_id desc, receipt, name"""
    return [row for batch in workspace.engine.rows(Query("match_rates", sql)) for row in batch.to_pylist()]


def _fields(engine: Engine, sync: str, keys: Sequence[str]) -> dict[str, str]:
    """What was sent under each key, as JSON."""
    found: dict[str, str] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        listed = ", ".join(string(key) for key in keys[start : start + _KEYS_AT_ONCE])
        sql = f"""select key, fields from {candidates_table(sync)} where key in ({listed})
union all
select key, fields from {changes_table(sync)} where key in ({listed})"""
        rows = (row for batch in engine.rows(Query("waiting_fields", sql)) for row in batch.to_pylist())
        found |= {row["key"]: row["fields"] for row in rows if row["fields"]}
    return found


def _values(fields: str | None) -> Iterable[str]:
    return {str(value) for value in json.loads(fields).values() if value is not None} if fields else ()
