"""What platforms count of what they took (received, matched, rejected), kept in the memory until the lake has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kumitate.ports import Memory

FIGURES = "figures."


def note_figures(
    memory: Memory, sync: str, receipt: str, *, run_id: str, at: str, figures: Mapping[str, float]
) -> None:
    """Done twice it is noted once; `at` is a time as ISO 8601 has it."""
    if figures:
        told = {"run_id": run_id, "at": at, "receipt": receipt, "figures": dict(sorted(figures.items()))}
        memory.remember(sync, f"{FIGURES}{run_id}.{receipt}", told)


def noted_figures(memory: Memory, sync: str) -> Mapping[str, Mapping[str, Any]]:
    """The notes by name, to be forgotten when the lake has them."""
    return {name: note for name, note in memory.recall(sync).items() if name.startswith(FIGURES)}


def figure_rows(notes: Mapping[str, Mapping[str, Any]], sync: str) -> Iterator[tuple[str, str, str, str, str, float]]:
    """run_id, at, sync, receipt, name and value of each figure."""
    for note in notes.values():
        for name, value in note["figures"].items():
            yield note["run_id"], note["at"], sync, note["receipt"], name, float(value)
