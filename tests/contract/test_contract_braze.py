"""Braze publishes no contract: the rules of its pages, as our schema has them, with what they refuse.

https://www.braze.com/docs/api/endpoints/user_data/post_user_track
"""

from typing import Any

import pytest

from kumitate.activation.destinations.registry import destination_class
from kumitate.model.request import Change, HttpRequest, Operation
from kumitate.sandbox.contract import schema_of, violations

FULL: list[dict[str, Any]] = [{"external_id": f"p{number}", "tier": "gold"} for number in range(75)]


def test_75_objects_are_taken_and_one_more_is_not() -> None:
    assert violations("braze_track", {"attributes": FULL}) == []
    assert violations("braze_track", {"attributes": [*FULL, {"external_id": "p75"}]})


@pytest.mark.parametrize(
    "body",
    [
        {"attributes": []},
        {"attributes": [{"tier": "gold"}]},
        {"attributes": [{"external_id": ""}]},
        {"attributes": [{"external_id": "p1", "_update_existing_only": "yes"}]},
        {"attributes": [{"external_id": "p1", "x" * 256: 1}]},
        {"attributes": FULL[:1], "events": [{"external_id": "p1", "name": "bought", "time": "2026-11-22"}]},
    ],
)
def test_what_braze_refuses_or_would_count_twice_ours_refuses(body: dict[str, Any]) -> None:
    assert violations("braze_track", body)


def test_fifty_users_are_deleted_at_once() -> None:
    assert schema_of("braze_delete")["properties"]["external_ids"]["maxItems"] == 50


def test_a_body_stays_below_four_megabytes() -> None:
    braze = destination_class("braze").model_validate({})
    people = [Change(f"p{number}", Operation.CREATE, {"text": "長" * 50_000}) for number in range(60)]
    requests = [request for request in braze.requests(people) if isinstance(request, HttpRequest)]
    assert [len(request.keys) for request in requests] == [26, 26, 8]
    assert max(len(request.body) for request in requests) <= 4_000_000
