"""What stewards do: tie records, part them for good, take a decision back; each is noted with who, when and why.

`tie`, `part` and `withdraw` tell what there is to note and why nothing may be; `note` alone writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pyarrow as pa

from kumitate.errors import FatalError
from kumitate.execution.named import Named, ask, bound
from kumitate.execution.workspace import Workspace
from kumitate.identity.stewards import (
    CANNOT,
    MUST,
    STEWARD_LINKS,
    WITHDRAWN,
    Decision,
    forms,
    holding,
    of_files,
    of_table,
    refuse_contradictions,
)
from kumitate.identity.tables import IDENTIFIERS, PERSON_RECORDS
from kumitate.identity.why import masked_record
from kumitate.model.step import Mode
from kumitate.ports import Mark

_MOST_PAIRS = 400
_NAMES_AT_ONCE = 1000


def decisions(workspace: Workspace) -> tuple[Decision, ...]:
    """Every decision that was ever made, those of the project's files first."""
    columns = ", ".join(column.name for column in STEWARD_LINKS.columns)
    rows: list[dict[str, object]] = []
    if str(STEWARD_LINKS) in workspace.lake.tables():
        rows = ask(workspace, f"select {columns} from {STEWARD_LINKS} order by at, left_record, right_record")
    table = pa.Table.from_pylist(rows, schema=STEWARD_LINKS.schema)
    return (*of_files(workspace.config.stewards), *of_table(table))


def waiting(workspace: Workspace, made: Iterable[Decision]) -> frozenset[Decision]:
    """The decisions that name somebody whom the lake does not have: they decide nothing until the record comes."""
    made = tuple(made)
    names = {name: forms(workspace.config, name) for decision in made for name in decision.pair}
    known = _known(workspace, sorted({form for each in names.values() for form in each}))
    missing = {name for name, each in names.items() if known.isdisjoint(each)}
    return frozenset(decision for decision in made if not missing.isdisjoint(decision.pair))


def _known(workspace: Workspace, names: Sequence[str]) -> frozenset[str]:
    """Those of the names that are a record, or a value that a record states."""
    found: set[str] = set()
    for start in range(0, len(names), _NAMES_AT_ONCE):
        listed = ", ".join(bound(name) for name in names[start : start + _NAMES_AT_ONCE])
        sql = (
            f"select record as name from {PERSON_RECORDS} where record in ({listed}) union "
            f"select value as name from {IDENTIFIERS} where value in ({listed}) and kind not like 'rule:%'"
        )
        found |= {str(row["name"]) for row in ask(workspace, sql)}
    return frozenset(found)


def tie(
    workspace: Workspace, pair: tuple[Named, Named], made: Decision, *, beside: Sequence[Decision] = ()
) -> tuple[Decision, ...]:
    """That both are one person; by one record of each, for values tie their other records already.

    `beside` are decisions that will be noted with it. FatalError where it was decided before, or the contrary was.
    """
    left, right = (min(named.records) for named in pair)
    if left == right:
        raise FatalError(f"{pair[0].given} and {pair[1].given} are one record; name two")
    return _new(workspace, [replace(made, left=left, right=right, link=MUST)], beside)


def part(
    workspace: Workspace, pair: tuple[Named, Named], made: Decision, *, beside: Sequence[Decision] = ()
) -> tuple[Decision, ...]:
    """That they are never one person: no record of the one with any of the other."""
    common = set(pair[0].records) & set(pair[1].records)
    if common:
        names = " and ".join(named.given for named in pair)
        raise FatalError(f"{names} have records in common, such as {masked_record(min(common))}; name the records")
    pairs = list(product(sorted(pair[0].records), sorted(pair[1].records)))
    if len(pairs) > _MOST_PAIRS:
        raise FatalError(
            f"this would part {len(pairs):,} pairs of records, at most {_MOST_PAIRS} at once; name records"
        )
    return _new(workspace, [replace(made, left=left, right=right, link=CANNOT) for left, right in pairs], beside)


def withdraw(workspace: Workspace, pair: tuple[Named, Named], made: Decision) -> tuple[Decision, ...]:
    """That what was decided on their records holds no more; what a file says is taken back in the file."""
    wanted = [_touching(decision, pair) for decision in holding(decisions(workspace))]
    found = [decision for decision in wanted if decision is not None]
    in_files = [decision.place for decision in found if decision.place]
    if in_files:
        raise FatalError(f"this decision stands in {', '.join(in_files)}; delete the line there")
    if not found:
        raise FatalError(f"no decision on {pair[0].given} and {pair[1].given} holds; `kumitate links` lists them")
    pairs = dict.fromkeys(decision.pair for decision in found)
    return tuple(replace(made, left=left, right=right, link=WITHDRAWN) for left, right in pairs)


def _touching(decision: Decision, pair: tuple[Named, Named]) -> Decision | None:
    left, right = ({*named.records, named.given} for named in pair)
    a, b = decision.left, decision.right
    return decision if (a in left and b in right) or (a in right and b in left) else None


def _new(workspace: Workspace, made: list[Decision], beside: Sequence[Decision]) -> tuple[Decision, ...]:
    """What was not decided before; FatalError where it contradicts what was."""
    before = (*decisions(workspace), *beside)
    known = {(decision.pair, decision.link) for decision in holding(before)}
    new = tuple(decision for decision in made if (decision.pair, decision.link) not in known)
    if not new:
        raise FatalError("this was decided before; `kumitate links` tells by whom and why")
    refuse_contradictions((*before, *new))
    return new


def note(workspace: Workspace, made: Iterable[Decision]) -> None:
    """Write them, all or none."""
    rows = pa.RecordBatch.from_pylist(list(_rows(made)), schema=STEWARD_LINKS.schema)
    mark = f"steward-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    workspace.lake.prepare([STEWARD_LINKS])
    workspace.lake.write(STEWARD_LINKS, [rows], Mark(Mode.APPEND, f"{STEWARD_LINKS}:{mark}", mark))


def _rows(made: Iterable[Decision]) -> Iterator[dict[str, object]]:
    for decision in made:
        left, right = decision.pair
        yield {
            "left_record": left,
            "right_record": right,
            "link": decision.link,
            "author": decision.author,
            "reason": decision.reason,
            "at": decision.at.astimezone(UTC).replace(tzinfo=None),
        }
