"""Match keys of many people, counted: how many a platform can look for, and why it cannot look for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.activation.matchkeys import PLATFORMS, RULE_SETS, MatchKeys, RuleSet, match_keys, readable_keys
from kumitate.activation.matchkeys.headings import FULL_KANA, FULL_NAME, fields_of
from kumitate.cleanse.name_parts import family_and_given
from kumitate.errors import FatalError
from kumitate.execution.table_files import read_table
from kumitate.model.masking import mask

SAMPLES = 3
_ROWS_AT_ONCE = 10_000
_PARTS = {
    FULL_NAME: {"family": "family_name", "given": "given_name"},
    FULL_KANA: {"family": "family_name_kana", "given": "given_name_kana"},
}

Person = Mapping[str, Any]
"""Field -> value as it stands in the data."""


@dataclass(slots=True)
class FieldFigures:
    """One field of all people: how many have it, how many of those are usable, and why the others are not."""

    filled: int = 0
    usable: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)
    """The first values that are not usable, masked, with their reasons."""

    def note(self, value: object, reason: str | None) -> None:
        self.filled += 1
        if reason is None:
            self.usable += 1
            return
        self.dropped[reason] += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(f"{mask(str(value))} ({reason})")


@dataclass(slots=True)
class Figures:
    """What one platform can make of many people."""

    platform: str
    rules: str
    people: int = 0
    findable: int = 0
    """People with a key, or a set of keys, that is enough to look for them."""
    fields: dict[str, FieldFigures] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "platform": self.platform,
            "rules": self.rules,
            "people": self.people,
            "usable": self.findable,
            "fields": {
                name: {
                    "filled": each.filled,
                    "usable": each.usable,
                    "dropped": dict(each.dropped.most_common()),
                    "samples": each.samples,
                }
                for name, each in self.fields.items()
            },
        }


@dataclass(frozen=True, slots=True)
class People:
    """A table's people, by the fields that its headings give."""

    columns: Mapping[str, str]
    """Field -> heading."""
    unread: tuple[str, ...]
    rows: Iterable[Person] = field(repr=False)
    """To be gone through once: of a large file, some are made at a time."""


def people_of(path: Path) -> People:
    """Everybody in a CSV, JSON Lines, Parquet or Excel file, in order; FatalError where no heading gives a field."""
    table = read_table(path)
    columns = fields_of(table.column_names)
    unread = tuple(name for name in table.column_names if name not in columns.values())
    if not columns:
        raise FatalError(
            f"{path}: no column is known as a match key; name columns email, phone, last_name, first_name, "
            "postal_code, country, … or メール, 電話番号, 姓, 名, 郵便番号, …"
        )
    fields = {name: table[heading].combine_chunks() for name, heading in columns.items()}
    return People(columns, unread, _rows(_taken_apart(fields), table.num_rows))


class Tally:
    """Figures by platform, of everybody who was taken."""

    def __init__(self, platforms: Mapping[str, RuleSet], *, country: str) -> None:
        self._platforms = platforms
        self._country = country
        self.figures = {name: Figures(name, rules.name) for name, rules in platforms.items()}

    def take(self, person: Person) -> dict[str, MatchKeys]:
        """One person's keys by platform, counted."""
        found = {}
        for name, rules in self._platforms.items():
            found[name] = match_keys(rules, person, country=self._country)
            _note(self.figures[name], rules, person, keys=found[name])
        return found

    def readable(self, person: Person) -> dict[str, MatchKeys]:
        """One person's keys by platform before they are hashed; not counted."""
        return {name: readable_keys(rules, person, country=self._country) for name, rules in self._platforms.items()}

    def take_all(self, people: Iterable[Person]) -> dict[str, Figures]:
        for person in people:
            self.take(person)
        return self.figures


def platforms_named(name: str) -> dict[str, RuleSet]:
    """`meta` or a rule set's full name; `all` are the platforms side by side. FatalError for an unknown one."""
    if name == "all":
        return dict(PLATFORMS)
    rules = PLATFORMS.get(name) or RULE_SETS.get(name)
    if rules is None:
        raise FatalError(f"unknown platform {name!r}; there are {', '.join(PLATFORMS)} and all")
    return {name: rules}


def _note(figures: Figures, rules: RuleSet, person: Person, *, keys: MatchKeys) -> None:
    figures.people += 1
    figures.findable += rules.finds(keys.values)
    for name in sorted(rules.fields):
        value = person.get(name)
        if value is not None and str(value).strip():
            figures.fields.setdefault(name, FieldFigures()).note(value, keys.dropped.get(name))


def _taken_apart(fields: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Full names as family and given name, where the table has no columns of their own."""
    found = {name: values for name, values in fields.items() if name not in _PARTS}
    for whole, parts in _PARTS.items():
        if whole in fields:
            names = family_and_given(pc.replace_substring_regex(fields[whole], "[\\s\u3000]+", " "))
            found = {ours: names[theirs] for theirs, ours in parts.items()} | found
    return found


def _rows(fields: Mapping[str, pa.Array], count: int) -> Iterator[dict[str, Any]]:
    table = pa.table(dict(fields)) if fields else pa.table({"_": pa.nulls(count)})
    for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        yield from batch.to_pylist()
