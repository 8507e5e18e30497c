"""Why a person is at a destination or is not, in words, from what the lake knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.activations import UPSERT, World, project, run
from kumitate.activation.tables import OUTCOMES
from kumitate.config.project import Config
from kumitate.execution.sync_why import Why, sentences, why
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.step import Query
from kumitate.segments.tables import SEGMENT_BITS, assign_bits

SYNC = {**UPSERT, "exclude": ["lapsed"]}


@dataclass
class Opened:
    """As much of a workspace as the question needs."""

    world: World
    folder: Path

    @property
    def config(self) -> Config:
        return self.world.config

    @property
    def engine(self) -> "Opened":
        return self

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        return iter(self.world.lake.query(query).to_batches())


@pytest.fixture
def workspace(tmp_path: Path) -> Opened:
    world = World(project({"s": SYNC}))
    world.people(
        p1=({"family_name": "Yamada"}, ["vips"]),
        p2=({"family_name": "Sato"}, ["vips", "lapsed"]),
        p3=({"family_name": "Suzuki"}, ["vips"]),
        p4=({"family_name": "Ito"}, []),
    )
    world.lake.put(PERSON_ALIASES, [{"alias": "p0", "person_id": "p1"}])
    places = assign_bits(world.config, run(1))
    world.lake.put(SEGMENT_BITS, [{"segment": name, "bit": bit} for name, bit in places.items()])
    world.activate(1)
    world.settle(1, p3="rejected")
    return Opened(world, tmp_path)


def told(workspace: Any, person: str, *, unmask: bool = False) -> Why:
    return why(workspace, "s", person, unmask=unmask)


def words(workspace: Any, person: str) -> str:
    return " ".join(sentences(told(workspace, person)))


def test_who_is_there_is_told_since_when(workspace: Opened) -> None:
    assert words(workspace, "p1") == (
        "p1 is in the segment vips. No gate holds the person back; the key is p1. "
        "Last sent in run r000001 (2026-03-10 12:00, create): accepted. "
        "The destination has the person as the sync would have it, since run r000001."
    )


def test_a_gate_is_named_and_explained(workspace: Opened) -> None:
    said = words(workspace, "p2")
    assert "Held back by excluded:lapsed: the person is in lapsed, which this sync leaves out." in said
    assert "Nothing of the person was ever sent by this sync." in said
    assert "not at the destination" in said


def test_a_refusal_is_told_with_what_comes_next(workspace: Opened) -> None:
    rows = workspace.world.lake.table(OUTCOMES).to_pylist()
    workspace.world.lake.put(
        OUTCOMES, [row | {"reason": "vendor.invalid", "message": "Suzuki is too long"} for row in rows]
    )
    said = words(workspace, "p3")
    assert "rejected for vendor.invalid; the destination said: … is too long." in said
    assert "To be brought in the next run: create." in said
    shown = told(workspace, "p3", unmask=True).outcome
    assert shown is not None
    assert shown["message"] == "Suzuki is too long"


def test_who_is_no_member_is_told_so(workspace: Opened) -> None:
    assert words(workspace, "p4").startswith("p4 is not in the segment vips.")
    assert not told(workspace, "p4").is_candidate


def test_rows_under_an_id_that_merged_count_as_the_persons(workspace: Opened) -> None:
    rows = workspace.world.lake.table(OUTCOMES).to_pylist()
    workspace.world.lake.put(OUTCOMES, [row | {"person_id": row["person_id"].replace("p1", "p0")} for row in rows])
    found = told(workspace, "p1").outcome
    assert found is not None
    assert found["verdict"] == "accepted"


def test_a_key_that_is_no_person_id_is_masked(workspace: Opened) -> None:
    world = World(project({"s": {**SYNC, "key": "{email}"}}))
    world.people(p1=({"email": "taro@example.com", "family_name": "Yamada"}, ["vips"]))
    world.lake.put(PERSON_ALIASES, [])
    world.lake.put(SEGMENT_BITS, [{"segment": "vips", "bit": assign_bits(world.config, run(1))["vips"]}])
    world.activate(1)
    world.settle(1)
    asked = Opened(world, workspace.folder)
    assert told(asked, "p1").key == "t***@e***.com"
    assert told(asked, "p1", unmask=True).key == "taro@example.com"


def test_the_same_is_told_as_json(workspace: Opened) -> None:
    found = told(workspace, "p2").to_json()
    assert (found["gate"], found["is_member"], found["at_destination"]) == ("excluded:lapsed", True, None)
    assert found["words"][0] == "p2 is in the segment vips."
