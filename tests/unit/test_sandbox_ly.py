"""LY Ads and Yahoo! conversions in the sandbox: lists become what their segments are, conversions count once."""

import gzip
import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import urllib3
from pydantic import ValidationError

from harness.talks import lead, opened, row, sent, transport_to
from kumitate.activation.destinations.ly_calls import Account
from kumitate.model.request import Change, HttpRequest, Request, Response
from kumitate.ports import Transport
from kumitate.sandbox.call import Call
from kumitate.sandbox.multipart import parts_of
from kumitate.sandbox.server import Fault, Sandbox

LY = {"account_id": 1, "sync": "buyers", "mode": "rebuild"}
YAHOO = {"conversion_io": "io", "conversion_label": "label"}
ATTACHED = {
    "rval": {"values": [{"operationSucceeded": False, "errors": [{"code": "211008", "message": "set to AdGroup"}]}]}
}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def people(first: int, last: int, operation: str = "create") -> list[Change]:
    return [row(f"p{number}", operation, email=f"p{number}@example.jp") for number in range(first, last)]


def lists(sandbox: Sandbox) -> list[int]:
    return [len(found["lines"]) for found in sandbox.objects("ly_ads", "lists").values()]


@pytest.mark.slow
@pytest.mark.parametrize("killed_at", [None, *range(6)])
@pytest.mark.parametrize("after_sending", [False, True])
def test_one_list_holds_exactly_the_segment_wherever_the_process_died(
    sandbox: Sandbox, killed_at: int | None, after_sending: bool
) -> None:
    destination = opened("ly_ads", **LY)
    transport = transport_to(sandbox, destination, "ly_ads")
    first = lead(destination, transport, people(0, 120))
    assert lists(sandbox) == [120]
    changes = [*people(0, 100, "keep"), *people(100, 120, "delete"), *people(200, 205)]
    dies = None if killed_at is None else (killed_at, after_sending)
    done = lead(destination, transport, changes, memory=first.memory, dies=dies)
    assert lists(sandbox) == [105]
    assert {outcome.verdict.value for outcome in done.outcomes} == {"accepted"}
    (id_,) = sandbox.objects("ly_ads", "lists")
    assert done.memory == {"generation": 2, "audience_list_id": int(id_)}


def test_a_list_in_use_stays_until_it_is_detached_and_no_third_one_is_made(sandbox: Sandbox) -> None:
    destination = opened("ly_ads", **LY)
    transport = transport_to(sandbox, destination, "ly_ads")
    memory = lead(destination, transport, people(0, 120)).memory or {}

    def rebuilt(*, attached: bool) -> set[tuple[str, str]]:
        nonlocal memory
        changes = [*people(0, 110, "keep"), *people(110, 120, "delete")]
        known = dict(memory)
        if attached:
            sandbox.fault("ly_ads", Fault(200, ATTACHED))
        done = lead(destination, transport, changes, memory=known)
        memory = done.memory or {}
        return {(outcome.key, outcome.reason) for outcome in done.outcomes if outcome.key in ("p0", "p119")}

    memory = {**memory, "leftovers": [7]}  # an earlier list that an ad group uses
    assert rebuilt(attached=True) == {("p0", "accepted.unconfirmed"), ("p119", "audience.attached")}
    assert (lists(sandbox), memory["leftovers"]) == ([120], [7])
    assert rebuilt(attached=False) == {("p0", "accepted.unconfirmed"), ("p119", "accepted.unconfirmed")}
    assert (lists(sandbox), memory.get("leftovers")) == ([110], None)


def test_too_few_people_are_refused_and_the_list_before_stays(sandbox: Sandbox) -> None:
    destination = opened("ly_ads", **LY)
    transport = transport_to(sandbox, destination, "ly_ads")
    first = lead(destination, transport, people(0, 100))
    done = lead(destination, transport, people(0, 99, "keep"), memory=first.memory)
    assert {outcome.reason for outcome in done.outcomes} == {"audience.insufficient"}
    assert lists(sandbox) == [100, 0]
    after = lead(destination, transport, people(0, 101), memory=done.memory)
    assert lists(sandbox) == [101], "what was made for nothing is removed"
    left = lead(destination, transport, [*people(0, 99, "keep"), *people(99, 101, "delete")], memory=after.memory)
    assert lists(sandbox) == [], "who has left is in no list that stays"
    assert {o.verdict.value for o in left.outcomes if o.key in ("p99", "p100")} == {"accepted"}
    assert {o.reason for o in left.outcomes if o.key == "p0"} == {"audience.insufficient"}
    assert (after.memory or {}).get("leftovers") is None


@pytest.mark.parametrize(
    "wanted", [[row("p0", "keep", email=None)], [row("p0", email="nobody"), *people(1, 3, "delete")]]
)
def test_a_list_stays_where_people_are_wanted_and_none_can_be_used(sandbox: Sandbox, wanted: list[Change]) -> None:
    destination = opened("ly_ads", **LY)
    transport = transport_to(sandbox, destination, "ly_ads")
    first = lead(destination, transport, people(0, 120))
    memory = {**(first.memory or {}), "leftovers": [7]}
    done = lead(destination, transport, wanted, memory=memory)
    assert lists(sandbox) == [120]
    assert (done.memory or {}) == {**memory, "generation": 2}
    verdicts = {outcome.key: outcome.verdict.value for outcome in done.outcomes}
    assert verdicts.pop("p0") == ("retry" if wanted[0].operation == "keep" else "rejected"), "who was in it still is"
    assert set(verdicts.values()) <= {"retry"}


@dataclass
class Refusing:
    """LY, whose calls of one method are answered always the same; `JOB` is the job that was asked after."""

    ly: Transport
    method: str
    answer: Response

    def send(self, request: Request) -> Response:
        assert isinstance(request, HttpRequest)
        if not request.path.endswith(f"/{self.method}"):
            return self.ly.send(request)
        (job,) = json.loads(request.body).get("uploadJobIds", [""])
        return replace(self.answer, body=self.answer.body.replace(b"JOB", job.encode()))


@pytest.mark.parametrize(
    "answer", [Response(200, b'{"errors": [{"code": "0001", "message": "busy"}]}'), Response(403, b'{"message": "no"}')]
)
def test_no_second_list_is_made_while_ly_does_not_say_which_there_are(sandbox: Sandbox, answer: Response) -> None:
    destination = opened("ly_ads", **LY)
    transport = transport_to(sandbox, destination, "ly_ads")
    refusing = Refusing(transport, "get", answer)
    done = lead(destination, refusing, people(0, 120), dies=(0, True))
    assert {outcome.verdict.value for outcome in done.outcomes} == {"retry"}
    assert lists(sandbox) == [0]
    done = lead(destination, refusing, people(0, 121), memory=done.memory)
    assert lists(sandbox) == [0]
    lead(destination, transport, people(0, 122), memory=done.memory)
    assert lists(sandbox) == [122]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "LY does not know the upload"),
        (
            [{"uploadJob": {"uploadJobId": "JOB", "jobStatus": "RECEIVING"}}],
            "LY had not read the file after a day",
        ),
    ],
)
def test_a_file_that_is_never_read_is_given_up(sandbox: Sandbox, values: list[Any], words: str) -> None:
    destination = opened("ly_ads", **LY)
    answer = Response(200, json.dumps({"rval": {"values": values}, "errors": None}).encode())
    refusing = Refusing(transport_to(sandbox, destination, "ly_ads"), "getUploadUserListStatus", answer)
    done = lead(destination, refusing, people(0, 120))
    assert {(outcome.verdict.value, outcome.message) for outcome in done.outcomes} == {("retry", words)}
    assert (done.memory or {})["leftovers"], "the list made for nothing is removed by the next run"


def test_people_are_added_to_a_list_that_is_there(sandbox: Sandbox) -> None:
    rebuilt = opened("ly_ads", **LY)
    transport = transport_to(sandbox, rebuilt, "ly_ads")
    made = lead(rebuilt, transport, people(0, 100)).memory or {}
    destination = opened("ly_ads", account_id=1, audience_list_id=made["audience_list_id"], sync="more", mode="add")
    done = lead(destination, transport, [*people(50, 200), *people(0, 1, "delete")])
    assert lists(sandbox) == [200]
    assert {outcome.key: outcome.reason for outcome in done.outcomes}["p0"] == "remove.unsupported"


@pytest.mark.parametrize("settings", [{"mode": "mirror"}, {"mode": "add"}, {"mode": "rebuild", "audience_list_id": 1}])
def test_a_mode_that_ly_cannot_do_is_refused_with_the_way_out(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="rebuild"):
        opened("ly_ads", account_id=1, sync="s", **settings)


def test_a_large_file_is_compressed_and_the_same_lines_make_the_same_file() -> None:
    account = Account(id=1, base=1, version="v19", upload_type="IDFA")
    lines = [f"{number:064x}" for number in range(20_000)]
    request = account.upload(42, lines, ("p1",))
    assert request == account.upload(42, lines, ("p1",))
    assert "compressType=GZIP" in request.path
    headers = {name.lower(): value for name, value in request.headers.items()}
    file = parts_of(Call("POST", request.path, {}, headers, request.body))["file"]
    assert gzip.decompress(file).decode().splitlines() == lines
    assert file[4:8] == bytes(4), "no time of making in it"


def test_no_address_and_no_empty_hash_leaves() -> None:
    destination = opened("ly_ads", account_id=1, audience_list_id=42, sync="s")
    turn = destination.begins([row("p1", email=" Taro@Example.JP ", phone="")], {})  # type: ignore[attr-defined]  # its kind is known
    hashes = re.findall(rb"\b[0-9a-f]{64}\b", turn.request.body)
    assert len(hashes) == 1
    assert b"@" not in turn.request.body
    assert b"e3b0c44298fc1c14" not in turn.request.body


def test_a_wrong_token_is_refused_by_both(sandbox: Sandbox) -> None:
    wrong = {"Authorization": "Bearer wrong", "x-z-base-account-id": "1"}
    with urllib3.PoolManager() as pool:
        for type_, path in (("ly_ads", "/api/v19/AudienceListService/get"), ("yahoo_conversion", "/v1/")):
            assert pool.request("POST", sandbox.url(type_) + path, body=b"{}", headers=wrong).status == 401


def conversion(key: str, **fields: Any) -> Change:
    return row(key, **{"email": "a@example.jp", "event_time": int(time.time()) - 60, **fields})


def test_a_conversion_that_is_sent_again_counts_once(sandbox: Sandbox) -> None:
    destination = opened("yahoo_conversion", **YAHOO)
    transport = transport_to(sandbox, destination, "yahoo_conversion")
    for _ in range(2):
        outcomes = sent(destination, transport, [conversion("order-1", value=1200), conversion("order-2")])
        assert {outcome.reason for outcome in outcomes.values()} == {"accepted.unconfirmed"}
    assert set(sandbox.objects("yahoo_conversion", "conversions")) == {"order-1", "order-2"}


def test_a_conversion_older_than_yahoo_counts_is_taken_and_left_out(sandbox: Sandbox) -> None:
    destination = opened("yahoo_conversion", **YAHOO)
    old = conversion("order-1", event_time=int(time.time()) - 91 * 86_400)
    outcome = sent(destination, transport_to(sandbox, destination, "yahoo_conversion"), [old])["order-1"]
    assert (outcome.verdict, outcome.reason) == ("accepted", "accepted.unconfirmed")
    assert sandbox.objects("yahoo_conversion", "conversions") == {}


@pytest.mark.parametrize("given", ["1600000000", 1600000000, "1600000000123", "2020-09-13T21:26:40+09:00"])
def test_a_time_is_ten_digits_however_it_is_written(given: Any) -> None:
    destination = opened("yahoo_conversion", **YAHOO)
    (request,) = destination.requests([conversion("o1", event_time=given)])
    assert b'"event_time": 1600000000' in request.body  # type: ignore[union-attr]  # its kind is known


def event(key: str, **fields: Any) -> Change:
    return conversion(key, event_type="purchase", **fields)


def test_conversions_by_a_tags_token_count_once_and_tests_never(sandbox: Sandbox) -> None:
    destination = opened("ly_conversion", tag_id="t1")
    transport = transport_to(sandbox, destination, "ly_conversion")
    for _ in range(2):
        outcomes = sent(destination, transport, [event("order-1", value=1200), event("order-2")])
        assert {outcome.reason for outcome in outcomes.values()} == {"accepted.unconfirmed"}
    trial = opened("ly_conversion", tag_id="t1", test=True)
    sent(trial, transport, [event("order-3")])
    assert set(sandbox.objects("ly_conversion", "conversions")) == {"order-1", "order-2"}


def test_a_line_user_is_nobody_without_the_channel() -> None:
    change = row("o1", event_type="purchase", event_time=1_600_000_000, line_user_id="U" + "0" * 32)
    (refused,) = opened("ly_conversion", tag_id="t1").requests([change])
    (taken,) = opened("ly_conversion", tag_id="t1", channel_id=5).requests([change])
    assert refused.reason == "matchkey.none"  # type: ignore[union-attr]  # its kind is known
    assert b'"channel_id": 5' in taken.body  # type: ignore[union-attr]  # its kind is known


@pytest.mark.parametrize(("type_", "hashed"), [("yahoo_conversion", "09012345678"), ("ly_conversion", "+819012345678")])
def test_the_two_conversion_apis_hash_a_phone_number_in_two_forms(type_: str, hashed: str) -> None:
    settings = YAHOO if type_ == "yahoo_conversion" else {"tag_id": "t1"}
    fields = {"event_type": "purchase"} if type_ == "ly_conversion" else {}
    change = row("o1", phone="090-1234-5678", event_time=1_600_000_000, **fields)
    (request,) = opened(type_, **settings).requests([change])
    assert hashlib.sha256(hashed.encode()).hexdigest().encode() in request.body  # type: ignore[union-attr]  # its kind is known
