"""Rows whose answer never came: which they are, and a person's word on whether they have arrived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from kumitate.activation.gates import UNKNOWN_DELIVERY
from kumitate.activation.retries import waiting_rows
from kumitate.activation.statements import ONCE, follows_persons, string, todays_key
from kumitate.activation.tables import OUTCOMES, candidates_table, changes_table, state_table
from kumitate.errors import FatalError
from kumitate.execution.controls import Action, Decision, controls_of
from kumitate.execution.rejections import shown_key
from kumitate.identity.tables import PERSON_ALIASES
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


def unknown(workspace: Workspace, sync: str, *, unmask: bool) -> list[Row]:
    """Rows without a verdict, newest first: `key` (masked unless `unmask`), `operation`, `since`, `run_id`."""
    return [
        {
            "key": row["key"] if unmask else shown_key(row["key"], row["person_id"]),
            "person_id": row["person_id"],
            "operation": row["operation"],
            "since": row["last_seen"],
            "run_id": row["run_id"],
        }
        for row in _unknown(workspace, sync)
    ]


def settle(workspace: Workspace, sync: str, keys: Sequence[str], *, word: Word) -> int:
    """Settle the rows with these keys; how many they are.

    `again` lets a row go in the next run; `arrived` counts it as accepted. FatalError, and nothing is settled, where
    a key has no row without a verdict or a run was interrupted.
    """
    with workspace.lake.lock():
        run_id, rows = _settled(workspace, sync, keys)
        _decide(workspace, sync, rows, run_id=_own_run(workspace.engine, run_id), word=word)
        return len(rows)


def would_settle(workspace: Workspace, sync: str, keys: Sequence[str]) -> int:
    """How many rows `settle` would settle, or its FatalError; nothing is written."""
    return len(_settled(workspace, sync, keys)[1])


def _settled(workspace: Workspace, sync: str, keys: Sequence[str]) -> tuple[str, list[Row]]:
    """The newest run, and the rows with these keys that wait for a verdict."""
    last = workspace.runs.last()
    if last is None or last.finished_at is None:
        raise FatalError("a run was interrupted; `kumitate run` takes it up and ends it first")
    open_rows = _unknown(workspace, sync)
    lost = [key for key in keys if key not in {row["key"] for row in open_rows}]
    if lost:
        listed = f"`kumitate sync {sync} --unknown --show` lists those that do"
        raise FatalError(f"{len(lost)} of {len(keys)} keys: the row does not wait for a verdict; {listed}")
    return last.id, [row for row in open_rows if row["key"] in keys]


def _decide(workspace: Workspace, sync: str, rows: Sequence[Row], *, run_id: str, word: Word) -> None:
    """The state before the outcomes: a break between leaves the rows to be settled once more."""
    mark, now = f"settle.{sync}", datetime.now(UTC)
    why = f"{len(rows)} {word.fate}: {word.reason}"
    decision = Decision(sync=sync, action=Action.SETTLE, author=word.author, at=now, reason=why, run_id=run_id)
    controls_of(workspace.folder).note(decision)
    if word.fate == "arrived":
        state = workspace.engine.rows(_state(workspace, sync, rows, run_id=run_id))
        workspace.lake.write(state_table(sync), state, Mark(Mode.REPLACE, mark, run_id))
    workspace.lake.write(OUTCOMES, _outcomes(sync, rows, run_id, word=word), Mark(Mode.APPEND, mark, run_id))


def _unknown(workspace: Workspace, sync: str) -> list[Row]:
    """Each with `sent_as`, the key it was sent under, which is another where its person has merged since."""
    own = [row for row in _found(workspace, waiting_rows(sync)) if row["status"] == Verdict.UNKNOWN.value]
    rows = [row | {"sent_as": row["key"]} for row in own]
    if follows_persons(workspace.config.syncs[sync]):
        rows += _found(workspace, Query(f"merged_unknown_{sync}", _MERGED.format(
            candidates=candidates_table(sync), aliases=PERSON_ALIASES, outcomes=OUTCOMES,
            todays_key=todays_key("o", "a"), sync=string(sync), unknown=string(UNKNOWN_DELIVERY),
        )))  # fmt: skip
    return rows


def _found(workspace: Workspace, query: Query) -> list[Row]:
    return [row for batch in workspace.engine.rows(query) for row in batch.to_pylist()]


_MERGED = """with sent as (
  select
    c.key,
    o.key as sent_as,
    o.person_id,
    o.operation,
    o.verdict,
    o.at as last_seen,
    o.run_id,
    row_number() over (partition by o.key order by o.run_id desc) as age
  from {candidates} as c
  join {aliases} as a on a.person_id = c.person_id
  join {outcomes} as o on o.person_id = a.alias and {todays_key} = c.key
  where o.sync = {sync} and c.gate = {unknown}
)
select key, sent_as, person_id, operation, last_seen, run_id
from sent
where age = 1 and verdict = 'unknown'
order by last_seen desc, key"""
"""Rows sent under the id of somebody who is another by now, and who is held for it."""


def _own_run(engine: Engine, last: str) -> str:
    """After the newest run and before the next: `r000007.001`, so that the word is newer than what it is about."""
    sql = f"select count(distinct run_id) as words from {OUTCOMES} where starts_with(run_id, {string(last + '.')})"
    (found,) = (row["words"] for batch in engine.rows(Query("settled_before", sql)) for row in batch.to_pylist())
    return f"{last}.{found + 1:03d}"


def _outcomes(sync: str, rows: Sequence[Row], run_id: str, *, word: Word) -> Iterator[pa.RecordBatch]:
    verdict, reason = _SAID[word.fate]
    about = {
        "run_id": run_id,
        "sync": sync,
        "verdict": verdict.value,
        "reason": reason,
        "message": f"{word.author}: {word.reason}",
    }
    named = [
        {"at": row["last_seen"], "key": row["sent_as"], "person_id": row["person_id"], "operation": row["operation"]}
        for row in rows
    ]
    yield pa.RecordBatch.from_pylist([about | own for own in named], schema=OUTCOMES.schema)


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
  where n.key is null and c.key in ({_listed(there)}) and c.gate = {string(UNKNOWN_DELIVERY)}
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
