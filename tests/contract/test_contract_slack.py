"""Slack's own SDK takes our blocks, and refuses what is beyond Slack's sizes."""

import json
from typing import Any

import pytest

from harness.destinations import CASES
from harness.talks import opened, row
from kumitate.activation.destinations.slack_blocks import MAX_TEXT
from kumitate.model.request import HttpRequest
from kumitate.sandbox.contract import violations

models = pytest.importorskip("slack_sdk.models.blocks", reason="slack-sdk is not installed; `make test` installs it")
errors = pytest.importorskip("slack_sdk.errors", reason="slack-sdk is not installed; `make test` installs it")
HUGE = {
    "text": "&<>" * 20_000,
    "title": "見出し" * 200,
    "link": "https://crm.example/" + "x" * 1_900,
    **{f"field {number}": "<値>" * 2_000 for number in range(30)},
}
SETTINGS: dict[str, dict[str, Any]] = {"slack": {"channel": "C1", "sync": "s"}, "slack.webhook": {}}


def check(blocks: list[dict[str, Any]]) -> None:
    """The SDK's model of each block, its lengths validated; SlackObjectFormationError where one is wrong."""
    for block in models.Block.parse_all(blocks):
        block.validate_json()
        assert block.to_dict()["type"] in ("header", "section")


def bodies(type_: str) -> list[dict[str, Any]]:
    cases = json.loads((CASES / f"{type_}.json").read_text(encoding="utf-8"))["cases"]
    return [item["body"] for case in cases for item in case["renders"] if "body" in item]


@pytest.mark.parametrize("type_", sorted(SETTINGS))
def test_slack_takes_our_recorded_messages(type_: str) -> None:
    found = bodies(type_)
    assert found
    for body in found:
        check(body["blocks"])


@pytest.mark.parametrize("type_", sorted(SETTINGS))
def test_slack_takes_whatever_a_row_holds(type_: str) -> None:
    (request,) = opened(type_, **SETTINGS[type_]).requests([row("p1", **HUGE)])
    assert isinstance(request, HttpRequest)
    body = json.loads(request.body)
    check(body["blocks"])
    assert violations("slack_message", {"channel": "C1", **body}) == []
    assert len(body["text"]) <= MAX_TEXT


@pytest.mark.parametrize(
    "block",
    [
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11},
        {"type": "section"},
    ],
)
def test_the_sdk_and_our_schema_refuse_the_same(block: dict[str, Any]) -> None:
    with pytest.raises(errors.SlackObjectFormationError):
        check([block])
    assert violations("slack_message", {"channel": "C1", "text": "x", "blocks": [block]}) != []
