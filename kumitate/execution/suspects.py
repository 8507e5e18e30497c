"""Rows that spoilt their batch in an earlier run leave last and among themselves, so that they spoil no other's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kumitate.activation.portions import is_removal
from kumitate.execution.portion import Page
from kumitate.execution.sending import SPOILS
from kumitate.model.request import Change, Outcome, Verdict
from kumitate.ports import Memory

_SUSPECTS = "suspects."


def suspects(memory: Memory, sync: str) -> frozenset[str]:
    """Keys of the rows that are under suspicion."""
    noted = memory.recall(sync)
    return frozenset(key for name, note in noted.items() if name.startswith(_SUSPECTS) for key in note["keys"])


def held_back(portions: Iterable[Sequence[Change]], keys: frozenset[str]) -> Iterator[Sequence[Change]]:
    """The portions without the suspected rows, which come at the end; removals keep their place before all others."""
    last: list[Change] = []
    for portion in portions:
        if keys.isdisjoint(change.key for change in portion):
            yield portion
            continue
        suspected = [change for change in portion if change.key in keys and not is_removal(change)]
        last += suspected
        yield [change for change in portion if is_removal(change) or change.key not in keys]
    yield last


def note_suspects(memory: Memory, page: Page, number: int, *, before: frozenset[str]) -> None:
    """After a page's delivery: what it found, and what was suspected before and has not been accepted since."""
    notes = page.notes()
    spoilt = {key for key, note in notes.items() if isinstance(note, Outcome) and note.reason == SPOILS}
    accepted = {key for key, note in notes.items() if isinstance(note, Outcome) and note.verdict is Verdict.ACCEPTED}
    keys = sorted(spoilt | (before & notes.keys()) - accepted)
    name = f"{_SUSPECTS}{number:06d}"
    if keys or name in memory.recall(page.sync):
        memory.remember(page.sync, name, {"keys": keys} if keys else None)
