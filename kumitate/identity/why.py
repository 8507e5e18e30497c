"""Why two are one person, or are not: the shortest path of evidence between them, or what was held back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any, Literal

from kumitate.identity.identifiers import RULE_PREFIX
from kumitate.identity.stewards import Decision
from kumitate.model.masking import mask

BETWEEN = "\x1f"
"""Between the parts of a compound value, as `identifiers_query` joins them."""
MODEL, STEWARD = "model", "steward"


@dataclass(frozen=True, slots=True)
class Tie:
    """An edge of the graph: two records, the kind or rule that ties them, a model's probability, what both state."""

    left: str
    right: str
    rule: str
    probability: float | None = None
    value: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: `value` is what both records state, masked; of a compound rule every part."""

    left: str
    right: str
    rule: str
    value: str = ""
    columns: tuple[str, ...] = ()
    probability: float | None = None
    author: str = ""
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A value that both state and that ties nobody, with the reason and how many records have it."""

    kind: str
    value: str
    reason: str
    records: int


@dataclass(frozen=True, slots=True)
class Unusable:
    """What both delivered as an identifier and cleansing dropped, with the code that says why."""

    kind: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two records are by the model: its probability, and what each comparison adds (log2)."""

    probability: float
    weight: float
    parts: tuple[tuple[str, str, float], ...] = ()
    """Comparison, what it found, weight."""
    merge: float = 0.99
    review: float = 0.80


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known about two names; `verdict` is what `kumitate why` says first."""

    left: str
    right: str
    verdict: Literal["one_record", "one_person", "two_persons"]
    persons: tuple[str, ...]
    merged: tuple[tuple[str, str], ...] = ()
    """An id that was asked for, and the one that holds now."""
    path: tuple[Step, ...] = ()
    together: tuple[str, str] | None = None
    """The run and the time since when both are one person, as far as runs tell."""
    held_back: tuple[HeldBack, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    parted: tuple[Step, ...] = ()
    """Decisions of stewards that keep them apart."""
    likeness: Likeness | None = None
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def shortest_path(ties: Iterable[Tie], start: Iterable[str], end: Iterable[str]) -> tuple[Tie, ...]:
    """The fewest ties that lead from a record of `start` to one of `end`.

    The graph ties all who state a value to one of them; a path goes from any of these to any other at once. Among
    equals a steward's decision goes first, for it outranks all else; then the first by name.
    """
    near: dict[str, list[tuple[str, Tie]]] = {}
    shared = _Shared()
    for tie in sorted(ties, key=lambda tie: (tie.rule != STEWARD, tie.left, tie.right, tie.rule)):
        if tie.value:
            shared.add(tie)
        else:
            near.setdefault(tie.left, []).append((tie.right, tie))
            near.setdefault(tie.right, []).append((tie.left, tie))
    came: dict[str, Tie | None] = dict.fromkeys(sorted(start))
    goal, queue = set(end), list(came)
    for record in queue:
        if record in goal:
            return _back(came, record)
        for other, tie in chain(near.get(record, ()), shared.reached(record)):
            if other not in came:
                came[other] = tie
                queue.append(other)
    return ()


class _Shared:
    """Which records are tied by which value."""

    def __init__(self) -> None:
        self._ties: dict[tuple[str, str], dict[str, list[tuple[str, Tie]]]] = {}
        self._values: dict[str, dict[tuple[str, str], None]] = {}

    def add(self, tie: Tie) -> None:
        value = tie.rule, tie.value
        for record, other in ((tie.left, tie.right), (tie.right, tie.left)):
            self._ties.setdefault(value, {}).setdefault(record, []).append((other, tie))
            self._values.setdefault(record, {})[value] = None

    def reached(self, record: str) -> Iterator[tuple[str, Tie]]:
        """Whom a value of the record's ties to it, also through others who state it, by name; each once per value."""
        for value in self._values.get(record, ()):
            for other, tie in sorted(self._tied(value, record).items()):
                yield other, replace(tie, left=record, right=other)

    def _tied(self, value: tuple[str, str], record: str) -> dict[str, Tie]:
        ties, found, queue = self._ties[value], dict[str, Tie](), [record]
        for each in queue:
            for other, tie in ties.pop(each, ()):
                if other not in found:
                    found[other] = tie
                    queue.append(other)
        return found


def _back(came: Mapping[str, Tie | None], record: str) -> tuple[Tie, ...]:
    path: list[Tie] = []
    tie = came[record]
    while tie is not None:
        record = tie.left if tie.right == record else tie.right
        path.append(replace(tie, left=record, right=tie.right if tie.left == record else tie.left))
        tie = came[record]
    return tuple(reversed(path))


def common_value(stated: Mapping[str, Mapping[str, Sequence[str]]], tie: Tie) -> str:
    """The value of the tie's kind that both of its records state; the first of several."""
    values = [set(stated.get(end, {}).get(tie.rule, ())) for end in (tie.left, tie.right)]
    return min(values[0] & values[1], default="")


def masked(told: Explanation) -> Explanation:
    """The same without values and records; what the asker named stays."""
    return replace(
        told,
        path=tuple(map(_masked_step, told.path)),
        parted=tuple(map(_masked_step, told.parted)),
        held_back=tuple(replace(each, value=masked_value(each.value)) for each in told.held_back),
        unusable=tuple(replace(each, value=mask(each.value)) for each in told.unusable),
    )


def _masked_step(step: Step) -> Step:
    left, right = masked_record(step.left), masked_record(step.right)
    return replace(step, left=left, right=right, value=masked_value(step.value))


def masked_value(value: str) -> str:
    """Masked, each part of a compound value by itself."""
    return " + ".join(mask(part) for part in value.split(" + ")) if value else ""


def masked_record(record: str) -> str:
    """A record without its id: whoever keeps a register finds the person by it."""
    source, slash, name = record.partition("/")
    return f"{source}/{mask(name)}" if slash else mask(record)


def columns_of(rule: str, match: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What a compound rule compares, none for other ties."""
    return tuple(match.get(rule.removeprefix(RULE_PREFIX), ())) if rule.startswith(RULE_PREFIX) else ()


def step_of(decision: Decision) -> Step:
    return Step(
        decision.left,
        decision.right,
        STEWARD,
        author=decision.author,
        reason=decision.reason,
        at=decision.at,
    )
