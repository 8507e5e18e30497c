"""What answers say of an account beside its rows: allowance that is left to others, minutes to be left alone."""

import json
from typing import Any

import pytest

from harness.deliveries import Clock, Lists, MemoryLedger, NotedMemory, Script, bring, creates, sender
from harness.followed import Followed
from harness.talks import opened
from kumitate.activation.destinations.meta_answers import minutes_to_wait
from kumitate.activation.destinations.salesforce_answers import used_up
from kumitate.execution.deliver import Route
from kumitate.execution.sending import Patience
from kumitate.model.request import AwsCall, Request, Response

CONTACTS = {"object": "Contact", "external_id": "Key__c"}


def used(share: int) -> dict[str, str]:
    return {"Sforce-Limit-Info": f"api-usage={share}/100 per-app-api-usage=3/40(appName=x)"}


def taken(headers: dict[str, str]) -> Any:
    """A collection's answer: every record is written."""

    def answer(request: Request) -> Response:
        records = [{"id": "1", "success": True, "errors": []} for _ in request.keys]
        return Response(200, json.dumps(records).encode(), headers)

    return answer


@pytest.mark.parametrize(
    ("told", "reserve", "stops"),
    [("89/100", 10, False), ("90/100", 10, True), ("99/100", 0, False), ("100/100", 0, True), ("nothing", 10, False)],
)
def test_salesforce_is_left_its_reserve(told: str, reserve: int, stops: bool) -> None:
    answer = Response(200, b"", {"sforce-limit-info": f"api-usage={told}"})
    assert bool(used_up(answer, reserve)) is stops


def test_what_is_taken_counts_and_nothing_more_leaves_when_only_the_reserve_is_left() -> None:
    lists = Lists({"s": creates(*(f"p{n:03d}" for n in range(600))), "t": creates("q1")})
    script, clock = Script([taken(used(50)), taken(used(95))]), Clock()
    syncs = {name: opened("salesforce", **CONTACTS) for name in ("s", "t")}
    bring(lists, MemoryLedger(clock), Route(sender(script, clock), syncs))
    verdicts = [*lists.verdicts("s").values()]
    assert (verdicts.count("accepted"), verdicts.count("retry")) == (400, 200)
    assert len(script.sent) == 2
    assert {*lists.reasons("s").values()} == {"", "quota.spent"}
    assert lists.reasons("t") == {"q1": "quota.spent"}


def test_a_job_that_is_under_way_waits_for_a_run_with_room_and_goes_on_where_it_was() -> None:
    lists = Lists({"s": creates("p1", "p2")})
    memory, ledger, clock = NotedMemory(), MemoryLedger(Clock()), Clock()
    script = Script([Response(200, b'{"id": "750", "state": "Open"}', used(95))])
    job = opened("salesforce", **CONTACTS, bulk_above=1)
    bring(lists, ledger, Route(sender(script, clock), {"s": job}), memory=memory)
    assert len(script.sent) == 1
    assert lists.reasons() == {"p1": "quota.spent", "p2": "quota.spent"}
    (noted,) = (note for name, note in memory.recall("s").items() if name.startswith("talk."))
    assert "750" in json.dumps(noted["state"])


@pytest.mark.parametrize(
    ("type_", "settings"), [("meta", {"audience_id": "1"}), ("meta.conversion", {"dataset_id": "1"})]
)
def test_meta_is_left_alone_for_as_long_as_it_says(type_: str, settings: dict[str, str]) -> None:
    fields = {"email": "a@example.jp", "event_time": Clock().now.isoformat()}
    lists = Lists({"s": [change.__class__(change.key, change.operation, fields) for change in creates("p1")]})
    usage = {"1": [{"type": "custom_audience", "call_count": 100, "estimated_time_to_regain_access": 3}]}
    headers = {"X-Business-Use-Case-Usage": json.dumps(usage)}
    refused = Response(400, b'{"error": {"code": 80003, "message": "too many calls"}}', headers)
    script, clock = Script([refused, Response(200, b'{"num_received": 1, "events_received": 1}')]), Clock()
    patience = Patience(longest_wait_seconds=600.0)
    bring(lists, MemoryLedger(clock), Route(sender(script, clock, patience=patience), {"s": opened(type_, **settings)}))
    assert clock.slept == [180.0]
    assert lists.verdicts() == {"p1": "accepted"}


@pytest.mark.parametrize(("told", "minutes"), [("5", 5), ("1767225700", 1_440), ("-3", 0), ('"soon"', 0), ("null", 0)])
def test_meta_is_left_alone_for_a_day_at_most(told: str, minutes: int) -> None:
    usage = f'{{"1": [{{"estimated_time_to_regain_access": {told}}}]}}'
    assert minutes_to_wait(Response(400, b"{}", {"X-Business-Use-Case-Usage": usage})) == minutes


def test_a_manifest_names_the_run_that_wrote_it() -> None:
    manifests: list[Any] = []

    class Bucket:
        def send(self, request: Request) -> Response:
            assert isinstance(request, AwsCall)
            if request.parameters["Key"].endswith(".manifest.json"):
                manifests.append(json.loads(request.parameters["Body"]))
            return Response(200, b"{}")

    sync = Followed(Bucket(), "files", {"bucket": "exports"}, "mirror")
    sync.run({"p1": "a@example.jp"})
    sync.run({"p1": "b@example.jp"})
    assert [(manifest["number"], manifest["run_id"]) for manifest in manifests] == [(1, "r000001"), (2, "r000002")]
