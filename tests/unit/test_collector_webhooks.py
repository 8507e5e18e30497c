"""A service's call is taken if its signature proves it, and becomes track calls as the source says."""

import base64
import hmac
import json
from typing import Any

import pytest

from harness.intakes import NOW, Desk, reasons
from kumitate.events.collecting import Hook, Intake, Terms

SECRET = "whsec_example"
ORDER = {
    "id": 820982911946154508,
    "created_at": "2026-11-22T20:59:00+09:00",
    "customer": {"id": 115310627314723954, "email": "jon@example.com"},
    "total_price": "403.00",
    "line_items": [{"sku": "a"}, {"sku": "b"}],
}


def hook(scheme: str = "hmac_sha256_base64", **settings: Any) -> Hook:
    usual: dict[str, Any] = {
        "path": "shopify",
        "scheme": scheme,
        "header": "x-shopify-hmac-sha256",
        "secret": "shopify",
        "prefix": "",
        "tolerance_seconds": 300.0,
        "each": None,
        "event": "header:X-Shopify-Topic",
        "id": "header:X-Shopify-Webhook-Id",
        "time": "created_at",
        "user_id": "customer.id",
        "anonymous_id": None,
        "email": "customer.email",
        "properties": {
            "total": "total_price",
            "first_sku": "line_items.0.sku",
            "none": "no.such",
            "tenth": "line_items.9",
        },
    }
    return Hook(**usual | settings)


def desk(hook: Hook, secret: str = SECRET, **rules: Any) -> Desk:
    return Desk(Intake(source="orders", hook=hook, **rules), secrets={"shopify": secret})


def in_base64(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def call(
    at: Desk, content: Any = ORDER, *, sign: Any = in_base64, path: str = "shopify", **headers: str
) -> dict[str, Any]:
    body = json.dumps(content).encode()
    named = {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": "w1"} | headers
    signed = {"x-shopify-hmac-sha256": sign(body)} if sign else {}
    return at.post(f"/v1/webhooks/{path}", body, key="", headers=named | signed)


def test_a_signed_call_becomes_a_track_call() -> None:
    at = desk(hook())
    assert call(at)["accepted"] == 1
    (line,) = at.lines
    assert {
        name: line[name] for name in ("type", "event", "messageId", "userId", "timestamp", "context", "properties")
    } == {
        "type": "track",
        "event": "orders/create",
        "messageId": "shopify:w1",
        "userId": "115310627314723954",
        "timestamp": "2026-11-22T11:59:00.000Z",
        "context": {"library": {"name": "webhook/shopify"}, "traits": {"email": "jon@example.com"}},
        "properties": {"total": "403.00", "first_sku": "a"},
    }
    assert line["_kumitate"]["source"] == "orders"


def test_a_call_delivered_twice_counts_once() -> None:
    at = desk(hook())
    assert [call(at)["accepted"] for _ in range(2)] == [1, 1]
    without = desk(hook(id="no.such"))
    assert [call(without)["accepted"] for _ in range(2)] == [1, 1]
    assert len(at.intake.events) == len(without.intake.events) == 1


@pytest.mark.parametrize(
    "sign", [None, lambda body: in_base64(body, "other"), lambda body: in_base64(body + b" "), lambda _: "é"]
)
def test_an_unproven_call_is_refused(sign: Any) -> None:
    at = desk(hook())
    told = call(at, sign=sign)
    assert (told["status"], told["reason"]) == (401, "signature.wrong" if sign else "signature.missing")
    assert at.intake.events == []


@pytest.mark.parametrize("secret", [f"{SECRET}\nnew", f"new, {SECRET}"])
def test_a_secret_may_be_two_while_it_changes(secret: str) -> None:
    assert call(desk(hook(), secret))["accepted"] == 1
    assert call(desk(hook(), "new,newer"))["reason"] == "signature.wrong"
    assert call(desk(hook(), " "))["reason"] == "signature.wrong"


def in_hex(body: bytes) -> str:
    return "sha256=" + hmac.digest(SECRET.encode(), body, "sha256").hex()


def test_signatures_in_hex_and_tokens_are_known() -> None:
    assert call(desk(hook("hmac_sha256_hex", prefix="sha256=")), sign=in_hex)["accepted"] == 1
    assert call(desk(hook("token", prefix="Bearer ")), sign=lambda _: f"Bearer {SECRET}")["accepted"] == 1
    assert call(desk(hook("token")), sign=lambda _: "x")["reason"] == "signature.wrong"


def stripe(body: bytes, *, at: int = int(NOW.timestamp()), secret: str = SECRET, form: str = "t={t},v1={v1}") -> str:
    signed = hmac.digest(secret.encode(), f"{at}.".encode() + body, "sha256").hex()
    return form.format(t=at, v1=signed)


@pytest.mark.parametrize(
    ("sign", "reason"),
    [
        (stripe, None),
        (lambda body: stripe(body, form="t={t},v1=00,v0=11,v1={v1}"), None),
        (lambda body: stripe(body, form="v1={v1}, t={t}"), None),
        (lambda body: stripe(body, form="t={t},v0={v1}"), "signature.wrong"),
        (lambda body: stripe(body, form="t={t},t={t},v1={v1}"), "signature.wrong"),
        (lambda body: stripe(body, form="t=x,v1={v1}"), "signature.wrong"),
        (lambda body: stripe(body, form="t=٣,v1={v1}"), "signature.wrong"),
        (lambda body: stripe(body, secret="other"), "signature.wrong"),
        (lambda body: stripe(body, at=int(NOW.timestamp()) - 301), "signature.too_old"),
        (lambda body: stripe(body, at=int(NOW.timestamp()) + 301), "signature.too_old"),
        (lambda body: stripe(body, at=int(NOW.timestamp()) - 299), None),
    ],
)
def test_stripes_signature_holds_for_its_time_and_body(sign: Any, reason: str | None) -> None:
    at = desk(
        hook("stripe", event="type", id="id", time="created", user_id="data.object.customer", email=None, properties={})
    )
    event = {
        "id": "evt_1",
        "type": "invoice.paid",
        "created": int(NOW.timestamp()) - 60,
        "data": {"object": {"customer": "cus_1", "amount_paid": 1200}},
    }
    assert call(at, event, sign=sign).get("reason") == reason
    assert [(line["event"], line["userId"], line["timestamp"]) for line in at.lines] == (
        [] if reason else [("invoice.paid", "cus_1", "2026-11-22T11:59:00.000Z")]
    )


def test_each_item_of_a_list_is_an_event() -> None:
    at = desk(hook(each="events", event="kind", id="no", time=None, user_id=None, email="to", properties={}))
    items: list[Any] = [{"kind": "open", "no": 1, "to": "a@example.com"}, {"no": 2}, "x", {"kind": "click", "no": 3}]
    told = call(at, {"events": items})
    assert (told["status"], told["accepted"], reasons(told)) == (200, 2, [(1, "name.missing"), (2, "event.no_object")])
    assert [(line["event"], line["messageId"]) for line in at.lines] == [("open", "shopify:1"), ("click", "shopify:3")]
    assert call(at, {"events": 1})["reason"] == "batch.missing"


def test_a_long_id_is_shortened_and_another_long_one_otherwise() -> None:
    at = desk(hook(id="id"))
    for end in "ab":
        call(at, ORDER | {"id": "x" * 200 + end})
    assert len({line["messageId"] for line in at.lines}) == 2
    assert all(len(line["messageId"]) <= 100 for line in at.lines)


def test_webhooks_are_held_to_contracts_too() -> None:
    contract = Terms("order", "track", "orders/create", {"1.0": {"required": ["total"]}}, "block", {})
    assert call(desk(hook(), contracts=(contract,)))["accepted"] == 1
    told = call(desk(hook(properties={}), contracts=(contract,)))
    assert (told["accepted"], reasons(told)) == (0, [(0, "contract.required")])
    assert told["status"] == 200  # services that hear an error call again for days, and then no more


def test_nobody_is_called_at_another_path() -> None:
    assert call(desk(hook()), path="stripe")["reason"] == "route.unknown"


def test_without_its_secret_a_service_tries_later() -> None:
    at = Desk(Intake(source="orders", hook=hook()))
    assert (call(at)["status"], len(at.trouble)) == (500, 1)
