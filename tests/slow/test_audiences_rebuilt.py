"""An audience that is rebuilt is its segment after each run: one more, one less, nobody new."""

import time
from pathlib import Path
from typing import Any

import pytest

from harness.followed import Followed
from harness.talks import members
from kumitate.sandbox.server import Sandbox

pytestmark = pytest.mark.slow

GOOGLE = {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted"}
AUDIENCES: list[tuple[str, dict[str, Any], str, int]] = [
    ("google_data_manager", GOOGLE, "42", 60),
    ("meta", {"audience_id": "77"}, "77", 60),
    ("tiktok", {"advertiser_id": "700", "audience_id": "900"}, "audience 900", 1_050),
]


def next_second() -> None:
    """Sessions and rebuilds are told apart by the second they begin in."""
    time.sleep(1.0 - time.time() % 1.0 + 0.01)


def held_alone(type_: str, settings: dict[str, Any], audience: str, people: dict[str, str]) -> set[str]:
    """What an empty audience holds after these people alone."""
    with Sandbox(Path(":memory:")) as sandbox:
        Followed(sandbox, type_, settings, "mirror").run(people)
        return members(sandbox, type_, audience)


@pytest.mark.parametrize(("type_", "settings", "audience", "size"), AUDIENCES, ids=[type_ for type_, *_ in AUDIENCES])
def test_a_rebuilt_audience_is_its_segment_after_every_run(
    type_: str, settings: dict[str, Any], audience: str, size: int
) -> None:
    first = {f"p{number}": f"p{number}@example.jp" for number in range(size)}
    more = {**first, "q1": "q1@example.jp"}
    less = {key: email for key, email in more.items() if key != "p0"}
    with Sandbox(Path(":memory:")) as sandbox:
        sync = Followed(sandbox, type_, settings, "rebuild")
        for people, brought in ((first, size), (more, 1), (less, 1), (less, 0)):
            next_second()
            assert len(sync.run(people)) == brought
            assert members(sandbox, type_, audience) == held_alone(type_, settings, audience, people)
            assert set(sync.world.state()) == set(people)
