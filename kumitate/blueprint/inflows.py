"""The deliveries that Firehose makes into the raw zone: one a streamed source, one for what messaging tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kumitate.blueprint.platform import Platform

MESSAGES = "messages"
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Inflow:
    """Files under `streamed/<name>/`, brought by the delivery stream `called` so, every `buffer_seconds`."""

    name: str
    called: str
    buffer_seconds: int = _SECONDS
    source: str | None = None
    """Whose events these are; what messaging tells is of no one source."""


def inflows(platform: Platform) -> Iterator[Inflow]:
    called, messaging = platform.names.called, platform.environment.messaging
    for each in platform.streams:
        yield Inflow(each.name, called("stream", each.name), each.stream.buffer_seconds, each.name)
    if messaging.email or messaging.sms or messaging.connect_instance is not None:
        yield Inflow(MESSAGES, called(MESSAGES))
