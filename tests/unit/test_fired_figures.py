"""What platforms tell later of rows that triggers fired reaches the lake with the next run, and is forgotten then."""

from typing import Any

import pytest

from harness.activations import SLACK, run
from harness.fired import CART, FiredWorld, fired_project
from kumitate.activation.stage import DELIVERY, of_syncs
from kumitate.activation.tables import PLATFORM_FIGURES
from kumitate.execution.figures import note_figures, noted_figures
from kumitate.execution.gathered import Gathering
from kumitate.model.step import Live, LiveStep

FIGURES = LiveStep(PLATFORM_FIGURES, Live.FIGURES)
ADS = {"destinations": {**SLACK, "ads": {"type": "google_data_manager"}}}
CONVERSION = {**CART, "destination": "ads", "object": "event", "fields": {"event_time": "{fact.fired_at}"}}


def delivered(*asked: str, **syncs: Any) -> bool:
    """Whether a delivery takes figures of fired rows in; of `asked` syncs alone, if any."""
    return FIGURES in of_syncs(DELIVERY, asked).plan(fired_project(gates=ADS, **syncs), run(2))


def test_figures_of_fired_rows_go_to_the_lake_once_and_are_forgotten() -> None:
    world = FiredWorld(fired_project(gates=ADS, sale=CONVERSION))
    gathering = Gathering(
        engine=world.files,
        lake=world.files,
        store=world.states,
        book=world.book,
        out=world.out,
        memory=world.memory,
        syncs=("sale",),
        run=run(2),
    )
    at = "2026-03-10T12:00:00+00:00"
    note_figures(world.memory, "sale", "request-1", run_id="t1", at=at, figures={"received": 1.0, "failed": 0.0})
    assert [gathering.carry_out(FIGURES) for _ in range(2)] == [2, 0]
    assert world.lake.rows(f"select run_id, sync, name, value from {PLATFORM_FIGURES} order by name") == [
        ("t1", "sale", "failed", 0.0),
        ("t1", "sale", "received", 1.0),
    ]
    assert not noted_figures(world.memory, "sale")


@pytest.mark.parametrize(
    ("syncs", "asked", "is_asked"),
    [
        ({"sale": CONVERSION, "cart": CART}, (), True),
        ({"sale": CONVERSION, "cart": CART}, ("sale",), True),
        ({"sale": CONVERSION, "cart": CART}, ("cart",), False),
        ({"cart": CART}, (), False),
    ],
)
def test_a_delivery_asks_for_figures_where_a_fired_sync_may_be_told_of_any(
    syncs: dict[str, Any], asked: tuple[str, ...], is_asked: bool
) -> None:
    assert delivered(*asked, **syncs) is is_asked
