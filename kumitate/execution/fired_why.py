"""What became of one person's firings of a sync that a trigger starts, in words: by the lake, and by the book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kumitate.activation.statements import string
from kumitate.activation.tables import FIRINGS, candidates_table
from kumitate.activation.triggered import person_of
from kumitate.execution.controls import controls_of, paused
from kumitate.execution.fired_book import FILE
from kumitate.execution.fired_runs import state_store
from kumitate.execution.firing import open_firings
from kumitate.execution.gathered import became
from kumitate.execution.rejections import shown_key
from kumitate.execution.sync_why import gate_in_words, ids_of
from kumitate.model.step import Query
from kumitate.report.masking import message_shape
from kumitate.report.outcome_words import meaning

if TYPE_CHECKING:
    from kumitate.execution.workspace import Workspace

_HELD = {
    "no_consent": "the person refused this purpose on this channel",
    "not_in_segment": "the person is not in the segment that the sync names",
    "person.unknown": "the lake does not know yet who it is; it is tried again after each run, while it is fresh",
    "profile.unknown": "the person has no profile yet; it is tried again after each run, while it is fresh",
    "card.outdated": "the sync has changed since the last run; it is tried again after the next one, while it is fresh",
    "past.unknown": "no run has looked yet whether it is the first time; the next one does, while it is fresh",
    "not_first": "the lake knows an earlier one",
    "key.empty": "a part of the key is missing",
    "key.sent": "a row with this key has left before, and leaves once",
    "fired.already": "the trigger had fired for this key within `once_per`, under another name of the person",
    "sync.gone": "the sync was taken out of the project meanwhile",
    "too_late": "it was no longer fresh when it could have left",
    "delivery.waiting": "its row is on its way, and nothing is known of it yet",
}
_MOST_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredWhy:
    """What is known of one person and one sync that a trigger starts; the newest firing comes first."""

    sync: str
    trigger: str
    person_id: str
    has_card: bool
    """The last run has looked at the person, and found that the sync may reach them or why not."""
    gate: str | None
    firings: tuple[Mapping[str, Any], ...]
    """at, state, reason, message, key."""
    paused_since: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"words": list(fired_sentences(self))}


def fired_why(workspace: Workspace, sync: str, person_id: str, *, unmask: bool) -> FiredWhy:
    """Everything about `person_id`, an id of today; firings of ids that merged into it are theirs."""
    card = next(_rows(workspace, _CARD.format(table=candidates_table(sync), ids=ids_of(person_id))), None)
    decision = paused(controls_of(workspace.folder).decisions()).get(sync)
    own = {row["id"] for row in _rows(workspace, ids_of(person_id))}
    known = {row.pop("fired_id"): row for row in _rows(workspace, _firings(sync, person_id))}
    known |= _in_the_book(workspace, sync, own)  # newer than the last run
    newest = sorted(known.values(), key=lambda row: row["at"], reverse=True)
    return FiredWhy(
        sync=sync,
        trigger=workspace.config.syncs[sync].trigger or "",
        person_id=person_id,
        has_card=card is not None,
        gate=card["gate"] if card is not None else None,
        firings=tuple(_shown(row, person_id, unmask=unmask) for row in newest),
        paused_since=decision.at if decision else None,
    )


_CARD = "select gate from {table} where person_id in ({ids}) order by gate limit 1"


def _firings(sync: str, person_id: str) -> str:
    return (
        f"select fired_id, at, state, reason, message, key from {FIRINGS}\n"
        f"where sync = {string(sync)} and person_id in ({ids_of(person_id)})"
    )


def _rows(workspace: Workspace, sql: str) -> Iterator[dict[str, Any]]:
    for batch in workspace.engine.rows(Query("fired_why", sql)):
        yield from batch.to_pylist()


def _in_the_book(workspace: Workspace, sync: str, own: set[str]) -> dict[str, dict[str, Any]]:
    """Firings since the last run, and those that wait: whoever they turn out to be by now."""
    if not (workspace.folder / FILE).exists():
        return {}
    found = {}
    with state_store(workspace) as store, open_firings(workspace.project, workspace.folder, store) as local:
        for firing in local.firings.book.uncollected(sync):
            known = store.read(firing.fired.who) if firing.fired.who else {}
            if person_of(firing.fired, known) in own:
                state, reason, message = became(firing, local.out)
                at = firing.fired.at.astimezone(UTC).replace(tzinfo=None)
                told = {"at": at, "state": state, "reason": reason, "message": message, "key": firing.key}
                found[firing.fired.id] = told
    return found


def _shown(row: Mapping[str, Any], person_id: str, *, unmask: bool) -> Mapping[str, Any]:
    if unmask:
        return row
    key, words = row["key"] or "", row["message"] or ""
    return {**row, "key": shown_key(key, person_id) if key else "", "message": message_shape(words, {key} - {""})}


def fired_sentences(told: FiredWhy) -> Iterator[str]:
    """The same in words, one sentence a line."""
    yield f"The sync goes out by itself when {told.trigger} fires."
    if told.paused_since is not None:
        yield f"It is paused since {told.paused_since:%Y-%m-%d %H:%M}: what fires waits while it is fresh."
    if not told.has_card:
        yield f"{told.person_id} is not among those whom it may reach, as of the last run."
    elif told.gate is not None:
        yield f"Held back by {told.gate}: {gate_in_words(told.gate)}."
    else:
        yield f"No gate holds {told.person_id} back, as of the last run."
    if not told.firings:
        yield (
            f"It has not fired for the person; `kumitate trigger test {told.trigger} --events lake --person …` says why"
            " not, by an identifier as events have it."
        )
    yield from map(_in_words, told.firings[:_MOST_TOLD])
    if len(told.firings) > _MOST_TOLD:
        yield f"And {len(told.firings) - _MOST_TOLD:,} times before; --json has all of them."


def _in_words(row: Mapping[str, Any]) -> str:
    because = f" for {row['reason']}" if row["reason"] else ""
    words = f"; the destination said: {row['message']}" if row["message"] else ""
    plain = _plain(row["state"], row["reason"] or "")
    return (
        f"Fired {row['at']:%Y-%m-%d %H:%M} UTC: {row['state']}{because}{words}.{f' That is: {plain}.' if plain else ''}"
    )


def _plain(state: str, reason: str) -> str:
    if state == "accepted":
        return ""
    if state in ("held", "pending"):
        return _HELD.get(reason) or gate_in_words(reason)
    return meaning(reason, state).says.en
