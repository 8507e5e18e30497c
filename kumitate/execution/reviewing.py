"""The review queue as stewards see it: pairs by number, with what both have and what they differ in, masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from kumitate.errors import FatalError
from kumitate.execution.named import Named, ask, bound
from kumitate.execution.stewardship import decisions, part, tie
from kumitate.execution.workspace import Workspace
from kumitate.identity.identifiers import RULE_PREFIX
from kumitate.identity.stewards import Decision, holding
from kumitate.identity.tables import IDENTIFIERS, PERSON_RECORDS, REVIEW
from kumitate.identity.why import BETWEEN, masked_record, masked_value


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
    """Kinds of which each has another value."""

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
    for row in _open(workspace, limit):
        both, differ = _compared(workspace, row, unmask=unmask)
        left, right = ((row[end] if unmask else masked_record(row[end])) for end in ("left_record", "right_record"))
        found.append(Doubt(row["number"], left, right, row["probability"], both, differ))
    return found


def _open(workspace: Workspace, limit: int) -> list[dict[str, Any]]:
    decided = {decision.pair for decision in holding(decisions(workspace))}
    rows = ask(workspace, f"select * from ({_QUEUE}) as q order by number limit {limit + len(decided)}")
    return [row for row in rows if (row["left_record"], row["right_record"]) not in decided][:limit]


def _compared(workspace: Workspace, row: dict[str, Any], *, unmask: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    left, right = (_stated(workspace, row[side]) for side in ("left_record", "right_record"))
    kinds = [kind for kind in left if kind in right]
    shared = [(kind, value.replace(BETWEEN, " + ")) for kind in kinds for value in sorted(left[kind] & right[kind])]
    both = [f"{_name(kind)} {value if unmask else masked_value(value)}" for kind, value in shared]
    return tuple(both), tuple(_name(kind) for kind in kinds if not left[kind] & right[kind])


def _name(kind: str) -> str:
    return kind.removeprefix(RULE_PREFIX)


def _stated(workspace: Workspace, record: str) -> dict[str, set[str]]:
    rows = ask(workspace, f"select kind, value from {IDENTIFIERS} where record = {bound(record)} order by kind, value")
    stated: dict[str, set[str]] = {}
    for row in rows:
        stated.setdefault(row["kind"], set()).add(row["value"])
    return stated


def decide(workspace: Workspace, made: Decision, *, accepted: Sequence[int], rejected: Sequence[int]) -> int:
    """Note what a steward says of pairs by their numbers; FatalError for a number that no pair has."""
    wanted = dict.fromkeys(accepted, tie) | dict.fromkeys(rejected, part)
    pairs = {row["number"]: row for row in _numbered(workspace, wanted)}
    missing = sorted(set(wanted) - set(pairs))
    if missing:
        raise FatalError(f"no pair has the number {missing[0]}; `kumitate review` lists them")
    count = 0
    for number, note in sorted(wanted.items()):
        row = pairs[number]
        named = [
            Named(row[f"{side}_record"], "record", {row[f"{side}_record"]: row[f"{side}_person"]})
            for side in ("left", "right")
        ]
        count += len(note(workspace, (named[0], named[1]), replace(made)))
    return count


def _numbered(workspace: Workspace, wanted: dict[int, Any]) -> Iterator[dict[str, Any]]:
    numbers = ", ".join(str(number) for number in sorted(wanted))
    yield from ask(workspace, f"select * from ({_QUEUE}) as q where q.number in ({numbers})")
