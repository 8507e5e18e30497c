"""Decisions of people: what is held and why, what an approval covers, and what a reset forgets."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click import UsageError

from harness.activations import UPSERT, World, project, run
from kumitate.cli.control import Runs
from kumitate.errors import FatalError
from kumitate.execution.controls import (
    Action,
    Decision,
    FileControls,
    Watch,
    forgotten,
    holds,
    is_cancelled,
    stopped_in,
)
from kumitate.model.step import BatchFunction, Query

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PEOPLE = {f"p{n}": ({"family_name": "Ito"}, ["vips"]) for n in range(6)}


@dataclass
class Noted:
    """Decisions in memory."""

    kept: list[Decision] = field(default_factory=list)

    def decisions(self) -> list[Decision]:
        return self.kept

    def note(self, decision: Decision) -> None:
        self.kept.append(decision)

    def decide(self, action: Action, *, run_id: str = "", sync: str = "s", minutes: int = 0) -> None:
        at = NOW + timedelta(minutes=minutes)
        self.note(Decision(sync=sync, action=action, author="me", at=at, reason="why", run_id=run_id))


@dataclass
class Asked:
    """The lake in memory, as an engine that is only asked."""

    world: World

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        yield from self.world.lake.query(query).to_batches()

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError


def world(**sync: Any) -> World:
    shop = World(project({"s": UPSERT | sync}))
    shop.people(**PEOPLE)
    return shop


def held(shop: World, controls: Noted, number: int) -> dict[str, str]:
    return dict(holds(Asked(shop), controls, run(number)))


def test_a_paused_sync_is_held_until_it_is_resumed() -> None:
    shop, controls = world(), Noted()
    shop.activate(1)
    assert held(shop, controls, 1) == {}
    controls.decide(Action.PAUSE)
    assert held(shop, controls, 1) == {"s": "paused"}
    controls.decide(Action.RESUME)
    assert held(shop, controls, 1) == {}


def test_a_run_is_cancelled_alone() -> None:
    shop, controls = world(), Noted()
    shop.activate(1)
    controls.decide(Action.CANCEL, run_id="r000001")
    assert held(shop, controls, 1) == {"s": "cancelled"}
    assert held(shop, controls, 2) == {}
    assert is_cancelled(controls.decisions(), "s", "r000001")
    assert not is_cancelled(controls.decisions(), "s", "r000002")
    assert not is_cancelled(controls.decisions(), "other", "r000001")


def test_an_approval_covers_the_changes_that_were_held_and_no_more_of_any_kind() -> None:
    shop, controls = world(approval="required"), Noted()
    shop.activate(1)
    assert held(shop, controls, 1) == {"s": "approval"}
    controls.decide(Action.APPROVE, run_id="r000001")
    shop.activate(2)
    assert held(shop, controls, 2) == {}
    shop.people(**PEOPLE, q1=({"family_name": "Ito"}, ["vips"]))
    shop.activate(3)
    assert held(shop, controls, 3) == {"s": "approval"}


def test_no_run_is_let_go_by_an_approval_of_itself_and_an_earlier_one_still_counts() -> None:
    shop, controls = world(approval="required"), Noted()
    shop.activate(1)
    controls.decide(Action.APPROVE, run_id="r000001")
    assert held(shop, controls, 1) == {"s": "approval"}
    shop.activate(2)
    controls.decide(Action.APPROVE, run_id="r000002")
    assert held(shop, controls, 2) == {}


def test_an_approval_or_a_cancellation_names_a_run_that_it_can_be_about() -> None:
    runs = Runs("s", "r000009", "r000009", lambda: ["r000009", "r000007", "r000004"])
    assert (runs.named("approve", None), runs.named("approve", "r000004")) == ("r000007", "r000004")
    assert (runs.named("cancel", None), runs.named("cancel", "r000009")) == ("r000009", "r000009")
    for action, run_id, said in (
        ("approve", "r000008", "run r000008 of sync 's' was not held; held were r000007, r000004"),
        ("approve", "r000099", "run r000099 of sync 's' was not held; held were r000007, r000004"),
        ("approve", "r000009", "run r000009 is under way; approve it when it has ended; held were r000007, r000004"),
        ("cancel", "r000007", "run r000007 is not under way; r000009 is"),
    ):
        with pytest.raises(UsageError, match=said):
            runs.named(action, run_id)
    ended = replace(runs, under_way=None, held=list)
    for action in ("approve", "cancel"):
        with pytest.raises(UsageError, match=f"there is nothing to {action}"):
            ended.named(action, "r000009" if action == "approve" else None)
    assert ended.named("reset", None) == "r000009"


def test_an_approval_is_used_up_by_the_first_run_that_delivers() -> None:
    shop, controls = world(approval="required"), Noted()
    shop.activate(1)
    controls.decide(Action.APPROVE, run_id="r000001")
    shop.activate(2)
    assert held(shop, controls, 2) == {}
    shop.settle(2)
    shop.people(p0=({"family_name": "Sato"}, ["vips"]))
    shop.activate(3)
    assert held(shop, controls, 3) == {"s": "approval"}


def test_what_failed_after_an_approval_goes_again_without_another() -> None:
    shop, controls = world(guard={"adds": 3, "least": 0}), Noted()
    shop.activate(1)
    assert held(shop, controls, 1) == {"s": "guard.adds"}
    controls.decide(Action.APPROVE, run_id="r000001")
    shop.activate(2)
    shop.settle(2, **dict.fromkeys(PEOPLE, "retry"))
    shop.activate(3)
    assert (len(shop.changes()), held(shop, controls, 3)) == (6, {})


def test_an_approval_of_one_sync_is_none_of_another() -> None:
    shop = World(project({"s": UPSERT | {"approval": "required"}, "t": UPSERT | {"approval": "required"}}))
    shop.people(**PEOPLE)
    controls = Noted()
    shop.activate(1)
    controls.decide(Action.APPROVE, run_id="r000001", sync="t")
    shop.activate(2)
    assert held(shop, controls, 2) == {"s": "approval"}


def test_a_held_run_leaves_the_state_as_it_was_and_the_next_shows_the_difference_again() -> None:
    shop = world(mode="mirror", guard={"removes": 1, "least": 0})
    shop.activate(1)
    shop.settle(1)
    before = shop.state()
    shop.people(p0=PEOPLE["p0"])
    shop.activate(2)
    assert held(shop, Noted(), 2) == {"s": "guard.removes"}
    assert stopped_in(Asked(shop), Noted(), "r000002", ended=NOW) == {"s": "guard.removes"}
    difference = shop.changes()
    assert len(difference) == 5
    shop.activate(3)
    assert (shop.changes(), shop.state()) == (difference, before)
    assert held(shop, Noted(), 3) == {"s": "guard.removes"}


def test_a_reset_forgets_what_was_accepted_up_to_its_run_and_nothing_later() -> None:
    shop = world(mode="mirror")
    shop.activate(1)
    shop.settle(1)
    controls = Noted()
    controls.decide(Action.RESET, run_id="r000001")
    assert forgotten(controls.decisions()) == {"s": "r000001"}
    shop.forgotten = forgotten(controls.decisions())
    shop.people(p0=PEOPLE["p0"], p1=PEOPLE["p1"])
    shop.activate(2)
    assert shop.changes() == {"p0": "create", "p1": "create"}
    shop.settle(2, p1="rejected")
    assert shop.state() == {"p0": "r000002"}
    shop.activate(3)
    assert shop.changes() == {"p1": "create"}


def test_decisions_are_kept_on_the_disk_in_order_and_none_is_changed(tmp_path: Path) -> None:
    controls = FileControls(tmp_path / "controls.jsonl")
    assert controls.decisions() == ()
    first = Decision(sync="s", action=Action.PAUSE, author="me", at=NOW, reason="誤ったひな形")
    controls.note(first)
    controls.note(replace(first, action=Action.RESUME))
    assert controls.decisions() == (first, replace(first, action=Action.RESUME))
    (tmp_path / "controls.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(FatalError, match=r"controls\.jsonl cannot be read"):
        controls.decisions()


def test_a_watch_looks_now_and_then_and_stays_stopped_in_its_run() -> None:
    controls, times = Noted(), iter(NOW + timedelta(seconds=s) for s in (0, 1, 2, 3))
    watch = Watch(controls=controls, sync="s", run_id="r000001", clock=lambda: next(times))
    assert not watch.is_stopped()
    controls.decide(Action.PAUSE)
    assert not watch.is_stopped()
    assert watch.is_stopped()
    controls.decide(Action.RESUME)
    assert watch.is_stopped()
