"""Holds events to the contracts of their source, and does what a contract says about one that breaks it.

A contract's versions are JSON Schemas of `properties` (track, page, screen) or `traits` (identify, group); formats are
checked, and a schema refers to nothing outside itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import jsonschema_rs

from kumitate.events.collecting import Intake, Terms
from kumitate.model.event import MARKS

UNKNOWN_EVENT = "contract.unknown_event"
_LONGEST = 120
_MOST = 20
"""Violations of one event that are told; all of them are acted on."""
_GRAVEST_FIRST = ("block", "drop_field", "flag")
_OF_VERDICT = frozenset({"contract", "violations", "unknown", "blocked"})
_WITH_TRAITS = ("identify", "group")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")

_KEYWORDS = """
type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems
minItems uniqueItems maxContains minContains contains maxProperties minProperties required dependentRequired format
additionalProperties unevaluatedProperties unevaluatedItems propertyNames anyOf oneOf allOf not if then else items
prefixItems properties patternProperties contentEncoding contentMediaType
"""
_RULES = frozenset(_KEYWORDS.split())

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of JSON Schema that a field breaks: `required` at `("products", 0, "sku")`."""

    path: Path = field(repr=False)
    rule: str
    action: str = ""
    section: str = "properties"

    @property
    def field(self) -> str:
        """`products.sku`: the same for every item of a list."""
        return ".".join(step for step in self.path if isinstance(step, str))

    @property
    def told(self) -> str:
        """`properties.products.sku`, from the event on."""
        return f"{self.section}.{self.field}"[:_LONGEST].rstrip(".")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: `contract` is `order_completed/1.1`, empty where none knows the event."""

    contract: str = ""
    violations: tuple[Violation, ...] = ()
    is_unknown: bool = False
    blocked: str = ""
    """Why the event is not taken: `contract.type`."""


def marks_of(verdict: Verdict) -> dict[str, Any]:
    """As an event carries them: names of fields and rules, never a value."""
    violations = [{"field": each.told, "rule": each.rule, "action": each.action} for each in verdict.violations]
    marks = {
        "contract": verdict.contract,
        "violations": violations,
        "unknown": verdict.is_unknown,
        "blocked": verdict.blocked,
    }
    return {name: value for name, value in marks.items() if value}


@dataclass(frozen=True, slots=True)
class _Version:
    name: str
    validator: jsonschema_rs.Draft202012Validator


@dataclass(frozen=True, slots=True)
class _Held:
    terms: Terms
    versions: tuple[_Version, ...]
    """The newest of each major, the newest major first."""


class Contracts:
    """The contracts of one source, compiled once."""

    def __init__(self, intake: Intake) -> None:
        self._held = {(terms.call, terms.event): _compiled(terms) for terms in intake.contracts}
        self._calls = {terms.call for terms in intake.contracts} | {"track"}
        self._unknown = intake.unknown_events

    def judge(self, event: dict[str, Any]) -> Verdict:
        """Fields that a contract wants dropped are taken out of the event."""
        call = str(event.get("type"))
        name = event.get("event" if call == "track" else "name")
        held = self._held.get((call, name)) if isinstance(name, str) else None
        held = held or self._held.get((call, None))
        if held is None:
            return self._unheld(call)
        section = _section(event, call)
        for version in held.versions:
            if _is_good(version.validator, section):
                return Verdict(version.name)
        return _broken(held, section)

    def _unheld(self, call: str) -> Verdict:
        """Calls without an event's name are unknown only where the source has contracts for that call."""
        if self._unknown == "allow" or call not in self._calls:
            return Verdict()
        return Verdict(is_unknown=True, blocked=UNKNOWN_EVENT if self._unknown == "block" else "")


def rejudged(intake: Intake) -> Callable[[dict[str, Any]], bool]:
    """Whether an event that was blocked is good by the contracts as they are now; if so, its marks say so."""
    contracts = Contracts(intake)

    def is_good_now(event: dict[str, Any]) -> bool:
        verdict = contracts.judge(event)
        if verdict.blocked:
            return False
        marks = {name: value for name, value in event[MARKS].items() if name not in _OF_VERDICT}
        event[MARKS] = marks | marks_of(verdict)
        return True

    return is_good_now


def _compiled(terms: Terms) -> _Held:
    numbered = sorted(((*_number(version), version) for version in terms.versions), reverse=True)
    newest = [next(of_major)[-1] for _, of_major in groupby(numbered, key=lambda each: each[0])]
    versions = tuple(_Version(f"{terms.name}/{version}", _validator(terms.versions[version])) for version in newest)
    return _Held(terms, versions)


def _number(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)


def _validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True, offline=True)


def _section(event: dict[str, Any], call: str) -> dict[str, Any]:
    """RudderStack's SDKs tell traits in the context."""
    if call not in _WITH_TRAITS:
        found = event.get("properties")
    else:
        found = event.get("traits")
        if found is None:
            found = (event.get("context") or {}).get("traits")
    return found if isinstance(found, dict) else {}


def _is_good(validator: jsonschema_rs.Draft202012Validator, section: dict[str, Any]) -> bool:
    try:
        return validator.is_valid(section)
    except ValueError:  # what the validator cannot look at (a whole number beyond its own) it has not accepted
        return False


@dataclass(frozen=True, slots=True)
class _Judged:
    """What one version has against an event."""

    name: str
    found: int
    acted: tuple[Violation, ...]
    drop: tuple[Path, ...]

    @property
    def blocked(self) -> str:
        rule = next((each.rule for each in self.acted if each.action == "block"), None)
        return f"contract.{_CAPITAL.sub('_', rule).lower()}" if rule else ""


def _broken(held: _Held, section: dict[str, Any]) -> Verdict:
    """By a version that does not block it, if there is one, and of those the one that has least against it.

    So a new major never costs an event of an older one that was only flagged until then. The newest of several.
    """
    judged = [_judged(held.terms, version, section) for version in held.versions]
    nearest = min(judged, key=lambda each: (bool(each.blocked), each.found))
    if not nearest.blocked:
        _drop(section, nearest.drop)
    return Verdict(nearest.name, _told(nearest.acted), blocked=nearest.blocked)


def _judged(terms: Terms, version: _Version, section: dict[str, Any]) -> _Judged:
    found = list(_violations(version.validator, section))
    once: dict[tuple[Path, str], Violation] = {}
    drop: list[Path] = []
    for path, rule in found:
        names = tuple(step for step in path if isinstance(step, str)), rule
        acted = once.get(names)
        if acted is None:
            acted = once[names] = _acted(terms, path, rule)
        if acted.action == "drop_field":
            drop.append(path)
    return _Judged(version.name, len(found), tuple(once.values()), tuple(drop))


def _acted(terms: Terms, path: Path, rule: str) -> Violation:
    violation = Violation(path, rule, section="traits" if terms.call in _WITH_TRAITS else "properties")
    return replace(violation, action=_action(terms, violation))


def _told(acted: Iterable[Violation]) -> tuple[Violation, ...]:
    """The gravest ones, where there are too many."""
    told = (each for each in acted if each.action != "allow")
    return tuple(sorted(told, key=lambda each: _GRAVEST_FIRST.index(each.action))[:_MOST])


def _action(terms: Terms, violation: Violation) -> str:
    """A field's own word goes before a rule's."""
    for name in (violation.field, violation.rule):
        if name in terms.violations:
            return terms.violations[name]
    return terms.on_violation


def _violations(validator: jsonschema_rs.Draft202012Validator, section: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Where, and which rule: of a list, each item."""
    try:
        errors = list(validator.iter_errors(section))
    except ValueError:
        yield (), "unreadable"
        return
    for error in errors:
        path, told = tuple(error.instance_path), error.kind.as_dict()
        names = [told["property"]] if "property" in told else told.get("unexpected", [])
        rule = _rule(error.schema_path)
        if not names:
            yield path, rule
        for name in names:
            yield (*path, str(name)), rule


def _rule(schema_path: Iterable[str | int]) -> str:
    """The keyword at the end of a schema's path; `false` has none of its own."""
    steps = list(schema_path)
    last = steps[-1] if steps else "false"
    return last if isinstance(last, str) and last in _RULES else "false"


def _drop(section: dict[str, Any], paths: Iterable[Path]) -> None:
    """Later places first, so that those before them stay where they are."""
    for path in sorted(set(paths), key=lambda path: [(isinstance(step, str), step) for step in path], reverse=True):
        holder = _holder(section, path)
        if isinstance(holder, dict):
            holder.pop(path[-1], None)
        elif isinstance(holder, list) and isinstance(path[-1], int) and path[-1] < len(holder):
            del holder[path[-1]]


def _holder(section: dict[str, Any], path: Path) -> Any:
    """What holds the path's last step; None where something above it went before, or nothing is left to take out."""
    found: Any = section if path else None
    for step in path[:-1]:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return None
    return found
