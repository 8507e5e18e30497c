"""How often a vendor at work is asked, and when that is given up: often at first, then seldom, a day in all."""

from __future__ import annotations

from kumitate.activation.destinations.talk import State, Wait

_STEPS = ((20, 30.0), (24, 300.0), (44, 1_800.0))
"""Ten minutes, two hours, twenty-two hours: (times, seconds)."""
_MOST = sum(times for times, _ in _STEPS)
PATIENCE = "a day"


def waiting(state: State, *, least: float = 0.0) -> Wait:
    """The next wait of at least so many seconds, counted in the state as `polls`; runs may lie further apart."""
    polls = int(state.get("polls", 0)) + 1
    return Wait(max(least, _seconds(polls)), {**state, "polls": polls})


def is_over(state: State) -> bool:
    """Whether it has been asked as often as is sensible."""
    return int(state.get("polls", 0)) >= _MOST


def _seconds(polls: int) -> float:
    left = polls
    for times, seconds in _STEPS:
        if left <= times:
            return seconds
        left -= times
    return _STEPS[-1][1]
