"""What ships: how each attribute is compared, chosen by which attributes a table has and never by its values."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from kumitate.identity.probabilistic.levels import Check, Measure
from kumitate.identity.probabilistic.model import Comparison, Level


def comparisons_for(attributes: Collection[str]) -> tuple[Comparison, ...]:
    """The comparisons of a table with these attributes (`last_name`, `birthdate`, …), those of others left out.

    A name in kanji and its reading are one comparison: they agree and differ together, and would count twice.
    """
    return tuple(comparison for comparison in _comparisons(frozenset(attributes)) if len(comparison.levels) > _EMPTY)


_EMPTY = 2

SHARED = (
    "last_name",
    "address",
    "phone",
    "street",
    "house_number",
    "building",
    "address_2",
    "city",
    "state",
    "postal_code",
)
"""Comparisons of what the members of a family have in common."""

HOMES = ("address", "phone")
"""Comparisons that tell how often two persons are of one family: few others share them."""


def _comparisons(has: frozenset[str]) -> Iterator[Comparison]:
    yield _name(has, "last", "first")
    yield _name(has, "first", "last")
    if not {"last_name", "first_name"} & has:
        yield Comparison("full_name", tuple(_full_name(has)))
    place = next((name for name in ("address_key", "address") if name in has), "")
    if place:
        yield Comparison("address", tuple(_address(place, has)))
    for name, levels in _SIMPLE.items():
        if name in has and not (place and name == "postal_code"):
            yield Comparison(name, (_missing(name), *levels, _OTHER))
    for name in _TEXTS:
        if name in has and not (place and name in _OF_ADDRESS):
            yield Comparison(
                name, (_missing(name), _equal(name, rare=True), _alike(name, 0.9), _alike(name, 0.8), _OTHER)
            )


def _name(has: frozenset[str], part: str, other: str) -> Comparison:
    """A family or given name: by its characters and its reading, also with the two names swapped."""
    name, kana = f"{part}_name", f"{part}_kana"
    held = [column for column in (name, kana) if column in has]
    levels = [Level(tuple(Check(Measure.NULL, column, column) for column in held))] if held else []
    levels += [_equal(column, rare=True) for column in held]
    swapped = [(column, column.replace(part, other)) for column in held if column.replace(part, other) in has]
    levels += [_swapped(one, two) for one, two in swapped]
    for threshold in (0.92, 0.85, 0.7):
        levels += [_alike(column, threshold) for column in held]
    return Comparison(name, (*levels, _OTHER))


def _full_name(has: frozenset[str]) -> Iterator[Level]:
    held = [column for column in ("full_name", "full_kana") if column in has]
    if held:
        yield Level(tuple(Check(Measure.NULL, column, column) for column in held))
        yield from (_equal(column, rare=True) for column in held)
        yield from (_alike(column, threshold) for threshold in (0.92, 0.85, 0.7) for column in held)
    yield _OTHER


def _address(place: str, has: frozenset[str]) -> Iterator[Level]:
    """A whole address and its postal code are one comparison: who moves changes both at once."""
    wider = [name for name in ("postal_code", "city") if name in has]
    yield Level(tuple(Check(Measure.NULL, column, column) for column in (place, *wider[:1])))
    yield _equal(place)
    same_area = tuple(Check(Measure.EQUAL, column, column) for column in wider[:1])
    yield Level((*same_area, Check(Measure.DAMERAU, place, place, 2)))
    yield from (_equal(column, rare=True) for column in wider)
    yield _OTHER


def _missing(column: str) -> Level:
    return Level((Check(Measure.NULL, column, column),))


def _equal(column: str, *, rare: bool = False) -> Level:
    return Level((Check(Measure.EQUAL, column, column),), frequency=column if rare else "")


def _swapped(one: str, two: str) -> Level:
    return Level((Check(Measure.EQUAL, one, two), Check(Measure.EQUAL, two, one)))


def _alike(column: str, threshold: float) -> Level:
    return Level((Check(Measure.JARO_WINKLER, column, column, threshold),))


def _typing(column: str, most: int) -> Level:
    return Level((Check(Measure.DAMERAU, column, column, most),))


def _measure(measure: Measure, column: str) -> Level:
    return Level((Check(measure, column, column),))


_OTHER = Level((Check(Measure.ELSE),))

_SIMPLE: dict[str, tuple[Level, ...]] = {
    "birthdate": (_equal("birthdate"), _typing("birthdate", 1), _typing("birthdate", 2)),
    "email": (
        _equal("email"),
        _measure(Measure.USERNAME, "email"),
        _typing("email", 2),
    ),
    "phone": (_equal("phone"), _typing("phone", 1)),
    "national_id": (_equal("national_id"), _typing("national_id", 1)),
    "postal_code": (_equal("postal_code"), _typing("postal_code", 1)),
    "house_number": (_equal("house_number"), _typing("house_number", 1)),
    "gender": (_equal("gender"),),
}
_TEXTS = ("street", "building", "address_2", "city", "state", "company")
_OF_ADDRESS = ("city", "state")
"""Said by the whole address, where there is one."""

ATTRIBUTES = (
    "last_name", "first_name", "last_kana", "first_kana", "full_name", "full_kana",
    "address_key", "address", *_SIMPLE, *_TEXTS,
)  # fmt: skip
"""What can be compared, by the names that attributes have in Kumitate."""
