"""What became of one person's firings, in words: by the lake, and by the book of what the lake has not yet."""

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.fired import CART, LEAD, NOW, FiredWorld, fired, fired_project
from kumitate.activation.tables import FIRINGS
from kumitate.events.state_keys import who_key
from kumitate.execution.collected import Collected
from kumitate.execution.collected_states import SqliteStates
from kumitate.execution.fired_book import SqliteFirings
from kumitate.execution.fired_why import FiredWhy, fired_sentences, fired_why
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.firing import Firing, FiringState


@dataclass
class Opened:
    """As much of a workspace as the question needs."""

    world: FiredWorld
    folder: Path

    @property
    def config(self) -> Any:
        return self.world.config

    @property
    def project(self) -> Any:
        return self

    @property
    def engine(self) -> Any:
        return self.world.files


@pytest.fixture
def workspace(tmp_path: Path) -> Opened:
    world = FiredWorld(fired_project(cart=CART, lead=LEAD))
    world.people(p1=({"email": "sato@example.jp", "family_name": "Sato"}, ["vips"]), p2=({"family_name": "Abe"}, []))
    world.consents(p1=True, p2=False)
    world.lake.put(PERSON_ALIASES, [{"alias": "p0", "person_id": "p1"}])
    world.run(1)
    return Opened(world, tmp_path)


def told(workspace: Any, person: str, sync: str = "cart") -> FiredWhy:
    return fired_why(workspace, sync, person, unmask=False)


def in_the_lake(workspace: Opened, number: int, **more: Any) -> None:
    row = {"fired_id": f"{number:032x}", "trigger": "left_cart", "sync": "cart", "key": "p1:c1", "person_id": "p1"}
    given = {"at": datetime(2026, 3, number), "state": "accepted", "reason": "", "message": "", "told_at": NOW} | more
    rows = workspace.world.lake.table(str(FIRINGS)).to_pylist()
    workspace.world.lake.put(FIRINGS, [*rows, row | given])


def test_what_the_lake_knows_is_told_the_newest_first_with_reasons_in_plain_words(workspace: Opened) -> None:
    in_the_lake(workspace, 1)
    in_the_lake(workspace, 2, state="held", reason="fired.already", person_id="p0")
    in_the_lake(workspace, 3, person_id="p2")
    assert [*fired_sentences(told(workspace, "p1"))] == [
        "The sync goes out by itself when left_cart fires.",
        "No gate holds p1 back, as of the last run.",
        "Fired 2026-03-02 00:00 UTC: held for fired.already. That is: the trigger had fired for this key within "
        "`once_per`, under another name of the person.",
        "Fired 2026-03-01 00:00 UTC: accepted.",
    ]


def test_a_gate_or_a_segment_that_holds_the_person_is_told_though_nothing_has_fired(workspace: Opened) -> None:
    held, outside = told(workspace, "p2"), told(workspace, "p2", "lead")
    assert (held.gate, held.firings) == ("no_consent", ())
    words = [*fired_sentences(held)]
    assert words[1] == "Held back by no_consent: the person refused this purpose on this channel."
    assert words[2].startswith("It has not fired for the person; `kumitate trigger test left_cart --events lake")
    assert [*fired_sentences(outside)][1] == "p2 is not among those whom it may reach, as of the last run."


def test_a_firing_that_the_lake_has_not_yet_is_told_of_whoever_it_turns_out_to_be(workspace: Opened) -> None:
    browser = who_key("browser", "b1")
    with closing(Collected(workspace.folder, clock=lambda: NOW)) as collected:
        SqliteStates(collected).publish([(browser, {"person": "p1"})])
    book = SqliteFirings(workspace.folder)
    waits = Firing(fired=fired(7, person="", who=(browser,)), sync="cart", state=FiringState.PENDING, told_at=NOW)
    book.write(replace(waits, reason="person.unknown"), instead_of=0)
    book.write(replace(waits, fired=fired(8, person="p2")), instead_of=0)
    (line,) = [line for line in fired_sentences(told(workspace, "p1")) if line.startswith("Fired")]
    assert line.startswith(
        "Fired 2026-03-10 12:00 UTC: pending for person.unknown. That is: the lake does not know yet"
    )


def test_of_many_firings_the_newest_are_told_and_all_are_in_the_json(workspace: Opened) -> None:
    for day in range(1, 9):
        in_the_lake(workspace, day)
    found = told(workspace, "p1")
    assert [*fired_sentences(found)][-1] == "And 3 times before; --json has all of them."
    assert len(found.to_json()["firings"]) == 8
    assert found.firings[0]["at"] - found.firings[1]["at"] == timedelta(days=1)


def test_keys_and_the_destinations_words_are_masked_unless_they_are_asked_for(workspace: Opened) -> None:
    in_the_lake(workspace, 1, state="rejected", reason="invalid", key="sato@example.jp", message="no sato@example.jp")
    masked, whole = told(workspace, "p1"), fired_why(workspace, "cart", "p1", unmask=True)  # type: ignore[arg-type]  # fake
    assert "sato" not in str(masked)
    assert whole.firings[0]["key"] == "sato@example.jp"
    assert whole.firings[0]["message"] == "no sato@example.jp"
