"""The fast tests try few examples of each property; the slow tests, all that it asks for."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.examples import FAST, FEW, hold_to_profile


def examples_of(wanted: int) -> int:
    """How many a property is tried with that asks for `wanted`."""
    tried: list[int] = []

    @settings(max_examples=wanted, database=None)
    @given(st.integers())
    def holds(number: int) -> None:
        tried.append(number)

    hold_to_profile([cast(Any, SimpleNamespace(obj=holds))])
    holds()
    return len(tried)


@pytest.mark.parametrize(("wanted", "tried"), [(400, FEW), (FEW, FEW), (3, 3)])
def test_a_property_is_tried_with_what_it_asks_for_and_the_fast_tests_have_time_for(wanted: int, tried: int) -> None:
    if settings.get_current_profile_name() != FAST:
        pytest.skip("all examples are wanted here")

    assert examples_of(wanted) == tried
