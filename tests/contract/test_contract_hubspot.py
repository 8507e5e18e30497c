"""HubSpot's published contracts take what we send, and refuse what ours refuses; limits they omit are asserted."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.contracts import contract
from harness.destinations import CASES
from harness.openapi import body_of
from kumitate.activation.destinations.registry import destination_class
from kumitate.activation.destinations.talk import Erasing
from kumitate.model.request import Change, HttpRequest, Operation
from kumitate.sandbox.contract import schema_of

VERSIONS = ("2026-03", "2026-09", "v3")
ROUTES = {
    "hubspot_upsert": ("contacts.json", "contacts/batch/upsert", "post"),
    "hubspot_update": ("contacts.json", "contacts/batch/update", "post"),
    "hubspot_read": ("contacts.json", "contacts/batch/read", "post"),
    "hubspot_archive": ("contacts.json", "contacts/batch/archive", "post"),
    "hubspot_gdpr_delete": ("contacts.json", "contacts/gdpr-delete", "post"),
    "hubspot_tasks": ("tasks.json", "tasks/batch/create", "post"),
    "hubspot_members": ("lists.json", "{listId}/memberships/add-and-remove", "put"),
}


def theirs(version: str, schema: str) -> dict[str, Any]:
    file, route, method = ROUTES[schema]
    document = contract(f"hubspot/{version}/{file}")
    base = "/crm/v3" if version == "v3" else "/crm"
    kind = "lists" if file == "lists.json" else "objects"
    if version == "2026-09" and kind == "objects":  # one address for all objects
        route = "{objectType}/" + route.partition("/")[2]
    path = f"{base}/{kind}/{route}" if version == "v3" else f"{base}/{kind}/{version}/{route}"
    return body_of(document, path, method)


def recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON body of a recorded case or conversation, by the schema that its address has in ours."""
    for file in ("hubspot", "hubspot.list", "hubspot.task"):
        case = json.loads((CASES / f"{file}.json").read_text(encoding="utf-8"))
        asks = [turn["ask"] for talk in case["talks"] for turn in talk["turns"] if "ask" in turn]
        for request in [*(one for each in case["cases"] for one in each["renders"]), *asks]:
            yield schema_by_end(request["path"]), request["body"]


def schema_by_end(path: str) -> str:
    """By what is done, whatever object it is done to."""
    return next(name for name, (_, route, _) in ROUTES.items() if path.endswith(route.partition("/")[2]))


def broken(schema: dict[str, Any], body: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(body)]


@pytest.mark.parametrize("version", VERSIONS)
def test_hubspot_takes_every_recorded_request(version: str) -> None:
    bodies = list(recorded())
    assert {name for name, _ in bodies} == ROUTES.keys() - {"hubspot_gdpr_delete"}
    for name, body in bodies:
        assert broken(theirs(version, name), body) == []


def test_hubspot_takes_an_erasure() -> None:
    hubspot = destination_class("hubspot").model_validate({"id_property": "kumitate_key"})
    assert isinstance(hubspot, Erasing)
    (request,) = hubspot.erasures([Change("p1", Operation.DELETE, {})])
    assert isinstance(request, HttpRequest)
    assert broken(theirs("2026-03", "hubspot_gdpr_delete"), json.loads(request.body)) == []


BAD = {
    "hubspot_upsert": [
        {"inputs": [{"id": "p1", "idProperty": "k", "objectWriteTraceId": "p1", "properties": {"score": 12}}]},
        {"inputs": [{"idProperty": "k", "objectWriteTraceId": "p1", "properties": {}}]},
        {"inputs": [{"id": "p1", "idProperty": "k", "objectWriteTraceId": "p1", "properties": {}, "archived": 1}]},
        {"records": []},
    ],
    "hubspot_read": [{"idProperty": "k", "inputs": [{"id": 5}], "properties": [], "propertiesWithHistory": []}],
    "hubspot_archive": [{"inputs": [{"recordId": "5"}]}],
    "hubspot_gdpr_delete": [{"idProperty": "email"}],
    "hubspot_tasks": [
        {"inputs": [{"properties": {"hs_task_subject": "x"}, "objectWriteTraceId": "t1"}]},
        {
            "inputs": [
                {
                    "properties": {},
                    "objectWriteTraceId": "t1",
                    "associations": [
                        {"to": {"id": "5"}, "types": [{"associationCategory": "OURS", "associationTypeId": 204}]}
                    ],
                }
            ]
        },
    ],
    "hubspot_members": [{"recordIdsToAdd": ["5"]}, {"recordIdsToAdd": [5], "recordIdsToRemove": []}],
}


@pytest.mark.parametrize(("name", "body"), [(name, body) for name, bodies in BAD.items() for body in bodies])
def test_what_hubspot_refuses_ours_refuses(name: str, body: dict[str, Any]) -> None:
    assert broken(theirs("2026-03", name), body)
    assert broken(schema_of(name), body)


@pytest.mark.parametrize("name", ["hubspot_upsert", "hubspot_read", "hubspot_archive", "hubspot_tasks"])
def test_batches_hold_a_hundred_at_most_which_the_contract_omits(name: str) -> None:
    assert schema_of(name)["properties"]["inputs"]["maxItems"] == 100
    path = "hubspot/2026-03/tasks.json" if name == "hubspot_tasks" else "hubspot/2026-03/contacts.json"
    assert "maxItems" not in json.dumps(contract(path))


@pytest.mark.parametrize("name", ["email", "hs_object_id"])
def test_a_property_that_hubspot_knows_itself_is_no_key(name: str) -> None:
    with pytest.raises(ValueError, match="no partial upserts"):
        destination_class("hubspot").model_validate({"id_property": name})
