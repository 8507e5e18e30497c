"""What one delivered text is read as: its clean value, and the codes of what was done to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reading:
    """One delivered text as read: its clean value, the codes of what was done, and what it can be taken apart into.

    Without codes the value stands as it was delivered; None without codes says nothing (a blank).
    """

    value: Any
    codes: tuple[str, ...] = ()
    parts: Mapping[str, str | None] = field(default_factory=dict)


Reader = Callable[[str], Reading]
"""Reads one delivered text; RecordError where it cannot be used."""

Step = tuple[str, Callable[[str], str]]
"""A code of `reasons.CHANGES` and the change that it stands for."""

NOTHING = Reading(None)


def stepped(value: str, steps: tuple[Step, ...], codes: tuple[str, ...] = ()) -> Reading:
    """`value` after one step after another, with the codes of those that changed it (behind `codes`)."""
    for code, step in steps:
        changed = step(value)
        if changed != value:
            codes = codes if code in codes else (*codes, code)
            value = changed
    return Reading(value, codes)
