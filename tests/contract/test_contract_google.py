"""What we send to Data Manager, its discovery document allows; what that leaves out, we hold ourselves to."""

import copy
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.contracts import beyond, contract
from harness.destinations import CASES, change_of, talked
from kumitate.activation.destinations.google_account import SCOPE
from kumitate.activation.destinations.google_answers import figures_of
from kumitate.activation.destinations.google_data_manager import GoogleDataManager
from kumitate.activation.destinations.talk import Ask
from kumitate.model.request import Change, HttpRequest, Operation
from kumitate.sandbox.contract import schema_of

HASHED = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
DOCUMENT = "google/datamanager.v1.json"
SHAPES = {
    "google_ingest": "IngestAudienceMembersRequest",
    "google_remove": "RemoveAudienceMembersRequest",
    "google_remove_all": "RemoveAllAudienceMembersRequest",
    "google_events": "IngestEventsRequest",
}
PATHS = {
    "/v1/audienceMembers:ingest": "IngestAudienceMembersRequest",
    "/v1/audienceMembers:remove": "RemoveAudienceMembersRequest",
    "/v1/audienceMembers:removeAll": "RemoveAllAudienceMembersRequest",
    "/v1/events:ingest": "IngestEventsRequest",
}
ACCOUNT = {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted"}


def google_schema(discovery: dict[str, Any], name: str) -> dict[str, Any]:
    """A discovery document's schema as JSON Schema, unknown fields refused."""
    definitions = {key: _strict(schema) for key, schema in discovery["schemas"].items()}
    return {"$ref": f"#/$defs/{name}", "$defs": definitions}


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    strict = {key: schema[key] for key in ("type", "enum") if key in schema}
    if "items" in schema:
        strict["items"] = _strict(schema["items"])
    if "properties" in schema:
        strict["properties"] = {name: _strict(part) for name, part in schema["properties"].items()}
        strict["additionalProperties"] = False
    return strict


def recorded_bodies() -> list[tuple[str, Any]]:
    """(path, body) of every request in the recorded cases and conversations."""
    found = []
    for type_ in ("google_data_manager", "google_data_manager.event"):
        recorded = json.loads((CASES / f"{type_}.json").read_text(encoding="utf-8"))
        shown = [item for case in recorded["cases"] for item in case["renders"]]
        shown += [turn["ask"] for talk in recorded.get("talks", []) for turn in talk["turns"] if "ask" in turn]
        found += [(item["path"], item["body"]) for item in shown if item.get("method") == "POST"]
    return found


@pytest.mark.parametrize(("ours", "theirs"), SHAPES.items())
def test_google_allows_everything_that_our_schema_allows(ours: str, theirs: str) -> None:
    discovery = google_schema(contract(DOCUMENT), theirs)
    mine = schema_of(ours)
    assert list(beyond(mine, discovery, (mine, discovery))) == []


def test_the_comparison_with_google_finds_what_is_beyond_the_contract() -> None:
    discovery = google_schema(contract(DOCUMENT), "IngestAudienceMembersRequest")
    mine = copy.deepcopy(schema_of("google_ingest"))
    mine["properties"]["encoding"] = {"const": "HEXADECIMAL"}
    mine["properties"]["tags"] = {"type": "string"}
    assert list(beyond(mine, discovery, (mine, discovery))) == [".encoding: values ['HEXADECIMAL']", ".tags: unknown"]


def test_google_takes_our_recorded_requests_and_not_one_with_a_field_it_does_not_know() -> None:
    discovery = contract(DOCUMENT)
    bodies = recorded_bodies()
    assert {path for path, _ in bodies} == set(PATHS)
    for path, body in bodies:
        validator = Draft202012Validator(google_schema(discovery, PATHS[path]))
        assert list(validator.iter_errors(body)) == []
        assert list(validator.iter_errors({**body, "audience": "42"})) != []


def test_google_knows_the_paths_and_the_scope_that_we_ask_for() -> None:
    discovery = contract(DOCUMENT)
    text = json.dumps(discovery["resources"])
    assert SCOPE in discovery["auth"]["oauth2"]["scopes"]
    for path in (*PATHS, "/v1/requestStatus:retrieve"):
        assert f'"{path.removeprefix("/")}"' in text
    assert '"^accountTypes/[^/]+/accounts/[^/]+/userLists/[^/]+$"' in text


def test_every_reason_and_match_rate_that_google_reports_has_a_short_name() -> None:
    schemas = contract(DOCUMENT)["schemas"]
    ranges = schemas["IngestUserDataStatus"]["properties"]["uploadMatchRateRange"]["enum"]
    told = []
    for reason in schemas["ErrorCount"]["properties"]["reason"]["enum"]:
        place = {"requestStatus": "PARTIAL_SUCCESS", "errorInfo": {"errorCounts": [{"reason": reason}]}}
        told += [name for name in figures_of({"requestStatusPerDestination": [place]}) or {} if "." in name]
    assert len(set(told)) == len(told)
    assert all(name == name.lower() and "reason" not in name for name in told)
    for range_ in ranges[2:]:
        status = {"userDataIngestionStatus": {"uploadMatchRateRange": range_}}
        place = {"requestStatus": "SUCCESS", "audienceMembersIngestionStatus": status}
        figures = figures_of({"requestStatusPerDestination": [place]})
        assert figures is not None
        assert 0 <= figures["match_rate_low"] < figures["match_rate_high"] <= 1


def test_our_schema_holds_what_googles_contract_leaves_out() -> None:
    ingest = schema_of("google_ingest")["properties"]
    assert ingest["destinations"]["maxItems"] == 10
    assert ingest["audienceMembers"]["maxItems"] == 10_000
    assert schema_of("google_events")["properties"]["events"]["maxItems"] == 2_000
    validator = Draft202012Validator(schema_of("google_ingest"))
    empty_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    good = next(body for path, body in recorded_bodies() if path.endswith(":ingest") and "audienceMembers" in body)
    assert list(validator.iter_errors(good)) == []
    for bad in (empty_hash, "mary@example.com", "F" * 64, ""):
        members = [{"userData": {"userIdentifiers": [{"emailAddress": bad}]}}]
        assert list(validator.iter_errors({**good, "audienceMembers": members})) != []


@pytest.mark.slow
def test_a_rebuild_of_more_people_than_a_request_takes_is_as_few_requests_as_can_be() -> None:
    destination = GoogleDataManager.model_validate({**ACCOUNT, "mode": "rebuild"})
    changes = [Change(f"p{n}", Operation.KEEP, {"email": HASHED}) for n in range(10_001)]
    look = {"status": 200, "headers": {"date": "Sun, 22 Nov 2026 01:02:03 GMT"}, "body": {"id": "42"}}
    status = {"status": 200, "body": {"requestStatusPerDestination": [{"requestStatus": "SUCCESS"}]}}
    taken = {"status": 200, "body": {"requestId": "r"}}
    turns = talked(destination, {"answers": [look, taken, taken, status, status, taken]}, changes)
    asked = [turn.request for turn in turns if isinstance(turn, Ask)]
    assert [len(request.keys) for request in asked] == [0, 10_000, 1, 0, 0, 0]
    assert all(len(json.dumps(dict(turn.state))) < 1_000 for turn in turns if isinstance(turn, Ask))


def test_a_person_is_erased_under_every_name_the_list_was_given_and_may_have() -> None:
    destination = GoogleDataManager.model_validate(ACCOUNT)
    told, now = {"email": "a@example.jp"}, {"email": "b@example.jp", "phone": "090-1234-5678"}
    row = change_of({"key": "p1", "operation": "delete", "fields": now, "previous": told})
    requests = destination.erasures([row])
    removed = []
    for request in requests:
        assert isinstance(request, HttpRequest)
        assert request.path == "/v1/audienceMembers:remove"
        for member in json.loads(request.body)["audienceMembers"]:
            removed += [next(iter(identifier)) for identifier in member["userData"]["userIdentifiers"]]
    assert removed == ["emailAddress", "emailAddress", "phoneNumber"]
