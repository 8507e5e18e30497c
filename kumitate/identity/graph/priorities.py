"""Where ties contradict each other, the strongest are taken first, and what would then be too much yields.

The order of ties is a fact of the ties (priority of the kind, kind, value; pairs of a model last, the most probable
first), so that neither the order of records nor of runs can change what yields.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.groups import Groups
from kumitate.identity.graph.model import GraphRules, Pairs
from kumitate.identity.graph.values import Values

Tie = list[int]
"""Records that become one person together, or not at all."""


def join_strongest_first(groups: Groups, ties: list[Tie]) -> None:
    """Refused ties are tried again as long as others make room: a steward's tie may have brought what was lacking."""
    while ties:
        refused = [tie for tie in ties if not groups.join(tie)]
        if len(refused) == len(ties):
            break
        ties = refused


def ties_inside(
    values: Values, rules: GraphRules, inside: NDArray[np.bool_], *, stands: NDArray[np.bool_], pairs: Pairs
) -> list[Tie]:
    """The ties between the records marked `inside`, strongest first; `pairs` are those that merge."""
    number = np.flatnonzero(stands & (values.sizes > 1))
    number = number[inside[values.first[number]]]
    kind = values.kind[number]
    priority = np.array([rule.priority for rule in rules.kinds] or [0])[kind]
    number = number[np.lexsort((values.keys.value[values.starts[number]], kind, priority))]
    records, ends = values.keys.record, values.starts
    ties = [records[ends[one] : ends[one + 1]].tolist() for one in number]
    rows = np.flatnonzero(inside[pairs.left])
    rows = rows[np.lexsort((pairs.right[rows], pairs.left[rows], -pairs.probability[rows]))]
    return ties + [list(pair) for pair in zip(pairs.left[rows].tolist(), pairs.right[rows].tolist(), strict=True)]
