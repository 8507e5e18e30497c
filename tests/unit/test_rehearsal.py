"""A rehearsal counts the calls that a delivery would make, in the same portions."""

import pytest

from harness.deliveries import Plain, creates
from harness.talkers import Job
from harness.talks import opened
from kumitate.cli.sync import show_rehearsal
from kumitate.execution.rehearsal import Calls, Rehearsal
from kumitate.model.request import Change, Operation


def removal(key: str) -> Change:
    return Change(key, Operation.DELETE, {}, key)


def test_pieces_that_rows_are_read_in_cost_no_call() -> None:
    rows = creates(*(f"p{n}" for n in range(6)))
    assert Calls(Plain(), "upsert", {}).count([rows[:3], rows[3:]]).requests == 3


def test_removals_are_called_for_apart_from_all_others() -> None:
    calls = Calls(Plain(), "mirror", {}).count([[removal("p9"), *creates("p1", "p2")]])
    assert (calls.requests, calls.conversations) == (2, 0)


def test_conversations_are_counted_beside_their_first_calls() -> None:
    calls = Calls(Job(), "upsert", {}).count([creates("p1", "p2")])
    assert (calls.requests, calls.conversations) == (1, 1)


def test_an_audience_below_what_its_platform_uses_is_told_before_anything_leaves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    x = Calls(opened("x", account_id="18ce", audience_id="abc"), "mirror", {})
    assert x.least_rows == 100
    assert Calls(x.destination, "delete", {}).least_rows == 0
    planned = {"create": 40, "unchanged": 60, "retried": 5, "delete": 30, "held:no_consent": 70}
    for unusable, is_too_small in ((6, True), (5, False)):
        told = Rehearsal("s", planned, {"matchkey.none": unusable}, requests=1, least_rows=x.least_rows)
        assert told.is_too_small is is_too_small
        assert told.to_json()["people"] == 105 - unusable
        show_rehearsal(told)
        assert ("would hold 99 people" in capsys.readouterr().out) is is_too_small
    assert not Rehearsal("s", planned, {}, requests=1).is_too_small
    assert not Rehearsal("s", {"delete": 30}, {}, requests=1, least_rows=100).is_too_small, "emptied on purpose"


def test_a_consent_that_nobody_was_asked_for_is_told_with_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    show_rehearsal(Rehearsal("s", {"held:consent_unknown": 48}, {}, requests=0))
    assert "select purpose, channel" in capsys.readouterr().out
    show_rehearsal(Rehearsal("s", {"held:consent_unknown": 48, "create": 1}, {}, requests=1))
    assert "select purpose, channel" not in capsys.readouterr().out
