"""What resolving a bare table will do: which columns are cleansed how, which state identifiers, which rules merge."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.recognition.headers import meaning as header_meaning
from kumitate.cleanse.rules import Rule, column_cleanser
from kumitate.config.identity import Entity
from kumitate.config.source import ColumnSpec, Semantic
from kumitate.config.table_rules import TableRules
from kumitate.identity.defaults import Defaults, Meaning, defaults
from kumitate.identity.graph_rules import TELLING, is_judged_by_data


class Recognised(Protocol):
    """What a column seems to hold, as `kumitate.cleanse.recognise` tells it."""

    @property
    def name(self) -> str: ...

    @property
    def semantic(self) -> Semantic: ...

    @property
    def role(self) -> str: ...


Recognise = Callable[[pa.Table], Mapping[str, Recognised]]


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """A cleansed column: made of the delivered one by a rule; `part` where it is taken out of the cleansed value."""

    name: str
    delivered: str
    rule: Rule
    part: str = ""
    is_recognised: bool = False


@dataclass(frozen=True, slots=True)
class TablePlan:
    """All that is decided before a row is looked at."""

    entity: Entity
    columns: tuple[PlannedColumn, ...]
    stated: tuple[tuple[str, str], ...]
    """Identifier kind and the cleansed column that states it."""
    record_id: str | None
    updated_at: str | None
    source: str | None
    are_defaults: bool
    """Whether the rules are those that ship."""

    @property
    def telling(self) -> dict[str, Semantic]:
        """Columns that tell one person from another, where kinds have no guards of their own."""
        return {
            each.name: each.rule.semantic for each in self.columns if not each.part and each.rule.semantic in TELLING
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a call says beside the rules: columns that are no feature (the truth), the day, and who recognises."""

    recognise: Recognise
    as_of: date
    hidden: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """The table's columns as delivered, and what those that no rule names seem to hold."""

    names: frozenset[str]
    guesses: Mapping[str, Recognised]
    as_of: date


def plan_table(table: pa.Table, rules: TableRules, given: Given) -> TablePlan:
    """The plan for a table of delivered texts; columns that no rule names are recognised by what they hold."""
    keys = {name for name in (rules.record_id, rules.updated_at, rules.source) if name}
    seen = table.drop_columns([name for name in table.column_names if name in given.hidden or name in keys])
    guesses = given.recognise(_without(seen, {spec.from_ or name for name, spec in rules.columns.items()}))
    guesses = {name: _usable(guess, table[name], rules, as_of=given.as_of) for name, guess in guesses.items()}
    told = not rules.person.identifiers and not rules.person.rules
    made = _defaults(rules, guesses) if told else _declared(rules, guesses)
    entity = made.person if told else rules.person
    return TablePlan(
        entity=entity.model_copy(update={"model": rules.person.model}),
        columns=tuple(_planned(made.columns, rules, _Seen(frozenset(table.column_names), guesses, given.as_of))),
        stated=tuple(made.stated),
        record_id=rules.record_id or (_naming(guesses) if told else None),
        updated_at=rules.updated_at,
        source=rules.source,
        are_defaults=told,
    )


def _naming(guesses: Mapping[str, Recognised]) -> str | None:
    """The column that names rows, with no value twice and none missing."""
    return next((name for name, guess in guesses.items() if guess.role == "record_id"), None)


@dataclass(frozen=True, slots=True)
class _AsText:
    """A column that is what it was recognised as, and whose values no rule of ours can take: of another country."""

    name: str
    role: str
    semantic: Semantic = Semantic.TEXT


_SAMPLED = 1000
_MOST_REFUSED = 0.5


def _usable(guess: Recognised, values: pa.ChunkedArray, rules: TableRules, *, as_of: date) -> Recognised:
    """The guess, as text where cleansing would refuse most of the first distinct values."""
    if guess.semantic not in (Semantic.POSTAL_CODE, Semantic.PHONE, Semantic.KANA):
        return guess
    sample = pc.unique(values.drop_null()[: 10 * _SAMPLED].cast(pa.string()))[:_SAMPLED]
    rule = Rule("", guess.semantic, (), rules.country, rules.timezone, as_of=as_of)
    refused = column_cleanser(rule)(sample).values.null_count
    return _AsText(guess.name, guess.role) if refused > _MOST_REFUSED * len(sample) else guess


def _without(table: pa.Table, names: set[str]) -> pa.Table:
    return table.drop_columns([name for name in table.column_names if name in names])


def _defaults(rules: TableRules, guesses: Mapping[str, Recognised]) -> Defaults:
    """The rules that ship, for declared columns and recognised ones."""
    delivered: dict[str, str] = {}
    meanings: list[Meaning] = []
    for name, spec in rules.columns.items():
        known = header_meaning(name) or header_meaning(spec.from_ or name)
        meanings.append(Meaning(name, known.name if known else spec.type.value, spec.type))
    for name, guess in guesses.items():
        if guess.role in ("identifier", "attribute") and guess.name:
            column = _column(guess.name, {each.column for each in meanings})
            delivered[column] = name
            meanings.append(Meaning(column, guess.name, guess.semantic))
    made = defaults(meanings)
    columns = {
        name: spec.model_copy(update={"from_": delivered[name]}) if name in delivered else rules.columns.get(name, spec)
        for name, spec in made.columns.items()
    }
    return replace(made, columns=columns)


def _column(attribute: str, taken: Collection[str]) -> str:
    """`phone`, `phone_2`: the attribute's name, told apart from those `taken`."""
    names = (attribute, *(f"{attribute}_{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _declared(rules: TableRules, guesses: Mapping[str, Recognised]) -> Defaults:
    """The columns that the declared rules ask for, each as declared, as its identifier kind, or as recognised."""
    person = rules.person
    stated = [(kind, column) for kind in person.identifiers if (column := _stating(rules, kind, guesses))]
    types = {column: person.identifiers[kind].type for kind, column in stated}
    columns: dict[str, ColumnSpec] = {}
    for name in dict.fromkeys((*types, *_asked(person), *rules.columns, *_witnesses(person, guesses))):
        if name in person.identifiers and name not in types and name not in rules.columns and name not in guesses:
            continue
        columns[name] = rules.columns.get(name) or ColumnSpec(type=types.get(name) or _guessed(guesses, name))
    return Defaults(columns, stated, person)


def _guessed(guesses: Mapping[str, Recognised], name: str) -> Semantic:
    return guesses[name].semantic if name in guesses else Semantic.TEXT


def _stating(rules: TableRules, kind: str, guesses: Mapping[str, Recognised]) -> str:
    """The column that states a kind: as said, of the same name, or the only one that seems to hold such values."""
    named = rules.identifiers.get(kind)
    if named or kind in rules.columns or kind in guesses:
        return named or kind
    wanted = rules.person.identifiers[kind].type or kind
    alike = [name for name, guess in guesses.items() if guess.semantic == wanted]
    return alike[0] if len(alike) == 1 else ""


def _asked(person: Entity) -> Iterator[str]:
    """The attributes that rules, guards and the model look at."""
    for rule in person.rules.values():
        yield from rule.match
        yield from rule.max_distinct
    for kind in person.identifiers.values():
        yield from (name for name in kind.max_distinct if name not in person.identifiers)
    if person.model is not None:
        yield from person.model.compare


def _witnesses(person: Entity, guesses: Mapping[str, Recognised]) -> Iterator[str]:
    """Names and birthdates that no rule asks for, where the data must show whose a value is."""
    if is_judged_by_data(person):
        yield from (name for name, guess in guesses.items() if guess.semantic in TELLING)


def _planned(columns: Mapping[str, ColumnSpec], rules: TableRules, given: _Seen) -> Iterator[PlannedColumn]:
    parts: dict[str, list[str]] = {}
    for spec in columns.values():
        if spec.part:
            whole, _, part = spec.part.partition(".")
            parts.setdefault(whole, []).append(part)
    for name, spec in columns.items():
        whole, _, part = (spec.part or "").partition(".")
        source = columns[whole] if part else spec
        country, told_by = _country(source, rules, given)
        rule = Rule(
            whole or name,
            source.type,
            source.formats,
            country,
            rules.timezone,
            parts=tuple(parts.get(whole or name, ())),
            as_of=given.as_of,
            country_column=told_by,
        )
        delivered = source.from_ or whole or name
        is_recognised = delivered in given.guesses and (whole or name) not in rules.columns
        yield PlannedColumn(name, delivered, rule, part, is_recognised)


_OF_A_COUNTRY = frozenset({Semantic.PHONE, Semantic.POSTAL_CODE, Semantic.ADDRESS})


def _country(spec: ColumnSpec, rules: TableRules, given: _Seen) -> tuple[str, str | None]:
    """The country of a column's values, and the delivered column that tells each row's own."""
    if spec.type not in _OF_A_COUNTRY:
        return rules.country, None
    if spec.country is not None:
        declared = rules.columns.get(spec.country)
        told_by = declared.from_ or spec.country if declared else spec.country
        return (rules.country, told_by) if told_by in given.names else (spec.country, None)
    recognised = (name for name, guess in given.guesses.items() if guess.semantic is Semantic.COUNTRY)
    return rules.country, next(recognised, None)
