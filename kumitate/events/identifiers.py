"""Who an event is of: its identifiers, read as the lake reads them, by the same readers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

from kumitate.events.plan import Field, Named, Watched
from kumitate.events.reading import as_text, at_path, read, text_of
from kumitate.readings.phones import read_phone


class Name(NamedTuple):
    """One identifier of an event."""

    named: Named
    value: str


def names_of(event: Mapping[str, Any], watched: Watched) -> list[Name]:
    """What the event calls the person by, the surest kind first; blocked and unusable values are none."""
    return list(_names(event, watched))


def normalised(value: Any, field: Field, *, country: str, zone: str = "UTC") -> str | None:
    """An identifier's value as the lake has it; None where it identifies nobody."""
    if field.semantic == "phone":
        text = as_text(value)
        return None if text is None else text_of(partial(read_phone, country=country), text, "phone")
    found = read(value, field, zone)
    return None if found is None else str(found)


def _names(event: Mapping[str, Any], watched: Watched) -> Iterator[Name]:
    for named in watched.names:
        field = watched.fields[named.column]
        value = normalised(at_path(event, field.path), field, country=named.country, zone=watched.zone)
        if value and not any(is_blocked(value) for is_blocked in map(_blocking, named.blocked)):
            yield Name(named, value)


@cache
def _blocking(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern, re.ASCII | re.IGNORECASE).fullmatch
