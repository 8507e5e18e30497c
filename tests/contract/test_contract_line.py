"""LINE's own OpenAPI takes what we send, and refuses what our checks refuse."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from harness.destinations import CASES
from harness.strict_openapi import Place, document
from kumitate.activation.destinations.line import MOST_IDS
from kumitate.activation.destinations.line_messages import MOST_MESSAGES
from kumitate.activation.destinations.line_narrowcast import LineNarrowcast
from kumitate.activation.destinations.line_rebuild import BLOB_HOST, MOST_IN_FILE, MOST_IN_JSON
from kumitate.sandbox.contract import schema_of, violations

AUDIENCES, MESSAGES = "line/manage-audience.yml", "line/messaging-api.yml"
TEXT = {"type": "text", "text": "hello"}
TO = "U" + "0" * 32


def schema(file: str, name: str) -> Place:
    return Place(file, {}).at({"$ref": f"#/components/schemas/{name}"})


def recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every request of LINE's recorded cases and conversations, by its case's name."""
    for file in ("line", "line.push", "line.narrowcast"):
        found = json.loads((CASES / f"{file}.json").read_text(encoding="utf-8"))
        for case in found["cases"]:
            yield from ((case["name"], item) for item in case["renders"] if "method" in item)
        for talk in found.get("talks", []):
            yield from ((talk["name"], turn["ask"]) for turn in talk["turns"] if "ask" in turn)


def operation(request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The contract's operation for a request; KeyError where it has none."""
    path = request["path"].partition("?")[0]
    file = AUDIENCES if "/audienceGroup" in path else MESSAGES
    paths = document(file)["paths"]
    named = path if path in paths else "/v2/bot/audienceGroup/{audienceGroupId}"
    return file, {**paths[named], **paths[named][request["method"].lower()]}


REQUESTS = [pytest.param(request, id=f"{name}: {request['path'][:60]}") for name, request in recorded()]


@pytest.mark.parametrize("request_", REQUESTS)
def test_line_takes_our_recorded_requests(request_: dict[str, Any]) -> None:
    file, found = operation(request_)
    if request_["body"] is None:
        assert "requestBody" not in found
        return
    content = found["requestBody"]["content"]["application/json"]["schema"]
    assert Place(file, {}).at(content).broken(request_["body"]) == []


def test_the_queries_we_ask_are_in_the_contract() -> None:
    asked = {tuple(name for name, _ in _query(request)) for _, request in recorded() if "?" in request["path"]}
    for names in asked:
        known = {parameter["name"] for parameter in _parameters(names)}
        assert set(names) <= known


def _query(request: dict[str, Any]) -> list[tuple[str, str]]:
    return parse_qsl(request["path"].partition("?")[2])


def _parameters(names: tuple[str, ...]) -> list[dict[str, Any]]:
    progress = document(MESSAGES)["paths"]["/v2/bot/message/progress/narrowcast"]["get"]["parameters"]
    listed = document(AUDIENCES)["paths"]["/v2/bot/audienceGroup/list"]["get"]["parameters"]
    found: list[dict[str, Any]] = progress if "requestId" in names else listed
    return found


@pytest.mark.parametrize(
    ("place", "body", "broken"),
    [
        ("CreateAudienceGroupRequest", {"description": "x" * 121, "audiences": []}, "description: at most 120"),
        ("CreateAudienceGroupRequest", {"audiences": [{"id": "U"}] * 10_001}, "audiences: at most 10000"),
        ("AddAudienceToAudienceGroupRequest", {"audienceGroupId": "4389"}, "audienceGroupId: integer expected"),
        ("AddAudienceToAudienceGroupRequest", {"audienceGroupId": 1, "remove": True}, "remove: unknown"),
        ("AddAudienceToAudienceGroupRequest", {"audiences": [{"userId": "U"}]}, "audiences[0].userId: unknown"),
        ("PushMessageRequest", {"messages": [TEXT]}, "to: missing"),
        ("PushMessageRequest", {"to": TO, "messages": []}, "messages: at least 1"),
        ("PushMessageRequest", {"to": TO, "messages": [TEXT] * 6}, "messages: at most 5"),
        ("PushMessageRequest", {"to": TO, "messages": [{"type": "text"}]}, "messages[0].text: missing"),
        ("PushMessageRequest", {"to": TO, "messages": [{**TEXT, "color": "red"}]}, "messages[0].color: unknown"),
        ("NarrowcastRequest", {"messages": [TEXT], "limit": {"max": 0}}, "limit.max: at least 1"),
        (
            "NarrowcastRequest",
            {"messages": [TEXT], "recipient": {"type": "audience", "audienceGroupId": "1"}},
            "recipient.audienceGroupId: integer expected",
        ),
    ],
)
def test_the_contract_refuses_what_is_wrong(place: str, body: dict[str, Any], broken: str) -> None:
    file = AUDIENCES if "Audience" in place else MESSAGES
    assert schema(file, place).broken(body) == [broken]


@pytest.mark.parametrize(
    ("ours", "body"),
    [
        ("line_audience", {"description": "x" * 121, "audiences": []}),
        ("line_audience", {"description": "x", "audiences": [{"id": "U"}] * 10_001}),
        ("line_audience", {"description": "x", "audienceGroupId": 1, "audiences": []}),
        ("line_push", {"to": TO, "messages": [TEXT] * 6}),
        ("line_push", {"to": "taro", "messages": [TEXT]}),
        ("line_push", {"to": TO, "messages": [{"type": "text", "text": "x" * 5_001}]}),
        ("line_narrowcast", {"messages": [TEXT]}),
        ("line_narrowcast", {"messages": [TEXT], "recipient": {"type": "redelivery", "requestId": "r"}}),
    ],
)
def test_our_schemas_refuse_it_as_well_and_the_limits_that_the_contract_omits(ours: str, body: dict[str, Any]) -> None:
    assert violations(ours, body) != []


def test_our_limits_are_the_contracts() -> None:
    audiences = document(AUDIENCES)["components"]["schemas"]
    assert (
        MOST_IDS
        == MOST_IN_JSON
        == audiences["AddAudienceToAudienceGroupRequest"]["properties"]["audiences"]["maxItems"]
    )
    messages = document(MESSAGES)["components"]["schemas"]["PushMessageRequest"]["properties"]["messages"]
    assert messages["maxItems"] == MOST_MESSAGES
    file = document(AUDIENCES)["paths"]["/v2/bot/audienceGroup/upload/byFile"]
    assert f"{MOST_IN_FILE:,}" in str(file["post"]["requestBody"])
    assert {server["url"] for method in ("post", "put") for server in file[method]["servers"]} == {
        f"https://{BLOB_HOST}"
    }


def test_line_knows_every_message_type_that_we_let_through() -> None:
    known = document(MESSAGES)["components"]["schemas"]["Message"]["discriminator"]["mapping"]
    ours = schema_of("line_push")["properties"]["messages"]["items"]["properties"]["type"]["enum"]
    assert set(ours) == set(known)


def test_line_still_removes_nobody_from_an_audience() -> None:
    """The day it does, mode rebuild has had its time."""
    paths = document(AUDIENCES)["paths"]
    assert [path for path, methods in paths.items() if "delete" in methods] == [
        "/v2/bot/audienceGroup/{audienceGroupId}"
    ]
    jobs = document(AUDIENCES)["components"]["schemas"]["AudienceGroupJobType"]["enum"]
    assert jobs == ["DIFF_ADD"]


def test_pushes_and_narrowcasts_take_a_retry_key() -> None:
    for path in ("/v2/bot/message/push", "/v2/bot/message/narrowcast"):
        names = [parameter["name"] for parameter in document(MESSAGES)["paths"][path]["post"]["parameters"]]
        assert "X-Line-Retry-Key" in names
    assert LineNarrowcast.terms.repeatable_seconds == 86_400
