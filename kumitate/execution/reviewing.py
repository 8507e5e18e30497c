"""The review queue as stewards see it: pairs by number, with what both have and what they differ in, masked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kumitate.errors import FatalError
from kumitate.execution.named import Named, ask, bound
from kumitate.execution.stewardship import decisions, part, tie
from kumitate.execution.workspace import Workspace
from kumitate.identity.stewards import Decision, holding
from kumitate.identity.tables import IDENTIFIERS, PERSON_RECORDS, REVIEW
from kumitate.identity.weighing import compared_attributes, compared_query
from kumitate.identity.why import masked_record, masked_value


@dataclass(frozen=True, slots=True)
class Doubt:
    """One pair of the queue; values are masked."""

    number: int
    left: str
    right: str
    probability: float | None
    both: tuple[str, ...]
    """`email t***@x***.jp`."""
    differ: tuple[str, ...]
    """`first_name 太* / 花*`."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def row(self) -> tuple[Any, ...]:
        shown = "" if self.probability is None else f"{self.probability:.1%}"
        return (self.number, shown, self.left, self.right, "; ".join(self.both), ", ".join(self.differ))


_QUEUE = f"""
select
  row_number() over (order by q.probability desc nulls last, q.left_record, q.right_record) as number,
  q.left_record, q.right_record, q.probability, l.person_id as left_person, r.person_id as right_person
from {REVIEW} as q
join {PERSON_RECORDS} as l on l.record = q.left_record
join {PERSON_RECORDS} as r on r.record = q.right_record"""


def doubts(workspace: Workspace, limit: int, *, unmask: bool = False) -> list[Doubt]:
    """The first pairs of the queue that nobody has decided about since, masked unless told."""
    found = []
    rows = _open(workspace, limit)
    said = _said(workspace, sorted({row[end] for row in rows for end in ("left_record", "right_record")}))
    for row in rows:
        both, differ = _compared(said[row["left_record"]], said[row["right_record"]], unmask=unmask)
        left, right = ((row[end] if unmask else masked_record(row[end])) for end in ("left_record", "right_record"))
        found.append(Doubt(row["number"], left, right, row["probability"], both, differ))
    return found


def _open(workspace: Workspace, limit: int) -> list[dict[str, Any]]:
    decided = {decision.pair for decision in holding(decisions(workspace))}
    rows = ask(workspace, f"select * from ({_QUEUE}) as q order by number limit {limit + len(decided)}")
    return [row for row in rows if (row["left_record"], row["right_record"]) not in decided][:limit]


_Said = dict[str, set[str]]
"""Kind or attribute -> values."""


def _compared(left: _Said, right: _Said, *, unmask: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What both records say alike, and what each says otherwise: `first_name 太* / 花*`."""
    show: Callable[[str], str] = str if unmask else masked_value
    both, differ = [], []
    for name in (name for name in left if name in right):
        common = sorted(left[name] & right[name])
        if common:
            both.append(f"{name} {show(common[0])}")
        else:
            differ.append(f"{name} {show(min(left[name]))} / {show(min(right[name]))}")
    return tuple(both), tuple(differ)


def _said(workspace: Workspace, records: Sequence[str]) -> dict[str, _Said]:
    """Each record's identifiers, and what a model would compare."""
    said: dict[str, _Said] = {record: {} for record in records}
    if not records:
        return said
    listed = ", ".join(map(bound, records))
    sql = f"select record, kind, value from {IDENTIFIERS} where record in ({listed}) and kind not like 'rule:%'"
    for row in ask(workspace, f"{sql} order by kind, value"):
        said[row["record"]].setdefault(row["kind"], set()).add(row["value"])
    names = compared_attributes(workspace.config, None)
    compared = compared_query(workspace.config).sql
    sql = f"select {', '.join(('record', *names))} from ({compared}) as c where c.record in ({listed})"
    for row in ask(workspace, sql) if names else ():
        own = said[row.pop("record")]
        own |= {name: {value} for name, value in row.items() if value is not None and name not in own}
    return said


def decided(
    workspace: Workspace, made: Decision, *, accepted: Sequence[int], rejected: Sequence[int]
) -> tuple[tuple[Decision, ...], Mapping[str, str]]:
    """What there is to note where a steward says so of pairs by their numbers, and the persons of the pairs' records.

    FatalError for a number that no pair has, and where decisions contradict each other.
    """
    wanted = dict.fromkeys(accepted, tie) | dict.fromkeys(rejected, part)
    pairs = {row["number"]: row for row in _numbered(workspace, wanted)}
    missing = sorted(set(wanted) - set(pairs))
    if missing:
        raise FatalError(f"no pair has the number {missing[0]}; `kumitate review` lists them")
    found: list[Decision] = []
    persons: dict[str, str] = {}
    for number, say in sorted(wanted.items()):
        left, right = (_end(pairs[number], side) for side in ("left", "right"))
        found += say(workspace, (left, right), made, beside=found)
        persons |= {**left.records, **right.records}
    return tuple(found), persons


def _end(row: Mapping[str, Any], side: str) -> Named:
    record = row[f"{side}_record"]
    return Named(record, "record", {record: row[f"{side}_person"]})


def _numbered(workspace: Workspace, wanted: dict[int, Any]) -> Iterator[dict[str, Any]]:
    numbers = ", ".join(str(number) for number in sorted(wanted))
    yield from ask(workspace, f"select * from ({_QUEUE}) as q where q.number in ({numbers})")
