"""The bus that the platform's own events travel on: segments changed, changes ready, run ended, trigger fired."""

from __future__ import annotations

from aws_cdk import aws_events as events
from constructs import Construct

from kumitate.blueprint.platform import Platform


def place_bus(scope: Construct, platform: Platform) -> events.EventBus:
    """Events name runs, segments and syncs; `Trigger fired` tells facts of a person, whom it names by a hash or an id
    of the lake. They pass through and are not kept: AWS's own key suffices.
    """
    return events.EventBus(
        scope,
        "Bus",
        event_bus_name=platform.names.called("bus"),
        description=f"What happens in {platform.names.prefix}",
    )
