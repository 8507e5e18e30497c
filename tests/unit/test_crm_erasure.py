"""Erasing people where the vendor's ids have to be asked for first: a conversation, gone on with after a kill."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.talks import lead, opened, row, transport_to
from kumitate.activation.destinations.talk import ErasingInTalk
from kumitate.model.request import Change, HttpRequest, Verdict
from kumitate.sandbox.server import Sandbox

SETTINGS: dict[str, dict[str, Any]] = {
    "marketo": {"lookup_field": "kumitateKey"},
    "kintone": {"app": 7, "key_field": "key"},
}
DEATHS = [None, (0, False), (0, True), (1, False), (1, True)]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def keys_at(sandbox: Sandbox, type_: str) -> set[str]:
    index = "leads by kumitateKey" if type_ == "marketo" else "app 7 by key"
    return set(sandbox.objects(type_, index))


@pytest.mark.parametrize("type_", sorted(SETTINGS))
@pytest.mark.parametrize("dies", DEATHS)
def test_who_is_erased_is_gone_and_nobody_else_is(sandbox: Sandbox, type_: str, dies: tuple[int, bool] | None) -> None:
    destination = opened(type_, **SETTINGS[type_])
    assert isinstance(destination, ErasingInTalk)
    transport = transport_to(sandbox, destination, type_)
    for request in destination.requests([row("p1", company="a"), row("p2", company="b")]):
        assert isinstance(request, HttpRequest)
        transport.send(request)
    assert keys_at(sandbox, type_) == {"p1", "p2"}
    asked = [row("p1", company="a"), row("p1", "delete"), row("nobody")]
    done = lead(destination, transport, destination.erased_rows(asked), dies=dies)
    assert {(outcome.key, outcome.verdict) for outcome in done.outcomes} == {
        (key, Verdict.ACCEPTED) for key in ("p1", "nobody")
    }
    assert keys_at(sandbox, type_) == {"p2"}


@pytest.mark.parametrize("type_", sorted(SETTINGS))
def test_an_erasure_tells_the_vendor_keys_and_nothing_else(type_: str) -> None:
    destination = opened(type_, **SETTINGS[type_])
    assert isinstance(destination, ErasingInTalk)
    rows = destination.erased_rows([row("p1", email="a@example.jp")])
    assert [(each.key, dict(each.fields)) for each in rows] == [("p1", {})]
    assert all(isinstance(each, Change) for each in rows)
