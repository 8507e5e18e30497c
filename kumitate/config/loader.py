"""Reads a project's folder into one `Config`, or says everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from kumitate.config.checks import check
from kumitate.config.draft import Draft, certain
from kumitate.config.findings import SETTINGS, SETTINGS_FILE, Finding, Places, Spot, did_you_mean
from kumitate.config.lists import LISTS, read_lists
from kumitate.config.names import name_problem
from kumitate.config.project import Config
from kumitate.config.published import CONTRACTS, read_published
from kumitate.config.repair import READINGS, repaired
from kumitate.config.sentences import sentences
from kumitate.config.settings import Settings
from kumitate.config.stewards import STEWARDS, read_stewards
from kumitate.config.yaml_lines import Document, read_yaml
from kumitate.errors import ConfigError, Problem

FOLDERS: Mapping[str, Any] = {
    name: get_args(spec.annotation)[1]
    for name, spec in Config.model_fields.items()
    if name not in ("root", "person_model", "published", SETTINGS, LISTS, STEWARDS)
}
"""Folder of YAML mappings -> what each of its names holds."""


def load_config(root: Path) -> Config:
    """The project in `root`; raises ConfigError with every problem found."""
    draft = read_project(root)
    return accept(draft, certain(draft, check))


def accept(draft: Draft, findings: Iterable[Finding]) -> Config:
    """The draft's config where nothing is wrong; otherwise ConfigError with all problems, by file and line."""
    problems = {*draft.problems, *(draft.places.problem(finding) for finding in findings)}
    if problems:
        raise ConfigError(tuple(sorted(problems, key=lambda p: (p.file, p.line, p.key, p.what))))
    return Config(**dict(draft.config))


def read_project(root: Path) -> Draft:
    """Every file of the project, each section checked by itself."""
    root = root.resolve()
    reader = _Reader()
    settings_document = reader.settings(root)
    for folder in FOLDERS:
        reader.folder(root / folder)
    read: dict[str, Any] = {
        LISTS: read_lists(root / LISTS, reader.problems),
        STEWARDS: read_stewards(root / STEWARDS, reader.problems),
        "published": read_published(root / CONTRACTS, reader.problems),
    }
    places = Places(reader.documents, settings_document)
    config, *others = (Config.model_construct(None, root=root, **read, **sections) for sections in reader.readings())
    return Draft(
        config,
        {folder: frozenset(names) for folder, names in reader.names.items()},
        places,
        (*reader.problems, *map(places.problem, reader.findings), *_misplaced(root)),
        {folder: frozenset(words) for folder, words in reader.unread.items()},
        tuple(others),
        frozenset(reader.doubted),
    )


class _Reader:
    """Collects sections and problems, file by file."""

    def __init__(self) -> None:
        self.sections: dict[str, dict[str, tuple[Any, ...]]] = {folder: {} for folder in FOLDERS}
        self.names: dict[str, set[str]] = {folder: set() for folder in FOLDERS}
        self.unread: dict[str, set[str]] = {}
        self.doubted: set[Spot] = set()
        self.documents: dict[tuple[str, str], Document] = {}
        self.findings: list[Finding] = []
        self.problems: list[Problem] = []
        self._settings: tuple[Any, ...] = ()

    def readings(self) -> Iterator[dict[str, Any]]:
        """The sections by folder: once, or as often as a broken one is read."""
        for choice in range(READINGS if self.doubted else 1):
            folders = {
                folder: {name: readings[choice % len(readings)] for name, readings in sections.items()}
                for folder, sections in self.sections.items()
            }
            yield {SETTINGS: self._settings[choice % len(self._settings)], **folders}

    def settings(self, root: Path) -> Document:
        path = root / SETTINGS_FILE
        document = read_yaml(path.read_bytes(), SETTINGS_FILE) if path.is_file() else Document(SETTINGS_FILE)
        if not path.is_file():
            document.complain(1, f"no project in {root}: the file is missing; begin with `project: my_shop`")
        self.problems += document.problems
        value = {} if document.value is None else document.value
        self._settings = () if document.problems else self._validated(Settings, value, Spot(SETTINGS))
        if not self._settings:
            self.unread[SETTINGS] = set()
            self._settings = (Settings(project="unread"),)
        return document

    def folder(self, folder: Path) -> None:
        for path in sorted(folder.glob("*.yaml")):
            content = path.read_bytes()
            document = read_yaml(content, f"{folder.name}/{path.name}")
            if not isinstance(document.value, dict | None):
                document.complain(1, f"expected a mapping of names to {folder.name}")
            self.problems += document.problems
            if isinstance(document.value, dict):
                self._sections(folder.name, document)
            elif document.problems:
                self.unread.setdefault(folder.name, set()).update(_words(content))

    def _sections(self, folder: str, document: Document) -> None:
        for name, value in document.value.items():
            first = self.documents.setdefault((folder, name), document)
            wrong = name_problem(name)
            if first is not document:
                wrong = f"the name is already given in {first.file}:{first.lines[(name,)]}; rename one of them"
            if wrong:
                self.problems.append(Problem(document.file, document.lines[(name,)], name, wrong))
            if first is document:
                self.names[folder].add(name)
                readings = self._validated(FOLDERS[folder], value, Spot(folder, (name,)))
                if readings:
                    self.sections[folder][name] = readings

    def _validated(self, wanted: Any, value: Any, spot: Spot) -> tuple[Any, ...]:
        """The section; where something is wrong in it, every way to read it, if there is any."""
        try:
            return (_adapter(wanted).validate_python(value),)
        except ValidationError as error:
            self.findings += [spot.below(*path).wrong(what) for path, what in sentences(wanted, error, value)]
        repair = repaired(wanted, value)
        if repair is None:
            return ()
        self.doubted |= {spot.below(*path) for path in repair.doubted}
        return repair.readings


@cache
def _adapter(wanted: Any) -> TypeAdapter[Any]:
    """To make one takes longer than to use it."""
    return TypeAdapter(wanted)


def _words(content: bytes) -> set[str]:
    """The names that may stand in a file that could not be read, in whatever encoding."""
    return set(re.findall(r"\w+", content.replace(b"\0", b"").decode("utf-8", "replace")))


def _misplaced(root: Path) -> Iterator[Problem]:
    """Files that look like the project's but would be passed over in silence."""
    for path in sorted(
        (*root.glob("kumitate.yml"), *(file for folder in FOLDERS for file in (root / folder).glob("*.yml")))
    ):
        file = path.relative_to(root).as_posix()
        yield Problem(file, 1, "", "only .yaml files are read; rename it to .yaml")
    for path in sorted(root.glob("*/*.yaml")):
        folder = path.parent.name
        hint = did_you_mean(folder, FOLDERS)
        if folder not in FOLDERS and hint:
            yield Problem(f"{folder}/{path.name}", 1, "", f"the folder {folder!r} is not read{hint}")
