"""Who is a candidate, what of them would be sent, and what holds them back."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from harness.activations import UPSERT, World, project

ADS = {"purpose": "ads", "channel": "email"}
VIP = ({"family_name": "Ito"}, ["vips"])


def world(**sync: Any) -> World:
    return World(project({"s": UPSERT | sync}))


def fields(world: World) -> dict[str, str]:
    return dict(world.lake.rows("select person_id, fields from activation.candidates_s order by person_id"))


def test_only_members_of_the_segment_are_candidates() -> None:
    shop = world()
    shop.people(p1=VIP, p2=({}, ["buyers"]), p3=({}, []))
    shop.activate()
    assert shop.gates() == {"p1": None}


def test_consent_that_nobody_gave_is_unknown_and_unknown_is_not_sent() -> None:
    shop = world(consent=ADS)
    shop.people(p1=VIP, p2=VIP, p3=VIP, p4=VIP)
    shop.consents(p1=True, p2=False, p4=None)
    shop.activate()
    assert shop.gates() == {"p1": None, "p2": "no_consent", "p3": "consent_unknown", "p4": "consent_unknown"}
    assert shop.changes() == {"p1": "create"}


def test_consent_for_another_purpose_or_channel_does_not_count() -> None:
    shop = world(consent={"purpose": "newsletter", "channel": "email"})
    shop.people(p1=VIP)
    shop.consents(p1=True)
    shop.activate()
    assert shop.gates() == {"p1": "consent_unknown"}


def test_the_first_exclusion_that_holds_is_named_and_consent_goes_before_it() -> None:
    shop = world(consent=ADS, exclude=["lapsed", "buyers"])
    shop.people(p1=({}, ["vips", "buyers", "lapsed"]), p2=({}, ["vips", "buyers"]), p3=({}, ["vips", "buyers"]), p4=VIP)
    shop.consents(p1=True, p2=True, p4=True)
    shop.activate()
    assert shop.gates() == {"p1": "excluded:lapsed", "p2": "excluded:buyers", "p3": "consent_unknown", "p4": None}


def test_a_key_with_a_missing_part_is_no_key() -> None:
    shop = world(key="{person_id}:{seen}")
    shop.people(p1=({"seen": datetime(2026, 3, 1, 9, 30)}, ["vips"]), p2=VIP)
    shop.activate()
    assert shop.gates() == {"p1": None, "p2": "key.empty"}
    assert shop.changes() == {"p1:2026-03-01T09:30:00.000Z": "create"}


def test_of_two_people_with_one_key_the_smaller_id_goes() -> None:
    shop = world(key="{email}", consent=ADS)
    shared = ({"email": "office@example.jp"}, ["vips"])
    shop.people(p1=shared, p2=shared, p3=shared)
    shop.consents(p1=False, p2=True, p3=True)
    shop.activate()
    assert shop.gates() == {"p1": "no_consent", "p2": None, "p3": "key.duplicate"}
    assert shop.changes() == {"office@example.jp": "create"}


def test_fields_keep_their_types_and_their_order_is_fixed() -> None:
    given = {
        "family_name": '山田 "T"',
        "born": date(1980, 2, 29),
        "seen": datetime(2026, 3, 1, 9, 30, 0, 250_000),
        "value": Decimal("1200.5000"),
        "visits": 3,
        "active": True,
        "sources": ["web", "store"],
    }
    templates = {name: f"{{{name}}}" for name in given}
    shop = world(fields={**templates, "text": "{family_name}: {value} yen, {visits} visits, {sources}{{!}}"})
    shop.people(p1=(given, ["vips"]))
    shop.activate()
    assert fields(shop)["p1"] == (
        '{"active":true,"born":"1980-02-29","family_name":"山田 \\"T\\"","seen":"2026-03-01T09:30:00.250Z",'
        '"sources":["web","store"],"text":"山田 \\"T\\": 1200.5 yen, 3 visits, web, store{!}",'
        '"value":1200.5,"visits":3}'
    )


def test_a_missing_value_leaves_the_destinations_as_it_is_and_is_nothing_within_a_text() -> None:
    shop = world(fields={"alone": "{visits}", "within": "{visits} visits"})
    shop.people(p1=({}, ["vips"]))
    shop.activate()
    assert fields(shop)["p1"] == '{"within":" visits"}'


def test_a_missing_value_is_cleared_kept_or_holds_the_person_as_the_sync_says_by_field() -> None:
    shop = world(
        fields={"born": "{born}", "mail": "{email}", "value": "{value}", "visits": "{visits}"},
        nulls={"mail": "hold", "visits": "clear", "default": "keep"},
    )
    shop.people(p1=({"email": "a@example.jp"}, ["vips"]), p2=({"visits": 2}, ["vips"]))
    shop.activate()
    assert fields(shop)["p1"] == '{"mail":"a@example.jp","visits":null}'
    assert shop.gates() == {"p1": None, "p2": "field.null:mail"}


def test_without_any_value_the_fields_are_an_empty_object() -> None:
    shop = world(fields={"visits": "{visits}"})
    shop.people(p1=({}, ["vips"]), p2=({"visits": 1}, ["vips"]))
    shop.activate()
    assert fields(shop) == {"p1": "{}", "p2": '{"visits":1}'}


def test_the_hash_follows_the_fields_and_nothing_else() -> None:
    shop = world()
    shop.people(p1=VIP, p2=VIP, p3=({"family_name": "Sato"}, ["vips"]))
    shop.activate()
    hashes = dict(shop.lake.rows("select person_id, fields_hash from activation.candidates_s"))
    assert hashes["p1"] == hashes["p2"] != hashes["p3"]
    assert len(hashes["p1"]) == 32
