"""A project as far as it could be read, with its problems so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from kumitate.config.findings import Finding, Places, Spot, unknown
from kumitate.config.identity import Entity
from kumitate.config.project import Config
from kumitate.errors import Problem


@dataclass(frozen=True)
class Draft:
    """`config` holds the sections that make sense; `names` also those that do not.

    So a check neither trips over a broken section nor calls unknown what refers to it. A section with a
    mistake in itself is read in several ways: `config` has one, `others` the rest, and `doubted` are the
    spots where they made something up. `unread` are the words of files that are no YAML, by folder.
    """

    config: Config
    names: Mapping[str, frozenset[str]]
    places: Places
    problems: tuple[Problem, ...] = ()
    unread: Mapping[str, frozenset[str]] = field(default_factory=dict)
    others: tuple[Config, ...] = ()
    doubted: frozenset[Spot] = frozenset()

    @property
    def person(self) -> Entity | None:
        return self.config.identity.get("person")

    @property
    def sources_told(self) -> bool:
        """Whether the columns of every source that could be read are known."""
        return self.names["sources"] == self.config.sources.keys()

    def may_hold(self, folder: str, name: str) -> bool:
        """Whether a file that could not be read may give this name: it stands in it somewhere."""
        return name in self.unread.get(folder, ())

    def unknown(self, folder: str, name: str, spot: Spot) -> Iterator[Finding]:
        """A finding where no section of `folder` has this name."""
        if name not in self.names[folder] and not self.may_hold(folder, name):
            yield spot.wrong(unknown(folder.removesuffix("s"), name, self.names[folder]))


def certain(draft: Draft, check: Callable[[Draft], Iterable[Finding]]) -> tuple[Finding, ...]:
    """What is wrong however the broken sections are read, and is no echo of what is broken in them."""
    others = [frozenset(check(replace(draft, config=config))) for config in draft.others]
    return tuple(
        finding
        for finding in check(draft)
        if all(finding in other for other in others) and not _is_doubted(draft, finding.spot)
    )


def _is_doubted(draft: Draft, spot: Spot) -> bool:
    return any(Spot(spot.folder, spot.path[:end]) in draft.doubted for end in range(len(spot.path) + 1))
