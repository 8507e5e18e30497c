"""Vendors' OpenAPI and Swagger documents as JSON Schemas that refuse what they do not name."""

from collections.abc import Mapping
from typing import Any


def schema_in(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A named schema of the document with all that it leads to, unknown fields refused."""
    if "definitions" in document:
        return {"$ref": f"#/definitions/{name}", "definitions": _all_strict(document["definitions"])}
    schemas = _all_strict(document["components"]["schemas"])
    return {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}


def body_of(document: Mapping[str, Any], path: str, method: str) -> dict[str, Any]:
    """The schema of a request's JSON body."""
    operation = document["paths"][path][method]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return {**strict(schema), "components": {"schemas": _all_strict(document["components"]["schemas"])}}


def strict(schema: Any) -> Any:
    """Objects with named fields refuse others; those without stay open."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: strict(part) for key, part in schema.items() if key not in ("example", "format", "description")}
    if isinstance(shut.get("properties"), dict) and "additionalProperties" not in shut:
        shut["additionalProperties"] = False
    return shut


def _all_strict(schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {name: strict(schema) for name, schema in schemas.items()}
