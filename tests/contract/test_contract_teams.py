"""Microsoft's own schema of Adaptive Cards takes our cards, and refuses what our schema refuses."""

import json
from typing import Any

import pytest
from jsonschema import Draft6Validator

from harness.contracts import contract
from harness.destinations import CASES
from harness.talks import opened, row
from kumitate.model.request import HttpRequest
from kumitate.sandbox.contract import violations

SCHEMA = "adaptivecards/adaptive-card.json"
CARD = {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "hello", "wrap": True}]}


def broken(card: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft6Validator(contract(SCHEMA)).iter_errors(card)]


def message(card: dict[str, Any]) -> dict[str, Any]:
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def cards() -> list[dict[str, Any]]:
    found = json.loads((CASES / "teams.json").read_text(encoding="utf-8"))["cases"]
    bodies = [item["body"] for case in found for item in case["renders"] if "body" in item]
    return [body["attachments"][0]["content"] for body in bodies]


def test_microsofts_schema_takes_our_recorded_cards() -> None:
    for card in cards():
        assert broken(card) == []


def test_microsofts_schema_takes_whatever_a_row_holds() -> None:
    fields = {f"field {number}": ["値"] * 200 for number in range(30)}
    (request,) = opened("teams").requests(
        [row("p1", text="[a](b)" * 9_000, title="t" * 999, link="https://a.b", **fields)]
    )
    assert isinstance(request, HttpRequest)
    assert broken(json.loads(request.body)["attachments"][0]["content"]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Card"},
        {"body": [{"type": "TextBlock"}]},
        {"body": [{"type": "TextBlock", "text": "x", "colour": "red"}]},
        {"body": [{"type": "FactSet", "facts": [{"title": "x"}]}]},
        {"actions": [{"type": "Action.OpenUrl", "title": "x"}]},
    ],
)
def test_both_schemas_refuse_what_is_wrong(change: dict[str, Any]) -> None:
    card = {**CARD, **change}
    assert violations("teams_message", message(card)) != []
    assert broken(card) != []


def test_our_schema_takes_a_plain_card_and_refuses_what_teams_does_not_do() -> None:
    assert violations("teams_message", message(CARD)) == []
    submit = {**CARD, "actions": [{"type": "Action.Submit", "title": "Done"}]}
    assert violations("teams_message", message(submit)) != []
    assert violations("teams_message", message({**CARD, "version": "1.6"})) != []
