"""Do match rules, guards, limits, brands and golden attributes name what the sources have, and go together?"""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot, did_you_mean, unknown
from kumitate.config.identity import Attribute, Entity, IdentifierKind, Probabilistic
from kumitate.config.names import name_problem
from kumitate.config.types import attribute_type, column_type, in_words

PROFILE_OWN = frozenset({"person_id", "records", "sources"})
"""Columns that every profile has, whatever the project declares."""

GROUPS = ("household", "company")
"""Entities beside the person: groups of persons."""

_PERSON = Spot("identity", ("person",))


def check(draft: Draft) -> Iterator[Finding]:
    if "person" not in draft.names["identity"] and "identity" not in draft.unread:
        yield Spot("identity").wrong("missing section 'person'; say in identity/person.yaml what identifies a person")
    for name in sorted(draft.names["identity"] - {"person", *GROUPS}):
        hint = did_you_mean(name, ("person", *GROUPS)) or "; move what it holds to 'person'"
        yield Spot("identity", (name,)).wrong(f"only person, household and company are merged{hint}")
    if draft.person is not None:
        yield from _names(draft.person)
        yield from _kinds(draft, draft.person)
        yield from _rules(draft, draft.person)
        yield from _priorities(draft.person)
        yield from _brands(draft, draft.person)
        if draft.person.model is not None:
            yield from _model(draft, draft.person.model)
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
        yield from _limits(draft, kind, spec)
        for other, most in spec.max_distinct.items():
            spot = _PERSON.below("identifiers", kind, "max_distinct", other)
            if other == kind:
                yield spot.wrong("a value has one value of its own kind; name another")
            elif other not in person.identifiers:
                yield from _known(draft, other, spot)
            if most < 1:
                yield spot.wrong(f"must be at least 1, found {most}")


def _limits(draft: Draft, kind: str, spec: IdentifierKind) -> Iterator[Finding]:
    spot = _PERSON.below("identifiers", kind)
    if spec.unique and spec.limit is not None and spec.limit.most > 1:
        yield spot.below("limit", "most").wrong(f"the kind is unique, so a person has 1, not {spec.limit.most}")
    stating = [source for source in draft.config.sources.values() if kind in source.identifiers]
    timed = any(source.time or source.updated_at for source in stating)
    if stating and not timed and (spec.within or (spec.limit and spec.limit.within)):
        key = ("within",) if spec.within else ("limit", "within")
        yield spot.below(*key).wrong("no source that has this kind tells times; give one 'time' or 'updated_at'")


def _priorities(person: Entity) -> Iterator[Finding]:
    """A place that two kinds share would leave it to chance who yields."""
    taken: dict[int, str] = {}
    for kind, spec in person.identifiers.items():
        if spec.priority is not None:
            first = taken.setdefault(spec.priority, kind)
            if first != kind:
                what = f"{first!r} has priority {spec.priority}, too; give each kind its own"
                yield _PERSON.below("identifiers", kind, "priority").wrong(what)


def _rules(draft: Draft, person: Entity) -> Iterator[Finding]:
    for name, rule in person.rules.items():
        spot = _PERSON.below("rules", name)
        for place, attribute in enumerate(rule.match):
            yield from _known(draft, attribute, spot.below("match", place))
        for other, most in rule.max_distinct.items():
            if other not in person.identifiers:
                yield from _known(draft, other, spot.below("max_distinct", other))
            if most < 1:
                yield spot.below("max_distinct", other).wrong(f"must be at least 1, found {most}")


def _model(draft: Draft, model: Probabilistic) -> Iterator[Finding]:
    """What its file says is checked where models are read."""
    spot = _PERSON.below("model")
    if model.review > model.merge:
        what = f"must be at most merge ({model.merge:g}), found {model.review:g}: what merges needs no review"
        yield spot.below("review").wrong(what)
    if model.file is not None and not (draft.config.root / model.file).is_file():
        yield spot.below("file").wrong(f"there is no file {model.file!r} in the project; leave it out to train one")
    for place, attribute in enumerate(model.compare):
        yield from _known(draft, attribute, spot.below("compare", place))


def _brands(draft: Draft, person: Entity) -> Iterator[Finding]:
    for name, brand in person.brands.items():
        wrong = name_problem(name)
        if wrong:
            yield _PERSON.below("brands", name).wrong(wrong)
        for place, source_name in enumerate(brand.sources):
            spot = _PERSON.below("brands", name, "sources", place)
            yield from draft.unknown("sources", source_name, spot)
            source = draft.config.sources.get(source_name)
            if source is not None and not source.identifiers:
                yield spot.wrong(f"source {source_name!r} has no identifiers, so it knows nobody")


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
