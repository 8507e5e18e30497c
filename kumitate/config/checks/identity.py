"""Do match rules, guards and golden attributes name what the sources have?"""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot, unknown
from kumitate.config.identity import Attribute, Entity
from kumitate.config.names import name_problem
from kumitate.config.types import attribute_type, column_type, in_words

PROFILE_OWN = frozenset({"person_id", "records", "sources"})
"""Columns that every profile has, whatever the project declares."""

_PERSON = Spot("identity", ("person",))


def check(draft: Draft) -> Iterator[Finding]:
    if "person" not in draft.names["identity"] and "identity" not in draft.unread:
        yield Spot("identity").wrong("missing section 'person'; say in identity/person.yaml what identifies a person")
    for name in sorted(draft.config.identity.keys() - {"person"}):
        yield Spot("identity", (name,)).wrong("only 'person' is merged; move what it holds there")
    if draft.person is not None:
        yield from _names(draft.person)
        yield from _kinds(draft, draft.person)
        yield from _rules(draft, draft.person)
        for attribute, spec in draft.person.attributes.items():
            yield from _attribute(draft, attribute, spec)


def _names(person: Entity) -> Iterator[Finding]:
    for key in ("identifiers", "rules", "attributes"):
        for name in getattr(person, key):
            wrong = name_problem(name)
            if wrong:
                yield _PERSON.below(key, name).wrong(wrong)


def _kinds(draft: Draft, person: Entity) -> Iterator[Finding]:
    for kind, spec in person.identifiers.items():
        for other, most in spec.max_distinct.items():
            spot = _PERSON.below("identifiers", kind, "max_distinct", other)
            if other == kind:
                yield spot.wrong("a value has one value of its own kind; name another")
            elif other not in person.identifiers:
                yield from _known(draft, other, spot)
            if most < 1:
                yield spot.wrong(f"must be at least 1, found {most}")


def _rules(draft: Draft, person: Entity) -> Iterator[Finding]:
    for name, rule in person.rules.items():
        for place, attribute in enumerate(rule.match):
            yield from _known(draft, attribute, _PERSON.below("rules", name, "match", place))


def _known(draft: Draft, attribute: str, spot: Spot) -> Iterator[Finding]:
    columns = {column for source in draft.config.sources.values() for column in source.columns}
    if draft.sources_told and attribute not in columns and not draft.may_hold("sources", attribute):
        yield spot.wrong(unknown("attribute", attribute, columns, place="every source"))


def _attribute(draft: Draft, name: str, spec: Attribute) -> Iterator[Finding]:
    spot = _PERSON.below("attributes", name)
    if name in PROFILE_OWN:
        yield spot.wrong(f"every profile has a column {name!r} of its own; choose another name")
    yield from _known(draft, name, spot)
    if spec.policy == "source_priority" and not spec.sources:
        yield spot.wrong("policy source_priority needs 'sources', in order of trust")
    for place, source_name in enumerate(spec.sources):
        at = spot.below("sources", place)
        yield from draft.unknown("sources", source_name, at)
        source = draft.config.sources.get(source_name)
        if source is not None and name not in source.columns:
            yield at.wrong(f"source {source_name!r} has no column {name!r}")
    yield from _one_type(draft, name, spot)


def _one_type(draft: Draft, attribute: str, spot: Spot) -> Iterator[Finding]:
    wanted = attribute_type(draft.config, attribute)
    for name in sorted(draft.config.sources):
        type_ = column_type(draft.config.sources[name], attribute)
        if type_ and wanted and type_ is not wanted:
            what = f"is {in_words(type_)} in source {name!r}, but {in_words(wanted)} in another; give both one type"
            yield spot.wrong(what)
