"""The bus that the platform's own events travel on: segments changed, changes ready, run ended."""

from __future__ import annotations

from aws_cdk import aws_events as events
from constructs import Construct

from kumitate.blueprint.platform import Platform


def place_bus(scope: Construct, platform: Platform) -> events.EventBus:
    """Events name runs, segments and syncs, never people; AWS's own key suffices."""
    return events.EventBus(
        scope,
        "Bus",
        event_bus_name=platform.names.called("bus"),
        description=f"What happens in {platform.names.prefix}",
    )
