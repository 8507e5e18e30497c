"""OpenAPI 3.0 contracts read strictly: a value against a schema, unknown fields refused, by discriminator and $ref."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from harness.contracts import CONTRACTS, contract

Schema = Mapping[str, Any]
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


@cache
def document(name: str) -> Any:
    """A contract's file, read once; the test is skipped where it is not there."""
    path = CONTRACTS / name
    if not path.is_file():
        return contract(name)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)  # a fifth of the time


@dataclass(frozen=True)
class Place:
    """A schema and the file it stands in: `Place("line/messaging-api.yml", {...})`."""

    file: str
    schema: Schema

    def broken(self, value: Any, path: str = "") -> list[str]:
        """Every rule that `value` breaks, e.g. `messages: at most 5`."""
        return list(self._broken(value, path))

    def at(self, schema: Schema) -> Place:
        """A part of this schema, its `$ref` followed: within the file, or to one beside it."""
        if "$ref" not in schema:
            return Place(self.file, schema)
        file, _, pointer = schema["$ref"].partition("#/")
        name = _beside(self.file, file) if file else self.file
        found: Any = document(name)
        for step in pointer.split("/"):
            found = found[step]
        return Place(name, found).at(found) if "$ref" in found else Place(name, found)

    def _broken(self, value: Any, path: str) -> Iterator[str]:
        wanted = _TYPES.get(str(self.schema.get("type", "")))
        if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)):
            yield f"{path}: {self.schema['type']} expected"
            return
        if "enum" in self.schema and value not in self.schema["enum"]:
            yield f"{path}: one of {self.schema['enum']}"
        yield from self._size(value, path)
        if isinstance(value, dict):
            yield from self._object(value, path)
        for number, item in enumerate(value if isinstance(value, list) and "items" in self.schema else []):
            yield from self.at(self.schema["items"])._broken(item, f"{path}[{number}]")

    def _size(self, value: Any, path: str) -> Iterator[str]:
        ends = {str: ("minLength", "maxLength"), list: ("minItems", "maxItems"), int: ("minimum", "maximum")}
        least, most = ends.get(type(value), ("", ""))
        size = len(value) if isinstance(value, str | list) else value
        if least in self.schema and size < self.schema[least]:
            yield f"{path}: at least {self.schema[least]}"
        if most in self.schema and size > self.schema[most]:
            yield f"{path}: at most {self.schema[most]}"

    def _object(self, value: Mapping[str, Any], path: str) -> Iterator[str]:
        whole = self._chosen(value)
        properties, required = whole._fields()
        yield from (f"{path}.{name}: missing".lstrip(".") for name in required if name not in value)
        for name, part in value.items():
            below = f"{path}.{name}".lstrip(".")
            if name in properties:
                yield from properties[name]._broken(part, below)
            elif properties:
                yield f"{below}: unknown"

    def _chosen(self, value: Mapping[str, Any]) -> Place:
        discriminator = self.schema.get("discriminator", {})
        target = discriminator.get("mapping", {}).get(value.get(discriminator.get("propertyName", "")))
        return self.at({"$ref": target}) if target else self

    def _fields(self) -> tuple[dict[str, Place], set[str]]:
        """Properties and required names, with those of everything under `allOf`."""
        found = {name: self.at(part) for name, part in self.schema.get("properties", {}).items()}
        required = set(self.schema.get("required", ()))
        for part in self.schema.get("allOf", ()):
            more, wanted = self.at(part)._fields()
            found, required = found | more, required | wanted
        return found, required


def _beside(file: str, other: str) -> str:
    """`audiencelist/A.yaml` and `../../Error.yaml` as seen from a file."""
    steps = file.split("/")[:-1]
    for step in other.split("/"):
        steps = steps[:-1] if step == ".." else [*steps, step]
    return "/".join(steps)
