"""Vendors' own published contracts, which lie beside the project: read, made strict, compared with our schemas."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CONTRACTS = Path(os.environ.get("KUMITATE_CONTRACTS", Path(__file__).parents[3] / "shared/contracts"))


def contract(name: str) -> Any:
    """The contract's content; the test is skipped with a reason where it is not there."""
    path = CONTRACTS / name
    if not path.is_file():
        pytest.skip(f"the vendor's contract {name} is not beside the project (KUMITATE_CONTRACTS names the folder)")
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


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
