"""What our schemas allow, the vendors' own published contracts allow (where those lie beside the project)."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.destinations import CASES
from kumitate.sandbox.contract import schema_of

CONTRACTS = Path(os.environ.get("KUMITATE_CONTRACTS", Path(__file__).parents[3] / "shared/contracts"))


def contract(name: str) -> Any:
    path = CONTRACTS / name
    if not path.is_file():
        pytest.skip(f"the vendor's contract {name} is not beside the project (KUMITATE_CONTRACTS names the folder)")
    return json.loads(path.read_text(encoding="utf-8"))


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


def beyond(ours: dict[str, Any], theirs: dict[str, Any], roots: tuple[Any, Any], *, path: str = "") -> Iterator[str]:
    """Every place where `ours` allows what `theirs` does not."""
    ours, theirs = (_resolved(schema, root) for schema, root in zip((ours, theirs), roots, strict=True))
    values = [ours["const"]] if "const" in ours else ours.get("enum", [None])
    if "enum" in theirs and not set(values) <= set(theirs["enum"]):
        yield f"{path}: values {values}"
    if ours.get("type", theirs.get("type")) != theirs.get("type"):
        yield f"{path}: type {ours['type']}"
    if ours.get("type") == "object":
        yield from _fields_beyond(ours, theirs, roots, path=path)
    if "items" in ours:
        yield from beyond(ours["items"], theirs["items"], roots, path=f"{path}[]")


def _fields_beyond(ours: dict[str, Any], theirs: dict[str, Any], roots: tuple[Any, Any], *, path: str) -> Iterator[str]:
    if ours.get("additionalProperties") is not False:
        yield f"{path}: unknown fields"
    for name, part in ours["properties"].items():
        if name in theirs["properties"]:
            yield from beyond(part, theirs["properties"][name], roots, path=f"{path}.{name}")
        else:
            yield f"{path}.{name}: unknown"


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("google_ingest", "IngestAudienceMembersRequest"), ("google_remove", "RemoveAudienceMembersRequest")],
)
def test_google_allows_everything_that_our_schema_allows(ours: str, theirs: str) -> None:
    discovery = google_schema(contract("google/datamanager.v1.json"), theirs)
    mine = schema_of(ours)
    assert list(beyond(mine, discovery, (mine, discovery))) == []


def test_the_comparison_with_google_finds_what_is_beyond_the_contract() -> None:
    discovery = google_schema(contract("google/datamanager.v1.json"), "IngestAudienceMembersRequest")
    mine = json.loads(json.dumps(schema_of("google_ingest")))
    mine["properties"]["encoding"] = {"const": "HEXADECIMAL"}
    mine["properties"]["tags"] = {"type": "string"}
    assert list(beyond(mine, discovery, (mine, discovery))) == [".encoding: values ['HEXADECIMAL']", ".tags: unknown"]


def test_google_takes_our_recorded_requests() -> None:
    discovery = contract("google/datamanager.v1.json")
    names = {"ingest": "IngestAudienceMembersRequest", "remove": "RemoveAudienceMembersRequest"}
    for case in json.loads((CASES / "google_data_manager.json").read_text(encoding="utf-8"))["cases"]:
        for request in case["renders"]:
            if "body" in request:
                schema = google_schema(discovery, names[request["path"].rsplit(":", 1)[1]])
                assert list(Draft202012Validator(schema).iter_errors(request["body"])) == []


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_meta_knows_the_parameters_that_our_schema_allows(method: str) -> None:
    apis = contract("meta/CustomAudience.json")["apis"]
    users = next(api for api in apis if api.get("endpoint") == "users" and api["method"] == method)
    known = {parameter["name"] for parameter in users["params"]}
    assert set(schema_of("meta_users")["properties"]) <= known
