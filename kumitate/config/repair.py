"""Reads a broken section in every way it may have been meant, so that what it refers to is checked all the same."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from kumitate.config.findings import KeyPath, closest
from kumitate.config.sentences import (
    Place,
    bare,
    choices_of,
    fields_by_key,
    is_model,
    is_union,
    place_of,
    tags_of,
    value_at,
)

READINGS = 8
"""So many ways a broken section is read; what is wrong in all of them is wrong however it was meant."""

_ROUNDS = 5
_UNREAD = "unread"
_STAND_INS: dict[Any, Any] = {
    str: _UNREAD,
    bool: True,
    int: 2,
    float: 2,
    Decimal: 2,
    date: date(2000, 1, 1),
    datetime: datetime(2000, 1, 1, tzinfo=UTC),
    timedelta: "1d",
}


@dataclass(frozen=True, slots=True)
class Repaired:
    """A broken section's readings, and the places where each of them made something up."""

    readings: tuple[Any, ...]
    doubted: frozenset[KeyPath]


def repaired(wanted: Any, value: Any) -> Repaired | None:
    """None where too little is left to make sense of: no mapping at all, or none where names are given."""
    try:
        repairs = [_Repair(wanted, deepcopy(value), choice) for choice in range(READINGS)]
    except RecursionError:
        return None
    readings = tuple(repair.section() for repair in repairs)
    if any(section is None for section in readings):
        return None
    return Repaired(readings, frozenset(path for repair in repairs for path in repair.doubted))


class _Repair:
    """One reading: drops what is wrong (choice 0) or puts the choice-th possible value in its place."""

    def __init__(self, wanted: Any, value: Any, choice: int) -> None:
        self.doubted: set[KeyPath] = set()
        self._wanted = wanted
        self._value = value
        self._choice = choice

    def section(self) -> Any:
        for _ in range(_ROUNDS):
            try:
                return TypeAdapter(self._wanted).validate_python(self._value)
            except ValidationError as error:
                if not all(self._mend(place, detail) for place, detail in self._wrong(error)):
                    return None
        return None

    def _wrong(self, error: ValidationError) -> list[tuple[Place, Mapping[str, Any]]]:
        """What to mend, each place once."""
        wrong: dict[KeyPath, tuple[Place, Mapping[str, Any]]] = {}
        for detail in error.errors(include_url=False):
            place = place_of(self._wanted, detail["loc"], self._value)
            if place is not None:
                wrong.setdefault(place.path, (place, detail))
        return list(wrong.values())

    def _mend(self, place: Place, detail: Mapping[str, Any]) -> bool:
        found = value_at(self._value, place.path)
        match detail["type"]:
            case _ if not place.path:
                return False
            case "extra_forbidden":
                return self._rename(place)
            case "value_error" if is_model(place.wanted) and isinstance(found, dict):
                return self._reduce(place, found)
            case "too_short" if isinstance(found, list):
                return self._lengthen(place, found, detail["ctx"]["min_length"])
            case "too_long" if isinstance(found, list):
                del found[detail["ctx"]["max_length"] :]
                return True
        return self._replace(place)

    def _replace(self, place: Place) -> bool:
        again = place.path in self.doubted
        self.doubted.add(place.path)
        if place.optional and (again or self._choice == 0) and not _gives_names(place.wanted):
            return self._drop(place.path)
        if again or _gives_names(place.wanted):
            return False
        return self._put(place.path, _stand_in(place.wanted, self._choice))

    def _rename(self, place: Place) -> bool:
        """An unknown key goes; but for the first reading it becomes the one that was probably meant."""
        key, siblings = str(place.path[-1]), value_at(self._value, place.path[:-1])
        meant = closest(key, place.wanted) if self._choice and isinstance(place.wanted, list) else ""
        moved = value_at(self._value, place.path)
        self.doubted.add(place.path)
        if not self._drop(place.path):
            return False
        if meant and meant not in siblings:
            siblings[meant] = moved
        return True

    def _reduce(self, place: Place, found: dict[str, Any]) -> bool:
        """Keys that do not go together: the required ones are left, and a comparison asks whether there is a value."""
        fields = fields_by_key(place.wanted)
        for key in [key for key in found if key not in fields or not fields[key].is_required()]:
            self.doubted.add((*place.path, key))
            del found[key]
        if "known" in fields:
            self.doubted.add((*place.path, "known"))
            found["known"] = True
        return True

    def _lengthen(self, place: Place, found: list[Any], length: int) -> bool:
        for position in range(len(found), length):
            self.doubted.add((*place.path, position))
            found.append(_stand_in(get_args(place.wanted)[0], self._choice))
        return True

    def _drop(self, path: KeyPath) -> bool:
        parent = value_at(self._value, path[:-1])
        return isinstance(parent, dict) and parent.pop(path[-1], self) is not self

    def _put(self, path: KeyPath, value: Any) -> bool:
        parent, step = value_at(self._value, path[:-1]), path[-1]
        if isinstance(parent, dict):
            parent[step] = value
        elif isinstance(parent, list) and isinstance(step, int) and step <= len(parent):
            parent[step : step + 1] = [value]
        else:
            return False
        return True


def _gives_names(wanted: Any) -> bool:
    """Whether others refer to the keys of this mapping, such as a source's columns."""
    return get_origin(wanted) is dict and is_model(bare(get_args(wanted)[1]))


def _stand_in(wanted: Any, choice: int) -> Any:
    """A value that fits: the choice-th where there are several, and one that refers to nothing."""
    wanted = bare(wanted)
    choices = choices_of(wanted)
    if choices:
        return choices[choice % len(choices)]
    if is_union(wanted):
        members = get_args(wanted)
        plain = [member for member in members if "sql" in tags_of(member)] or members
        return _stand_in(plain[choice % len(plain)], choice)
    if is_model(wanted):
        fields = fields_by_key(wanted).items()
        asked = {key: field.annotation for key, field in fields if field.is_required() or choices_of(field.annotation)}
        return {key: _stand_in(annotation, choice) for key, annotation in asked.items()}
    if get_origin(wanted) is dict:
        return {_UNREAD: _stand_in(get_args(wanted)[1], choice)}
    return [] if get_origin(wanted) is tuple else _STAND_INS.get(wanted)
