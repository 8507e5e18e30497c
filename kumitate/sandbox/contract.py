"""The vendors' contracts over HTTP as JSON Schemas of our own: what we send, and nothing beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator


@dataclass(frozen=True, slots=True)
class Violation:
    """What does not fit, by its path (`("audienceMembers", 3, "userData")`); never the value itself."""

    path: tuple[str | int, ...]
    rule: str


def violations(schema: str, value: Any) -> list[Violation]:
    """Everything in `value` that breaks the schema's rules, e.g. `violations("google_ingest", body)`."""
    found = [
        Violation(tuple(error.absolute_path), str(error.validator)) for error in _validator(schema).iter_errors(value)
    ]
    return sorted(found, key=lambda violation: [str(step) for step in violation.path])


@cache
def schema_of(name: str) -> dict[str, Any]:
    text = (files("kumitate.sandbox") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(name))
