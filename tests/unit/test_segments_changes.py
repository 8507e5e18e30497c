"""Masks tell who entered and who left; a segment that is gone is left by all who were in it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from harness.memory_lake import MemoryLake
from harness.shoppers import AS_OF, lake, members_in, project
from kumitate.config.project import Config
from kumitate.errors import FatalError
from kumitate.identity.tables import golden_table
from kumitate.model.step import Mode, QueryStep, Run
from kumitate.profiles.stage import PROFILES
from kumitate.segments.masks import is_member, mask_name, place
from kumitate.segments.stage import SEGMENTS
from kumitate.segments.tables import assign_bits
from kumitate.sql.vocabulary import text

Row = dict[str, Any]


def of_cities(*cities: str) -> Config:
    return project(segments={city: {"when": {"attribute": "city", "is": city}} for city in cities})


class Town:
    """A lake over several runs; who lives where is said anew before each."""

    def __init__(self) -> None:
        self.lake: MemoryLake | None = None
        self.run = Run("r000000", AS_OF)

    def live(self, config: Config, **homes: str) -> set[tuple[str, str, str]]:
        """One more run; its changes as (person, entered or left, segment)."""
        number = int(self.run.id[1:]) + 1
        bits = assign_bits(config, self.run)
        self.run = replace(self.run, id=f"r{number:06}", as_of=AS_OF + timedelta(days=number))
        golden: list[Row] = [{"person_id": name, "city": city} for name, city in homes.items()]
        if self.lake is None:
            self.lake = lake(config, golden)
        self.lake.put(golden_table(config), ({"records": 1, "sources": [], **one} for one in golden))
        self.lake.run(PROFILES, config, self.run)
        self.lake.run(SEGMENTS, config, self.run)
        self.run = replace(self.run, bits=bits)
        changes = self.lake.table("curated.segment_changes").to_pylist()
        return {(row["person_id"], row["change"], row["segment"]) for row in changes if row["run_id"] == self.run.id}

    def members(self, config: Config, segment: str) -> set[str]:
        assert self.lake is not None
        masks = self.lake.table("curated.segment_masks").to_pylist()
        return members_in(masks, assign_bits(config, self.run)[segment])

    def sizes(self) -> Row:
        assert self.lake is not None
        rows = self.lake.table("curated.segment_sizes").to_pylist()
        return {row["segment"]: row["members"] for row in rows if row["run_id"] == self.run.id}


def test_only_who_moves_enters_and_leaves() -> None:
    town, config = Town(), of_cities("kyoto", "osaka")
    assert town.live(config, a="kyoto", b="osaka") == {("a", "entered", "kyoto"), ("b", "entered", "osaka")}
    assert town.live(config, a="osaka", b="osaka") == {("a", "left", "kyoto"), ("a", "entered", "osaka")}
    assert town.sizes() == {"kyoto": 0, "osaka": 2}


def test_where_nothing_changes_there_is_no_row() -> None:
    town, config = Town(), of_cities("kyoto", "osaka")
    town.live(config, a="kyoto", b="nara")
    assert town.live(config, a="kyoto", b="nara") == set()
    assert town.sizes() == {"kyoto": 1, "osaka": 0}


def test_who_is_no_longer_a_profile_leaves() -> None:
    town, config = Town(), of_cities("kyoto")
    town.live(config, a="kyoto", b="kyoto")
    assert town.live(config, b="kyoto") == {("a", "left", "kyoto")}


def test_a_new_segment_is_entered_by_its_members() -> None:
    town = Town()
    town.live(of_cities("osaka"), a="kyoto", b="osaka")
    both = of_cities("kyoto", "osaka")
    assert town.live(both, a="kyoto", b="osaka") == {("a", "entered", "kyoto")}
    assert (town.members(both, "kyoto"), town.members(both, "osaka")) == ({"a"}, {"b"})


def test_a_segment_that_is_gone_is_left_once_and_its_place_stays_its_own() -> None:
    town, both, one = Town(), of_cities("kyoto", "osaka"), of_cities("osaka")
    town.live(both, a="kyoto", b="osaka")
    assert town.live(one, a="kyoto", b="osaka") == {("a", "left", "kyoto")}
    assert town.live(one, a="kyoto", b="osaka") == set()
    assert town.sizes() == {"osaka": 1}
    other = of_cities("nara", "osaka")
    assert town.live(other, a="kyoto", b="osaka", c="nara") == {("c", "entered", "nara")}
    assert town.run.bits == {"kyoto": 0, "osaka": 1, "nara": 2}
    back = {("a", "entered", "kyoto"), ("c", "left", "nara")}
    assert town.live(both, a="kyoto", b="osaka") == back


@pytest.mark.slow
def test_more_segments_than_one_mask_holds() -> None:
    cities = [f"city_{number:03}" for number in range(130)]
    town, config = Town(), of_cities(*cities)
    homes = {"a": cities[0], "b": cities[61], "c": cities[62], "d": cities[129]}
    assert town.live(config, **homes) == {(name, "entered", city) for name, city in homes.items()}
    assert town.live(config, **{**homes, "d": cities[61]}) == {("d", "left", cities[129]), ("d", "entered", cities[61])}
    assert town.sizes() == dict.fromkeys(cities, 0) | {cities[0]: 1, cities[61]: 2, cities[62]: 1}


def test_a_member_is_told_by_the_bit_and_who_has_no_mask_is_none() -> None:
    town, config = Town(), of_cities("kyoto", "osaka")
    town.live(config, a="kyoto", b="osaka")
    member = text(is_member(config, town.run, "osaka", alias="m"))
    assert town.lake is not None
    rows = town.lake.rows(
        f"select p.person_id, {member} from (values 'a', 'b', 'x') as p(person_id) "
        "left join curated.segment_masks as m on m.person_id = p.person_id order by 1"
    )
    assert rows == [("a", False), ("b", True), ("x", False)]
    with pytest.raises(FatalError, match=r"segments\.nara: no such segment"):
        is_member(config, town.run, "nara", alias="m")


@pytest.mark.parametrize(("bit", "mask", "value"), [(0, "mask_0", 1), (61, "mask_0", 2**61), (62, "mask_1", 1)])
def test_places_stay_within_a_signed_number(bit: int, mask: str, value: int) -> None:
    assert (mask_name(bit), place(bit)) == (mask, value)


def test_history_is_written_before_the_state_it_compares_with_is_replaced() -> None:
    steps = SEGMENTS.plan(of_cities("kyoto"), Run("r1", AS_OF))
    written = [(str(step.table), step.mode) for step in steps if isinstance(step, QueryStep)]
    assert written[-1] == ("curated.segment_masks", Mode.REPLACE)
    assert {name for name, mode in written if mode is Mode.APPEND} == {
        "curated.segment_changes",
        "curated.segment_sizes",
    }
