"""A row whose answer never came is listed, and a person's word on it counts: it goes again, or has arrived."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.activations import UPSERT, World, project, run
from kumitate.activation.retries import waiting_rows
from kumitate.activation.tables import OUTCOMES
from kumitate.config.project import Config
from kumitate.errors import FatalError
from kumitate.execution.controls import Action, controls_of
from kumitate.execution.settling import Word, settle, unknown, would_settle
from kumitate.execution.sync_why import sentences, why
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.step import Mode, Query
from kumitate.model.table import Table
from kumitate.ports import Mark
from kumitate.segments.tables import SEGMENT_BITS, assign_bits

PEOPLE = {"p1": ({"family_name": "Yamada"}, ["vips"]), "p2": ({"family_name": "Sato"}, ["vips"])}


@dataclass(frozen=True)
class Last:
    id: str = "r000001"
    finished_at: object = "then"


@dataclass
class Opened:
    """As much of a workspace as settling needs: the lake in memory is engine, lake and run log at once."""

    world: World
    folder: Path
    ended: Last = field(default_factory=Last)

    @property
    def config(self) -> Config:
        return self.world.config

    @property
    def engine(self) -> "Opened":
        return self

    lake = runs = engine

    def lock(self) -> nullcontext[None]:
        return nullcontext()

    def last(self) -> Last:
        return self.ended

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        return iter(self.world.lake.query(query).to_batches())

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> None:
        new = [row for batch in batches for row in batch.to_pylist()]
        old = self.world.lake.table(table).to_pylist() if mark.mode is Mode.APPEND else []
        self.world.lake.put(table, [*old, *new])


@pytest.fixture(params=["append", "upsert"])
def workspace(request: Any, tmp_path: Path) -> Any:
    """p1's answer never came; p2 is there."""
    world = World(project({"s": {**UPSERT, "mode": request.param}}))
    world.people(**PEOPLE)
    world.lake.put(PERSON_ALIASES, [])
    world.lake.put(SEGMENT_BITS, [{"segment": n, "bit": bit} for n, bit in assign_bits(world.config, run(1)).items()])
    world.activate(1)
    world.settle(1, p1="unknown")
    return Opened(world, tmp_path)


def settled(workspace: Any, fate: Any, *keys: str) -> int:
    return settle(workspace, "s", keys, word=Word(fate=fate, author="hanako", reason="looked at the outbox"))


def said(workspace: Any) -> str:
    return " ".join(sentences(why(workspace, "s", "p1", unmask=False)))


def later(workspace: Any, number: int) -> None:
    workspace.world.activate(number)
    workspace.ended = replace(workspace.ended, id=run(number).id)


def test_rows_without_a_verdict_are_listed_before_and_after_the_next_run(workspace: Any) -> None:
    for number in (1, 2):
        (row,) = unknown(workspace, "s", unmask=True)
        assert (row["key"], row["operation"], row["run_id"]) == ("p1", "create", "r000001")
        later(workspace, number + 1)
    assert workspace.world.gates() == {"p1": "delivery.unknown", "p2": None}


def test_what_would_be_settled_is_counted_and_stays_open(workspace: Any) -> None:
    assert would_settle(workspace, "s", ["p1"]) == 1
    assert [row["key"] for row in unknown(workspace, "s", unmask=True)] == ["p1"]
    assert controls_of(workspace.folder).decisions() == ()
    with pytest.raises(FatalError, match="1 of 2 keys"):
        would_settle(workspace, "s", ["p1", "p2"])


@pytest.mark.parametrize("number", [1, 2])
def test_a_row_that_goes_again_is_brought_by_the_next_run(workspace: Any, number: int) -> None:
    later(workspace, number) if number > 1 else None
    assert settled(workspace, "again", "p1") == 1
    assert unknown(workspace, "s", unmask=True) == []
    later(workspace, number + 1)
    assert workspace.world.changes() == {"p1": "create"}
    assert workspace.world.gates()["p1"] is None


def test_a_row_that_has_arrived_is_never_brought_again(workspace: Any) -> None:
    assert settled(workspace, "arrived", "p1") == 1
    assert workspace.world.state() == {"p1": "r000001.001", "p2": "r000001"}
    for number in (2, 3):
        later(workspace, number)
        assert workspace.world.changes() == {}
        assert workspace.world.gates() == {"p1": None, "p2": None}


def test_a_row_said_to_have_arrived_in_a_later_run_is_not_created_again(workspace: Any) -> None:
    later(workspace, 2)
    settled(workspace, "arrived", "p1")
    later(workspace, 3)
    assert workspace.world.changes() in ({}, {"p1": "update"})
    assert workspace.world.changes() == {} or workspace.config.syncs["s"].mode == "upsert"


def test_a_word_can_be_given_on_what_went_again_and_got_no_answer_once_more(workspace: Any) -> None:
    settled(workspace, "again", "p1")
    later(workspace, 2)
    workspace.world.settle(2, p1="unknown")
    assert settled(workspace, "arrived", "p1") == 1
    assert workspace.world.state()["p1"] == "r000002.001"


def test_author_time_and_reason_are_kept(workspace: Any) -> None:
    settled(workspace, "again", "p1")
    (decision,) = controls_of(workspace.folder).decisions()
    assert (decision.action, decision.author, decision.run_id) == (Action.SETTLE, "hanako", "r000001.001")
    assert decision.reason == "1 again: looked at the outbox"
    newest = workspace.world.lake.table(OUTCOMES).to_pylist()[-1]
    assert (newest["verdict"], newest["reason"]) == ("retry", "settled.again")


def test_a_row_that_has_an_answer_cannot_be_settled_and_nothing_is_written(workspace: Any) -> None:
    with pytest.raises(FatalError, match="1 of 2 keys: the row does not wait for a verdict"):
        settled(workspace, "arrived", "p1", "p2")
    assert len(workspace.world.lake.table(OUTCOMES)) == 2
    assert controls_of(workspace.folder).decisions() == ()


def test_nothing_is_settled_while_a_run_is_interrupted(workspace: Any) -> None:
    workspace.ended = Last(finished_at=None)
    with pytest.raises(FatalError, match="a run was interrupted"):
        settled(workspace, "again", "p1")


def test_why_says_what_holds_the_row_and_how_to_let_it_go(workspace: Any) -> None:
    assert "Held back by delivery.unknown" in said(workspace)
    assert "`kumitate sync s --settle KEY --as arrived|again" in said(workspace)
    settled(workspace, "again", "p1")
    assert "Held back" not in said(workspace)


def test_a_row_that_goes_again_is_listed_as_pending(workspace: Any) -> None:
    settled(workspace, "again", "p1")
    (row,) = workspace.world.lake.query(waiting_rows("s")).to_pylist()
    assert (row["key"], row["status"], row["reason"]) == ("p1", "pending", "settled.again")


@pytest.mark.parametrize("fate", ["again", "arrived"])
def test_a_row_of_somebody_who_merged_since_is_listed_and_settled(tmp_path: Path, fate: str) -> None:
    world = World(project({"s": {**UPSERT, "mode": "append"}}))
    world.people(**PEOPLE)
    world.merged()
    world.activate(1)
    world.settle(1, p1="unknown")
    world.people(p9=({"family_name": "Yamada"}, ["vips"]), p2=PEOPLE["p2"])
    world.merged(p1="p9")
    asked = Opened(world, tmp_path)
    later(asked, 2)
    assert world.gates()["p9"] == "delivery.unknown"
    assert [row["key"] for row in unknown(asked, "s", unmask=True)] == ["p9"]
    settled(asked, fate, "p9")
    later(asked, 3)
    assert world.gates()["p9"] is None
    assert world.changes() == ({"p9": "create"} if fate == "again" else {})


def test_a_message_that_is_said_to_have_arrived_counts_once(tmp_path: Path) -> None:
    consent = {"consent": {"purpose": "ads", "channel": "email"}}
    sync = {k: v for k, v in UPSERT.items() if not k.startswith("consent")} | consent | {"mode": "append"}
    budgets = {"mails": {"channel": "email", "most": 2, "within": "7d"}}
    world = World(project({"s": sync, "t": sync}, gates={"budgets": budgets}))
    world.people(**PEOPLE)
    world.consents(p1=True, p2=True)
    world.merged()
    world.activate(1, syncs=("s",))
    world.settle(1, p1="unknown")
    settled(Opened(world, tmp_path), "arrived", "p1")
    world.activate(2, syncs=("t",))
    assert world.gates("t") == {"p1": None, "p2": None}
