"""Checks across sections: what is referred to exists and fits; each yields findings, none raises."""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.config.checks import (
    collect,
    contracts,
    entities,
    environments,
    gates,
    identity,
    pulls,
    quality,
    segments,
    settings,
    sources,
    syncs,
    traits,
    triggers,
)
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding

_CHECKS = (
    settings.check,
    sources.check,
    identity.check,
    entities.check,
    traits.check,
    segments.check,
    quality.check,
    syncs.check,
    triggers.check,
    gates.check,
    pulls.check,
    collect.check,
    contracts.check,
    environments.check,
)


def check(draft: Draft) -> Iterator[Finding]:
    """Everything wrong between the sections of a project."""
    for each in _CHECKS:
        yield from each(draft)
