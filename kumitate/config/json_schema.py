"""The JSON Schema of a project's files, made from the sections' types, docstrings and defaults."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from textwrap import dedent
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from kumitate.config.findings import SETTINGS
from kumitate.config.loader import FOLDERS
from kumitate.config.names import MAX_LENGTH
from kumitate.config.project import Config
from kumitate.config.settings import Settings
from kumitate.config.trait import Aggregate, Points, Ratio, SqlTrait
from kumitate.model.expression import NODES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = f"^[a-z][a-z0-9_]{{0,{MAX_LENGTH - 1}}}$"


_SHARED: dict[str, tuple[type[BaseModel], ...]] = {
    "Condition": tuple(NODES.values()),
    "Trait": (Aggregate, Ratio, Points, SqlTrait),
}
"""Choices that stand in many places, under a name of their own."""


class _Plain(GenerateJsonSchema):
    """Descriptions from the text below a field; no titles that repeat names, no null beside every optional key."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        section: type[BaseModel] = schema["cls"]
        texts = field_texts(section)
        by_key = {field.alias or name: texts.get(name) for name, field in section.model_fields.items()}
        for key, value in made.get("properties", {}).items():
            value.pop("title", None)
            if by_key.get(key):
                value["description"] = by_key[key]
        return made

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        return {key: value for key, value in made.items() if key != "default" or value not in (None, "", [], {})}


def project_schema() -> dict[str, Any]:
    """All kinds of files: `settings` for kumitate.yaml, and one property per folder."""
    mode: Literal["validation"] = "validation"
    adapters = [(name, mode, TypeAdapter(kind)) for name, kind in _kinds().items()]
    references, definitions = TypeAdapter.json_schemas(adapters, schema_generator=_Plain)
    properties = {name: _named(dict(reference)) for (name, _), reference in references.items()}
    whole = {"$schema": DIALECT, "title": "Kumitate project", "type": "object", "properties": properties}
    return _with_shared({**whole, **definitions})


def folder_schema(name: str) -> dict[str, Any]:
    """The schema of one kind of file by itself, e.g. `folder_schema("segments")`."""
    made = TypeAdapter(_kinds()[name]).json_schema(schema_generator=_Plain)
    return _with_shared({"$schema": DIALECT, **_named(made), "title": f"Kumitate {name}"})


def folder_schemas() -> dict[str, dict[str, Any]]:
    return {name: folder_schema(name) for name in _kinds()}


def _kinds() -> dict[str, Any]:
    """Kind of file -> what it holds as a whole."""
    return {SETTINGS: Settings, **{name: Config.model_fields[name].annotation for name in FOLDERS}}


def _named(schema: dict[str, Any]) -> dict[str, Any]:
    """A mapping of names holds names only."""
    is_mapping = schema.get("type") == "object" and "properties" not in schema
    return schema | {"propertyNames": {"pattern": _NAME}} if is_mapping else schema


def _with_shared(schema: dict[str, Any]) -> dict[str, Any]:
    """Each shared choice once, and references to it."""
    choices = {name: [{"$ref": f"#/$defs/{each.__name__}"} for each in kinds] for name, kinds in _SHARED.items()}

    def referring(part: Any) -> Any:
        if isinstance(part, list):
            return [referring(each) for each in part]
        if not isinstance(part, dict):
            return part
        name = next((name for name, choice in choices.items() if part.get("oneOf") == choice), None)
        rest = {key: referring(value) for key, value in part.items() if name is None or key != "oneOf"}
        return {"$ref": f"#/$defs/{name}", **rest} if name else rest

    made: dict[str, Any] = referring(schema)
    used = json.dumps(made)
    shared = {name: {"oneOf": choice} for name, choice in choices.items() if f"#/$defs/{name}" in used}
    return made | {"$defs": made.get("$defs", {}) | shared}


@cache
def field_texts(model: type[BaseModel]) -> Mapping[str, str]:
    """What stands below each field of a section, and of those it is made from."""
    texts: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            texts |= dict(_texts_below_fields(each))
    return MappingProxyType(texts)


def _texts_below_fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    body = ast.parse(dedent(inspect.getsource(model))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, below in pairwise(statements):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            yield field.target.id, inspect.cleandoc(below.value.value)
