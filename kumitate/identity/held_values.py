"""Values that merge nobody, shown so that their owners recognise them and nobody else does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kumitate.identity.identifiers import RULE_PREFIX
from kumitate.model.masking import mask

if TYPE_CHECKING:
    from kumitate.identity.resolving import Resolved


def most_held(resolved: Resolved, most: int) -> list[dict[str, Any]]:
    """The held values on most records: kind, masked value, reason, records."""
    held = resolved.resolution.held
    order = np.lexsort((held.value, held.kind, -held.records))[:most]
    return [
        {
            "kind": resolved.rules.kinds[held.kind[place]].name,
            "value": _shown(resolved, int(held.kind[place]), held.value[place]),
            "reason": held.reason[place],
            "records": int(held.records[place]),
        }
        for place in order.tolist()
    ]


def _shown(resolved: Resolved, kind: int, value: np.uint64) -> str:
    """The value of the first record that holds it, masked; of a compound rule each part."""
    keys = resolved.keys
    rows = np.flatnonzero((keys.value == value) & (keys.kind == kind))
    if not len(rows):
        return ""
    row = int(resolved.records.row[keys.record[rows[0]]])
    name = resolved.rules.kinds[kind].name
    if name.startswith(RULE_PREFIX):
        columns = list(resolved.plan.entity.rules[name.removeprefix(RULE_PREFIX)].match)
    else:
        columns = [column for stated, column in resolved.plan.stated if stated == name]
    texts = [resolved.cleansed.columns[column][row].as_py() for column in columns]
    return " + ".join(mask(str(text)) for text in texts if text is not None)
