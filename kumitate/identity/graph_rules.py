"""What `identity/*.yaml` declares, as the numbered rules that a graph is resolved by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from kumitate.config.identity import Entity, IdentifierKind, MatchRule
from kumitate.config.project import Config
from kumitate.config.source import Semantic
from kumitate.identity.graph.model import GraphRules, KindRule

RULE_PREFIX = "rule:"
"""Before a compound rule's name, where it stands as a kind."""

TELLING = {Semantic.NAME, Semantic.KANA, Semantic.BIRTHDATE}
"""What tells one person from another, where the data itself must show that a value is no identifier."""


def project_rules(config: Config) -> GraphRules:
    numbers = {
        kind
        for source in config.sources.values()
        for kind, column in source.identifiers.items()
        if column in source.columns and source.columns[column].type is Semantic.ID
    }
    return graph_rules(as_numbers(config.person, numbers), telling_attributes(config))


def graph_rules(entity: Entity, telling: Mapping[str, Semantic] = MappingProxyType({})) -> GraphRules:
    """Kinds in the order of `kind_names`; `telling` are attributes, names or birthdates, that tell persons apart.

    An identifier kind without guards of its own counts as shared where the data says so (KindRule.told_by): by names
    and birthdates, and by the kinds that are stronger than it. A number that two
    records state who differ in name and birthdate merges nobody (KindRule.contradicted_by).
    """
    names = kind_names(entity, telling)
    number = {name: place for place, name in enumerate(names)}
    kinds = [
        _identifier(kind, spec, number, place=place) for place, (kind, spec) in enumerate(entity.identifiers.items(), 1)
    ]
    kinds += [
        KindRule(
            RULE_PREFIX + rule,
            most_records=spec.max_records,
            most_distinct=_most(spec, number),
            priority=place,
        )
        for place, (rule, spec) in enumerate(entity.rules.items(), len(kinds) + 1)
    ]
    kinds += [KindRule(name, merges=False) for name in names[len(kinds) :]]
    told = [number[name] for name in telling if name in number and name not in entity.identifiers]
    kinds = [_told(rule, kinds, told) if _is_unguarded(entity, rule.name) else rule for rule in kinds]
    apart = _apart(telling, number)
    kinds = [replace(rule, contradicted_by=apart) if _is_number(entity, rule.name) else rule for rule in kinds]
    rules = GraphRules(tuple(kinds), entity.largest)
    return replace(rules, merge=entity.model.merge, review=entity.model.review) if entity.model else rules


def as_numbers(entity: Entity, kinds: Collection[str]) -> Entity:
    """The entity with the type of these kinds, which columns tell, where it does not say one itself."""
    untyped = {kind: spec for kind, spec in entity.identifiers.items() if kind in kinds and spec.type is None}
    typed = {kind: spec.model_copy(update={"type": Semantic.ID}) for kind, spec in untyped.items()}
    return entity.model_copy(update={"identifiers": {**entity.identifiers, **typed}})


def kind_names(entity: Entity, telling: Iterable[str] = ()) -> tuple[str, ...]:
    """Identifier kinds, compound rules, and the attributes that are only witnesses, each by its place."""
    rules = (RULE_PREFIX + rule for rule in entity.rules)
    return (*entity.identifiers, *rules, *witness_names(entity, telling))


def witness_names(entity: Entity, telling: Iterable[str] = ()) -> tuple[str, ...]:
    """Attributes that guards look at, and those `telling` where some kind has no guard."""
    specs: tuple[IdentifierKind | MatchRule, ...] = (*entity.identifiers.values(), *entity.rules.values())
    named = [name for spec in specs for name in sorted(spec.max_distinct)]
    if is_judged_by_data(entity):
        named += telling
    return tuple(dict.fromkeys(name for name in named if name not in entity.identifiers))


def telling_attributes(config: Config) -> dict[str, Semantic]:
    """Golden attributes that are names or birthdates in some source, and which of them."""
    found = {name: TELLING.intersection(_semantics(config, name)) for name in config.person.attributes}
    return {name: min(semantics) for name, semantics in found.items() if semantics}


def _semantics(config: Config, attribute: str) -> Iterator[Semantic]:
    for source in config.sources.values():
        if source.identifiers and attribute in source.columns:
            yield source.columns[attribute].type


def is_judged_by_data(entity: Entity) -> bool:
    """Whether names and birthdates must show of some kind of identifier whose a value is."""
    return any(not spec.max_distinct for spec in entity.identifiers.values())


def _is_unguarded(entity: Entity, kind: str) -> bool:
    spec = entity.identifiers.get(kind)
    return spec is not None and spec.max_records is None and not spec.max_distinct


def _is_number(entity: Entity, kind: str) -> bool:
    """Whether a kind numbers persons, and nothing was said about who may share one; families do share mailboxes."""
    spec = entity.identifiers.get(kind)
    return spec is not None and (spec.unique or spec.type is Semantic.ID) and not spec.max_distinct


def _apart(telling: Mapping[str, Semantic], number: Mapping[str, int]) -> tuple[tuple[int, ...], ...]:
    """Birthdates, and names: who differs in both is somebody else. Nobody is, where either is not known."""
    born = [name for name, semantic in telling.items() if semantic is Semantic.BIRTHDATE and name in number]
    named = [name for name in telling if name not in born and name in number]
    groups = tuple(tuple(number[name] for name in names) for names in (born, named))
    return groups if all(groups) else ()


def _told(rule: KindRule, kinds: list[KindRule], told: list[int]) -> KindRule:
    stronger = [place for place, other in enumerate(kinds) if other.merges and _is_stronger(other, rule)]
    return replace(rule, told_by=(*told, *stronger))


def _is_stronger(other: KindRule, rule: KindRule) -> bool:
    return not other.name.startswith(RULE_PREFIX) and other.priority < rule.priority


def _identifier(kind: str, spec: IdentifierKind, number: Mapping[str, int], *, place: int) -> KindRule:
    limit = spec.limit
    span = limit.within if limit and not spec.unique else None
    return KindRule(
        kind,
        most_records=spec.max_records,
        most_distinct=_most(spec, number),
        most_per_person=1 if spec.unique else (limit.most if limit else None),
        within_ms=int(span.total_seconds() * 1000) if span else None,
        priority=spec.priority or place,
    )


def _most(spec: IdentifierKind | MatchRule, number: Mapping[str, int]) -> tuple[tuple[int, int], ...]:
    return tuple((number[name], most) for name, most in sorted(spec.max_distinct.items()))
