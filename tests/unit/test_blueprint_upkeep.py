"""Which tables of the lake are compacted in AWS: those that grow by small files."""

from harness.activations import UPSERT, project
from kumitate.activation.tables import OUTCOMES, PLATFORM_FIGURES, changes_table
from kumitate.blueprint.upkeep import appended


def test_what_each_delivery_adds_to_is_compacted_and_what_a_run_replaces_is_not() -> None:
    grown = appended(project({"s": UPSERT}))
    assert {str(OUTCOMES), str(PLATFORM_FIGURES)} <= grown
    assert str(changes_table("s")) not in grown
