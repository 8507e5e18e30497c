"""How long a page that cannot leave now waits in its queue, and how often it may be received before it is given up."""

from __future__ import annotations

from itertools import count

_FIRST_SECONDS = 30.0
LONGEST_SECONDS = 900.0
_DOUBLINGS = 5
"""After these the wait is the longest one."""
_SPARE = 20
"""Receives that cost no wait: a function's time was up, a token had to be fetched anew."""
_MOST = 1_000
"""As often as SQS lets a message be received."""


def wait_seconds(receives: int) -> float:
    """Seconds until a message that was received so often shows again, at least: longer each time."""
    return min(LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(_DOUBLINGS, max(0, receives - 1)))


def receives_in(minutes: int) -> int:
    """How often a message may be received, so that it is not set aside while its run waits for it."""
    waited = 0.0
    for receives in count(1):
        waited += wait_seconds(receives)
        if waited > minutes * 60:
            break
    return min(_MOST, receives + _SPARE)
