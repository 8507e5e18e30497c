"""However often the process dies in a rebuild, and wherever, the audience ends as the segment."""

from collections.abc import Set
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.talks import AFTER, BEFORE, expected_of, lead, members, opened, row, sent, transport_to
from kumitate.model.request import Change, Operation
from kumitate.sandbox.server import Sandbox

pytestmark = pytest.mark.slow

DEATHS = st.sets(st.tuples(st.integers(0, 15), st.booleans()), max_size=10)
CROWD = [row(f"c{number}", email=f"crowd{number}@example.jp") for number in range(1_000)]
AUDIENCES: dict[str, tuple[str, dict[str, Any]]] = {
    "google_data_manager": ("42", {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted"}),
    "meta": ("77", {"audience_id": "77"}),
}


@pytest.mark.parametrize("type_", sorted(AUDIENCES))
@given(deaths=DEATHS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_rebuild_that_dies_many_times_ends_as_the_segment(type_: str, deaths: Set[tuple[int, bool]]) -> None:
    audience, given_settings = AUDIENCES[type_]
    destination = opened(type_, **given_settings, mode="rebuild")
    with Sandbox(Path(":memory:")) as sandbox:
        transport = transport_to(sandbox, destination, type_)
        sent(destination, transport, [*BEFORE, row("x", email="stranger@example.jp")])
        done = lead(destination, transport, AFTER, deaths=deaths)
        held = members(sandbox, type_, audience)
    assert held == expected_of(type_, destination, audience)
    assert [outcome.verdict.value for outcome in done.outcomes] == [*["accepted"] * 4, "rejected"]


@given(deaths=DEATHS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_files_of_tiktok_that_die_many_times_end_as_the_segment(deaths: Set[tuple[int, bool]]) -> None:
    given_settings = {"advertiser_id": "700", "audience_id": "900"}
    destination = opened("tiktok", **given_settings)
    kept = [Change(change.key, Operation.KEEP, change.fields) for change in CROWD]
    with Sandbox(Path(":memory:")) as sandbox:
        transport = transport_to(sandbox, destination, "tiktok")
        lead(destination, transport, [*CROWD, *BEFORE])
        lead(destination, transport, AFTER, deaths=deaths)
        mirrored = members(sandbox, "tiktok", "audience 900")
        lead(opened("tiktok", **given_settings, mode="rebuild"), transport, [*AFTER, *kept])
        assert mirrored == members(sandbox, "tiktok", "audience 900")
    assert len(mirrored) == 1_003
