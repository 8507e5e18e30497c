"""Whole resolutions of random small worlds: order, repetition, growth, guards, the ledger."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.people import PEOPLE, PERSON, People, Row, card, member, project, visit
from kumitate.identity.stage import IDENTITY
from kumitate.identity.tables import RESOLVED

pytestmark = pytest.mark.slow

World = dict[str, list[Row]]

FEW = settings(max_examples=10, deadline=None)
GOLDEN = project(PERSON | {"attributes": {"given_name": {"policy": "most_frequent"}, "born": {}}})

EMAILS = st.sampled_from([None, "a@x.jp", "b@x.jp", "c@x.jp", "test@x.jp"])
PHONES = st.sampled_from([None, "+81300000001", "+81300000002", "+81300000003"])
NAMES = st.sampled_from([None, "太郎", "花子"])
BORN = st.sampled_from([None, date(1990, 4, 1), date(1991, 5, 2)])
NUMBERS = st.integers(0, 9).map(str)

MEMBERS = st.builds(member, NUMBERS, email=EMAILS, phone=PHONES, given_name=NAMES, born=BORN)
CARDS = st.builds(card, NUMBERS, phone=PHONES, given_name=NAMES, born=BORN)
VISITS = st.builds(visit, st.sampled_from("xyz"), st.none() | NUMBERS)


def unique(rows: st.SearchStrategy[Row]) -> st.SearchStrategy[list[Row]]:
    return st.lists(rows, max_size=8, unique_by=lambda row: row["_record_id"])


WORLDS = st.fixed_dictionaries({"members": unique(MEMBERS), "cards": unique(CARDS), "visits": st.lists(VISITS)})


def everything(people: People) -> dict[str, list[str]]:
    """All that the stage wrote, whatever the order of rows."""
    tables = (people.lake.table(table) for table in IDENTITY.writes(people.config))
    return {str(number): sorted(map(repr, table.to_pylist())) for number, table in enumerate(tables)}


def values_of(world: World) -> dict[tuple[str, str], set[str]]:
    """(kind, value) -> records, by hand."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for source, rows in world.items():
        for row in rows:
            stated = {kind: row.get(column) for kind, column in PEOPLE.sources[source].identifiers.items()}
            if source != "visits" and row["given_name"] and row["born"]:
                stated["rule"] = f"{row['given_name']} {row['born']}"
            for kind, value in stated.items():
                if value:
                    found[kind, value].add(f"{source}/{row['_record_id']}")
    return found


def unshared(world: World) -> Iterator[set[str]]:
    """The records of each value that may merge, by hand."""
    rows = {f"{source}/{row['_record_id']}": row for source, table in world.items() for row in table}
    for (kind, value), records in values_of(world).items():
        names = {rows[record].get("given_name") for record in records} - {None}
        logins = {rows[record].get("member_id") for record in records} - {None}
        shared = {
            "email": value.startswith("test@") or len(logins) > 3,  # found from the data: no guard is declared
            "phone": len(records) > 4 or len(names) > 1,
            "device": len(logins) > 1,
            "rule": len(records) > 3,
        }
        if not shared.get(kind, False):
            yield records


def naive_groups(world: World) -> set[frozenset[str]]:
    """Who is one person, by hand: merge sets that meet until none do."""
    groups = [{f"{source}/{row['_record_id']}"} for source, rows in world.items() for row in rows]
    for records in unshared(world):
        touched = [group for group in groups if group & records]
        groups = [group for group in groups if not group & records] + [set().union(*touched)]
    return {frozenset(group) for group in groups}


@FEW
@given(WORLDS)
def test_persons_are_who_a_naive_resolution_merges_and_nobody_over_a_guard(world: World) -> None:
    people = People().resolve(**world)
    assert people.groups() == naive_groups(world)
    mergeable = list(unshared(world))
    for edge in people.lake.table("curated.edges").to_pylist():
        assert any({edge["left_record"], edge["right_record"]} <= records for records in mergeable)


@FEW
@given(WORLDS, st.data())
def test_a_second_run_over_the_same_rows_in_another_order_changes_nothing(world: World, data: st.DataObject) -> None:
    people = People(GOLDEN).resolve(**world)
    before = everything(people)
    shuffled = {source: data.draw(st.permutations(rows)) for source, rows in world.items()}
    assert everything(people.resolve(**shuffled)) == before


@FEW
@given(WORLDS, CARDS)
def test_a_new_record_changes_no_id_of_who_it_does_not_touch(world: World, new: Row) -> None:
    others = [row for row in world["cards"] if row["card_no"] != new["card_no"]]
    grown = world | {"cards": [*others, new]}
    people = People().resolve(**world | {"cards": others})
    before = people.persons()
    now = people.resolve(**grown).persons()
    record = f"cards/{new['card_no']}"
    touched = set().union(*(records for records in values_of(grown).values() if record in records))
    affected = {before[neighbour] for neighbour in touched - {record}}
    assert all(now[other] == person for other, person in before.items() if person not in affected)


@FEW
@given(st.lists(WORLDS, min_size=2, max_size=3))
def test_the_ledger_tells_every_move_and_leads_every_id_to_who_they_are_today(worlds: list[World]) -> None:
    people = People()
    before: dict[str, str] = {}
    for world in worlds:
        now = people.resolve(**world).persons()
        moves = [(now[record], was) for record, was in before.items() if now.get(record, was) != was]
        told = {
            (new, old): records for event, new, old, records in people.events() if event in ("merged", "split", "moved")
        }
        assert told == {move: moves.count(move) for move in moves}
        before = now
    ledger: list[Row] = people.lake.table("curated.person_events").to_pylist()
    into = {row["other_person_id"]: row["person_id"] for row in ledger if row["event"] == "merged"}
    retired = {row["person_id"] for row in ledger if row["event"] == "retired"}
    assert set(before.values()) <= {row["person_id"] for row in ledger}
    for person in {row["person_id"] for row in ledger}:
        while person in into:
            person = into[person]
        assert (person in before.values()) is not (person in retired)


@FEW
@given(st.lists(WORLDS, min_size=2, max_size=3))
def test_a_run_from_what_was_decided_writes_what_a_run_from_nothing_writes(worlds: list[World]) -> None:
    people, anew = People(GOLDEN), People(GOLDEN)
    for world in worlds:
        people.resolve(**world)
        anew.lake.put(RESOLVED, ())
        anew.resolve(**world)
        assert everything(people) == everything(anew)


@FEW
@given(st.lists(WORLDS, min_size=2, max_size=4))
def test_history_replays_to_every_run_and_aliases_lead_to_whoever_holds(worlds: list[World]) -> None:
    people = People()
    known = [people.resolve(**world).persons() for world in worlds]
    history: list[Row] = people.lake.table("curated.person_history").to_pylist()
    for number, persons in enumerate(known, start=1):
        run = f"r{number:06}"
        held = [h for h in history if h["from_run_id"] <= run and (h["to_run_id"] is None or h["to_run_id"] > run)]
        assert len(held) == len(persons)
        assert {row["record"]: row["person_id"] for row in held} == persons
    ledger: list[Row] = people.lake.table("curated.person_events").to_pylist()
    minted = [row["person_id"] for row in ledger if row["event"] == "created"]
    minted += list({row["person_id"] for row in ledger if row["event"] == "split"})
    assert len(minted) == len(set(minted))
    gone = {row["other_person_id"] for row in ledger if row["event"] == "merged"}
    retired = {row["person_id"] for row in ledger if row["event"] == "retired"}
    aliases: list[Row] = people.lake.table("curated.person_aliases").to_pylist()
    assert sorted(row["alias"] for row in aliases) == sorted(gone)
    for row in aliases:
        assert row["person_id"] in set(known[-1].values()) | retired
        assert row["person_id"] not in gone
