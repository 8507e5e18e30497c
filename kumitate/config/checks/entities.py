"""Do household and company look at facts that there are, and does a verified value have a column that says so?"""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot, unknown
from kumitate.config.identity import Attribute, Entity
from kumitate.config.names import name_problem
from kumitate.config.types import column_type, in_words
from kumitate.model.table import Type

IDS = {"household": "household_id", "company": "company_id"}
"""What a profile shows of each group that the project declares."""


def check(draft: Draft) -> Iterator[Finding]:
    for name in IDS:
        entity = draft.config.identity.get(name)
        if entity is not None:
            yield from _group(draft, name, entity)
    if draft.person is not None:
        for attribute, spec in draft.person.attributes.items():
            yield from _verified(draft, attribute, spec)


def _group(draft: Draft, name: str, entity: Entity) -> Iterator[Finding]:
    spot = Spot("identity", (name,))
    if name == "household" and entity.of != "persons":
        yield spot.wrong("a household is made of persons; write `of: persons`")
    if not entity.identifiers and not entity.rules:
        yield spot.wrong(f"nothing says what ties a {name}; give it identifiers or rules")
    for key in ("model", "attributes", "brands"):
        if getattr(entity, key):
            yield spot.below(key).wrong(f"{key!r} is for person; a {name} has none")
    for key, facts in _named(entity):
        for fact, path in facts:
            yield from _known(draft, entity, fact, spot=spot.below(key, *path))
    for attribute in _taken(draft, IDS[name]):
        yield attribute.wrong(
            f"with a {name}, every profile has a column {IDS[name]!r} of its own; choose another name"
        )


def _taken(draft: Draft, column: str) -> Iterator[Spot]:
    if draft.person is not None and column in draft.person.attributes:
        yield Spot("identity", ("person", "attributes", column))
    if column in draft.config.traits:
        yield Spot("traits", (column,))


Facts = list[tuple[str, tuple[str | int, ...]]]


def _named(entity: Entity) -> Iterator[tuple[str, Facts]]:
    """Every fact that the entity names, with where it does."""
    kinds, rules = entity.identifiers.items(), entity.rules.items()
    yield "identifiers", [(kind, (kind,)) for kind, _ in kinds]
    yield "identifiers", [(other, (kind, "max_distinct", other)) for kind, spec in kinds for other in spec.max_distinct]
    yield "rules", [(fact, (rule, "match", place)) for rule, spec in rules for place, fact in enumerate(spec.match)]
    yield "rules", [(other, (rule, "max_distinct", other)) for rule, spec in rules for other in spec.max_distinct]
    for crowded, by in entity.crowded.items():
        yield "crowded", [(crowded, (crowded,)), *((other, (crowded, other)) for other in by)]


def _known(draft: Draft, entity: Entity, fact: str, *, spot: Spot) -> Iterator[Finding]:
    """Groups of persons know the golden record's attributes, groups of records the columns of their sources."""
    wrong = name_problem(fact)
    if wrong:
        yield spot.wrong(wrong)
        return
    column = entity.columns.get(fact, fact)
    if entity.of == "persons":
        known, told, place = set(draft.person.attributes if draft.person else ()), draft.person is not None, "person"
    else:
        known = {name for source in draft.config.sources.values() if source.identifiers for name in source.columns}
        told, place = draft.sources_told and not draft.may_hold("sources", column), "every source with identifiers"
    if told and column not in known:
        yield spot.wrong(unknown("attribute", column, known, place=place))


def _verified(draft: Draft, attribute: str, spec: Attribute) -> Iterator[Finding]:
    spot = Spot("identity", ("person", "attributes", attribute))
    if (spec.policy == "verified") != (spec.verified_by is not None):
        told = "needs" if spec.policy == "verified" else "alone looks at"
        yield spot.wrong(f"policy verified {told} 'verified_by', the column that says whether a value was checked")
    if spec.verified_by is None or not draft.sources_told:
        return
    types = {
        column_type(source, spec.verified_by)
        for source in draft.config.sources.values()
        if attribute in source.columns and spec.verified_by in source.columns
    }
    at = spot.below("verified_by")
    if not types:
        yield at.wrong(f"no source with {attribute!r} has a column {spec.verified_by!r}")
    for type_ in types - {Type.BOOLEAN, None}:
        if type_ is not None:
            yield at.wrong(f"column {spec.verified_by!r} is {in_words(type_)}; it should be true or false")
