"""The rules that ship: what makes rows one person where nobody said so, made of what a table's columns mean.

They hold for no table in particular: which columns there are decides which rules there are. Values that identify by
themselves (a mail address, a member number) are guarded by what tells people apart, compound rules need a name or a
birthdate beside a way to reach someone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count

from kumitate.config.identity import Entity, IdentifierKind, MatchRule
from kumitate.config.source import ColumnSpec, Semantic

BLOCKED_EMAILS = (r"(test|info|noreply|no-reply|dummy|none|nobody|sample)@.*", r".*@example\.(com|org|net)")
"""Mail addresses that nobody reads as their own."""

_SCRIPTS = (("last_name", "first_name", "full_name"), ("last_kana", "first_kana", "full_kana"))
_WAYS = ("phone", "email")
_OF_DEVICES = ("device_id", "cookie_id")
_KINDS: Mapping[str, Semantic] = {
    "email": Semantic.EMAIL,
    "phone": Semantic.PHONE,
    "member_id": Semantic.ID,
    "national_id": Semantic.ID,
    "company_number": Semantic.ID,
    "device_id": Semantic.ID,
    "cookie_id": Semantic.ID,
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A cleansed column and the attribute it holds (`first_name`, `email`); of several alike each has its own."""

    column: str
    attribute: str
    semantic: Semantic


@dataclass(frozen=True, slots=True)
class Defaults:
    """The rules for a table: how its columns are cleansed, which state identifiers, and what merges."""

    columns: Mapping[str, ColumnSpec]
    stated: Sequence[tuple[str, str]]
    """Identifier kind and the column that states it."""
    person: Entity


@dataclass(slots=True)
class _Known:
    """The table's columns by what they hold."""

    meanings: Sequence[Meaning]
    columns: dict[str, ColumnSpec] = field(default_factory=dict)

    def every(self, attribute: str) -> list[str]:
        return [each.column for each in self.meanings if each.attribute == attribute]

    def first(self, attribute: str) -> tuple[str, ...]:
        return tuple(self.every(attribute)[:1])

    @property
    def names(self) -> list[tuple[str, ...]]:
        """What together is a whole name, in every script."""
        found = []
        for last, first, full in _SCRIPTS:
            both = (*self.first(last), *self.first(first))
            found.append(both if len(both) == 2 else self.first(full))
        return [each for each in found if each]

    @property
    def given(self) -> list[tuple[str, ...]]:
        """What tells the members of a family apart."""
        found = [self.first(first) or self.first(full) for _, first, full in _SCRIPTS]
        return [each for each in found if each]

    @property
    def born(self) -> tuple[str, ...]:
        return self.first("birthdate")


def defaults(meanings: Sequence[Meaning]) -> Defaults:
    """The rules for a table whose columns hold this; no rules where nothing in it tells people apart."""
    known = _Known(meanings)
    for each in meanings:
        known.columns[each.column] = ColumnSpec(type=each.semantic)
    places = [_place(known, column) for column in known.every("address")[:1]]
    stated, kinds = _identifiers(known)
    rules = _each_named_once(_rules(known, places))
    return Defaults(known.columns, stated, Entity(identifiers=kinds, rules=rules))


def _place(known: _Known, address: str) -> str:
    """The column of the address's key: prefecture, city, town, block, the same for all notations of one place."""
    name = f"{address}_key"
    known.columns[name] = ColumnSpec.model_validate({"part": f"{address}.key"})
    return name


def _identifiers(known: _Known) -> tuple[list[tuple[str, str]], dict[str, IdentifierKind]]:
    """Kinds guarded by what tells people apart, and the columns that state them."""
    strong = dict.fromkeys((*(column for given in known.given for column in given), *known.born), 1)
    stated = [(kind, column) for kind in _KINDS for column in known.every(kind)]
    told = {kind for kind, _ in stated}
    kinds = {}
    for kind in (kind for kind in _KINDS if kind in told):
        apart = strong | ({"member_id": 1} if kind in _OF_DEVICES and "member_id" in told else {})
        blocked = BLOCKED_EMAILS if kind == "email" else ()
        kinds[kind] = IdentifierKind(type=_KINDS[kind], blocked=blocked, max_distinct=apart, max_records=50)
    return stated, kinds


def _rules(known: _Known, places: Sequence[str]) -> Iterator[tuple[str, MatchRule]]:
    """Each of columns that the table has; the name of a rule says what agrees."""
    born, ways = known.born, [column for way in _WAYS for column in known.first(way)]
    postal = known.first("postal_code")
    for name in known.names:
        yield from _rule(*name, *born, needs=len(name) + 1)
        for place in (*places, *postal):
            yield from _rule(*name, place, apart=born)
    for given in known.given:
        for way in ways:
            yield from _rule(*given, way, apart=born)
        yield from _rule(*given, *born, *postal, needs=len(given) + 2)
    for way in ways:
        yield from _rule(*born, way, needs=2)


def _rule(*columns: str, needs: int = 2, apart: tuple[str, ...] = ()) -> Iterator[tuple[str, MatchRule]]:
    """A rule of so many columns at least; `apart` are those of which its records may have one value."""
    if len(columns) >= needs:
        yield _named(columns), MatchRule(match=columns, max_distinct=dict.fromkeys(apart, 1))


_LONGEST = 55
"""Characters of a rule's name."""


def _named(columns: Sequence[str], number: int = 1) -> str:
    """The columns, as many as there is room for: behind them the number of a name that others have, too."""
    behind = f"_{number}" if number > 1 else ""
    return "_and_".join(columns)[: _LONGEST - len(behind)].rstrip("_") + behind


def _each_named_once(rules: Iterator[tuple[str, MatchRule]]) -> dict[str, MatchRule]:
    """Columns with long names may begin all their rules alike; none may take another's place."""
    found: dict[str, MatchRule] = {}
    for name, rule in rules:
        names = chain((name,), (_named(rule.match, number) for number in count(2)))
        found[next(each for each in names if each not in found)] = rule
    return found
