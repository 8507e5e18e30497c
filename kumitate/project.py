"""Where a project's configuration is composed: its files, and the destinations its syncs go to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.registry import VENDORS, destination_class, destination_for, registered
from kumitate.activation.mapping_defaults import filled, with_default_fields
from kumitate.config.checks import check
from kumitate.config.checks.conditions import parts
from kumitate.config.checks.reads import read_findings
from kumitate.config.draft import Draft, certain
from kumitate.config.findings import Finding, KeyPath, Spot, unknown
from kumitate.config.identity import Attribute, Entity, IdentifierKind
from kumitate.config.loader import accept, read_project
from kumitate.config.names import name_problem
from kumitate.config.project import Config
from kumitate.config.sentences import sentences
from kumitate.config.source import ColumnSpec
from kumitate.config.sync import Sync
from kumitate.config.trait import SqlTrait
from kumitate.errors import ConfigError, Problem
from kumitate.identity.entity_tables import (
    COMPANIES,
    COMPANY,
    COMPANY_MEMBERS,
    HOUSEHOLD,
    HOUSEHOLD_MEMBERS,
    HOUSEHOLDS,
    OWNERS,
)
from kumitate.model.expression import SqlIs
from kumitate.model.table import Table
from kumitate.profiles.readable import tables_for_segments, tables_for_traits


@dataclass(frozen=True, slots=True)
class Project:
    """A project whose every file is right; `destinations` by the name of the sync that uses them."""

    config: Config
    destinations: Mapping[str, Destination] = field(repr=False)


def open_project(root: Path, *checks: Callable[[Draft], Iterable[Finding]]) -> Project:
    """The project in `root`; raises ConfigError with every problem of its files and destinations, and of `checks`."""
    draft = read_project(root)
    draft = replace(draft, problems=(*draft.problems, *_contradictions(draft), *_unknown_sources(draft)))
    config = accept(draft, [finding for check_ in (_findings, *checks) for finding in certain(draft, check_)])
    config = with_default_fields(_with_model(config))
    return Project(config, {name: destination_for(config, name) for name in config.syncs})


def cautions(config: Config) -> Iterator[str]:
    """What there is to know of the project's model and destinations, though nothing is wrong with them."""
    if config.person_model:
        from kumitate.identity.weighing import model_caution  # who has no model loads none of it

        told = model_caution(config)
        if told is not None:
            yield told
    for name, account in sorted(config.destinations.items()):
        caution = destination_class(account.type).caution
        if caution:
            yield f"destination {name!r}: {caution}"


def _with_model(config: Config) -> Config:
    """With the text of the person's model, which stages read nothing of themselves."""
    file = config.person.model.file if config.person.model else None
    return config.model_copy(update={"person_model": (config.root / file).read_text("utf-8")}) if file else config


def _contradictions(draft: Draft) -> Iterator[Problem]:
    """Stewards' decisions that cannot hold together, at the line of the one that parts."""
    if not draft.config.stewards:
        return
    from kumitate.identity.stewards import contradictions, of_files  # who has no stewards loads no Arrow

    places = {link.place: link for link in draft.config.stewards}
    for found in contradictions(of_files(draft.config.stewards)):
        link = places[found.cannot.place]
        yield Problem(link.file, link.line, "", str(found))


def _unknown_sources(draft: Draft) -> Iterator[Problem]:
    """Stewards' decisions on records of sources that the project has not."""
    known = draft.names["sources"]
    for link in draft.config.stewards:
        for key, name in (("left", link.left), ("right", link.right)):
            source, slash, _ = name.partition("/")
            is_record = slash and "@" not in name and not name_problem(source)
            if is_record and source not in known and not draft.may_hold("sources", source):
                yield Problem(link.file, link.line, key, unknown("source", source, known))


def _findings(draft: Draft) -> Iterator[Finding]:
    yield from check(draft)
    yield from _model_findings(draft)
    yield from _destination_findings(draft)
    yield from _sql_findings(draft)


def _model_findings(draft: Draft) -> Iterator[Finding]:
    """What is wrong with the person's model, by its own file and line."""
    model = draft.person.model if draft.person else None
    path = draft.config.root / model.file if model and model.file else None
    if path is None or not path.is_file():
        return
    from kumitate.identity.probabilistic.files import load  # who has no model loads none of it

    spot = Spot("identity", ("person", "model", "file"))
    try:
        load(path.read_text(encoding="utf-8"), model.file if model and model.file else "")
    except UnicodeDecodeError:
        yield spot.wrong("the model is not UTF-8; train it anew or restore the file")
    except ConfigError as error:
        for problem in error.problems:
            yield spot.wrong(f"{problem.file}:{problem.line} {problem.what}")


def _destination_findings(draft: Draft) -> Iterator[Finding]:
    for name, destination in draft.config.destinations.items():
        if destination.type not in VENDORS:
            yield Spot("destinations", (name, "type")).wrong(unknown("destination type", destination.type, VENDORS))
    for name, sync in draft.config.syncs.items():
        account = draft.config.destinations.get(sync.destination)
        if account is not None and account.type in VENDORS:
            class_ = destination_class(registered(account, sync))
            yield from _terms(sync, class_.terms, Spot("syncs", (name,)))
            yield from _fields(draft, sync, class_, spot=Spot("syncs", (name, "fields")))
            yield from _settings(draft, name)


def _settings(draft: Draft, name: str) -> Iterator[Finding]:
    sync = draft.config.syncs[name]
    account = draft.config.destinations[sync.destination]
    type_ = registered(account, sync)
    given = {**account.settings, **sync.settings, "object": sync.object}
    try:
        destination_for(draft.config, name)
    except ValidationError as error:
        for path, what in sentences(destination_class(type_), error, given):
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
    if sync.withdraw_within is not None and sync.mode == "add" and "mirror" not in terms.modes:
        yield spot.below("withdraw_within").wrong("this destination takes nobody out of an audience; use mode rebuild")
    if sync.trigger is not None and terms.is_whole_in(sync.mode):
        yield spot.below("trigger").wrong(
            "this destination takes all rows of a run together, and a trigger brings one at a time; "
            "name a segment instead of the trigger"
        )


def _fields(draft: Draft, sync: Sync, class_: type[Destination], *, spot: Spot) -> Iterator[Finding]:
    known = draft.person.attributes if draft.person else ()
    fields = filled(sync, class_.defaults, {"person_id", *known, *draft.names["traits"]})
    if sync.default_fields and not class_.defaults:
        yield spot.wrong("this destination has no usual fields; map them here, without default_fields")
    certain_ = not sync.default_fields or draft.person is not None
    for name in sorted(class_.terms.needs - fields.keys() if certain_ else ()):
        yield spot.wrong(f"missing field {name!r}, which this destination needs")
    for name in sync.fields:
        if class_.terms.accepts is not None and name not in class_.terms.accepts:
            yield spot.below(name).wrong(unknown("field", name, class_.terms.accepts))


def _sql_findings(draft: Draft) -> Iterator[Finding]:
    """What the project's own SQL reads."""
    outline = _outline(draft)
    for_traits = _readable(draft, tables_for_traits(outline))
    for name, trait in draft.config.traits.items():
        if isinstance(trait, SqlTrait):
            yield from read_findings(trait.sql, for_traits, Spot("traits", (name, "sql")))
    for_segments = _readable(draft, tables_for_segments(outline))
    for name, segment in draft.config.segments.items():
        for condition, spot in parts(segment.when, Spot("segments", (name, "when"))):
            if isinstance(condition, SqlIs):
                yield from read_findings(condition.sql, for_segments, spot.below("sql"))


def _outline(draft: Draft) -> Config:
    """The names that SQL can read and nothing else, so that no mistake elsewhere stands in the way."""
    sources = {
        name: source.model_copy(update={"columns": {column: ColumnSpec() for column in _sound(source.columns)}})
        for name, source in draft.config.sources.items()
        if not name_problem(name)
    }
    traits = {name: SqlTrait(kind="sql", sql="") for name in _sound(draft.names["traits"])}
    return draft.config.model_copy(update={"sources": sources, "identity": _entities(draft), "traits": traits})


def _entities(draft: Draft) -> dict[str, Entity]:
    """The person's attributes, and what tables there are by: a span of anonymous ids, households, companies."""
    given = draft.person.identifiers.values() if draft.person else ()
    within = next((kind.within for kind in given if kind.within is not None), None)
    attributes = {name: Attribute() for name in _sound(draft.person.attributes if draft.person else ())}
    person = Entity(identifiers={"any": IdentifierKind(within=within)}, attributes=attributes)
    groups = draft.names["identity"] & {HOUSEHOLD, COMPANY}
    return {"person": person} | {name: Entity(identifiers={"any": IdentifierKind()}) for name in groups}


def _sound(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if not name_problem(name))


def _readable(draft: Draft, tables: Mapping[str, Table]) -> Mapping[str, Table | None]:
    """The tables; None for those whose columns are not all known."""
    broken = draft.names["sources"] - draft.config.sources.keys() | draft.unread.get("sources", frozenset())
    unclear = {f"clean.{name}" for name in broken}
    if draft.person is None:
        unclear |= {str(OWNERS), *({"curated.golden_records", "curated.profiles"} & tables.keys())}
    if "identity" in draft.unread:
        unclear |= {str(table) for table in (HOUSEHOLD_MEMBERS, HOUSEHOLDS, COMPANY_MEMBERS, COMPANIES)}
    if "traits" in draft.unread:
        unclear |= {"curated.traits", "curated.profiles"} & tables.keys()
    return {**tables, **dict.fromkeys(unclear)}
