"""kintone's published contract takes what we send; the limits that it omits are asserted."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from harness.contracts import CONTRACTS
from harness.destinations import CASES
from harness.openapi import body_of
from kumitate.sandbox.contract import schema_of

PATH = "/k/v1/records.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    path = CONTRACTS / "kintone/openapi.yaml"
    if not path.is_file():
        pytest.skip(f"kintone's contract is not beside the project ({path.name}; KUMITATE_CONTRACTS names the folder)")
    # 1.6 MB: ten times faster than the reader in Python.
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


def recorded() -> Iterator[dict[str, Any]]:
    case = json.loads((CASES / "kintone.json").read_text(encoding="utf-8"))
    yield from (request for one in case["cases"] for request in one["renders"])
    yield from (turn["ask"] for talk in case["talks"] for turn in talk["turns"] if "ask" in turn)


def broken(schema: dict[str, Any], body: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(body)]


def test_kintone_takes_every_recorded_request(document: dict[str, Any]) -> None:
    upsert = body_of(document, PATH, "put")
    seen = set()
    for request in recorded():
        # A question with many keys goes as a POST that is meant as a GET.
        method = "get" if request["method"] == "POST" else request["method"].lower()
        seen.add(method)
        operation = document["paths"][request["path"].replace("/guest/5/", "/guest/{guestSpaceId}/")][method]
        if method == "put":
            assert broken(upsert, request["body"]) == []
        else:
            assert request["body"].keys() <= {parameter["name"] for parameter in operation["parameters"]}
            needed = {parameter["name"] for parameter in operation["parameters"] if parameter["required"]}
            assert needed <= request["body"].keys()
    assert seen == {"put", "get", "delete"}


BAD: list[dict[str, Any]] = [
    {"app": 1, "upsert": True, "rows": []},
    {"upsert": True, "records": [{"updateKey": {"field": "k", "value": "p1"}, "record": {}}]},
    {"app": 1, "upsert": "yes", "records": [{"updateKey": {"field": "k", "value": "p1"}, "record": {}}]},
    {"app": 1, "upsert": True, "records": [{"updateKey": {"code": "k", "value": "p1"}, "record": {}}]},
    {"app": 1, "upsert": True, "records": [{"updateKey": {"field": "k", "value": "p1"}, "record": {"LTV": "12"}}]},
]


@pytest.mark.parametrize("body", BAD)
def test_what_kintone_refuses_ours_refuses(document: dict[str, Any], body: dict[str, Any]) -> None:
    assert broken(body_of(document, PATH, "put"), body)
    assert broken(schema_of("kintone_upsert"), body)


@pytest.mark.parametrize(("name", "field"), [("kintone_upsert", "records"), ("kintone_delete", "ids")])
def test_a_hundred_records_are_the_most_which_the_contract_says_in_words_alone(name: str, field: str) -> None:
    assert schema_of(name)["properties"][field]["maxItems"] == 100
