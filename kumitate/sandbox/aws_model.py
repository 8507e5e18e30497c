"""A botocore model's rules, all of them: botocore itself lets wrong lengths, patterns and enums through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kumitate.sandbox.patterns import matches

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}


def broken_rules(shape: Any, value: Any, path: str = "") -> list[str]:
    """Every rule of the model that `value` breaks, e.g. `Items: at most 10`; never the value itself."""
    if shape is None:
        return []
    return list(_broken(shape, value, path))


def _broken(shape: Any, value: Any, path: str) -> Iterator[str]:
    wanted = _TYPES.get(shape.type_name)
    if wanted is not None and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)):
        yield f"{path}: {shape.type_name} expected"
        return
    yield from _size(shape, value, path)
    yield from _WALKS.get(shape.type_name, _nothing)(shape, value, path)


def _size(shape: Any, value: Any, path: str) -> Iterator[str]:
    size = value if isinstance(value, int | float) else len(value) if hasattr(value, "__len__") else None
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if size is not None and least is not None and size < least:
        yield f"{path}: at least {least}"
    if size is not None and most is not None and size > most:
        yield f"{path}: at most {most}"


def _string(shape: Any, value: Any, path: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not matches(pattern, value):
        yield f"{path}: must match {pattern}"
    if shape.enum and value not in shape.enum:
        yield f"{path}: must be one of {', '.join(shape.enum)}"


def _structure(shape: Any, value: Any, path: str) -> Iterator[str]:
    for name in shape.metadata.get("required", ()):
        if name not in value:
            yield f"{path}.{name}: missing".lstrip(".")
    for name, part in value.items():
        below = f"{path}.{name}".lstrip(".")
        if name in shape.members:
            yield from _broken(shape.members[name], part, below)
        else:
            yield f"{below}: unknown"


def _list(shape: Any, value: Any, path: str) -> Iterator[str]:
    for number, part in enumerate(value):
        yield from _broken(shape.member, part, f"{path}[{number}]")


def _map(shape: Any, value: Any, path: str) -> Iterator[str]:
    for name, part in value.items():
        yield from _broken(shape.key, name, f"{path} key")
        yield from _broken(shape.value, part, f"{path}.{name}")


def _nothing(_shape: Any, _value: Any, _path: str) -> Iterator[str]:
    return iter(())


_WALKS: dict[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "string": _string,
    "structure": _structure,
    "list": _list,
    "map": _map,
}
