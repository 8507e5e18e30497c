"""Finds circles in what refers to what."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter


def circles(graph: Mapping[str, frozenset[str]]) -> tuple[tuple[str, ...], ...]:
    """Every circle until none is left, e.g. `(("a", "b", "a"),)`: `a` refers to `b` and `b` to `a`."""
    edges = {name: set(others) for name, others in sorted(graph.items())}
    found = []
    while True:
        try:
            TopologicalSorter({name: sorted(others) for name, others in edges.items()}).prepare()
        except CycleError as error:
            circle = tuple(reversed(error.args[1]))
            start = circle.index(min(circle))
            found.append((*circle[start:-1], *circle[:start], circle[start]))
            edges[circle[0]].discard(circle[1])
        else:
            return tuple(found)
