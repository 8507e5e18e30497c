"""Turns pydantic's findings into plain sentences about keys, without its vocabulary or the noise of unions."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic.fields import FieldInfo

from kumitate.config.findings import KeyPath, did_you_mean
from kumitate.model.expression import NODES

_WORDS: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    date: "a date such as 2011-12-10",
    datetime: "a time such as 2011-12-10T09:00:00+09:00",
    timedelta: "a time span such as 30m, 24h, 90d or 2w",
}
_SCALARS = {bool, int, Decimal, date, datetime, str}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an error lies: the keys that lead there, what the model wants at that place, and whether it must."""

    path: KeyPath
    wanted: Any
    optional: bool = False


def sentences(annotation: Any, error: ValidationError, value: Any) -> Iterator[tuple[KeyPath, str]]:
    """Each mistake once, as (path, sentence); `value` is what was validated."""
    details = [(place_of(annotation, detail["loc"], value), detail) for detail in error.errors(include_url=False)]
    paths = [place.path for place, _ in details if place]
    seen: set[tuple[KeyPath, str]] = set()
    for place, detail in details:
        if place is None or (detail["type"] == "too_short" and _has_inner(place.path, paths)):
            continue
        path, sentence = _sentence(place, detail, value)
        if (path, sentence) not in seen:
            seen.add((path, sentence))
            yield path, sentence


def _has_inner(path: KeyPath, paths: list[KeyPath]) -> bool:
    return any(len(other) > len(path) and other[: len(path)] == path for other in paths)


def place_of(annotation: Any, location: tuple[int | str, ...], value: Any) -> Place | None:
    """Follow pydantic's location, which also names union members, to the keys of the file."""
    path: list[str | int] = []
    wanted, optional = bare(annotation), False
    for step in location:
        if is_union(wanted):
            tagged = {tag: member for member in get_args(wanted) for tag in tags_of(member)}
            if tagged:
                wanted = bare(tagged[str(step)])
                continue
            meant = next(
                (m for m in get_args(wanted) if isinstance(value_at(value, tuple(path)), dict) and is_model(m)), None
            )
            if meant is None:
                return Place(tuple(path), wanted, optional)
            if meant.__name__ != step:
                return None
            wanted = meant
        else:
            path.append(step)
            optional = is_model(wanted) and step in (fields := fields_by_key(wanted)) and not fields[step].is_required()
            wanted = _below(wanted, step)
    return Place(tuple(path), wanted, optional)


def _sentence(place: Place, detail: Mapping[str, Any], value: Any) -> tuple[KeyPath, str]:
    if detail["type"] == "missing":
        return place.path[:-1], f"missing key {place.path[-1]!r} ({expected(place.wanted)})"
    found = value_at(value, place.path)
    if detail["type"] == "extra_forbidden":
        return place.path, f"unknown key {place.path[-1]!r}{_key_hint(place, value)}"
    write = _WRITERS.get(detail["type"])
    return place.path, write(detail, found) if write else _mismatch(place.wanted, found)


_WRITERS: dict[str, Callable[[Mapping[str, Any], Any], str]] = {
    "value_error": lambda detail, _: str(detail["ctx"]["error"]),
    "condition_kind": lambda detail, found: (
        detail["msg"]
        + "".join(did_you_mean(key, NODES) for key in (found if isinstance(found, dict) else ()) if key not in NODES)
    ),
    "too_short": lambda detail, _: f"give at least {detail['ctx']['min_length']}",
    "too_long": lambda detail, _: f"give at most {detail['ctx']['max_length']}",
    "string_too_short": lambda detail, _: f"give at least {_signs(detail['ctx']['min_length'])}",
    "string_too_long": lambda detail, _: f"give at most {_signs(detail['ctx']['max_length'])}",
    "greater_than_equal": lambda detail, found: f"must be at least {detail['ctx']['ge']}, found {found}",
    "less_than_equal": lambda detail, found: f"must be at most {detail['ctx']['le']}, found {found}",
    "string_pattern_mismatch": lambda detail, found: f"{found!r} does not match {detail['ctx']['pattern']}",
}


def _signs(count: int) -> str:
    return "1 sign" if count == 1 else f"{count} signs"


def _mismatch(wanted: Any, found: Any) -> str:
    choices = choices_of(wanted)
    if choices and isinstance(found, str):
        return f"unknown value {found!r}{did_you_mean(found, choices) or '; expected ' + expected(wanted)}"
    quotes = "; write it in quotes" if bare(wanted) is str and isinstance(found, (bool, int, Decimal, date)) else ""
    return f"expected {expected(wanted)}, found {_described(found)}{quotes}"


def expected(wanted: Any) -> str:
    """An annotation in words: `a list of texts`, `one of 'csv', 'jsonl'`, `true or false`."""
    wanted = bare(wanted)
    if wanted in _WORDS:
        return _WORDS[wanted]
    if is_union(wanted):
        members = [member for member in get_args(wanted) if member is not type(None)]
        if {*members} == _SCALARS:
            return "a text, number, date, or true/false"
        return "a condition" if len(members) == len(NODES) else " or ".join(expected(member) for member in members)
    names = choices_of(wanted)
    if names:
        quoted = ", ".join(repr(name) for name in names)
        return quoted if len(names) == 1 else f"one of {quoted}"
    if get_origin(wanted) is tuple:
        count = "" if Ellipsis in get_args(wanted) else f" with {len(get_args(wanted))} items"
        return f"a list{count} ({expected(get_args(wanted)[0])} each)"
    return "a mapping" if is_model(wanted) or get_origin(wanted) is dict else "a value"


def _described(found: object) -> str:
    match found:
        case None:
            return "nothing"
        case bool():
            return "true" if found else "false"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return f"the text {found!r}"
    return f"the date {found}" if isinstance(found, date) else f"the number {found}"


def _key_hint(place: Place, value: Any) -> str:
    key, siblings = place.path[-1], value_at(value, place.path[:-1])
    if key in NODES and any(other in NODES for other in siblings if other != key):
        return "; put several conditions under 'all' or 'any'"
    return did_you_mean(str(key), place.wanted) if isinstance(place.wanted, list) else ""


def _below(wanted: Any, step: int | str) -> Any:
    """The annotation of a model's field, a mapping's value or a list's item; a list of keys for an unknown key."""
    if is_model(wanted):
        by_key = fields_by_key(wanted)
        return bare(by_key[step].annotation) if step in by_key else list(by_key)
    arguments = get_args(wanted)
    if get_origin(wanted) is dict:
        return bare(arguments[1])
    if get_origin(wanted) is tuple:
        return bare(arguments[0])
    return Any


def bare(annotation: Any) -> Any:
    """Without `Annotated` and without `None`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if is_union(annotation):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return bare(members[0])
        if len(members) < len(get_args(annotation)):
            return Union[tuple(members)]  # noqa: UP007 (members are known at run time only)
    return annotation


def is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def fields_by_key(model: type[BaseModel]) -> dict[int | str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def tags_of(member: Any) -> list[str]:
    return [item.tag for item in getattr(member, "__metadata__", ()) if isinstance(item, Tag)]


def choices_of(wanted: Any) -> list[str]:
    if get_origin(wanted) is Literal:
        return [str(choice) for choice in get_args(wanted)]
    return [str(member.value) for member in wanted] if isinstance(wanted, type) and issubclass(wanted, Enum) else []


def value_at(value: Any, path: KeyPath) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
