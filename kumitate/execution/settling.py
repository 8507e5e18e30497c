"""Rows whose answer never came: which they are, and a person's word on whether they have arrived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from kumitate.activation.retries import waiting_rows
from kumitate.activation.statements import ONCE, string
from kumitate.activation.tables import OUTCOMES, candidates_table, changes_table, state_table
from kumitate.errors import FatalError
from kumitate.execution.controls import Action, Decision, controls_of
from kumitate.execution.rejections import shown_key
from kumitate.model.request import Verdict
from kumitate.model.step import Mode, Query
from kumitate.ports import Mark
from kumitate.report.outcome_words import SETTLED_AGAIN, SETTLED_ARRIVED

if TYPE_CHECKING:
    from kumitate.execution.workspace import Workspace
    from kumitate.ports import Engine

Row = dict[str, Any]
As = Literal["arrived", "again"]
_SAID = {"arrived": (Verdict.ACCEPTED, SETTLED_ARRIVED), "again": (Verdict.RETRY, SETTLED_AGAIN)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a person says became of rows: by whom, and why."""

    fate: As
    author: str
    reason: str


def unknown(engine: Engine, sync: str, *, unmask: bool) -> list[Row]:
    """Rows without a verdict, newest first: `key` (masked unless `unmask`), `operation`, `since`, `run_id`."""
    return [
        {
            "key": row["key"] if unmask else shown_key(row["key"], row["person_id"]),
            "person_id": row["person_id"],
            "operation": row["operation"],
            "since": row["last_seen"],
            "run_id": row["run_id"],
        }
        for row in _unknown(engine, sync)
    ]


def settle(workspace: Workspace, sync: str, keys: Sequence[str], *, word: Word) -> int:
    """Settle the rows with these keys; how many they are.

    `again` lets a row go in the next run; `arrived` counts it as accepted. FatalError, and nothing is settled, where
    a key has no row without a verdict or a run was interrupted.
    """
    with workspace.lake.lock():
        last = workspace.runs.last()
        if last is None or last.finished_at is None:
            raise FatalError("a run was interrupted; `kumitate run` takes it up and ends it first")
        by_key = {row["key"]: row for row in _unknown(workspace.engine, sync)}
        lost = [key for key in keys if key not in by_key]
        if lost:
            listed = f"`kumitate sync {sync} --unknown --show` lists those that do"
            raise FatalError(f"{len(lost)} of {len(keys)} keys: the row does not wait for a verdict; {listed}")
        rows = [by_key[key] for key in dict.fromkeys(keys)]
        now, run_id = datetime.now(UTC), _own_run(workspace.engine, last.id)
        _note(workspace, Decision(sync=sync, action=Action.SETTLE, author=word.author, at=now,
                                  reason=f"{len(rows)} {word.fate}: {word.reason}", run_id=run_id))  # fmt: skip
        mark = f"settle.{sync}"
        if word.fate == "arrived":  # before the outcomes: a break between leaves the rows to be settled once more
            query = _state(workspace, sync, rows, run_id=run_id)
            workspace.lake.write(state_table(sync), workspace.engine.rows(query), Mark(Mode.REPLACE, mark, run_id))
        workspace.lake.write(OUTCOMES, _outcomes(sync, rows, run_id, word=word), Mark(Mode.APPEND, mark, run_id))
        return len(rows)


def _unknown(engine: Engine, sync: str) -> list[Row]:
    rows = (row for batch in engine.rows(waiting_rows(sync)) for row in batch.to_pylist())
    return [row for row in rows if row["status"] == Verdict.UNKNOWN.value]


def _own_run(engine: Engine, last: str) -> str:
    """After the newest run and before the next: `r000007.001`, so that the word is newer than what it is about."""
    sql = f"select count(distinct run_id) as words from {OUTCOMES} where starts_with(run_id, {string(last + '.')})"
    (found,) = (row["words"] for batch in engine.rows(Query("settled_before", sql)) for row in batch.to_pylist())
    return f"{last}.{found + 1:03d}"


def _note(workspace: Workspace, decision: Decision) -> None:
    controls_of(workspace.folder).note(decision)


def _outcomes(sync: str, rows: Sequence[Row], run_id: str, *, word: Word) -> Iterator[pa.RecordBatch]:
    verdict, reason = _SAID[word.fate]
    now = datetime.now(UTC).replace(tzinfo=None)
    about = {
        "run_id": run_id,
        "at": now,
        "sync": sync,
        "verdict": verdict.value,
        "reason": reason,
        "message": f"{word.author}: {word.reason}",
    }
    own = ("key", "person_id", "operation")
    yield pa.RecordBatch.from_pylist(
        [about | {name: row[name] for name in own} for row in rows], schema=OUTCOMES.schema
    )


def _state(workspace: Workspace, sync: str, rows: Sequence[Row], *, run_id: str) -> Query:
    """The state less these rows, plus those that are there by now: with what was sent, as far as it is known still.

    What was sent by an earlier run than the last is known no more: such a row comes as an update, unless its mode
    brings every row once.
    """
    mode = workspace.config.syncs[sync].mode
    there = [row["key"] for row in rows if mode == "delete" or row["operation"] != "delete"]
    columns = [column.name for column in state_table(sync).columns]
    known = "c.fields_hash" if mode in ONCE or mode == "delete" else "''"
    return Query(
        f"settled_{sync}",
        f"""with sent as (
  select key, person_id, fields, fields_hash
  from {changes_table(sync)}
  where key in ({_listed(there)})
),
arrived as (
  select key, person_id, fields, fields_hash from sent
  union all
  select c.key, c.person_id, c.fields, {known} as fields_hash
  from {candidates_table(sync)} as c
  left join sent as n on n.key = c.key
  where n.key is null and c.key in ({_listed(there)}) and c.gate = 'delivery.unknown'
)
select {", ".join(columns)}
from {state_table(sync)}
where key not in ({_listed([row["key"] for row in rows])})
union all
select key, person_id, fields, fields_hash, {string(run_id)} as accepted_run_id
from arrived""",
    )


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(map(string, keys)) or "null"
