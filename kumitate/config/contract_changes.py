"""What a version of a contract refuses that the one before accepted: judged keyword by keyword of JSON Schema.

A field that no version has described before (by its name, or as one of those that are not declared) may be declared at
any time: nobody was promised anything about it. What cannot be judged (changed `$ref`, `oneOf`, `if` …) counts as
refusing, so that somebody looks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any] | bool
Change = tuple[str, str]
"""A field's path (`items[].price`, empty: the whole) and what is narrower about it."""

_WORDS_ONLY = frozenset(
    {"$comment", "$id", "$schema", "default", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"}
)
_OF_OTHERS = ("additionalProperties", "unevaluatedProperties")
_LOWER_BOUNDS = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"})
_UPPER_BOUNDS = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"})
_IN_PLACE = frozenset({"allOf", "anyOf", "contains", "dependentSchemas", "oneOf", "patternProperties", "prefixItems"})
_DESCRIBING = {
    "additionalProperties": frozenset({"patternProperties"}),
    "items": frozenset({"prefixItems"}),
    "unevaluatedItems": _IN_PLACE | {"items"},
    "unevaluatedProperties": _IN_PLACE,
}
"""What a rule for the rest leaves out, because it is described there."""
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_ALL = _TYPES - {"integer"}


def narrowed(before: Schema, after: Schema, path: str = "") -> Iterator[Change]:
    """Each way in which `after` refuses what `before` accepts."""
    if after is True or before is False:
        return
    if after is False:
        yield path, "nothing is accepted any more"
        return
    was: Mapping[str, Any] = {} if before is True else before
    judged = {"type", "enum", "const", "properties", "required", *_OF_OTHERS, "items"}
    yield from _types(was, after, path)
    yield from _values(was, after, path)
    yield from _fields(was, after, path)
    if "items" in after:
        yield from narrowed(was.get("items", True), after["items"], f"{path}[]")
    for keyword in sorted(after.keys() - judged - _WORDS_ONLY):
        wrong = _keyword(keyword, was.get(keyword), after[keyword])
        if wrong:
            yield path, wrong
    yield from _missed(was, after, path)
    if "if" in was and any(was.get(each) != after.get(each) for each in ("if", "then", "else")):
        yield path, "if, then and else have changed; it cannot be judged whether less is accepted"


def _types(was: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    if "type" not in after:
        return
    allowed = _typed(after["type"])
    lost = {each for each in _typed(was.get("type", sorted(_ALL))) if each not in allowed}
    if "number" in allowed:
        lost.discard("integer")
    if lost and "type" in was:
        yield path, f"type {_joined(lost)} is no longer accepted"
    elif lost:
        yield path, f"only type {_joined(allowed)} is accepted now"


def _values(was: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    """`enum`, and `const` as an enum of one."""
    now, then = _listed(after), _listed(was)
    if now is None:
        return
    if then is None:
        yield path, "any value was accepted, a few are now"
    elif gone := then - now:
        yield path, f"{len(gone)} of its values {'is' if len(gone) == 1 else 'are'} no longer accepted"


def _fields(was: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    known, declared = was.get("properties", {}), after.get("properties", {})
    for name in sorted({*after.get("required", ())} - {*was.get("required", ())}):
        yield _below(path, name), "is required now"
    before, others = _others(was), _others(after)
    yield from narrowed(before, others, _below(path, "*"))
    for name in sorted(known):
        yield from narrowed(known[name], declared.get(name, others), _below(path, name))
    if before not in (True, {}):
        for name in sorted(declared.keys() - known.keys()):
            yield from narrowed(before, declared[name], _below(path, name))


def _others(schema: Mapping[str, Any]) -> Schema:
    """What fields must look like that are not declared."""
    found: Schema = next((schema[each] for each in _OF_OTHERS if each in schema), True)
    return found


def _keyword(keyword: str, was: Any, now: Any) -> str:
    if was == now:
        return ""
    if keyword in _LOWER_BOUNDS:
        return "" if was is not None and now <= was else f"{keyword} is higher now"
    if keyword in _UPPER_BOUNDS:
        return "" if was is not None and now >= was else f"{keyword} is lower now"
    if keyword == "multipleOf":
        return "" if was is not None and was % now == 0 else "multipleOf is stricter now"
    if keyword in ("pattern", "format"):
        return f"{keyword} has changed" if was is not None else f"has a {keyword} now"
    if keyword == "uniqueItems":
        return "values may not come twice any more" if now else ""
    return f"{keyword} has changed; it cannot be judged whether less is accepted"


def _missed(was: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    """Keywords that let something through, and are gone: what they let through others refuse."""
    lenient = {"minContains"} if "contains" in after else set()
    for rest, describing in _DESCRIBING.items():
        if after.get(rest, True) not in (True, {}):
            lenient |= describing
    for keyword in sorted(lenient & (was.keys() - after.keys())):
        yield path, f"{keyword} is gone; it cannot be judged whether less is accepted"


def _typed(given: Any) -> frozenset[str]:
    return frozenset([given] if isinstance(given, str) else given)


def _listed(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """The values that are accepted, each as JSON; None where any is. Of `const` and `enum` those that both accept."""
    write: Callable[[Any], str] = json.JSONEncoder(sort_keys=True).encode
    lists = [[schema["const"]]] if "const" in schema else []
    lists += [schema["enum"]] if "enum" in schema else []
    found = [frozenset(map(write, each)) for each in lists]
    return frozenset.intersection(*found) if found else None


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _joined(words: frozenset[str] | set[str]) -> str:
    return " or ".join(sorted(words))
