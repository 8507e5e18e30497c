"""Gathers what the lake knows about two names, for `kumitate why`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kumitate.execution.likeness import best_likeness
from kumitate.execution.named import Named, ask, bound, find_named
from kumitate.execution.stewardship import decisions
from kumitate.execution.unusable import unusable_by_both
from kumitate.execution.workspace import Workspace
from kumitate.identity.stewards import CANNOT, MUST, Decision, clean_forms, holding
from kumitate.identity.tables import EDGES, IDENTIFIERS, PERSON_EVENTS, PERSON_RECORDS, SHARED
from kumitate.identity.why import (
    BETWEEN,
    STEWARD,
    Explanation,
    HeldBack,
    Step,
    Tie,
    columns_of,
    common_value,
    masked,
    shortest_path,
    step_of,
)

_AT_ONCE = 500
_MOST_HELD = 20


def explain(workspace: Workspace, left: str, right: str, *, unmask: bool = False) -> Explanation:
    """Why both are one person, or are not, masked unless told; FatalError where nobody has a name."""
    told = _explained(workspace, left, right)
    return told if unmask else masked(told)


def _explained(workspace: Workspace, left: str, right: str) -> Explanation:
    pair = find_named(workspace, left), find_named(workspace, right)
    merged = tuple((named.given, named.merged[-1]) for named in pair if named.merged)
    shown = pair[0].given, pair[1].given
    persons = tuple(sorted({*pair[0].persons, *pair[1].persons}))
    common = set(pair[0].persons) & set(pair[1].persons)
    if set(pair[0].records) == set(pair[1].records) and len(pair[0].records) == 1:
        return Explanation(*shown, "one_record", persons, merged)
    if common:
        return _one(workspace, pair, min(common), merged=merged)
    return Explanation(
        *shown,
        "two_persons",
        persons,
        merged,
        held_back=tuple(_held_back(workspace, pair)),
        unusable=unusable_by_both(workspace, *(tuple(named.records) for named in pair)),
        parted=tuple(step_of(each) for each in _parted(workspace, pair)),
        likeness=best_likeness(workspace, tuple(pair[0].records), tuple(pair[1].records)),
    )


def _one(
    workspace: Workspace, pair: tuple[Named, Named], person: str, *, merged: tuple[tuple[str, str], ...]
) -> Explanation:
    """The path within the person; where both names stand for the same records, from one of them to another."""
    start, end = ([record for record, of in named.records.items() if of == person] for named in pair)
    if set(start) & set(end):
        start, end = [min(start)], [record for record in end if record != min(start)] or end
    members = [
        row["record"]
        for row in ask(workspace, f"select record from {PERSON_RECORDS} where person_id = {bound(person)}")
    ]
    stated = _stated(workspace, members)
    ties = [replace(tie, value=common_value(stated, tie)) for tie in _ties(workspace, members)]
    path = shortest_path(ties, start, end)
    return Explanation(
        pair[0].given,
        pair[1].given,
        "one_person",
        (person,),
        merged,
        path=tuple(_steps(workspace, path)),
        together=_together(workspace, path),
    )


def _ties(workspace: Workspace, members: Sequence[str]) -> list[Tie]:
    """The edges between a person's records."""
    has_probability = "probability" in workspace.lake.scan(str(EDGES)).schema.names
    probability = "e.probability" if has_probability else "cast(1 as double)"
    found = []
    for names in _listed(members):
        sql = (
            f"select e.left_record, e.right_record, e.rule, {probability} as probability from {EDGES} as e"
            f" where e.left_record in ({names})"
        )
        found += [
            Tie(row["left_record"], row["right_record"], row["rule"], row["probability"]) for row in ask(workspace, sql)
        ]
    return found


def _listed(names: Sequence[str]) -> Iterator[str]:
    """Names as bound lists, some hundred at once."""
    for start in range(0, len(names), _AT_ONCE):
        yield ", ".join(map(bound, names[start : start + _AT_ONCE]))


def _steps(workspace: Workspace, path: Sequence[Tie]) -> Iterator[Step]:
    """The path with what both ends state, and with who decided where a steward did."""
    match = {name: rule.match for name, rule in workspace.config.person.rules.items()}
    noted = {each.pair: each for each in _by_record(workspace, MUST)}
    for tie in path:
        decided = noted.get((min(tie.left, tie.right), max(tie.left, tie.right))) if tie.rule == STEWARD else None
        step = step_of(decided) if decided else Step("", "", tie.rule)
        yield Step(
            tie.left,
            tie.right,
            tie.rule,
            tie.value.replace(BETWEEN, " + "),
            columns_of(tie.rule, match),
            tie.probability,
            step.author,
            step.reason,
            step.at,
        )


def _stated(workspace: Workspace, records: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    stated: dict[str, dict[str, list[str]]] = {}
    for names in _listed(records):
        for row in ask(workspace, f"select record, kind, value from {IDENTIFIERS} where record in ({names})"):
            stated.setdefault(row["record"], {}).setdefault(row["kind"], []).append(row["value"])
    return stated


def _together(workspace: Workspace, path: Sequence[Tie]) -> tuple[str, str] | None:
    """The run since which every record on the path has had this person."""
    if not path:
        return None
    ends = sorted({end for tie in path for end in (tie.left, tie.right)})
    (names,) = _listed(ends[:_AT_ONCE])
    sql = f"""
select max(r.since_run_id) as run_id, min(e.at) as at
from (select max(since_run_id) as since_run_id from {PERSON_RECORDS} where record in ({names})) as r
left join {PERSON_EVENTS} as e on e.run_id = r.since_run_id"""
    row = ask(workspace, sql)[0]
    return (row["run_id"], f"{row['at']:%Y-%m-%d}" if row["at"] else "") if row["run_id"] else None


def _held_back(workspace: Workspace, pair: tuple[Named, Named]) -> Iterator[HeldBack]:
    """Values that a record of each states and that merge nobody, those on fewest records first."""
    left, right = (next(_listed(list(named.records)[:_AT_ONCE])) for named in pair)
    sql = f"""
select a.kind, a.value, s.reason, s.records
from (select distinct kind, value from {IDENTIFIERS} where record in ({left})) as a
join (select distinct kind, value from {IDENTIFIERS} where record in ({right})) as b
  on b.kind = a.kind and b.value = a.value
join {SHARED} as s on s.kind = a.kind and s.value = a.value
order by s.records, a.kind, a.value
limit {_MOST_HELD}"""
    for row in ask(workspace, sql):
        yield HeldBack(row["kind"], row["value"].replace(BETWEEN, " + "), row["reason"], row["records"])


def _parted(workspace: Workspace, pair: tuple[Named, Named]) -> list[Decision]:
    """The cannot-links between them, and between the persons that their records are of."""
    left, right = set(pair[0].records), set(pair[1].records)
    return [
        each
        for each in _by_record(workspace, CANNOT)
        if (each.left in left and each.right in right) or (each.left in right and each.right in left)
    ]


def _by_record(workspace: Workspace, link: str) -> Iterator[Decision]:
    """The decisions that hold, by record where they name a value."""
    for decision in holding(decisions(workspace)):
        if decision.link == link:
            for left in _records_of(workspace, decision.left):
                for right in _records_of(workspace, decision.right):
                    low, high = min(left, right), max(left, right)
                    yield Decision(low, high, link, decision.author, decision.reason, decision.at, decision.place)


def _records_of(workspace: Workspace, name: str) -> list[str]:
    if name.partition("/")[0] in workspace.config.sources:
        return [name]
    forms = ", ".join(map(bound, sorted({name, *clean_forms(workspace.config, name)})))
    sql = f"select distinct record from {IDENTIFIERS} where value in ({forms}) and kind not like 'rule:%' order by 1"
    return [row["record"] for row in ask(workspace, sql)]
