"""Which segment waits for which: references and priority lists, in an order that computes each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from kumitate.config.project import Config
from kumitate.errors import FatalError
from kumitate.model.expression import Condition, InSegment
from kumitate.sql.conditions import leaves


def needed(config: Config, names: Iterable[str]) -> dict[str, int]:
    """`names` and all they rest on, with their level: 0 rests on nothing, n on levels below n."""
    graph: dict[str, frozenset[str]] = {}
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in graph:
            graph[name] = frozenset(rests_on(config, name))
            waiting.extend(sorted(graph[name]))
    levels: dict[str, int] = {}
    for name in _in_order(graph):
        levels[name] = max((levels[below] + 1 for below in graph[name]), default=0)
    return levels


def rests_on(config: Config, name: str) -> set[str]:
    """The segments whose members must be known before those of `name`."""
    if name not in config.segments:
        raise FatalError(f"segments.{name}: no such segment in the project")
    below = {*references(config.segments[name].when), *ahead(config, name)}
    for other in sorted(below):
        if other not in config.segments:
            raise FatalError(f"segments.{name}: unknown segment {other!r}")
    return below


def ahead(config: Config, name: str) -> tuple[str, ...]:
    """Segments that stand before `name` in a priority list: their members are not its own."""
    lists = (one.segments for one in config.priorities.values() if name in one.segments)
    return tuple(dict.fromkeys(other for one in lists for other in one[: one.index(name)]))


def references(condition: Condition) -> set[str]:
    """The segments that a condition names."""
    return {leaf.segment for leaf in leaves(condition) if isinstance(leaf, InSegment)}


def _in_order(graph: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise FatalError(f"segments rest on each other in a circle: {circle}") from error
