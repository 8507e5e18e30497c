"""Takes in events over HTTP as the SDKs of Segment and RudderStack send them, and says what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kumitate.errors import RecordError, RetryableError
from kumitate.events.answering import document, later, not_taken, otherwise, pixel, refused, taken
from kumitate.events.collecting import Collecting
from kumitate.events.credentials import Keyring, Sender
from kumitate.events.handshakes import (
    for_page,
    preflight,
    rudder_source_config,
    segment_settings,
    version,
)
from kumitate.events.messages import Arrival
from kumitate.events.pixels import item_of
from kumitate.events.routing import Route, route_of
from kumitate.events.taking import Taken, Taker, taker_of
from kumitate.events.unpacking import body_of, shared_of
from kumitate.events.webhooks import events_of, secrets_of, verify
from kumitate.model.event import Answer, Call

if TYPE_CHECKING:
    from kumitate.ports import EventIntake, RateGate

_BUSY_SECONDS = 1.0
_TROUBLE_SECONDS = 5.0


def _unheard(_: Exception) -> None:
    """Whoever wants to hear of failures says where to tell them."""


@dataclass(frozen=True)
class Collector:
    """Answers calls; `secret` gives a webhook's secret by the name it has in the environment's `secrets`.

    `trouble` is told of what should not happen, which the caller hears of as `internal`.
    """

    collecting: Collecting
    _: KW_ONLY
    intake: EventIntake
    rates: RateGate
    secret: Callable[[str], str] = field(repr=False)
    trouble: Callable[[Exception], None] = field(default=_unheard, repr=False)

    def answer(self, call: Call) -> Answer:
        """Never raises; 2xx and 4xx carry JSON with what was taken, what was not, and why."""
        answer = self._answered(call)
        origin = call.headers.get("origin", "")
        return for_page(answer, origin) if self._keys.may_read(origin) else answer

    @cached_property
    def _keys(self) -> Keyring:
        return Keyring(self.collecting.intakes)

    @cached_property
    def _takers(self) -> Mapping[str, Taker]:
        return {intake.source: taker_of(intake) for intake in self.collecting.intakes}

    @cached_property
    def _hooks(self) -> Mapping[str, str]:
        """Path -> source."""
        return {intake.hook.path: intake.source for intake in self.collecting.intakes if intake.hook}

    def _answered(self, call: Call) -> Answer:
        try:
            return self._routed(call)
        except RecordError as error:
            return refused(error.reason, error.field)
        except RetryableError as error:
            return later("intake.unavailable", error.retry_after_seconds or _TROUBLE_SECONDS)
        except Exception as error:  # no caller sees a trace; our own troubles are told
            self.trouble(error)
            return later("internal", _TROUBLE_SECONDS)

    def _routed(self, call: Call) -> Answer:
        route = route_of(call.path)
        if route is None:
            raise RecordError("route.unknown")
        if call.method == "OPTIONS":
            return preflight(call)
        if call.method not in route.methods:
            return otherwise(route.methods)
        match route.kind:
            case "batch" | "single":
                return self._collected(call, route)
            case "pixel":
                return self._seen(call, route)
            case "hook":
                return self._called(call, route.name)
            case _:
                return self._asked(call, route)

    def _collected(self, call: Call, route: Route) -> Answer:
        is_batch = route.kind == "batch"
        body = body_of(call.body, call.headers.get("content-encoding", ""), is_batch=is_batch)
        sender = self._keys.sender(call, body.envelope)
        arrival = _arrival(call, sender, shared_of(body.envelope) if is_batch else {})
        return self._limited(call, sender, len(body.items)) or self._kept(
            self._takers[sender.source].each(body.items, route.call, arrival), is_batch=is_batch
        )

    def _seen(self, call: Call, route: Route) -> Answer:
        """A picture was loaded; it counts each time, since nobody sends a picture again."""
        item = item_of(call.query)
        sender = self._keys.sender(call, item)
        arrival = _arrival(call, sender, {}, salt=call.at.isoformat())
        answer = self._limited(call, sender, 1) or self._kept(
            self._takers[sender.source].each([item], route.call, arrival), is_batch=False
        )
        return pixel() if answer.status == 200 else answer

    def _called(self, call: Call, path: str) -> Answer:
        """A service's call, which its signature proves."""
        taker = self._takers.get(self._hooks.get(path, ""))
        if taker is None or taker.intake.hook is None:
            raise RecordError("route.unknown")
        hook = taker.intake.hook
        verify(hook, call, secrets_of(self.secret(hook.secret)))
        body = body_of(call.body, call.headers.get("content-encoding", ""), is_batch=False)
        events = events_of(hook, body.items[0], call.headers)
        arrival = Arrival(call.at, taker.intake.source, needs_person=False)
        made = list(taker.each(events, "track", arrival))
        is_kept = all(each.event is not None for each in made)  # blocked ones lie in quarantine: nobody need call again
        return self._kept(made, is_batch=hook.each is not None or is_kept)

    def _asked(self, call: Call, route: Route) -> Answer:
        """What is asked before anything is sent."""
        if route.kind == "health":
            return document({"status": "ok"})
        if route.kind == "version":
            return document({"version": version()})
        if route.kind == "measures":
            return document({"success": True})
        sender = self._keys.sender(call, {}, route.name)
        write_key = sender.key.value or route.name
        if route.kind == "settings":
            return document(segment_settings(call, write_key))
        return document(rudder_source_config(sender.source, write_key))

    def _limited(self, call: Call, sender: Sender, events: int) -> Answer | None:
        per_second = sender.key.events_per_second
        if per_second is None or not events:
            return None
        wait = self.rates.wait(f"{sender.source}/{sender.key.name}", events, per_second=per_second, now=call.at)
        return later("rate.limited", wait) if wait > 0 else None

    def _kept(self, made: Iterable[Taken], *, is_batch: bool) -> Answer:
        """Answered when the events are safe; where some are not, the sender brings all of them again."""
        outcomes = list(made)
        events = [each.event for each in outcomes if each.event is not None]
        rejected = [each.rejected for each in outcomes if each.rejected is not None]
        if events and self.intake.take(events):
            return later("intake.busy", _BUSY_SECONDS)
        if rejected and not is_batch:
            return not_taken(rejected[0])
        return taken(len(outcomes) - len(rejected), rejected)


def _arrival(call: Call, sender: Sender, envelope: Mapping[str, Any], *, salt: str = "") -> Arrival:
    """A secret key is a server's: the address that sends with it is nobody's."""
    is_page = bool(sender.key.value)
    sent_at = call.headers.get("sentat")
    return Arrival(
        call.at,
        sender.source,
        sender.key.name,
        envelope={"sentAt": sent_at, **envelope} if sent_at else envelope,
        address=call.address if is_page else "",
        agent=call.headers.get("user-agent", "") if is_page else "",
        salt=salt,
    )
