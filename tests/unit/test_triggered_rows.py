"""A fired trigger and a card make a row, or say what holds it."""

import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.fired import CART, LEAD, NOW, fired, fired_project
from kumitate.activation.cards import fired_sync, fired_syncs
from kumitate.activation.templates import parse_template, render_text
from kumitate.activation.triggered import (
    FiredSync,
    Held,
    bring,
    denies,
    filled,
    fired_from,
    fired_json,
    from_json,
    is_fresh,
    person_of,
    shown_as,
    to_json,
)
from kumitate.activation.values import text_of
from kumitate.errors import FatalError
from kumitate.model.event import State
from kumitate.model.request import Change

CARD = {
    "key": "p1:{fact.cart_id}",
    "fields": {"name": "Sato", "products": "{fact.products}", "text": "Sato: {fact.products}"},
}
PLAN = fired_sync(fired_project(), "cart")


def row(plan: FiredSync = PLAN, card: Any = CARD, **more: Any) -> Change:
    made = bring(plan, fired(**more), card)
    assert isinstance(made, Change)
    return made


def held(plan: FiredSync = PLAN, card: Any = CARD, **more: Any) -> Held:
    made = bring(plan, fired(**more), card)
    assert isinstance(made, Held)
    return made


def test_a_fact_alone_keeps_its_type_and_one_in_a_text_is_written_out() -> None:
    made = row()
    assert made.key == "p1:c1"
    assert made.fields == {"name": "Sato", "products": ["Tea", "Cup"], "text": "Sato: Tea, Cup"}
    assert made.person_id == "p1"


def test_a_list_of_mappings_is_written_as_its_values() -> None:
    products = [{"name": "Tea", "quantity": 2}, {"name": "Cup", "quantity": 1}]
    assert row(facts={"cart_id": "c1", "products": products}).fields["text"] == "Sato: Tea 2, Cup 1"


@pytest.mark.parametrize(
    ("policy", "fields"),
    [("keep", {"name": "Sato", "text": "Sato: "}), ("clear", {"name": "Sato", "products": None, "text": "Sato: "})],
)
def test_a_missing_fact_follows_the_fields_null_policy(policy: str, fields: dict[str, Any]) -> None:
    plan = fired_sync(fired_project(cart=CART | {"nulls": {"products": policy}}), "cart")
    assert row(plan, facts={"cart_id": "c1"}).fields == fields


def test_a_missing_fact_may_hold_the_row() -> None:
    plan = fired_sync(fired_project(cart=CART | {"nulls": {"default": "hold"}}), "cart")
    assert held(plan, facts={"cart_id": "c1"}) == Held("field.null:products")


def test_a_key_without_its_fact_is_no_key() -> None:
    assert held(facts={"products": ["Tea"]}) == Held("key.empty")


@pytest.mark.parametrize("denied", ["ads/email", "ads/any"])
def test_consent_that_the_events_took_back_holds_whatever_the_card_says(denied: str) -> None:
    assert held(denied=(denied,)) == Held("no_consent")
    assert held(card=None, denied=(denied,)) == Held("no_consent")


def test_consent_taken_back_for_another_channel_holds_nothing() -> None:
    assert row(denied=("ads/phone", "analytics/email")).key == "p1:c1"


def test_a_gate_of_the_card_holds_by_its_name() -> None:
    assert held(card={"gate": "frequency:mail"}) == Held("frequency:mail")


def test_who_has_no_card_waits_for_the_next_run_unless_a_segment_leaves_them_out() -> None:
    lead = fired_sync(fired_project(lead=LEAD), "lead")
    assert held(card=None, person="") == Held("person.unknown", waits=True)
    assert held(card=None) == Held("profile.unknown", waits=True)
    assert held(lead, card=None) == Held("not_in_segment")
    assert held(lead, card=None, person="") == Held("person.unknown", waits=True)


@pytest.mark.parametrize(
    "card",
    [
        {"key": "p1:{fact.cart_id}", "fields": {"name": "Sato", "text": "Sato: {fact.products}"}},
        {"key": "p1", "fields": CARD["fields"]},
        {"key": "p1:{fact.cart_id}", "fields": CARD["fields"] | {"products": 12}},
        {"key": "p1:{fact.cart_id}", "fields": CARD["fields"] | {"text": "Sato} {"}},
        {"key": "p1:{fact.cart_id}", "fields": CARD["fields"] | {"text": "Sato {name}"}},
    ],
)
def test_a_card_from_before_the_sync_was_changed_waits_for_the_next_run(card: dict[str, Any]) -> None:
    assert held(card=card) == Held("card.outdated", waits=True)


def test_nobodys_name_can_ask_for_a_fact() -> None:
    template = parse_template("{{Dear}} {name}, {fact.products}")
    batch = pa.RecordBatch.from_pydict({"name": ["{fact.products}", "a{b}c", None]})
    written = render_text(template, batch, missing="").to_pylist()
    texts = [filled(each, {"products": ["Tea"]}, missing="") for each in written]
    assert texts == ["{Dear} {fact.products}, Tea", "{Dear} a{b}c, Tea", "{Dear} , Tea"]


def test_a_fact_within_a_transform_is_refused_in_words() -> None:
    config = fired_project(cart=CART | {"fields": {"text": {"value": "{fact.products}", "truncate": 3}}})
    with pytest.raises(ValueError, match="without a transform"):
        fired_sync(config, "cart")


@pytest.mark.parametrize("value", [True, 3, 2.5, 1e21, Decimal("12.5000"), "text", ["a", "b"], [1, 2]])
def test_facts_are_written_as_traits_are(value: Any) -> None:
    assert shown_as(value) == text_of(value)


def test_the_published_map_goes_before_whom_the_event_named() -> None:
    def states(**persons: str) -> dict[str, State]:
        return {key: State({"person": person}, 1) for key, person in persons.items()}

    asked = fired(person="p1", who=("a", "b", "c"))
    assert person_of(asked, {}) == "p1"
    assert person_of(asked, states(b="p1", a="p2")) == "p1"
    assert person_of(asked, states(b="p9")) == "p9"
    assert person_of(fired(person="", who=("a",)), states(a="p2")) == "p2"


def test_what_fired_is_worth_telling_as_long_as_its_trigger_says() -> None:
    assert is_fresh(PLAN, fired(), NOW + timedelta(days=1))
    assert not is_fresh(PLAN, fired(), NOW + timedelta(days=1, seconds=1))


def test_plans_and_events_are_the_same_after_a_journey_as_json() -> None:
    plans = fired_syncs(fired_project(cart=CART, lead=LEAD))
    assert from_json(to_json(plans)) == plans
    event = fired(denied=("ads/email",), who=("who#email#1",))
    assert fired_from(fired_json(event)) == event


@pytest.mark.parametrize("detail", [{}, {"id": "1"}, fired_json(fired()) | {"at": "soon"}])
def test_a_broken_event_is_named_as_such(detail: dict[str, Any]) -> None:
    with pytest.raises(FatalError, match="Trigger fired"):
        fired_from(detail)


def test_the_function_that_hears_of_triggers_carries_no_weight() -> None:
    code = "import sys, functions.triggered.handler; print(*sys.modules)"
    root = Path(__file__).parents[2]
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=root, text=True).stdout
    assert not {"boto3", "duckdb", "jsonschema", "numpy", "pyarrow", "pydantic", "sqlglot", "yaml"} & set(told.split())


BRANDED = {**CART, "consent": {"purpose": "ads", "channel": "email", "brand": "tea"}}


@pytest.mark.parametrize(
    ("said", "is_denied"),
    [
        ("ads/email/tea", True),
        ("ads/any/tea", True),
        ("ads/email", True),
        ("ads/email/coffee", False),
        ("ads/sms/tea", False),
        ("news/email/tea", False),
    ],
)
def test_a_brands_sync_hears_who_takes_consent_back_from_that_brand(said: str, is_denied: bool) -> None:
    plan = fired_sync(fired_project(cart=BRANDED), "cart")
    assert denies(plan, fired(denied=(said,))) is is_denied


def test_what_is_taken_back_from_one_brand_is_nothing_to_a_sync_of_none() -> None:
    plan = fired_sync(fired_project(), "cart")
    assert not denies(plan, fired(denied=("ads/email/tea",)))
