"""Values that merge nobody: each judged by all records that hold it, so no order of arrival can change a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.contradictions import contradicted
from kumitate.identity.graph.model import GraphRules, Hashes, Held, Integers, Kinds
from kumitate.identity.graph.values import Values, distinct, spread

FEW = 3
"""So many different names, birthdates or logins one person may well have: typing errors, marriage, a second account."""

STANDS, STILL_HELD, WITNESS = -1, -2, -3
CONTRADICTED = "contradicted:"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Per value the reason why it merges nobody, as a number in `reasons`; STANDS where there is none."""

    reason: Kinds
    reasons: tuple[str, ...]

    @property
    def stands(self) -> NDArray[np.bool_]:
        stands: NDArray[np.bool_] = self.reason == STANDS
        return stands

    @property
    def speaks(self) -> NDArray[np.bool_]:
        """Values that say something of a person, be it as a witness that ties nobody."""
        speaks: NDArray[np.bool_] = (self.reason == STANDS) | (self.reason == WITNESS)
        return speaks

    @property
    def contradicted(self) -> Integers:
        """The values, by number, whose records contradict each other."""
        numbers = [number for number, name in enumerate(self.reasons) if name.startswith(CONTRADICTED)]
        return np.flatnonzero(np.isin(self.reason, numbers))


@dataclass(frozen=True, slots=True)
class _Witnesses:
    """What records say of one kind: `said[starts[r]:starts[r + 1]]` are the values of record r, as numbers."""

    starts: Integers
    said: Integers


def judge(values: Values, rules: GraphRules, *, count: int, still_held: Hashes) -> Verdicts:
    """The first reason in the order blocked, too many, shared, found, contradicted.

    `still_held` are values whose records are not all here, and that were held before: they are held on.
    """
    reasons = ["blocked", "too_many_records"]
    kind = values.kind
    blocked = _any_blocked(values)
    merging = np.array([rule.merges for rule in rules.kinds] or [False])[kind]
    most = np.array([rule.most_records or np.iinfo(np.int64).max for rule in rules.kinds] or [0])
    reason = np.full(len(kind), STANDS, np.int16)
    reason[values.sizes > most[kind]] = 1
    reason[blocked] = 0
    reason[~merging & ~blocked] = WITNESS
    reason[~merging & blocked] = STILL_HELD
    if len(still_held):
        reason[np.isin(values.names, still_held)] = STILL_HELD
    for number, name, shared in _shared(values, rules, count, reason=reason, blocked=blocked):
        reason[number[shared]] = len(reasons)
        reasons.append(name)
    for place, rule in enumerate(rules.kinds):
        number = np.flatnonzero((kind == place) & (values.sizes > 1) & (reason == STANDS))
        if rule.contradicted_by and len(number):
            reason[contradicted(values, number, rule.contradicted_by, blocked=blocked, count=count)] = len(reasons)
            reasons.append(f"{CONTRADICTED}{rules.kinds[rule.contradicted_by[0][0]].name}")
    return Verdicts(reason, tuple(reasons))


def _any_blocked(values: Values) -> NDArray[np.bool_]:
    if not len(values.packed):
        return np.empty(0, np.bool_)
    return np.logical_or.reduceat(values.keys.blocked, values.starts[:-1])


def _shared(
    values: Values, rules: GraphRules, count: int, *, reason: Kinds, blocked: NDArray[np.bool_]
) -> Iterator[tuple[Integers, str, NDArray[np.bool_]]]:
    """Values of a kind that still stand, the reason they may yield for, and which do."""
    kinds, several = values.kind, values.sizes > 1
    known: dict[int, _Witnesses] = {}
    for kind, rule in enumerate(rules.kinds):
        limits = [(witness, most, "shared_by") for witness, most in rule.most_distinct]
        for witness, most, why in limits + [(witness, None, "found") for witness in rule.told_by]:
            number = np.flatnonzero((kinds == kind) & several & (reason == STANDS))
            if len(number) and rule.merges:
                if witness not in known:
                    known[witness] = _witnesses(values, witness, blocked, count=count)
                different, stated = _counts(values, number, known[witness])
                allowed = np.maximum(FEW, np.sqrt(stated)) if most is None else most
                yield number, f"{why}:{rules.kinds[witness].name}", different > allowed


def _witnesses(values: Values, kind: int, blocked: NDArray[np.bool_], *, count: int) -> _Witnesses:
    """A blocked value says nothing."""
    number = np.flatnonzero((values.kind == kind) & ~blocked)
    record = values.keys.record[values.rows_of(number)]
    starts = np.append(0, np.cumsum(np.bincount(record, minlength=count)))
    return _Witnesses(starts, np.repeat(number, values.sizes[number])[np.argsort(record)])


def _counts(values: Values, number: Integers, witnesses: _Witnesses) -> tuple[Integers, Integers]:
    """Per value how many different witnesses its records state, and how many of its records state one."""
    sizes = values.sizes[number]
    record = values.keys.record[values.rows_of(number)]
    begin, end = witnesses.starts[record], witnesses.starts[record + 1]
    place = np.repeat(np.arange(len(number)), sizes)
    stated = np.bincount(place, weights=end > begin, minlength=len(number)).astype(np.int64)
    names = len(values.starts)
    pairs = np.repeat(place, end - begin) * names + witnesses.said[spread(begin, end)]
    return np.bincount(distinct(pairs) // names, minlength=len(number)), stated


def is_guard(held: Held) -> NDArray[np.bool_]:
    """Per value whether a guard holds it; others are held by what one person cannot be, for what hangs together."""
    return np.array([not reason.startswith(("limit:", CONTRADICTED)) for reason in held.reason], np.bool_)
