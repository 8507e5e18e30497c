"""AWS's stand-ins over its own client: they take what our destinations send, and refuse what the services refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from harness.deliveries import Clock, MemoryLedger
from harness.talks import Death, lead
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.registry import destination_class, vendor_of
from kumitate.activation.destinations.sms import parts_of
from kumitate.aws.calls import AwsTransport
from kumitate.config.sync import Destination as Account
from kumitate.execution.accounts import connect
from kumitate.execution.portion import Page
from kumitate.execution.sending import Sender
from kumitate.model.request import AwsCall, Change, Operation, Outcome, Response
from kumitate.ports import Transport
from kumitate.sandbox.connect_campaign import profile_id
from kumitate.sandbox.server import Fault, Sandbox

APPLICATION = "0123456789abcdef0123456789abcdef"
CAMPAIGN = {"campaign_id": "6ba7b810", "domain": "shop"}
TYPES = ("connect_campaign", "personalize", "pinpoint", "push", "ses", "sms", "whatsapp")


class Watched:
    """The sandbox of all tests here, as if it were new: a client of AWS is dear to make."""

    def __init__(self, whole: Sandbox) -> None:
        self.whole = whole
        kinds = {type_: whole.kinds(type_) for type_ in TYPES}
        self._known = {(type_, kind): set(whole.objects(type_, kind)) for type_, all_ in kinds.items() for kind in all_}
        self._called = {type_: len(whole.calls(type_)) for type_ in TYPES}

    def objects(self, type_: str, kind: str) -> dict[str, dict[str, Any]]:
        known = self._known.get((type_, kind), set())
        return {key: each for key, each in self.whole.objects(type_, kind).items() if key not in known}

    def calls(self, type_: str) -> tuple[tuple[str, str, int], ...]:
        return self.whole.calls(type_)[self._called[type_] :]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("aws") / "sandbox.db") as sandbox:
        yield sandbox
    transport.cache_clear()


@pytest.fixture
def sandbox(whole: Sandbox) -> Watched:
    return Watched(whole)


def opened(type_: str, **settings: Any) -> Destination:
    return destination_class(type_).model_validate(settings)


@cache
def transport(whole: Sandbox, type_: str) -> Transport:
    terms = destination_class(type_).terms
    return connect(Account(type=type_), terms, sandbox=whole, environment={})


def way_to(sandbox: Watched, type_: str) -> Transport:
    return transport(sandbox.whole, vendor_of(type_))


def sent(sandbox: Watched, type_: str, *changes: Change, **settings: Any) -> Mapping[str, Outcome]:
    clock = Clock()
    ledger = MemoryLedger(clock)
    sender = Sender(connect=lambda: way_to(sandbox, type_), clock=clock, sleep=clock.sleep)
    sender.send(opened(type_, **settings), changes, Page(ledger, "r1", "s"))
    return {key: note for key, note in ledger.notes("r1", "s").items() if isinstance(note, Outcome)}


def create(key: str, **fields: Any) -> Change:
    return Change(key, Operation.CREATE, fields)


def verdicts(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    return {key: f"{outcome.verdict} {outcome.reason}".strip() for key, outcome in outcomes.items()}


def test_a_text_message_leaves_for_the_number_in_e164(sandbox: Watched) -> None:
    outcomes = sent(
        sandbox,
        "sms",
        create("p1", to="090-1234-5678", text="山田さん"),
        create("p2", to="+819012340000", text="Hello"),
        create("p3", to="+819012345679", text="Hello"),
        origination_identity="pool-1",
    )
    assert verdicts(outcomes) == {"p1": "accepted", "p2": "rejected address.opted_out", "p3": "accepted"}
    assert list(sandbox.objects("sms", "messages").values()) == [
        {"to": "+819012345678", "text": "山田さん", "from": "pool-1"},
        {"to": "+819012345679", "text": "Hello", "from": "pool-1"},
    ]


def test_a_dry_run_sends_no_text_message_and_takes_no_row_as_sent(sandbox: Watched) -> None:
    outcomes = sent(sandbox, "sms", create("p1", to="090-1234-5678", text="Hello"), dry_run=True)
    assert verdicts(outcomes) == {"p1": "rejected dry_run"}
    assert sandbox.objects("sms", "messages") == {}
    assert len(sandbox.calls("sms")) == 1


def test_a_text_message_without_an_answer_is_not_sent_again(sandbox: Watched) -> None:
    sandbox.whole.fault("sms", Fault(500, {"__type": "InternalServerException"}, works=True))
    assert verdicts(sent(sandbox, "sms", create("p1", to="090-1234-5678", text="Hi"))) == {"p1": "unknown unavailable"}
    assert len(sandbox.objects("sms", "messages")) == 1


def test_a_wrong_key_is_refused_in_both_of_awss_ways_to_speak(sandbox: Watched) -> None:
    message = {"ApplicationId": APPLICATION, "MessageRequest": {"MessageConfiguration": {}}}
    calls = {
        "sms": AwsCall("pinpoint-sms-voice-v2", "send_text_message", {"DestinationPhoneNumber": "+819012345678"}, ()),
        "push": AwsCall("pinpoint", "send_messages", message, ()),
    }
    for type_, call in calls.items():
        answer = AwsTransport(endpoint_url=sandbox.whole.url(type_), sandbox_token="wrong").send(call)
        assert (answer.status, b"UnrecognizedClientException" in answer.body) == (403, True)


def test_a_whatsapp_message_fills_its_template(sandbox: Watched) -> None:
    settings = {"phone_number_id": "phone-number-id-1", "template": "shipped", "language": "en_US"}
    outcomes = sent(sandbox, "whatsapp", create("p1", to="090-1234-5678", name="Mary\nAnn"), **settings)
    assert verdicts(outcomes) == {"p1": "accepted"}
    (message,) = sandbox.objects("whatsapp", "messages").values()
    (body,) = message["template"]["components"]
    assert message["to"] == "+819012345678"
    assert body["parameters"] == [{"type": "text", "parameter_name": "name", "text": "Mary Ann"}]


@pytest.mark.parametrize(
    "message",
    ["not json", '{"messaging_product":"whatsapp"}', '{"messaging_product":"whatsapp","type":"text","to":"+8190"}'],
)
def test_whatsapp_refuses_what_is_no_template_message(sandbox: Watched, message: str) -> None:
    parameters = {"originationPhoneNumberId": "phone-number-id-1", "message": message, "metaApiVersion": "v20.0"}
    call = AwsCall("socialmessaging", "send_whatsapp_message", parameters, ("p1",))
    answer = way_to(sandbox, "whatsapp").send(call)
    assert (answer.status, b"InvalidParametersException" in answer.body) == (400, True)


def test_a_push_reaches_every_device_of_a_row_and_says_which_tokens_are_gone(sandbox: Watched) -> None:
    outcomes = sent(
        sandbox,
        "push",
        create("p1", to=["a", "b-gone"], title="Sale", body="Now", order_id=7),
        create("p2", to="c-gone", body="Now"),
        application_id=APPLICATION,
    )
    assert verdicts(outcomes) == {"p1": "accepted", "p2": "rejected vendor.permanent_failure"}
    (message,) = sandbox.objects("push", "messages").values()
    assert message["to"] == "a"
    assert message["content"]["fcmV1Message"]["message"]["data"] == {"order_id": "7"}
    assert len(sandbox.calls("push")) == 1


def test_a_push_of_apples_own_service_has_its_form(sandbox: Watched) -> None:
    sent(sandbox, "push", create("p1", to="a", body="Now", order_id=7), application_id=APPLICATION, channel="APNS")
    (message,) = sandbox.objects("push", "messages").values()
    assert message["content"] == {"aps": {"alert": {"body": "Now"}}, "order_id": "7"}


def test_devices_of_one_row_stay_in_one_call_of_at_most_a_hundred() -> None:
    changes = [create(f"p{n}", to=[f"{n}/{device}" for device in range(30)], body="Now") for n in range(7)]
    push = opened("push", application_id=APPLICATION)
    calls = [item for item in push.requests(changes) if isinstance(item, AwsCall)]
    assert [len(call.parameters["MessageRequest"]["Addresses"]) for call in calls] == [90, 90, 30]
    (refused,) = push.requests([create("p1", to=[str(device) for device in range(101)], body="Now")])
    assert isinstance(refused, Outcome)
    assert refused.reason == "address.too_many"


def test_users_of_personalize_are_found_out_one_bad_row_at_a_time(sandbox: Watched) -> None:
    arn = "arn:aws:personalize:ap-northeast-1:123456789012:dataset/shop/USERS"
    rows = [create(f"p{n}", rank="gold") for n in range(9)]
    outcomes = sent(sandbox, "personalize", *rows, create("bad", rank=["gold"]), dataset_arn=arn)
    assert verdicts(outcomes) == {f"p{n}": "accepted" for n in range(9)} | {"bad": "rejected row.spoils_batch"}
    assert len(sandbox.objects("personalize", "users")) == 9


def test_an_event_of_personalize_has_an_id_that_another_run_gives_it_again(sandbox: Watched) -> None:
    event = create("p1:1", user_id="p1", event_type="bought", at="2026-03-01T09:30:00.000Z", item_id="tea")
    for _ in range(2):
        outcomes = sent(sandbox, "personalize.events", event, tracking_id="t", sync="bought")
        assert verdicts(outcomes) == {"p1:1": "accepted"}
    (kept,) = sandbox.objects("personalize", "events").values()
    assert (kept["user"], kept["itemId"]) == ("p1", "tea")


def test_pinpoints_endpoints_are_refused_since_its_end(sandbox: Watched) -> None:
    settings = {"application_id": APPLICATION, "acknowledge_end_of_support": True}
    outcomes = sent(sandbox, "pinpoint", create("p1", to="a@example.jp"), **settings)
    assert verdicts(outcomes) == {"p1": "retry request.refused"}
    assert "2026-10-30" in outcomes["p1"].message


def campaign(sandbox: Watched, sync: str, *changes: Change, dies: Death | None = None) -> dict[str, str]:
    """What a whole conversation with the campaign says of each row."""
    destination = opened("connect_campaign", sync=sync, **CAMPAIGN)
    done = lead(destination, way_to(sandbox, "connect_campaign"), changes, dies=dies)
    return {outcome.key: f"{outcome.verdict} {outcome.reason}".strip() for outcome in done.outcomes}


def test_a_campaign_finds_profiles_by_key_and_takes_twenty_to_a_call(sandbox: Watched) -> None:
    rows = [create(f"p{n}", search=f"p{n}") for n in range(22)]
    told = campaign(sandbox, "many", *rows, create("x", search="nobody"), create("y", search="twins"))
    assert told == {f"p{n}": "accepted" for n in range(22)} | {
        "x": "rejected profile.unknown",
        "y": "rejected profile.ambiguous",
    }
    assert [method for method, _, _ in sandbox.calls("connect_campaign")].count("PUT") == 2
    kept = sandbox.objects("connect_campaign", "requests").values()
    assert {each["profileId"] for each in kept} == {profile_id(f"p{n}") for n in range(22)}


def test_a_row_that_reaches_the_campaign_twice_counts_once(sandbox: Watched) -> None:
    rows = [create("p1", search="p1", expires_at="2026-03-02T00:00:00Z")]
    for _ in range(2):
        assert campaign(sandbox, "twice", *rows) == {"p1": "accepted"}
    (kept,) = sandbox.objects("connect_campaign", "requests").values()
    assert kept["expirationTime"] == "2026-03-02T00:00:00Z"


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("had_left", [False, True])
def test_a_conversation_that_is_killed_anywhere_contacts_everybody_once(
    sandbox: Watched, turn: int, had_left: bool
) -> None:
    rows = [create("p1", search="p1"), create("p2", search="nobody"), create("p3", profile_id="3" * 32)]
    told = campaign(sandbox, f"{turn}{had_left}", *rows, dies=(turn, had_left))
    assert told == {"p1": "accepted", "p2": "rejected profile.unknown", "p3": "accepted"}
    assert len(sandbox.objects("connect_campaign", "requests")) == 2


def test_a_campaign_whose_profile_is_gone_says_so(sandbox: Watched) -> None:
    outcomes = sent(sandbox, "connect_campaign", create("p1", profile_id="0" * 32), sync="gone", **CAMPAIGN)
    assert verdicts(outcomes) == {"p1": "rejected profile.unknown"}


def test_a_campaign_without_a_domain_searches_nobody(sandbox: Watched) -> None:
    settings = {"campaign_id": "6ba7b810", "sync": "winback"}
    outcomes = sent(sandbox, "connect_campaign", create("p1", search="p1"), **settings)
    assert verdicts(outcomes) == {"p1": "rejected field.missing"}
    assert sandbox.calls("connect_campaign") == ()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("あ" * 70, 1),
        ("あ" * 71, 2),
        ("あ" * 135, 3),
        ("🍵" * 35, 1),
        ("🍵" * 36, 2),
        ("a" * 1_600, 11),
    ],
)
def test_parts_of_a_text_message_are_counted_as_they_are_paid(text: str, parts: int) -> None:
    assert parts_of(text) == parts


def test_the_reason_that_a_service_gives_beside_its_code_is_kept(sandbox: Watched) -> None:
    parameters = {"DestinationPhoneNumber": "+819012340000", "MessageBody": "Hello"}
    answer: Response = way_to(sandbox, "sms").send(
        AwsCall("pinpoint-sms-voice-v2", "send_text_message", parameters, ("p1",))
    )
    error = json.loads(answer.body)["Error"]
    assert (error["Code"], error["Reason"]) == ("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT")


def test_an_account_that_may_send_few_mails_a_second_sends_fewer_a_call(sandbox: Watched) -> None:
    settings = {"from_address": "a@example.jp", "template": "t", "unsubscribe_url": "https://example.jp/{key}"}
    mails = [create(f"p{n}", to=f"p{n}@example.jp") for n in range(5)]
    outcomes = sent(sandbox, "ses", *mails, mails_per_call=2, **settings)
    assert set(verdicts(outcomes).values()) == {"accepted"}
    assert len(sandbox.calls("ses")) == 3
