"""What stewards decided, and where they contradict each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kumitate.errors import ConfigError, Problem
from kumitate.identity.graph.components import components
from kumitate.identity.graph.model import Integers, Links


def contradictions(count: int, links: Links) -> Integers:
    """The cannot-links, by number, whose records are one person by must-links."""
    if links.must.all():
        return np.empty(0, np.int64)
    component = components(count, [(links.left[links.must], links.right[links.must])])
    return np.flatnonzero(~links.must & (component[links.left] == component[links.right]))


def together(count: int, links: Links, link: int) -> Integers:
    """The must-links, by number, of the group that a cannot-link contradicts."""
    component = components(count, [(links.left[links.must], links.right[links.must])])
    return np.flatnonzero(links.must & (component[links.left] == component[links.left[link]]))


def refuse_contradictions(count: int, links: Links) -> None:
    """Raise ConfigError where decisions contradict each other: neither may win in silence.

    Records are named by their positions here; whoever knows their names asks `contradictions` before.
    """
    wrong = contradictions(count, links)
    if len(wrong):
        raise ConfigError(tuple(_problem(count, links, int(one)) for one in wrong))


def _problem(count: int, links: Links, one: int) -> Problem:
    pairs = ", ".join(f"{links.left[other]}={links.right[other]}" for other in together(count, links, one))
    what = (
        f"records {links.left[one]} and {links.right[one]} may not be one person, but {pairs} says they are; drop one"
    )
    return Problem("steward_links", one + 1, "", what)


def parted(component: Integers, links: Links, pairs: tuple[Integers, Integers]) -> NDArray[np.bool_]:
    """Per pair of records whether a steward keeps their persons apart: nobody need look at it again."""
    count = len(component)
    ends = np.sort(np.stack([component[links.left], component[links.right]])[:, ~links.must], axis=0)
    pair = np.sort(np.stack([component[pairs[0]], component[pairs[1]]]), axis=0)
    apart: NDArray[np.bool_] = np.isin(pair[0] * count + pair[1], ends[0] * count + ends[1])
    return apart
