"""A rules file for a bare table (CSV, JSON lines, Parquet): what its columns mean, and what makes its rows one person.

`kumitate cleanse` and `kumitate resolve` read it. A project's `identity/person.yaml` is one, too: identifier kinds are
looked for under their own names, then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from kumitate.config.countries import is_country_code, no_country
from kumitate.config.findings import KeyPath, Spot, did_you_mean, key_text, nearest_line, unknown
from kumitate.config.identity import Entity
from kumitate.config.names import name_problem
from kumitate.config.sentences import sentences
from kumitate.config.source import PARTS, ColumnSpec
from kumitate.config.yaml_lines import Document, read_yaml
from kumitate.errors import ConfigError, FatalError, Problem
from kumitate.model.expression import Section


class TableRules(Section):
    """One table's columns and what merges its rows."""

    record_id: str | None = None
    """The column that names records; the line number, unless given. Without any rules a column without repetitions."""
    updated_at: str | None = None
    """The column that tells which version of a record is the newest, and since when it holds its values."""
    source: str | None = None
    """The column that tells which source a row comes from, where the table holds several."""
    columns: dict[str, ColumnSpec] = {}
    """How columns are cleansed, as in a source; those that are not named are recognised by their contents."""
    identifiers: dict[str, str] = {}
    """Identifier kind -> column; a kind that is not named here is looked for under its own name."""
    person: Entity = Entity()
    """What merges rows, as in a project's `identity/person.yaml`; the defaults that ship, unless given."""
    household: Entity | None = None
    """Persons are grouped in a project only; a bare table passes this over."""
    company: Entity | None = None
    """The same."""
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers and postal codes where a column names none (ISO 3166 alpha-2)."""
    timezone: str = "UTC"
    """IANA name; times without an offset are read in it."""


@dataclass(frozen=True)
class RulesFile:
    """The rules and where each of them stands, so that whoever finds one wrong can say the line."""

    rules: TableRules
    document: Document

    def problem(self, path: KeyPath, what: str) -> Problem:
        return Problem(self.document.file, nearest_line(self.document, path), key_text(path), what)

    def check_columns(self, names: Collection[str]) -> None:
        """Raise ConfigError, naming every rule that refers to a column which a table of these columns has not."""
        problems = tuple(self.problem(spot.path, what) for spot, what in _absent(self.rules, names))
        if problems:
            raise ConfigError(problems)


def read_rules_file(path: Path) -> RulesFile:
    """The file's rules; raises ConfigError with every problem found, by line, and FatalError where there is no file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FatalError(f"{path}: {(error.strerror or 'cannot be read').lower()}; name a rules file") from error
    document = read_yaml(content, str(path))
    value = {} if document.value is None else document.value
    rules = _validated(document, value)
    if rules is not None:
        for spot, what in _wrong(rules):
            document.complain(nearest_line(document, spot.path), what, spot.path)
    if document.problems or rules is None:
        raise ConfigError(tuple(sorted(set(document.problems), key=lambda p: (p.line, p.key, p.what))))
    return RulesFile(rules, document)


def load_table_rules(path: Path) -> TableRules:
    """The same without the lines."""
    return read_rules_file(path).rules


def read_entities(path: Path) -> frozenset[str]:
    """The names of the entities that an identity file holds; ConfigError where it is no YAML mapping."""
    document = read_yaml(path.read_bytes(), str(path))
    if not isinstance(document.value, dict):
        document.complain(1, "expected a mapping; begin with `person:` and what identifies one")
    if document.problems:
        raise ConfigError(tuple(document.problems))
    return frozenset(document.value)


def _validated(document: Document, value: Any) -> TableRules | None:
    try:
        return TableRules.model_validate(value)
    except ValidationError as error:
        if not isinstance(value, dict):
            document.complain(1, "expected a mapping; begin with `person:` and what identifies one")
            return None
        for path, what in sentences(TableRules, error, value):
            document.complain(nearest_line(document, path), what, path)
    return None


_ROOT = Spot("rules")


def _wrong(rules: TableRules) -> Iterator[tuple[Spot, str]]:
    """What is wrong whatever the table is."""
    for name, spec in rules.columns.items():
        spot = _ROOT.below("columns", name)
        wrong = name_problem(name)
        if wrong:
            yield spot, wrong
        if spec.sql is not None:
            yield spot.below("sql"), "columns made by SQL are a project's; give the table such a column instead"
        if spec.part is not None:
            yield from _part(rules, spec.part, spot.below("part"))
    for kind in (kind for kind in rules.identifiers if rules.person.identifiers):
        if kind not in rules.person.identifiers:
            what = unknown("identifier kind", kind, rules.person.identifiers, place="person.identifiers")
            yield _ROOT.below("identifiers", kind), what


def _part(rules: TableRules, part: str, spot: Spot) -> Iterator[tuple[Spot, str]]:
    column, _, name = part.partition(".")
    whole = rules.columns.get(column)
    if whole is None:
        yield spot, unknown("column", column, rules.columns, place="columns")
    elif name not in PARTS.get(whole.type, ()):
        known = ", ".join(PARTS.get(whole.type, ())) or "none"
        yield spot, f"{whole.type} has no part {name!r}{did_you_mean(name, PARTS.get(whole.type, ()))}; known: {known}"


def _absent(rules: TableRules, names: Collection[str]) -> Iterator[tuple[Spot, str]]:
    """Each rule that names a column nobody delivers, and what it should say."""
    for key in ("record_id", "updated_at", "source"):
        column = getattr(rules, key)
        if column is not None and column not in names and column not in rules.columns:
            yield _ROOT.below(key), unknown("column", column, names, place="the table")
    for name, spec in rules.columns.items():
        delivered = spec.from_ or name
        if spec.is_delivered and delivered not in names:
            spot = _ROOT.below("columns", name, *(("from",) if spec.from_ else ()))
            yield spot, unknown("column", delivered, names, place="the table")
    known = {*names, *rules.columns}
    yield from _absent_countries(rules, known)
    for kind, column in rules.identifiers.items():
        if column not in known:
            yield _ROOT.below("identifiers", kind), unknown("column", column, known, place="the table")
    yield from _absent_attributes(rules, known)


def _absent_countries(rules: TableRules, known: Collection[str]) -> Iterator[tuple[Spot, str]]:
    for name, spec in rules.columns.items():
        if spec.country is not None and spec.country not in known and not is_country_code(spec.country):
            yield _ROOT.below("columns", name, "country"), no_country(spec.country, known)


def _absent_attributes(rules: TableRules, known: Collection[str]) -> Iterator[tuple[Spot, str]]:
    kinds: Mapping[str, Any] = rules.person.identifiers
    for name, rule in rules.person.rules.items():
        for place, column in enumerate(rule.match):
            if column not in known:
                yield (
                    _ROOT.below("person", "rules", name, "match", place),
                    unknown("column", column, known, place="the table"),
                )
    for kind, spec in rules.person.identifiers.items():
        for other in spec.max_distinct:
            if other not in known and other not in kinds:
                yield (
                    _ROOT.below("person", "identifiers", kind, "max_distinct", other),
                    unknown("column", other, {*known, *kinds}, place="the table"),
                )
