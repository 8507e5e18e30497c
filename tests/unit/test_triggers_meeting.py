"""Whose a firing is, and what one batch brings together: visitors and members, several people, much at once."""

import json
from collections.abc import Mapping
from typing import Any

from harness.realtime import Store, World, event, plan
from kumitate.activation.triggered import fired_from, person_of
from kumitate.errors import RecordError
from kumitate.events.state_keys import who_key

ADDED, ORDERED = ({"source": "web", "event": name} for name in ("Added", "Ordered"))
CART: dict[str, Any] = {
    "when": {"sequence": {"steps": [ADDED], "then_not": {"event": ORDERED, "span": "24h"}, "within": "7d"}},
    "key": "{person_id}:{cart}",
    "once_per": "ever",
    "facts": {"cart": {"column": "cart"}},
}
KEEN: dict[str, Any] = {"when": {"event": {"source": "web", "event": "Viewed"}, "within": "7d", "at_least": 3}}
ANON, MEMBER, BOTH = {"anonymousId": "a"}, {"userId": "m"}, {"anonymousId": "a", "userId": "m"}


def test_a_tablet_never_leads_what_one_did_to_another_who_used_it() -> None:
    world = World(plan(cart=CART))
    world.store.publish([(who_key("anonymous_id", "a"), {"person": "p-other"})])
    world.come(event("Added", 0, cart="c", who=BOTH))
    world.until(30)
    (told,) = map(fired_from, world.bus.told)
    assert person_of(told, world.store.read(told.who)) == ""
    world.store.publish([(who_key("member_no", "m"), {"person": "p-1"})])
    assert person_of(told, world.store.read(told.who)) == "p-1"


def test_each_event_of_a_batch_fires_that_should_however_many_are_remembered() -> None:
    each = {"when": {"event": {"source": "web", "event": "Viewed"}}, "key": "{person_id}:{item}"}
    world = World(plan(each=each | {"facts": {"item": {"column": "item"}}}))
    world.come(*(event("Viewed", number / 1000, f"e{number}", item=f"i{number}") for number in range(150)), hours=1)
    assert len(world.fired()) == 150


class Narrow(Store):
    """Holds as little under a key as DynamoDB's items do, on a small scale."""

    def write(self, key: str, data: Mapping[str, Any] | None, *, instead_of: int) -> bool:
        if len(json.dumps(data)) > 20_000:
            raise RecordError("state.too_large")
        return super().write(key, data, instead_of=instead_of)


def test_more_than_a_state_can_hold_until_it_is_told_fires_in_parts() -> None:
    viewed = {"source": "web", "event": "Viewed"}
    facts = {"item": {"column": "item"}, "items": {"column": "item", "of": viewed, "take": "list", "within": "1d"}}
    each = {"when": {"event": viewed}, "key": "{person_id}:{item}", "facts": facts}
    world = World(plan(each=each), store=Narrow())
    lines = [event("Viewed", number / 1000, f"e{number}", item=f"{number}" + "x" * 90) for number in range(60)]
    assert world.come(*lines, hours=1) == ()
    assert len(world.fired()) == 60


def test_a_refusal_is_remembered_however_many_consents_were_given() -> None:
    world = World(plan(each={"when": {"event": {"source": "web", "event": "Viewed"}}}))
    given = {f"purpose{number}/email": True for number in range(30)}
    world.come(event("Viewed", 0, marks={"consent": given}))
    world.come(event("Agreed", 1, marks={"consent": {"marketing/email": False}}), event("Viewed", 30), hours=30)
    assert world.bus.told[-1]["denied"] == ["marketing/email"]
