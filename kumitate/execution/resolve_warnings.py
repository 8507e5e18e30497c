"""What whoever resolved a table should know of a result that came out without an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kumitate.cleanse.rules import RULES_VERSION

if TYPE_CHECKING:
    from kumitate.execution.resolving import Asked, Done

_BY_LINES = (
    "records are named by their lines, so ids last only while lines keep their order; "
    "say which column names records with --record-id"
)


def warnings(done: Done, asked: Asked) -> tuple[str, ...]:
    """Sentences of what, and what to do."""
    return (*_of_ids(done, asked), *_of_ties(done, asked), *_of_the_model(done))


def _of_ids(done: Done, asked: Asked) -> Iterator[str]:
    if asked.previous and done.resolved.plan.record_id is None:
        yield _BY_LINES


def _of_ties(done: Done, asked: Asked) -> Iterator[str]:
    plan = done.resolved.plan
    if not (plan.stated or plan.entity.rules or done.resolved.scored or done.decisions):
        yield (
            f"nothing can tie two records of {asked.table}: no column is recognised as telling who somebody is; "
            "say which do with --rules"
        )


def _of_the_model(done: Done) -> Iterator[str]:
    """Of one that was learned before; one that was learned here bears today's version and knows the table's columns."""
    found = done.resolved.scored
    if found is None:
        return
    version, columns = found.model.rules_version, done.resolved.cleansed.columns
    if version and version != RULES_VERSION:
        yield (
            f"the model was learned from values cleansed by rules of version {version}, these are of version "
            f"{RULES_VERSION}; train it anew when you can"
        )
    missing = [each.name for each in found.model.comparisons if not set(each.columns) & columns.keys()]
    if missing:
        yield (
            f"the model compares {', '.join(missing)}, which the table has not; of these it says nothing. "
            "Train one on a table such as this, or name its columns in --rules"
        )
