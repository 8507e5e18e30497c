"""Why a trigger has not fired for somebody is said as it was."""

from __future__ import annotations

from typing import Any

import pytest

from harness.realtime import ADDED, ORDERED, at, event, plan
from kumitate.execution.trigger_trial import Asked, tried

VIEWED = {"source": "web", "event": "Viewed"}
THREE: dict[str, Any] = {"sequence": {"steps": [VIEWED, ADDED, ORDERED], "within": "2d"}}
LEFT: dict[str, Any] = {
    "sequence": {"steps": [VIEWED, ADDED], "then_not": {"event": ORDERED, "span": "24h"}, "within": "2d"}
}


@pytest.mark.parametrize(
    ("when", "happened", "why"),
    [
        (THREE, [("Added", 0)], "step 1 of 3 never came: Viewed"),
        (THREE, [("Added", 0), ("Viewed", 1)], "step 2 of 3 never came after the one before: Added"),
        (THREE, [("Viewed", 0), ("Added", 1), ("Ordered", 50)], "all steps came, but not within 2 days"),
        (LEFT, [("Viewed", 0), ("Added", 30)], "all steps came, but with the wait after them not within 2 days"),
        (LEFT, [("Viewed", 0), ("Added", 1), ("Ordered", 7)], "Ordered after 6 hours"),
    ],
    ids=str,
)
def test_it_is_said_what_was_missing(when: Any, happened: list[tuple[str, float]], why: str) -> None:
    lines = [event(name, hour, who={"userId": "m"}) for name, hour in happened]
    found = tried(plan(it={"when": when}), "it", lines, asked=Asked(now=at(1000)))
    assert [each.why for each in found.missed] == [why]
    assert not found.fires
