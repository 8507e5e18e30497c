"""Do contracts name sources that take in events, are their schemas sound, and is what was promised kept?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from kumitate.config.contract import Action, Contract
from kumitate.config.contract_changes import narrowed
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot
from kumitate.config.published import OF, events_of, schema_fingerprint

_VERSION = re.compile(r"(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})")
_RULES = frozenset(Draft202012Validator.VALIDATORS)
_SAME_PLACE = ("items", "prefixItems", "contains", "allOf", "anyOf", "oneOf", "if", "then", "else")
"""Keywords whose schemas are of the same field, or of its items."""
_NAMED = ("track", "page", "screen")
_MOST_CHANGES = 5


def check(draft: Draft) -> Iterator[Finding]:
    taken: dict[tuple[str, str, str | None], str] = {}
    for name, contract in draft.config.contracts.items():
        spot = Spot("contracts", (name,))
        yield from _source(draft, contract, spot)
        first = taken.setdefault((contract.source, contract.call, contract.event), name)
        if first != name:
            yield spot.wrong(f"contract {first!r} is for the same event; put its versions into one")
        if contract.event is not None and contract.call not in _NAMED:
            yield spot.below("event").wrong(f"{contract.call} calls have no name; leave the event out")
        yield from _versions(contract, spot)
        yield from _actions(contract, spot)
    yield from _promises(draft)


def _source(draft: Draft, contract: Contract, spot: Spot) -> Iterator[Finding]:
    yield from draft.unknown("sources", contract.source, spot.below("source"))
    source = draft.config.sources.get(contract.source)
    if source is not None and source.collect is None and source.webhook is None:
        yield spot.below("source").wrong(
            f"source {contract.source!r} takes in no events over HTTP, so nothing is held to the contract; "
            "give it `collect` or `webhook`"
        )


def _versions(contract: Contract, spot: Spot) -> Iterator[Finding]:
    sound = {}
    for version, schema in contract.versions.items():
        below = spot.below("versions", version)
        if not _VERSION.fullmatch(version):
            yield below.wrong(f'a version is "major.minor" in quotes, such as "1.0"; {version!r} is none')
            continue
        wrong = _unsound(schema)
        if wrong:
            yield below.wrong(wrong)
        else:
            sound[version] = schema
    next_major = max((version_key(version)[0] for version in sound), default=0) + 1
    for before, after in pairwise(sorted(sound, key=version_key)):
        if version_key(before)[0] == version_key(after)[0]:
            narrower = islice(narrowed(sound[before], sound[after]), _MOST_CHANGES + 1)
            changes = [f"{path or 'the event'} {what}" for path, what in narrower]
            told = f'senders of {before} would be refused; call it "{next_major}.0"'
            yield from _refused(changes, told, spot.below("versions", after))


def version_key(version: str) -> tuple[int, int]:
    """`1.10` is after `1.9`."""
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _unsound(schema: Mapping[str, Any]) -> str:
    error = best_match(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema))
    if error is None:
        return _unusable(schema)
    where = ".".join(map(str, error.absolute_path)) or "the schema"
    return f"this is no JSON Schema (2020-12): {where}: {error.message[:200]}"


def _unusable(schema: Mapping[str, Any]) -> str:
    """What the collector's validator has against it: patterns that are none, references that lead nowhere."""
    try:
        plain = json.loads(json.dumps(schema, default=str))
        jsonschema_rs.Draft202012Validator(plain, validate_formats=True, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        return f"the collector cannot use this schema: {str(error).splitlines()[0][:200]}"
    return ""


def _refused(changes: Sequence[str], told: str, spot: Spot) -> Iterator[Finding]:
    for change in changes[:_MOST_CHANGES]:
        yield spot.wrong(f"{change}: {told}")
    if len(changes) > _MOST_CHANGES:
        yield spot.wrong("the version changes more than that; one that refuses what was accepted needs a new major")


def _actions(contract: Contract, spot: Spot) -> Iterator[Finding]:
    fields = {name for schema in contract.versions.values() for name in _declared(schema)}
    for rule, action in contract.violations.items():
        below = spot.below("violations", rule)
        if rule not in _RULES and rule not in fields:
            yield below.wrong(
                f"{rule!r} is neither a field of the contract nor a rule of JSON Schema (required, type, enum …)"
            )
        yield from _droppable(action, rule, below)


def _droppable(action: Action, rule: str, spot: Spot) -> Iterator[Finding]:
    if action == "drop_field" and rule == "required":
        yield spot.wrong("a field that is missing cannot be dropped; write flag or block")


def _declared(schema: Any, path: str = "") -> Iterator[str]:
    """`products.sku` is that of each product, as violations name it."""
    if not isinstance(schema, dict):
        return
    for name, below in (schema.get("properties") or {}).items():
        yield f"{path}{name}"
        yield from _declared(below, f"{path}{name}.")
    for keyword in _SAME_PLACE:
        inner = schema.get(keyword)
        for below in inner if isinstance(inner, list) else [inner]:
            yield from _declared(below, path)


def _promises(draft: Draft) -> Iterator[Finding]:
    """A version that was published stays as it is."""
    for name, versions in draft.config.published.items():
        contract, spot = draft.config.contracts.get(name), Spot("contracts", (name,))
        if contract is None:
            if name not in draft.names["contracts"] and not draft.may_hold("contracts", name):
                yield spot.wrong(f"contract {name!r} was published and is gone; {_RETIRE.format(name=name)}")
            continue
        yield from _kept(contract, versions, spot)


def _kept(contract: Contract, published: Mapping[str, str], spot: Spot) -> Iterator[Finding]:
    of = published.get(OF, events_of(contract))
    if of != events_of(contract):
        yield spot.wrong(f"was published for {of!r}, and is for {events_of(contract)!r} now; make another contract")
    for version in sorted(published.keys() - {OF}):
        schema = contract.versions.get(version)
        if schema is None:
            yield spot.below("versions").wrong(
                f"version {version} was published and is gone; {_RETIRE.format(name=spot.path[0])}"
            )
        elif schema_fingerprint(schema) != published[version]:
            yield spot.below("versions", version).wrong(
                f"version {version} was published, and is another now; take it back, and write a new version"
            )


_RETIRE = (
    "senders may still keep to it: take it back, or, when none does, say so with `kumitate contract retire {name}`"
)
