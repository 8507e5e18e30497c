"""With how many examples a property is tried: with few among the fast tests, with all it asks for among the slow.

Both try the same examples as long as the code of the test stays, so that a change is judged by what it changes. To look
for others, at random and ever anew, is a run of its own (`make test-search`).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

FAST = "fast"
THOROUGH = "thorough"
SEARCH = "search"
FEW = 10

_BUSY = (HealthCheck.too_slow,)
"""A property is no claim about time: on a busy machine an example may take seconds, to make or to try."""

settings.register_profile(FAST, max_examples=FEW, derandomize=True, deadline=None, suppress_health_check=_BUSY)
settings.register_profile(THOROUGH, max_examples=100, derandomize=True, deadline=None, suppress_health_check=_BUSY)
settings.register_profile(SEARCH, max_examples=200, print_blob=True, deadline=None, suppress_health_check=_BUSY)
settings.load_profile(FAST)  # pytest's --hypothesis-profile takes its place


def fewer(wanted: settings) -> settings:
    """What a property asks for, with no more examples than the fast tests have time for."""
    return settings(wanted, max_examples=min(wanted.max_examples, FEW))


def one_fast(values: Sequence[Any]) -> Sequence[Any]:
    """The first of a test's parameters among the fast tests, all of them among the slow."""
    rows = [value if isinstance(value, tuple) else (value,) for value in values[1:]]
    return [values[0], *(pytest.param(*row, marks=pytest.mark.slow) for row in rows)]


def hold_to_profile(items: Iterable[pytest.Item]) -> None:
    """Hypothesis lets what a test asks for go before the profile; among the fast tests the profile goes first."""
    if settings.get_current_profile_name() != FAST:
        return
    for item in items:
        tried = getattr(item, "obj", None)
        if getattr(tried, "is_hypothesis_test", False):
            wanted = tried._hypothesis_internal_use_settings
            if wanted.max_examples > FEW:
                tried._hypothesis_internal_use_settings = fewer(wanted)
