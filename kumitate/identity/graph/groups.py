"""Records that are joined step by step, where no step may make more of a person than a person can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.limits import BY_STEWARD, LARGEST, held_at_once, limited_kinds
from kumitate.identity.graph.model import GraphRules, Integers, Links
from kumitate.identity.graph.values import Values

Said = dict[int, dict[int, set[int]]]
"""Limited kind -> value -> when it was seen."""


@dataclass(slots=True)
class _Group:
    """What is joined so far."""

    records: int = 1
    said: Said = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)
    """Records that stewards keep from it."""


class Groups:
    """The records of some components, each on its own at first; what stewards tie is joined before all else."""

    def __init__(
        self, values: Values, rules: GraphRules, inside: NDArray[np.bool_], *, speaks: NDArray[np.bool_], links: Links
    ) -> None:
        self._rules = rules
        self._parent = {record: record for record in np.flatnonzero(inside).tolist()}
        self._groups = {record: _Group() for record in self._parent}
        for kind in limited_kinds(rules):
            self._note(values, kind, np.flatnonzero((values.kind == kind) & speaks))
        ends = links.left[inside[links.left]], links.right[inside[links.left]], links.must[inside[links.left]]
        for left, right, must in sorted(
            zip(*(end.tolist() for end in ends), strict=True), key=lambda link: not link[2]
        ):
            if must:
                self._join(sorted({self.find(left), self.find(right)}))
            elif right in self._parent:
                self._groups[self.find(left)].apart.add(right)
                self._groups[self.find(right)].apart.add(left)

    def _note(self, values: Values, kind: int, number: Integers) -> None:
        rows = values.rows_of(number)
        value = np.repeat(number, values.sizes[number])
        record, at = values.keys.record[rows], values.keys.at[rows]
        mine = np.isin(record, np.fromiter(self._parent, np.int64, len(self._parent)))
        columns = (column[mine].tolist() for column in (record, value, at))
        for holder, name, moment in zip(*columns, strict=True):
            self._groups[holder].said.setdefault(kind, {}).setdefault(name, set()).add(moment)

    def find(self, record: int) -> int:
        """The smallest record of its group."""
        parent = self._parent
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    def join(self, records: Iterable[int]) -> bool:
        """Make them one person, all of them or, where that cannot be, none."""
        roots = sorted({self.find(record) for record in records})
        if len(roots) > 1 and self._hindrance(roots):
            return False
        self._join(roots)
        return True

    def hindrance(self, records: Iterable[int]) -> str:
        """The reason why they cannot be one person, or an empty string."""
        roots = sorted({self.find(record) for record in records})
        return self._hindrance(roots) if len(roots) > 1 else ""

    def _hindrance(self, roots: list[int]) -> str:
        groups = [self._groups[root] for root in roots]
        if any(self.find(record) in roots for group in groups for record in group.apart):
            return BY_STEWARD
        if sum(group.records for group in groups) > self._rules.largest:
            return LARGEST
        return next(self._over(groups), "")

    def _over(self, groups: list[_Group]) -> Iterator[str]:
        """What a group has too much of already (a steward's doing) hinders only who would bring more of it."""
        for kind in limited_kinds(self._rules):
            rule = self._rules.kinds[kind]
            each = [group.said.get(kind, {}) for group in groups]
            together: dict[int, set[int]] = {}
            for said in each:
                for value, times in said.items():
                    together[value] = together.get(value, set()) | times
            allowed = max([rule.most_per_person or 0, *(held_at_once(said, rule) for said in each)])
            if held_at_once(together, rule) > allowed:
                yield f"limit:{rule.name}"

    def _join(self, roots: list[int]) -> None:
        """The smallest record stays the root."""
        into = min(roots)
        for root in roots:
            if root != into:
                self._parent[root] = into
                self._absorb(self._groups[into], self._groups.pop(root))

    @staticmethod
    def _absorb(group: _Group, other: _Group) -> None:
        group.records += other.records
        group.apart |= other.apart
        for kind, said in other.said.items():
            mine = group.said.setdefault(kind, {})
            for value, times in said.items():
                mine.setdefault(value, set()).update(times)

    def settle(self, component: Integers) -> None:
        """Join what was decided elsewhere, whatever it breaks."""
        for record in list(self._parent):
            self._join(sorted({self.find(record), self.find(int(component[record]))}))

    def labels(self, component: Integers) -> Integers:
        """`component` with the groups in place of the components that they are parts of."""
        parted = component.copy()
        for record in self._parent:
            parted[record] = self.find(record)
        return parted
