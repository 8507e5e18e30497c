"""A project as far as it could be read, with its problems so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kumitate.config.findings import Finding, Places, Spot, unknown
from kumitate.config.identity import Entity
from kumitate.config.project import Config
from kumitate.errors import Problem


@dataclass(frozen=True)
class Draft:
    """`config` holds the sections that are right in themselves; `names` also those that are not.

    So a check neither trips over a broken section nor calls unknown what refers to it; nor to
    anything in an `unread` folder, one of whose files is no YAML.
    """

    config: Config
    names: Mapping[str, frozenset[str]]
    places: Places
    problems: tuple[Problem, ...] = ()
    unread: frozenset[str] = frozenset()

    @property
    def person(self) -> Entity | None:
        return self.config.identity.get("person")

    @property
    def sources_complete(self) -> bool:
        """Whether what no source has can be called missing."""
        return "sources" not in self.unread and self.names["sources"] == self.config.sources.keys()

    def unknown(self, folder: str, name: str, spot: Spot) -> Iterator[Finding]:
        """A finding where no section of `folder` has this name."""
        if name not in self.names[folder] and folder not in self.unread:
            yield spot.wrong(unknown(folder.removesuffix("s"), name, self.names[folder]))
