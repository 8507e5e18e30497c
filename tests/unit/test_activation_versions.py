"""A change is told apart from the same one made before, and stays the same while it is pending."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.activations import World, project
from harness.talks import opened, sent, transport_to
from kumitate.execution.outcomes import changes_of
from kumitate.execution.rows import changes_on, page_bytes
from kumitate.model.request import Change, HttpRequest, Operation
from kumitate.model.step import Query
from kumitate.sandbox.server import Sandbox

HOOK = {
    "destination": "hook",
    "segment": "vips",
    "key": "{person_id}",
    "fields": {"name": "{family_name}"},
    "settings": {"path": "/hooks/crm"},
    "consent": "not_needed",
    "consent_reason": "a test",
}
NOBODY: tuple[dict[str, Any], list[str]] = ({}, [])


def named(name: str) -> tuple[dict[str, Any], list[str]]:
    return {"family_name": name}, ["vips"]


class Hooks:
    """A webhook sync, run by run."""

    def __init__(self, mode: str = "mirror") -> None:
        self.shop = World(project({"s": {**HOOK, "mode": mode}}, hook={"type": "webhook", "url": "https://a.example"}))
        self.number = 0

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        yield from self.shop.lake.query(query.sql).to_batches()

    def run(self, person: tuple[dict[str, Any], list[str]], verdict: str = "accepted") -> list[Change]:
        """The changes of a run in which p1 is as said."""
        self.number += 1
        self.shop.people(p1=person)
        self.shop.activate(self.number)
        changes = [change for piece in changes_of(self, "s") for change in piece]  # type: ignore[arg-type]  # fake
        self.shop.settle(self.number, p1=verdict)
        return changes


def key_of(changes: list[Change]) -> str:
    (request,) = opened("webhook", path="/hooks/crm", sync="s").requests(changes)
    assert isinstance(request, HttpRequest)
    return request.headers["Idempotency-Key"]


@pytest.mark.slow
def test_a_change_that_is_still_to_bring_is_the_same_one_in_a_later_run() -> None:
    hooks = Hooks()
    first = [key_of(hooks.run(named("a"), verdict)) for verdict in ("retry", "accepted")]
    then = [key_of(hooks.run(NOBODY))]
    again = [key_of(hooks.run(named("a"), verdict)) for verdict in ("retry", "accepted")]
    assert [len(set(keys)) for keys in (first, then, again)] == [1, 1, 1]
    assert len({*first, *then, *again}) == 3


@pytest.mark.slow
def test_after_a_reset_everything_is_told_anew() -> None:
    hooks = Hooks()
    told = [key_of(hooks.run(person)) for person in (named("a"), NOBODY, named("a"))]
    hooks.shop.forgotten = {"s": f"r{hooks.number:06d}"}
    assert key_of(hooks.run(named("a"))) not in told


def test_modes_that_take_nobody_out_tell_changes_apart_as_well() -> None:
    hooks = Hooks("upsert")
    assert len({key_of(hooks.run(named(name))) for name in ("a", "b", "a", "b")}) == 4


@pytest.mark.slow
def test_a_receiver_that_remembers_keys_ends_with_what_is_true(tmp_path: Path) -> None:
    hooks = Hooks()
    destination = opened("webhook", path="/hooks/crm", sync="s")
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        transport = transport_to(sandbox, destination, "webhook")
        for person in (named("a"), NOBODY, named("a"), named("b"), named("a"), named("b")):
            changes = hooks.run(person)
            for _ in range(2):  # the answer was lost
                sent(destination, transport, changes)
            there = sandbox.objects("webhook", "rows")
            assert there == ({"p1": {"name": person[0]["family_name"]}} if person[1] else {})


def test_a_page_keeps_since_and_older_pages_are_read() -> None:
    change = Change("p1", Operation.UPDATE, {"a": 1}, since="r000001")
    assert changes_on(page_bytes([change])) == [change]
    assert "p1" in repr(change)
    assert "'a'" not in repr(change)
    plain = Change("p1", Operation.CREATE, {})
    assert b"since" not in gzip.decompress(page_bytes([plain]))
    assert changes_on(page_bytes([plain])) == [plain]
