"""A row whose value a lookup does not know stays, is counted, and comes as soon as the lookup knows it."""

import json
from decimal import Decimal
from typing import Any

from harness.activations import UPSERT, World, project

RANKS = {"value": "{family_name}", "lookup": {"Ito": 1}}


def world(rank: dict[str, Any], **sync: Any) -> World:
    fields = {
        "LastName": "{family_name}",
        "Rank": rank,
        "Spent": {"value": "{value}", "format": "number", "decimals": 0},
    }
    shop = World(project({"s": {**UPSERT, "fields": fields, **sync}}))
    shop.people(
        p1=({"family_name": "Ito", "value": Decimal("10.5000")}, ["vips"]),
        p2=({"family_name": "Abe"}, ["vips"]),
        p3=({}, ["vips"]),
    )
    return shop


def fields(shop: World) -> dict[str, Any]:
    rows = shop.lake.rows("select person_id, fields from activation.candidates_s order by person_id")
    return {person: json.loads(text) for person, text in rows}


def test_who_has_a_value_that_the_lookup_does_not_hold_is_held_by_name() -> None:
    shop = world(RANKS)
    shop.activate()
    assert shop.gates() == {"p1": None, "p2": "field.unmatched", "p3": None}
    assert shop.changes() == {"p1": "create", "p3": "create"}
    assert fields(shop)["p1"] == {"LastName": "Ito", "Rank": 1, "Spent": "11"}


def test_a_default_or_leave_to_send_no_value_holds_nobody() -> None:
    for more, sent in (({"default": 9}, 9), ({"unmatched": "no_value"}, None)):
        shop = world({**RANKS, **more})
        shop.activate()
        assert set(shop.gates().values()) == {None}
        assert fields(shop)["p2"].get("Rank") == sent


def test_an_older_gate_goes_before_an_unmatched_value() -> None:
    shop = world(RANKS, exclude=["buyers"])
    shop.people(p2=({"family_name": "Abe"}, ["vips", "buyers"]))
    shop.activate()
    assert shop.gates() == {"p2": "excluded:buyers"}
