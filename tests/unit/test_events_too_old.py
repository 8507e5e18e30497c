"""Events that a platform would not count any more are refused before they leave, each by its own rule."""

from datetime import timedelta
from typing import Any

import pytest

from harness.deliveries import Clock, Lists, MemoryLedger, Script, bring, sender
from harness.talks import opened
from kumitate.activation.destinations.abilities import Dating, requests_at
from kumitate.activation.destinations.registry import REGISTRY, destination_class
from kumitate.execution.deliver import Route
from kumitate.execution.rehearsal import Calls
from kumitate.model.request import Change, Operation, Outcome

PERSON = {"email": "a@example.jp"}
DESTINATIONS: dict[str, tuple[dict[str, Any], int]] = {
    "google_data_manager.event": ({"account": {"id": "1"}, "conversion_action_id": "7"}, 90),
    "meta.conversion": ({"dataset_id": "1", "action_source": "phone_call"}, 7),
    "yahoo_conversion": ({"conversion_io": "io", "conversion_label": "l"}, 90),
    "ly_conversion": ({"tag_id": "t"}, 90),
}
NOW = Clock().now


def event(key: str, ago: timedelta) -> Change:
    fields = {"event_time": (NOW - ago).isoformat(), "event_type": "purchase", **PERSON}
    return Change(key, Operation.CREATE, fields)


@pytest.mark.parametrize("type_", sorted(DESTINATIONS))
def test_the_last_moment_that_counts_is_sent_and_the_one_before_is_not(type_: str) -> None:
    settings, days = DESTINATIONS[type_]
    destination = opened(type_, **settings)
    last = timedelta(days=days)
    made = [*requests_at(NOW, destination, [event("now", last), event("old", last + timedelta(seconds=1))])]
    refused = [item for item in made if isinstance(item, Outcome)]
    assert [(each.key, each.verdict, each.reason) for each in refused] == [("old", "rejected", "event.too_old")]
    assert [key for item in made if not isinstance(item, Outcome) for key in item.keys] == ["now"]


def test_a_visit_to_a_shop_counts_longer_at_meta() -> None:
    shop = opened("meta.conversion", dataset_id="1", action_source="physical_store")
    assert isinstance(shop, Dating)
    assert shop.most_days() == 62


def test_every_destination_of_conversions_has_its_limit() -> None:
    timed = {type_ for type_ in REGISTRY if "event_time" in destination_class(type_).terms.needs}
    assert {type_ for type_ in timed if issubclass(destination_class(type_), Dating)} == {*DESTINATIONS}


def test_a_row_without_a_usable_time_is_refused_for_that() -> None:
    destination = opened("meta.conversion", dataset_id="1")
    (refused,) = requests_at(NOW, destination, [Change("p1", Operation.CREATE, {"event_time": "soon", **PERSON})])
    assert isinstance(refused, Outcome)
    assert refused.reason == "event.time_invalid"


def test_a_delivery_sends_what_counts_and_says_why_of_the_rest() -> None:
    settings, days = DESTINATIONS["ly_conversion"]
    changes = [event("now", timedelta(0)), event("old", timedelta(days=days + 1))]
    lists, script, clock = Lists({"s": changes}), Script(), Clock()
    bring(lists, MemoryLedger(clock), Route(sender(script, clock), {"s": opened("ly_conversion", **settings)}))
    assert script.sent == [("now",)]
    assert lists.verdicts() == {"now": "accepted", "old": "rejected"}
    assert lists.reasons()["old"] == "event.too_old"


def test_a_dry_run_counts_what_is_too_old_among_the_invalid_rows() -> None:
    settings, days = DESTINATIONS["ly_conversion"]
    changes = [event("now", timedelta(0)), event("old", timedelta(days=days + 1))]
    calls = Calls(opened("ly_conversion", **settings), "append", {}, NOW).count([changes])
    assert (calls.requests, dict(calls.invalid)) == (1, {"event.too_old": 1})
