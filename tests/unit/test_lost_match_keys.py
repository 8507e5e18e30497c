"""A person whose match keys are lost leaves the audience, is said to be refused, and comes back with the keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.examples import one_fast
from harness.followed import Followed
from harness.talks import members
from kumitate.sandbox.server import Fault, Sandbox

GOOGLE = {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted"}
AUDIENCES: list[tuple[str, dict[str, Any], str, str]] = [
    ("google_data_manager", GOOGLE, "mirror", "42"),
    ("meta", {"audience_id": "77"}, "upsert", "77"),
    ("x", {"account_id": "a1", "audience_id": "b2"}, "add", "b2"),
    ("criteo", {"audience_id": "12"}, "mirror", "12"),
]
REFUSED = ("rejected", "matchkey.none")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("type_", "settings", "mode", "audience"), one_fast(AUDIENCES), ids=[type_ for type_, *_ in AUDIENCES]
)
def test_who_loses_every_match_key_is_taken_out_refused_and_added_again_with_them(
    sandbox: Sandbox, type_: str, settings: dict[str, Any], mode: str, audience: str
) -> None:
    sync = Followed(sandbox, type_, settings, mode)
    sync.run({"p1": "a@example.jp", "p2": "b@example.jp"})
    assert sync.run({"p1": None, "p2": "b@example.jp"}) == {"p1": REFUSED}
    assert len(members(sandbox, type_, audience)) == 1
    assert set(sync.world.state()) == {"p2"}
    assert sync.run({"p1": None, "p2": "b@example.jp"}) == {"p1": REFUSED}
    assert set(sync.run({"p1": "a@example.jp", "p2": "b@example.jp"})) == {"p1"}
    assert len(members(sandbox, type_, audience)) == 2


def test_who_has_lost_every_match_key_waits_as_long_as_the_old_ones_cannot_leave(sandbox: Sandbox) -> None:
    sync = Followed(sandbox, "google_data_manager", GOOGLE, "mirror")
    sync.run({"p1": "a@example.jp"})
    denied = {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no"}}
    sandbox.fault("google_data_manager", Fault(403, denied))
    assert sync.run({"p1": None}) == {"p1": ("retry", "request.refused")}
    assert (len(members(sandbox, "google_data_manager", "42")), set(sync.world.state())) == (1, {"p1"})
    assert sync.run({"p1": None}) == {"p1": REFUSED}
    assert (len(members(sandbox, "google_data_manager", "42")), set(sync.world.state())) == (0, set())
