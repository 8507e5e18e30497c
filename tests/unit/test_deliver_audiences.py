"""Audiences that are rebuilt, carried by the engine from run to run: waits handed over, ids remembered, one left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deliveries import Clock
from harness.laptops import Laptop
from harness.talks import opened, row, transport_to
from kumitate.model.request import AwsCall, Change, HttpRequest, Request, Response
from kumitate.sandbox.server import Fault, Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def rebuilding(sandbox: Sandbox) -> Laptop:
    destination = opened("line", sync="s", mode="rebuild")
    return Laptop(destination, lambda: transport_to(sandbox, destination, "line"))


def member(number: int, operation: str = "create") -> Change:
    return row(f"p{number}", operation, line_user_id=f"U{number:032x}")


def audiences(sandbox: Sandbox) -> list[int]:
    return [len(group["ids"]) for group in sandbox.objects("line", "groups").values()]


def test_an_audience_follows_its_segment_from_run_to_run(sandbox: Sandbox) -> None:
    laptop = rebuilding(sandbox)
    assert set(laptop.run(member(1), member(2)).values()) == {"accepted.unconfirmed"}
    assert audiences(sandbox) == [2]
    laptop.run(member(1, "keep"), member(2, "delete"), member(3), member(4))
    assert audiences(sandbox) == [3]


def test_what_line_has_not_ready_within_a_runs_patience_is_ended_by_the_next(sandbox: Sandbox) -> None:
    laptop = rebuilding(sandbox)
    assert set(laptop.run(member(1), member(2), talk_seconds=10).values()) == {"job.running"}
    laptop.clock.sleep(3_600)
    assert set(laptop.run(member(1), member(2)).values()) == {"accepted.unconfirmed"}
    assert audiences(sandbox) == [2]
    assert [method for method, *_ in sandbox.calls("line")].count("POST") == 1


def test_a_crowded_minute_and_a_server_that_is_down_leave_one_audience(sandbox: Sandbox) -> None:
    laptop = rebuilding(sandbox)
    sandbox.fault("line", Fault(503, works=True))
    sandbox.fault("line", Fault(429, {"message": "The API rate limit has been exceeded. Try again later."}))
    assert set(laptop.run(member(1), member(2)).values()) == {"accepted.unconfirmed"}
    assert audiences(sandbox) == [2]


class Bucket:
    """S3 in a list of keys."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def send(self, request: Request) -> Response:
        assert isinstance(request, AwsCall)
        self.keys.append(request.parameters["Key"])
        return Response(200, b"{}")


def test_an_export_is_numbered_from_run_to_run() -> None:
    bucket = Bucket()
    laptop = Laptop(opened("files", bucket="exports", sync="s", mode="rebuild"), lambda: bucket)
    for _ in range(2):
        assert laptop.run(row("p1", name="a")) == {"p1": "accepted"}
    assert [key for key in bucket.keys if key.endswith(".csv")] == ["s-000001-001.csv", "s-000002-001.csv"]


def narrowcasting(sandbox: Sandbox, clock: Clock, **settings: object) -> Laptop:
    destination = opened("line.narrowcast", sync="spring", **settings)
    return Laptop(destination, lambda: transport_to(sandbox, destination, "line"), clock=clock, name="spring")


def campaign(key: str) -> Change:
    return row(key, campaign="spring", text="春のセールです")


def test_a_narrowcast_goes_to_the_audience_that_another_sync_has_built(sandbox: Sandbox) -> None:
    rebuilt = rebuilding(sandbox)
    rebuilt.run(*map(member, range(60)))
    laptop = narrowcasting(sandbox, rebuilt.clock, audience_sync="s")
    assert laptop.run(campaign("p1")) == {"p1": "audience.missing"}, "another memory"
    laptop.memory = rebuilt.memory
    assert laptop.run(campaign("p1")) == {"p1": "accepted.unconfirmed"}
    (sent,) = sandbox.objects("line", "narrowcasts").values()
    assert str(sent["recipient"]["audienceGroupId"]) in sandbox.objects("line", "groups")


@pytest.mark.parametrize(("hours", "told"), [(2, "accepted"), (25, "unknown")])
def test_a_narrowcast_that_line_may_have_is_not_repeated_when_line_has_forgotten_it(
    tmp_path: Path, hours: int, told: str
) -> None:
    clock = Clock()
    with Sandbox(tmp_path / "sandbox.db", clock=lambda: clock().timestamp()) as sandbox:
        rebuilt = rebuilding(sandbox)
        rebuilt.run(*map(member, range(60)))
        laptop = narrowcasting(sandbox, clock, audience_sync="s")
        laptop.memory = rebuilt.memory
        sandbox.fault("line", Fault(503, works=True, times=20))
        assert laptop.run(campaign("p1")) == {"p1": "unavailable"}
        while sandbox_is_down(sandbox):
            pass
        clock.sleep(hours * 3_600)
        laptop.run(campaign("p1"))
        assert laptop.verdicts == {"p1": told}
        assert laptop.run(campaign("p1"), campaign("p2"))["p2"] == "campaign.sent"
        assert len(sandbox.objects("line", "narrowcasts")) == 1


def sandbox_is_down(sandbox: Sandbox) -> bool:
    """Whether a fault is left; takes one away."""
    destination = opened("line", sync="s", mode="rebuild")
    look = HttpRequest("GET", "/v2/bot/audienceGroup/list", b"", ())
    return transport_to(sandbox, destination, "line").send(look).status == 503


def test_a_narrowcast_that_was_refused_for_days_goes_out_when_the_token_is_right_again(sandbox: Sandbox) -> None:
    clock = Clock()
    rebuilt = rebuilding(sandbox)
    rebuilt.run(*map(member, range(60)))
    laptop = narrowcasting(sandbox, clock, audience_sync="s")
    laptop.memory = rebuilt.memory
    sandbox.fault("line", Fault(401, {"message": "expired"}, times=2))
    for _ in range(2):
        assert laptop.run(campaign("p1")) == {"p1": "auth.refused"}
        clock.sleep(48 * 3_600)
    assert laptop.run(campaign("p1")) == {"p1": "accepted.unconfirmed"}
    assert len(sandbox.objects("line", "narrowcasts")) == 1


def test_a_narrowcast_whose_rows_nobody_knows_any_more_is_not_begun_again(sandbox: Sandbox) -> None:
    rebuilt = rebuilding(sandbox)
    rebuilt.run(*map(member, range(60)))
    laptop = narrowcasting(sandbox, rebuilt.clock, audience_sync="s")
    laptop.memory = rebuilt.memory
    sandbox.fault("line", Fault(503, works=True, times=1))
    sandbox.fault("line", Fault(401, {"message": "expired"}))
    assert laptop.run(campaign("p1")) == {"p1": "auth.refused"}
    laptop.sent.pages.clear()
    assert laptop.run(campaign("p1")) == {"p1": "campaign.sent"}
    assert len(sandbox.objects("line", "narrowcasts")) == 1
