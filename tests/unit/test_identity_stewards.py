"""Stewards' decisions: read from files and table, held until withdrawn, refused where they contradict each other."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.memory_lake import MemoryLake
from harness.people import PEOPLE
from kumitate.config.loader import load_config
from kumitate.config.stewards import StewardLink
from kumitate.errors import ConfigError, FatalError
from kumitate.identity.stewards import (
    STEWARD_LINKS,
    Decision,
    contradictions,
    holding,
    links_query,
    of_table,
    refuse_contradictions,
)
from kumitate.identity.tables import IDENTIFIERS, PERSON_RECORDS
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"
LINK_NAMES = ("left_record", "right_record", "link", "author", "reason", "at", "place")
HEADER = "left,right,link,author,reason,at\n"


def at(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC)


def decided(left: str, right: str, link: str, day: int = 1) -> Decision:
    return Decision(left, right, link, "Ito", "asked them", at(day))


def said(tmp_path: Path, text: str) -> list[str]:
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    (tmp_path / "stewards").mkdir()
    (tmp_path / "stewards/all.csv").write_text(text, encoding="utf-8")
    try:
        load_config(tmp_path)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_decisions_are_part_of_the_project(tmp_path: Path) -> None:
    assert said(tmp_path, HEADER + "m/1,m/2,must,Ito,same card,2026-03-01T09:00:00+09:00\n") == []
    (link,) = load_config(tmp_path).stewards
    assert (link.left, link.right, link.link, link.author, link.reason) == ("m/1", "m/2", "must", "Ito", "same card")
    assert (link.at, link.place) == (datetime(2026, 3, 1, 0, tzinfo=UTC), "stewards/all.csv:2")


def test_a_decision_on_a_source_that_does_not_exist_is_a_mistake(tmp_path: Path) -> None:
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    (tmp_path / "stewards").mkdir()
    rows = "memberss/1,members/2,must,Ito,x,2026-03-01\na/b@example.com,URL://x,must,Ito,x,2026-03-01\n"
    (tmp_path / "stewards/all.csv").write_text(HEADER + rows, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        open_project(tmp_path)
    (found,) = map(str, refused.value.problems)
    assert found == "stewards/all.csv:2 left: unknown source 'memberss'; did you mean 'members'?"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("left,right,link,author,reason\n", "all.csv:1: missing column 'at'"),
        (HEADER + "m/1,m/2,mst,Ito,same,2026-03-01\n", "all.csv:2 link: unknown link 'mst'; did you mean 'must'?"),
        (HEADER + "m/1,m/1,must,Ito,same,2026-03-01\n", "all.csv:2 right: a record is one person with itself"),
        (HEADER + "m/1,m/2,must,,same,2026-03-01\n", "all.csv:2 author: missing"),
        (HEADER + "\nm/1,m/2,must,Ito,same,soon\n", "all.csv:3 at: 'soon' is no time"),
    ],
)
def test_a_mistake_in_a_decision_is_said_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    (found,) = said(tmp_path, text)
    assert found.startswith(f"stewards/{sentence}")


def test_a_decision_holds_until_it_is_withdrawn() -> None:
    first, ended, again = decided("a", "b", "must"), decided("b", "a", "withdrawn", 2), decided("a", "b", "cannot", 3)
    assert holding([first]) == (first,)
    assert holding([ended, first]) == ()
    assert holding([first, ended, again]) == (again,)


def test_a_cannot_link_that_contradicts_must_links_is_refused_with_both_named() -> None:
    rows = [decided("a", "b", "must"), decided("b", "c", "must", 2), decided("c", "a", "cannot", 3)]
    (found,) = contradictions(rows)
    assert (found.cannot, found.musts) == (rows[2], (rows[1], rows[0]))
    with pytest.raises(FatalError, match=r"cannot-link by Ito at 2026-03-03 .* contradicts the must-link .* and must-"):
        refuse_contradictions(rows)
    refuse_contradictions([*rows, decided("a", "b", "withdrawn", 4)])


def lake(**rows: Any) -> MemoryLake:
    made = MemoryLake()
    for table in (STEWARD_LINKS, IDENTIFIERS, PERSON_RECORDS):
        made.put(table, rows.get(table.name, []))
    return made


def links(made: MemoryLake, *files: StewardLink) -> set[tuple[str, ...]]:
    rows = made.rows(links_query(PEOPLE.model_copy(update={"stewards": files})))
    return {(left, right, link) for left, right, link, *_ in rows}


def row(left: str, right: str, link: str, day: int = 1) -> dict[str, Any]:
    when = at(day).replace(tzinfo=None)
    return {"left_record": left, "right_record": right, "link": link, "author": "Ito", "reason": "asked", "at": when}


KNOWN = [
    {"record": "members/1", "kind": "email", "value": "a@x.jp"},
    {"record": "members/2", "kind": "email", "value": "b@x.jp"},
    {"record": "cards/7", "kind": "phone", "value": "+81312345678"},
]


def test_decisions_of_table_and_files_are_read_by_record() -> None:
    made = lake(identifiers=KNOWN, steward_links=[row("members/2", "members/1", "cannot")])
    file = StewardLink(left="A@X.jp", right="03-1234-5678", link="must", author="Ito", reason="same", at=at(1))
    assert links(made, file) == {("members/1", "members/2", "cannot"), ("cards/7", "members/1", "must")}


def test_each_decision_tells_the_line_of_the_file_in_which_it_stands() -> None:
    made = lake(identifiers=KNOWN, steward_links=[row("members/2", "members/1", "cannot")])
    said = {"left": "a@x.jp", "right": "b@x.jp", "link": "must", "author": "Ito", "reason": "same", "at": at(1)}
    file = StewardLink.model_validate({**said, "file": "stewards/all.csv", "line": 3})
    query = links_query(PEOPLE.model_copy(update={"stewards": (file,)}))
    table = pa.Table.from_pylist([dict(zip(LINK_NAMES, each, strict=True)) for each in made.rows(query)])
    with pytest.raises(FatalError) as refused:
        refuse_contradictions(of_table(table))
    assert "(kumitate links) contradicts the must-link by Ito at 2026-03-01 00:00 (stewards/all.csv:3)" in str(
        refused.value
    )


def test_withdrawn_decisions_are_not_read() -> None:
    rows = [row("members/1", "members/2", "must"), row("members/2", "members/1", "withdrawn", 2)]
    assert links(lake(identifiers=KNOWN, steward_links=rows)) == set()
    assert links(lake(identifiers=KNOWN, steward_links=rows[:1])) == {("members/1", "members/2", "must")}
