"""Marketo's published contract takes what we send; the limits that it omits are asserted."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.contracts import contract
from harness.destinations import CASES
from harness.openapi import schema_in
from kumitate.sandbox.contract import schema_of

FILE = "marketo/swagger-mapi.json"


def recorded() -> Iterator[dict[str, Any]]:
    for file in ("marketo", "marketo.list"):
        case = json.loads((CASES / f"{file}.json").read_text(encoding="utf-8"))
        yield from (request for one in case["cases"] for request in one["renders"])
        yield from (turn["ask"] for talk in case["talks"] for turn in talk["turns"] if "ask" in turn)


def is_lookup(request: dict[str, Any]) -> bool:
    return bool(request["path"].endswith("_method=GET"))


def route_in(document: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    path = request["path"].partition("?")[0].replace("/1001/", "/{listId}/")
    method = "get" if is_lookup(request) else request["method"].lower()
    found: dict[str, Any] = document["paths"][path][method]
    return found


def leads_schema(document: dict[str, Any]) -> dict[str, Any]:
    """A lead is an open object, says the contract in words alone."""
    schema = schema_in(document, "SyncLeadRequest")
    schema["definitions"]["Lead"]["additionalProperties"] = True
    return schema


def broken(schema: dict[str, Any], body: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(body)]


def test_marketo_has_every_address_that_we_call_and_takes_the_bodies() -> None:
    document = contract(FILE)
    bodies = {"/leads.json": leads_schema(document), "/delete.json": schema_in(document, "DeleteLeadRequest")}
    seen = set()
    for request in recorded():
        operation = route_in(document, request)
        seen.add((request["method"], operation["operationId"]))
        if is_lookup(request):
            asked = {pair.partition("=")[0] for pair in request["body"].split("&")}
            assert asked <= {parameter["name"] for parameter in operation["parameters"]}
            continue
        is_list = "/lists/" in request["path"]
        end = "/delete.json" if request["path"].endswith("/delete.json") else "/leads.json"
        schema = schema_in(document, "ListOperationRequest") if is_list else bodies[end]
        assert broken(schema, request["body"]) == []
    assert len(seen) == 5


BAD_LEADS: list[dict[str, Any]] = [
    {"action": "upsert", "lookupField": "email", "input": [{"email": "a@example.jp"}]},
    {"action": "createOrUpdate", "lookupField": "email"},
    {"action": "createOrUpdate", "lookupField": "email", "input": [], "dedupeBy": "email"},
    {"action": "createOrUpdate", "lookupField": ["email"], "input": []},
]


@pytest.mark.parametrize("body", BAD_LEADS)
def test_what_marketo_refuses_of_a_sync_ours_refuses(body: dict[str, Any]) -> None:
    assert broken(leads_schema(contract(FILE)), body)
    assert broken(schema_of("marketo_leads"), body)


@pytest.mark.parametrize("body", [{"input": [{"id": "50"}]}, {"input": [{"lead": 50}]}, {"ids": [50]}])
@pytest.mark.parametrize("name", ["DeleteLeadRequest", "ListOperationRequest"])
def test_what_marketo_refuses_of_ids_ours_refuses(name: str, body: dict[str, Any]) -> None:
    assert broken(schema_in(contract(FILE), name), body)
    assert broken(schema_of("marketo_ids"), body)


@pytest.mark.parametrize("name", ["marketo_leads", "marketo_ids"])
def test_three_hundred_leads_are_the_most_which_the_contract_omits(name: str) -> None:
    assert schema_of(name)["properties"]["input"]["maxItems"] == 300
    assert "maxItems" not in json.dumps(contract(FILE)["definitions"]["SyncLeadRequest"])
