"""An event that breaks its contract is kept, marked, mended or blocked as the contract says, and never lost."""

import json
from typing import Any

import pytest

from harness.intakes import PUBLIC, TRACK, Desk, reasons
from harness.reading import read_bytes, source
from kumitate.events.collecting import Intake, Terms
from kumitate.events.contracts import rejudged

PRICED = {
    "type": "object",
    "required": ["order_id", "price"],
    "properties": {
        "price": {"type": "number", "minimum": 0},
        "currency": {"enum": ["JPY"]},
        "email": {"type": "string", "format": "email"},
        "products": {"items": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}},
        "gift": False,
    },
}
GOOD = {"order_id": "o1", "price": 1200}


def terms(on_violation: str = "flag", *, versions: dict[str, Any] | None = None, **violations: str) -> Terms:
    return Terms("order", "track", "Order Completed", versions or {"1.0": PRICED}, on_violation, violations)


def judged(properties: dict[str, Any], *contracts: Terms, **rules: Any) -> tuple[dict[str, Any], Desk]:
    desk = Desk(contracts=contracts or (terms(),), **rules)
    return desk.track({"properties": properties}), desk


def broken(desk: Desk) -> list[tuple[str, str, str]]:
    return [(each["field"], each["rule"], each["action"]) for each in desk.marks.get("violations", [])]


def test_a_good_event_names_its_contract() -> None:
    told, desk = judged(GOOD)
    assert (told["accepted"], desk.marks["contract"], broken(desk)) == (1, "order/1.0", [])


@pytest.mark.parametrize(
    ("properties", "field", "rule"),
    [
        ({"order_id": "o1"}, "properties.price", "required"),
        (GOOD | {"price": "1200"}, "properties.price", "type"),
        (GOOD | {"price": -1}, "properties.price", "minimum"),
        (GOOD | {"price": 10**300, "currency": "USD"}, "properties.currency", "enum"),
        (GOOD | {"email": "nobody"}, "properties.email", "format"),
        (GOOD | {"products": [{"sku": "a"}, {}]}, "properties.products.sku", "required"),
        (GOOD | {"gift": 1}, "properties.gift", "false"),
    ],
)
def test_a_violation_is_told_by_field_and_rule_and_never_by_value(
    properties: dict[str, Any], field: str, rule: str
) -> None:
    told, desk = judged(properties)
    assert (told["accepted"], broken(desk)) == (1, [(field, rule, "flag")])
    assert desk.lines[0]["properties"] == properties
    told, _ = judged(properties, terms("block"))
    assert (told["status"], told["rejected"][0]["field"]) == (400, field)


def test_an_event_is_good_if_the_newest_version_of_any_major_accepts_it() -> None:
    versions = {
        "1.0": {"required": ["a"]},
        "1.2": {"required": ["a", "b"]},
        "2.0": {"required": ["c"]},
        "10.0": {"required": ["d", "e", "f"]},
    }
    contract = terms("block", versions=versions)
    found = [judged(given, contract)[1].marks.get("contract") for given in ({"a": 1, "b": 1}, {"c": 1})]
    assert found == ["order/1.2", "order/2.0"]
    told, desk = judged({"a": 1}, contract)
    assert (told["reason"], desk.marks["contract"]) == ("contract.required", "order/2.0")  # the newest of the nearest


def test_a_new_major_blocks_no_event_that_an_older_one_only_flags() -> None:
    paid = {"required": ["order_id", "paid"]}
    contract = terms("flag", versions={"1.0": PRICED, "2.0": paid}, required="block", currency="drop_field")
    told, desk = judged(GOOD | {"price": -1, "currency": "USD"}, contract)
    assert (told["accepted"], desk.marks["contract"], len(broken(desk))) == (1, "order/1.0", 2)
    assert desk.lines[0]["properties"] == GOOD | {"price": -1}
    told, desk = judged({"price": 1}, contract)
    assert (told["reason"], desk.marks["contract"]) == ("contract.required", "order/1.0")


def test_what_is_dropped_is_gone_and_the_rest_is_kept() -> None:
    given = GOOD | {"email": "x", "gift": 1, "products": [{"sku": 1, "n": 1}, {"sku": "b"}, 5, {"sku": 2}]}
    told, desk = judged(given, terms("drop_field"))
    assert told["accepted"] == 1
    assert desk.lines[0]["properties"] == GOOD | {"products": [{"n": 1}, {"sku": "b"}, {}]}
    assert {action for _, _, action in broken(desk)} == {"drop_field"}


def test_a_fields_own_word_goes_before_a_rules_and_that_before_the_contracts() -> None:
    contract = terms("flag", required="block", price="allow", **{"products.sku": "drop_field"})
    told, desk = judged({"order_id": "o1", "products": [{"sku": 1}], "currency": "USD"}, contract)
    assert told["accepted"] == 1
    assert sorted(broken(desk)) == [
        ("properties.currency", "enum", "flag"),
        ("properties.products.sku", "type", "drop_field"),
    ]
    told, desk = judged({"price": 1}, contract)
    assert (told["reason"], desk.marks["blocked"]) == ("contract.required", "contract.required")


def test_a_blocked_event_is_told_and_kept_for_quarantine_with_all_it_brought() -> None:
    desk = Desk(contracts=(terms("drop_field", type="block"),))
    batch = [TRACK | {"properties": GOOD}, TRACK | {"messageId": "m2", "properties": {"price": "x", "gift": 1}}]
    told = desk.post("/v1/batch", {"batch": batch})
    assert (told["status"], told["accepted"], reasons(told)) == (200, 1, [(1, "contract.type")])
    assert desk.lines[1]["properties"] == {"price": "x", "gift": 1}
    assert desk.marks["blocked"] == "contract.type"


def test_what_a_contract_says_of_a_field_holds_however_much_else_is_wrong() -> None:
    many = {"order_id": "o1", "products": [{"sku": 1}] * 60, **{f"more_{number}": 1 for number in range(60)}}
    strict = {"1.0": PRICED | {"additionalProperties": False}}
    told, desk = judged(GOOD | many | {"email": "x"}, terms(versions=strict, email="drop_field"))
    assert (told["accepted"], "email" in desk.lines[0]["properties"]) == (1, False)
    assert (len(broken(desk)), broken(desk)[0]) == (20, ("properties.email", "format", "drop_field"))
    assert broken(desk).count(("properties.products.sku", "type", "flag")) == 1
    told, _ = judged(GOOD | many | {"price": "x"}, terms(versions=strict, price="block"))
    assert (told["reason"], told["rejected"][0]["field"]) == ("contract.type", "properties.price")


def test_a_blocked_event_that_comes_again_mended_under_its_id_is_taken() -> None:
    desk = Desk(contracts=(terms("block"),))
    told = [desk.track({"properties": given})["accepted"] for given in ({}, {}, GOOD, GOOD)]
    assert (told, [line["properties"] for line in desk.lines]) == ([0, 0, 1, 1], [{}, GOOD])
    assert {line["messageId"] for line in desk.lines} == {"m1"}


@pytest.mark.parametrize(("rule", "mark", "accepted"), [("allow", None, 1), ("flag", True, 1), ("block", True, 0)])
def test_events_that_no_contract_knows_are_treated_as_the_source_says(
    rule: str, mark: bool | None, accepted: int
) -> None:
    desk = Desk(contracts=(terms(),), unknown_events=rule)
    told = desk.track({"event": "Something Else"})
    assert (told["accepted"], desk.marks.get("unknown")) == (accepted, mark)
    assert told.get("reason") == (None if accepted else "contract.unknown_event")
    assert desk.post("/v1/page", {"anonymousId": "a", "messageId": "p"})["accepted"] == 1  # no contract is of pages


def test_traits_are_held_to_contracts_wherever_an_sdk_puts_them() -> None:
    contract = Terms("member", "identify", None, {"1.0": {"required": ["email"]}}, "flag", {})
    for traits in ({"traits": {"email": "a@example.com"}}, {"context": {"traits": {"email": "a@example.com"}}}):
        desk = Desk(contracts=(contract,))
        desk.post("/v1/identify", {"userId": "u1", **traits})
        assert (desk.marks["contract"], broken(desk)) == ("member/1.0", [])
    desk.post("/v1/identify", {"userId": "u2"})
    assert broken(desk) == [("traits.email", "required", "flag")]


EVENTS = source(
    kind="events",
    format="jsonl",
    key=["message_id"],
    time="happened_at",
    columns={
        "message_id": {"from": "messageId", "type": "id"},
        "price": {"from": "properties.price", "type": "decimal"},
        "happened_at": {"from": "timestamp", "type": "timestamp"},
    },
)


def blocked_line() -> bytes:
    _, desk = judged({"price": "free"}, terms(required="allow", type="block"))
    return desk.intake.events[0].line


def test_a_blocked_line_goes_to_quarantine_told_in_columns_and_no_longer_blocked() -> None:
    read = read_bytes(b'{"messageId": "m0"}\n' + blocked_line() + b"\n[1]\n", EVENTS)
    assert (read.lines, read.reasons) == ([1], [(2, "contract.type"), (3, "json.no_object")])
    told = json.loads(read.rejections[0].payload)
    assert (read.rejections[0].field, told["message_id"], told["price"]) == ("properties.price", "m1", "free")
    assert told["_extra"]["_kumitate"]["contract"] == "order/1.0"
    assert "blocked" not in told["_extra"]["_kumitate"]


def test_marks_of_somebody_elses_file_block_nothing() -> None:
    lines = [{"_kumitate": marks} for marks in ("x", {"blocked": 1}, {"blocked": ""}, {"blocked": None}, [])]
    read = read_bytes(b"\n".join(json.dumps(line).encode() for line in lines), EVENTS)
    assert (len(read.rows), read.rejections) == (5, [])
    odd = {"_kumitate": {"blocked": "x", "violations": [1, {"action": "block"}]}}
    assert read_bytes(json.dumps(odd).encode(), EVENTS).reasons == [(1, "x")]


def test_a_blocked_line_is_judged_by_the_contracts_of_the_day_when_it_is_replayed() -> None:
    line = json.loads(blocked_line())
    still, now = (
        rejudged(Intake(source="web", keys=(PUBLIC,), contracts=(each,))) for each in (terms("block"), terms())
    )
    assert not still(line)
    assert line["_kumitate"]["blocked"] == "contract.type"
    assert now(line)
    assert "blocked" not in line["_kumitate"]
    assert {each["action"] for each in line["_kumitate"]["violations"]} == {"flag"}
