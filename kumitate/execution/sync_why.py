"""Why one person is at a sync's destination, or is not: member, gate, key, last answer, state there, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kumitate.activation.gates import UNKNOWN_DELIVERY
from kumitate.activation.retries import NOT_ASKED
from kumitate.activation.statements import string
from kumitate.activation.tables import OUTCOMES, candidates_table, changes_table, state_table
from kumitate.execution.controls import controls_of, paused
from kumitate.execution.rejections import shown_key
from kumitate.execution.steps import segment_places
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.step import Query
from kumitate.report.masking import message_shape
from kumitate.report.outcome_words import meaning
from kumitate.segments.masks import member_condition
from kumitate.sql.vocabulary import text

if TYPE_CHECKING:
    from kumitate.execution.workspace import Workspace

_GATES = {
    "no_consent": "the person refused this purpose on this channel",
    "consent_unknown": "the person has not said whether they agree; unknown is not granted",
    "excluded": "the person is in {detail}, which this sync leaves out",
    "key.empty": "a part of the key is missing",
    "key.duplicate": "another person has the same key",
    "field.null": "the field {detail} has no value, and the sync asks for one",
    "field.unmatched": "a value is not in the list that a field looks up",
    "outranked": "the sync {detail} goes before this one and would send the person",
    "holdout": "the person is in the control group {detail}",
    "frequency": "the budget {detail} has been spent on this person",
    UNKNOWN_DELIVERY: "a row that must not go twice was sent, and its answer never came",
    NOT_ASKED: "the last run only tried rows again; the next one brings it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What is known of one person and one sync, after the newest run."""

    sync: str
    person_id: str
    segment: str
    is_member: bool
    is_candidate: bool
    """The sync has looked at the person in its newest run."""
    gate: str | None
    key: str | None
    outcome: dict[str, Any] | None
    """The newest answer: run_id, at, operation, verdict, reason, message."""
    at_destination: dict[str, Any] | None
    """accepted_run_id, and whether it is as the sync would have it now."""
    pending: str | None
    """The operation that the newest run had to bring and the destination has not taken."""
    paused_since: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"words": list(sentences(self))}


def why(workspace: Workspace, sync: str, person_id: str, *, unmask: bool) -> Why:
    """Everything about `person_id`, an id of today; rows under ids that merged into it count as theirs."""
    candidate = _first(workspace, _CANDIDATE.format(table=candidates_table(sync), ids=ids_of(person_id)))
    change = _first(workspace, _CHANGE.format(table=changes_table(sync), ids=ids_of(person_id)))
    state = _first(workspace, _STATE.format(table=state_table(sync), ids=ids_of(person_id)))
    outcome = _first(workspace, _OUTCOME.format(table=OUTCOMES, sync=string(sync), ids=ids_of(person_id)))
    key = next((row["key"] for row in (candidate, change, state, outcome) if row and row["key"]), None)
    values = _values(candidate, change, state)
    decision = paused(controls_of(workspace.folder).decisions()).get(sync)
    known = workspace.config.syncs[sync]
    return Why(
        sync=sync,
        person_id=person_id,
        segment=known.brings,
        is_member=known.segment is None or _is_member(workspace, known.segment, person_id),
        is_candidate=candidate is not None,
        gate=_gate_now(candidate, outcome),
        key=key if unmask or key is None else shown_key(key, person_id),
        outcome=_told(outcome, values, unmask=unmask),
        at_destination=_there(state, candidate),
        pending=change["operation"] if change and (outcome is None or outcome["verdict"] != "accepted") else None,
        paused_since=decision.at if decision else None,
    )


_CANDIDATE = "select key, gate, fields, fields_hash from {table} where person_id in ({ids}) order by key limit 1"
_CHANGE = "select key, operation, fields from {table} where person_id in ({ids}) order by key limit 1"
_STATE = """select key, fields, fields_hash, accepted_run_id
from {table} where person_id in ({ids}) order by accepted_run_id desc, key limit 1"""
_OUTCOME = """select key, run_id, at, operation, verdict, reason, message
from {table} where sync = {sync} and person_id in ({ids}) order by run_id desc, key limit 1"""


def _gate_now(candidate: dict[str, Any] | None, outcome: dict[str, Any] | None) -> str | None:
    """The gate of the next run, as far as answers that came since the last one was planned tell it."""
    if candidate is None:
        return None
    gate, is_unknown = candidate["gate"], outcome is not None and outcome["verdict"] == "unknown"
    if gate is None and is_unknown:
        return UNKNOWN_DELIVERY
    return None if gate == UNKNOWN_DELIVERY and not is_unknown else gate


def ids_of(person_id: str) -> str:
    """The person's id of today and those that merged into it."""
    who = string(person_id)
    return f"select {who} as id union all select alias as id from {PERSON_ALIASES} where person_id = {who}"


def _first(workspace: Workspace, sql: str) -> dict[str, Any] | None:
    rows = (row for batch in workspace.engine.rows(Query("sync_why", sql)) for row in batch.to_pylist())
    return next(rows, None)


def _is_member(workspace: Workspace, segment: str, person_id: str) -> bool:
    bits = segment_places(workspace.engine)
    if segment not in bits:
        return False
    member = text(member_condition("m", bits[segment]))
    sql = f"select 1 as one from curated.segment_masks as m where m.person_id = {string(person_id)} and {member}"
    return _first(workspace, sql) is not None


def _values(*rows: dict[str, Any] | None) -> set[str]:
    """Every value the person's rows have, to be taken out of what a destination said about them."""
    texts = (row["fields"] for row in rows if row and row["fields"])
    fields = {str(value) for each in texts for value in json.loads(each).values() if value is not None}
    return fields | {row["key"] for row in rows if row and row["key"]}


def _told(outcome: dict[str, Any] | None, values: set[str], *, unmask: bool) -> dict[str, Any] | None:
    if outcome is None:
        return None
    words = outcome["message"] or ""
    told = {name: value for name, value in outcome.items() if name != "key"}
    return told | {"message": words if unmask else message_shape(words, values)}


def _there(state: dict[str, Any] | None, candidate: dict[str, Any] | None) -> dict[str, Any] | None:
    if state is None:
        return None
    is_current = candidate is not None and candidate["fields_hash"] == state["fields_hash"]
    return {"accepted_run_id": state["accepted_run_id"], "is_current": is_current}


def sentences(told: Why) -> Iterator[str]:
    """The same in words, one sentence a line."""
    yield f"{told.person_id} is {'' if told.is_member else 'not '}in the segment {told.segment}."
    if told.paused_since is not None:
        yield f"The sync is paused since {told.paused_since:%Y-%m-%d %H:%M}: nothing of it leaves."
    if told.is_member and not told.is_candidate:
        yield "The sync has not run since: `kumitate sync` looks at the person."
    if told.gate is not None:
        yield f"Held back by {told.gate}: {gate_in_words(told.gate)}."
        if told.gate == UNKNOWN_DELIVERY:
            yield f"To let it go: {meaning('', 'unknown').do.en.replace('NAME', told.sync)}."
    elif told.is_candidate:
        yield f"No gate holds the person back; the key is {told.key}."
    yield _of_outcome(told)
    if told.pending is not None and told.gate is None:
        yield f"To be brought in the next run: {told.pending}."
    yield _of_state(told)


def gate_in_words(gate: str) -> str:
    """Why a candidate is held: `holdout:q2` is "the person is in the control group q2"."""
    kind, _, detail = gate.partition(":")
    return _GATES.get(kind, "see docs/concepts/activation.md").format(detail=detail)


def _of_outcome(told: Why) -> str:
    if told.outcome is None:
        return "Nothing of the person was ever sent by this sync."
    last = told.outcome
    because = f" for {last['reason']}" if last["reason"] else ""
    speaker = "as said by" if (last["reason"] or "").startswith("settled.") else "the destination said:"
    words = f"; {speaker} {last['message']}" if last["message"] else ""
    when = f"{last['at']:%Y-%m-%d %H:%M}, {last['operation']}"
    means = meaning(last["reason"] or "", last["verdict"]).about(told.sync)
    plain = "" if last["verdict"] == "accepted" else f" That is: {means}."
    return f"Last sent in run {last['run_id']} ({when}): {last['verdict']}{because}{words}.{plain}"


def _of_state(told: Why) -> str:
    if told.at_destination is None:
        return "As far as is known the person is not at the destination."
    since = told.at_destination["accepted_run_id"]
    if told.at_destination["is_current"]:
        return f"The destination has the person as the sync would have it, since run {since}."
    return f"The destination has what it accepted in run {since}; that is not what the sync would bring now."
