"""The JSON Schema of a project's files, made from the sections' types, docstrings and defaults."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from textwrap import dedent
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from kumitate.config.findings import SETTINGS
from kumitate.config.loader import FOLDERS
from kumitate.config.names import MAX_LENGTH
from kumitate.config.project import Config
from kumitate.config.settings import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = f"^[a-z][a-z0-9_]{{0,{MAX_LENGTH - 1}}}$"


class _WithDocstrings(GenerateJsonSchema):
    """Takes a field's description from the text below it, and leaves out titles that only repeat names."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        texts = field_texts(schema["cls"])
        by_key = {field.alias or name: texts.get(name) for name, field in schema["cls"].model_fields.items()}
        for key, value in made.get("properties", {}).items():
            value.pop("title", None)
            if by_key.get(key):
                value["description"] = by_key[key]
        return made


def project_schema() -> dict[str, Any]:
    """All kinds of files: `settings` for kumitate.yaml, and one property per folder."""
    adapters = [(name, "validation", TypeAdapter(kind)) for name, kind in _kinds().items()]
    references, definitions = TypeAdapter.json_schemas(adapters, schema_generator=_WithDocstrings)  # type: ignore[arg-type]
    properties = {name: _named(dict(reference)) for (name, _), reference in references.items()}
    return {"$schema": DIALECT, "title": "Kumitate project", "type": "object", "properties": properties, **definitions}


def folder_schema(name: str) -> dict[str, Any]:
    """The schema of one kind of file by itself, e.g. `folder_schema("segments")`."""
    made = TypeAdapter(_kinds()[name]).json_schema(schema_generator=_WithDocstrings)
    return {"$schema": DIALECT, **_named(made), "title": f"Kumitate {name}"}


def folder_schemas() -> dict[str, dict[str, Any]]:
    return {name: folder_schema(name) for name in _kinds()}


def _kinds() -> dict[str, Any]:
    """Kind of file -> what it holds as a whole."""
    return {SETTINGS: Settings, **{name: Config.model_fields[name].annotation for name in FOLDERS}}


def _named(schema: dict[str, Any]) -> dict[str, Any]:
    """A mapping of names holds names only."""
    is_mapping = schema.get("type") == "object" and "properties" not in schema
    return schema | {"propertyNames": {"pattern": _NAME}} if is_mapping else schema


def field_texts(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each field of a section, and of those it is made from."""
    texts: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            texts |= dict(_texts_below_fields(each))
    return texts


def _texts_below_fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    body = ast.parse(dedent(inspect.getsource(model))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, below in pairwise(statements):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            yield field.target.id, inspect.cleandoc(below.value.value)
