"""Where a project's configuration is composed: its files, and the destinations its syncs go to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.registry import REGISTRY, destination_class, destination_for
from kumitate.config.checks import check
from kumitate.config.checks.conditions import parts
from kumitate.config.checks.reads import read_findings
from kumitate.config.draft import Draft
from kumitate.config.findings import SETTINGS, SETTINGS_FILE, Finding, KeyPath, Spot, unknown
from kumitate.config.loader import accept, read_project
from kumitate.config.project import Config
from kumitate.config.sentences import sentences
from kumitate.config.sync import Sync
from kumitate.config.trait import SqlTrait
from kumitate.model.expression import SqlIs
from kumitate.profiles.readable import tables_for_segments, tables_for_traits


@dataclass(frozen=True, slots=True)
class Project:
    """A project whose every file is right; `destinations` by the name of the sync that uses them."""

    config: Config
    destinations: Mapping[str, Destination] = field(repr=False)


def open_project(root: Path) -> Project:
    """The project in `root`; raises ConfigError with every problem of its files and destinations."""
    draft = read_project(root)
    findings = tuple(check(draft))
    config = accept(draft, (*findings, *_destination_findings(draft), *_sql_findings(draft, findings)))
    return Project(config, {name: destination_for(config, name) for name in config.syncs})


def _destination_findings(draft: Draft) -> Iterator[Finding]:
    for name, destination in draft.config.destinations.items():
        if destination.type not in REGISTRY:
            yield Spot("destinations", (name, "type")).wrong(unknown("destination type", destination.type, REGISTRY))
    for name, sync in draft.config.syncs.items():
        account = draft.config.destinations.get(sync.destination)
        if account is not None and account.type in REGISTRY:
            yield from _terms(sync, destination_class(account.type).terms, Spot("syncs", (name,)))
            yield from _settings(draft, name)


def _settings(draft: Draft, name: str) -> Iterator[Finding]:
    sync = draft.config.syncs[name]
    account = draft.config.destinations[sync.destination]
    given = {**account.settings, **sync.settings, "object": sync.object}
    try:
        destination_for(draft.config, name)
    except ValidationError as error:
        for path, what in sentences(destination_class(account.type), error, given):
            yield _owner(sync, name, path).wrong(what)


def _owner(sync: Sync, name: str, path: KeyPath) -> Spot:
    """Where a setting stands: with the sync, or with the destination it goes to."""
    if path[:1] == ("object",):
        return Spot("syncs", (name, "object"))
    if not path or path[0] in sync.settings:
        return Spot("syncs", (name, "settings", *path))
    return Spot("destinations", (sync.destination, "settings", *path))


def _terms(sync: Sync, terms: Terms, spot: Spot) -> Iterator[Finding]:
    if sync.mode not in terms.modes:
        yield spot.below("mode").wrong(f"this destination does {', '.join(sorted(terms.modes))}, not {sync.mode}")
    for name in sorted(terms.needs - sync.fields.keys()):
        yield spot.below("fields").wrong(f"missing field {name!r}, which this destination needs")
    for name in sync.fields:
        if terms.accepts is not None and name not in terms.accepts:
            yield spot.below("fields", name).wrong(unknown("field", name, terms.accepts))


def _sql_findings(draft: Draft, findings: tuple[Finding, ...]) -> Iterator[Finding]:
    """What the project's own SQL reads, once everything is right that says which columns there are."""
    says_columns = {"sources", "identity", "traits", SETTINGS}
    wrong = {finding.spot.folder for finding in findings} | {problem.file.split("/")[0] for problem in draft.problems}
    if wrong & {*says_columns, SETTINGS_FILE}:
        return
    for name, trait in draft.config.traits.items():
        if isinstance(trait, SqlTrait):
            yield from read_findings(trait.sql, tables_for_traits(draft.config), Spot("traits", (name, "sql")))
    for name, segment in draft.config.segments.items():
        for condition, spot in parts(segment.when, Spot("segments", (name, "when"))):
            if isinstance(condition, SqlIs):
                yield from read_findings(condition.sql, tables_for_segments(draft.config), spot.below("sql"))
