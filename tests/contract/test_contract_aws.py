"""Whatever rows hold, calls of AWS keep botocore's model with all its rules, and its every answer is understood."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore import xform_name
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.destinations import CASES, read_answer
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.registry import destination_class
from kumitate.model.request import AwsCall, Change, Operation, Outcome, Verdict
from kumitate.sandbox.aws import model
from kumitate.sandbox.aws_model import broken_rules

MOST = {
    "connect_campaign": 20,
    "connect_customer_profiles": 10,
    "personalize": 10,
    "personalize.events": 1,
    "pinpoint": 100,
    "push": 100,
    "ses": 50,
    "sms": 1,
    "whatsapp": 1,
}
"""Rows of a call; SES's 50 and the 100 of push and Pinpoint are limits of the service that no model states."""
OWN = {
    "connect_campaign": ("profile_id", "expires_at"),
    "personalize.events": ("user_id", "event_type", "at", "item_id", "session_id", "value"),
    "pinpoint": ("to",),
    "push": ("to", "title", "body"),
    "ses": ("to",),
    "sms": ("to", "text"),
    "whatsapp": ("to", "name", "order"),
}
"""Fields that the destination itself gives a meaning."""
LIKELY = st.sampled_from(
    ["mary@example.jp", "090-1234-5678", "+14155550132", "2026-03-01T09:30:00.000Z", "a" * 32, "x" * 1_601, "é" * 260]
)
VALUES = st.none() | st.text(max_size=20) | LIKELY | st.integers() | st.booleans() | st.lists(st.text(max_size=5))
KEYS = st.text(min_size=1, max_size=20) | st.sampled_from(["k" * 300, "日本:2026-03-01T09:30:00Z", "a/b?c&d"])


def recorded(type_: str) -> Mapping[str, Any]:
    case: dict[str, Any] = json.loads((CASES / f"{type_}.json").read_text(encoding="utf-8"))
    return case


def opened(type_: str) -> Destination:
    return destination_class(type_).model_validate(recorded(type_)["settings"])


def operation_of(call: AwsCall) -> Any:
    service = model(call.service)
    name = next(name for name in service.operation_names if xform_name(name) == call.operation)
    return service.operation_model(name)


def broken(call: AwsCall) -> list[str]:
    """What botocore itself finds, and what it lets through: maxima, patterns, enums."""
    shape = operation_of(call).input_shape
    report = ParamValidator().validate(dict(call.parameters), shape)
    return [report.generate_report()] if report.has_errors() else broken_rules(shape, call.parameters)


def recorded_call(type_: str) -> AwsCall:
    """One call as it is recorded."""
    renders = (item for case in recorded(type_)["cases"] for item in case["renders"] if "service" in item)
    item = next(renders)
    return AwsCall(item["service"], item["operation"], item["parameters"], tuple(item["keys"]))


def rows_of(type_: str) -> st.SearchStrategy[list[Change]]:
    names = (*OWN.get(type_, ()), "FirstName", "x")
    fields = st.fixed_dictionaries({}, optional=dict.fromkeys(names, VALUES))
    filled = recorded(type_)["fields"]
    change = st.builds(
        lambda key, found, usual: Change(key, Operation.CREATE, {**(filled if usual else {}), **found}),
        KEYS,
        fields,
        st.booleans(),
    )
    return st.lists(change, max_size=12, unique_by=lambda each: each.key)


@pytest.mark.parametrize("type_", sorted(MOST))
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_whatever_rows_hold_calls_keep_the_model_and_no_row_is_lost(type_: str, data: st.DataObject) -> None:
    changes = data.draw(rows_of(type_))
    items = list(opened(type_).requests(changes))
    calls = [item for item in items if isinstance(item, AwsCall)]
    for call in calls:
        assert broken(call) == []
        assert len(call.keys) <= MOST[type_]
    refused = [item.key for item in items if isinstance(item, Outcome)]
    assert all(item.verdict is Verdict.REJECTED and item.reason for item in items if isinstance(item, Outcome))
    assert sorted([*refused, *(key for call in calls for key in call.keys)]) == sorted(each.key for each in changes)


@pytest.mark.parametrize("type_", sorted(MOST))
def test_the_largest_request_of_the_terms_is_the_services_own(type_: str) -> None:
    assert destination_class(type_).terms.most_rows == recorded(type_)["most_rows"] == MOST[type_]


def _without(parameters: Any, path: tuple[str | int, ...]) -> Any:
    copy = json.loads(json.dumps(parameters))
    at = copy
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return copy


def _with(parameters: Any, path: tuple[str | int, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(parameters))
    at = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return copy


BAD: list[tuple[str, tuple[str | int, ...], Any]] = [
    ("sms", ("DestinationPhoneNumber",), "090-1234-5678"),
    ("sms", ("MessageBody",), "x" * 1_601),
    ("sms", ("MessageBody",), "   "),
    ("sms", ("MessageType",), "MARKETING"),
    ("sms", ("Sender",), "shop"),
    ("whatsapp", ("originationPhoneNumberId",), "090"),
    ("whatsapp", ("message",), "x" * 2_048_001),
    ("whatsapp", ("metaApiVersion",), 20),
    ("push", ("MessageRequest", "Addresses", "t1", "ChannelType"), "FCM"),
    ("push", ("MessageRequest", "Addresses", "t1", "Token"), "t"),
    ("pinpoint", ("EndpointBatchRequest", "Item", 0, "ChannelType"), "MAIL"),
    ("pinpoint", ("EndpointBatchRequest", "Item", 0, "Attributes"), []),
    ("personalize", ("datasetArn",), "shop"),
    ("personalize", ("users",), [{"userId": "p"}] * 11),
    ("personalize", ("users", 0, "properties"), "x" * 24_001),
    ("personalize.events", ("eventList", 0, "eventType"), ""),
    ("personalize.events", ("eventList", 0, "properties"), "x" * 1_025),
    ("connect_campaign", ("profileOutboundRequests", 0, "profileId"), "P1"),
    ("connect_campaign", ("profileOutboundRequests", 0, "clientToken"), "a:b"),
    ("connect_campaign", ("profileOutboundRequests",), []),
    ("ses", ("BulkEmailEntries", 0, "ReplacementHeaders", 0, "Value"), "日本"),
    ("ses", ("BulkEmailEntries", 0, "ReplacementHeaders", 0, "Value"), "x" * 996),
    ("connect_customer_profiles", ("Items", 0, "Id"), "a b"),
    ("connect_customer_profiles", ("DomainName",), "a b"),
]


@pytest.mark.parametrize(("type_", "path", "value"), BAD)
def test_a_call_that_the_service_would_refuse_breaks_a_rule(
    type_: str, path: tuple[str | int, ...], value: Any
) -> None:
    call = recorded_call(type_)
    assert broken(call) == []
    assert broken(AwsCall(call.service, call.operation, _with(call.parameters, path, value), call.keys)) != []


@pytest.mark.parametrize(
    ("type_", "path"),
    [
        ("sms", ("DestinationPhoneNumber",)),
        ("whatsapp", ("metaApiVersion",)),
        ("push", ("MessageRequest", "MessageConfiguration")),
        ("pinpoint", ("EndpointBatchRequest", "Item")),
        ("personalize", ("users", 0, "userId")),
        ("personalize.events", ("eventList", 0, "sentAt")),
        ("connect_campaign", ("profileOutboundRequests", 0, "clientToken")),
        ("ses", ("BulkEmailEntries", 0, "Destination")),
        ("connect_customer_profiles", ("Items", 0, "Object")),
    ],
)
def test_what_a_service_must_be_told_is_missed(type_: str, path: tuple[str | int, ...]) -> None:
    call = recorded_call(type_)
    assert broken(AwsCall(call.service, call.operation, _without(call.parameters, path), call.keys)) != []


def error_answer(service: str, name: str) -> dict[str, Any]:
    """An error of the service's model as its client brings it."""
    http = model(service).shape_for(name).metadata.get("error", {})
    return {"status": http.get("httpStatusCode", 400), "body": {"Error": {"Code": name, "Message": "said so"}}}


ERRORS = [(type_, shape.name) for type_ in sorted(MOST) for shape in operation_of(recorded_call(type_)).error_shapes]


@pytest.mark.parametrize(("type_", "error"), ERRORS)
def test_every_error_of_the_model_is_a_verdict_for_every_row_and_never_a_success(type_: str, error: str) -> None:
    call = recorded_call(type_)
    outcomes = read_answer(opened(type_), call, error_answer(call.service, error))
    assert [outcome.key for outcome in outcomes] == list(call.keys)
    for outcome in outcomes:
        assert outcome.verdict is not Verdict.ACCEPTED
        assert outcome.reason


def one_row(type_: str) -> AwsCall:
    filled = json.loads(json.dumps(recorded(type_)["fields"]).replace("{key}", "p1"))
    (call,) = opened(type_).requests([Change("p1", Operation.CREATE, filled)])
    assert isinstance(call, AwsCall)
    return call


def enum(service: str, shape: str) -> list[str]:
    return list(model(service).shape_for(shape).enum)


@pytest.mark.parametrize("status", enum("sesv2", "BulkEmailStatus"))
def test_every_result_that_ses_may_give_is_understood(status: str) -> None:
    answer = {"status": 200, "body": {"BulkEmailEntryResults": [{"Status": status, "Error": "said so"}]}}
    (outcome,) = read_answer(opened("ses"), one_row("ses"), answer)
    assert (outcome.verdict is Verdict.ACCEPTED) == (status == "SUCCESS")
    assert outcome.verdict is not Verdict.UNKNOWN


@pytest.mark.parametrize("status", enum("pinpoint", "DeliveryStatus"))
def test_every_result_of_a_push_is_understood(status: str) -> None:
    result = {"DeliveryStatus": status, "StatusCode": 200}
    answer = {"status": 200, "body": {"MessageResponse": {"ApplicationId": "a", "Result": {"token-p1": result}}}}
    (outcome,) = read_answer(opened("push"), one_row("push"), answer)
    assert (outcome.verdict is Verdict.ACCEPTED) == (status == "SUCCESSFUL")
    assert (outcome.verdict is Verdict.UNKNOWN) == (status == "UNKNOWN_FAILURE")


@pytest.mark.parametrize("code", enum("connectcampaignsv2", "ProfileOutboundRequestFailureCode"))
def test_every_failure_of_a_campaigns_request_is_understood(code: str) -> None:
    call = one_row("connect_campaign")
    token = call.parameters["profileOutboundRequests"][0]["clientToken"]
    answer = {"status": 200, "body": {"failedRequests": [{"clientToken": token, "failureCode": code}]}}
    (outcome,) = read_answer(opened("connect_campaign"), call, answer)
    again = code in ("UnknownError", "RequestThrottled")
    assert outcome.verdict is (Verdict.RETRY if again else Verdict.REJECTED)


@pytest.mark.parametrize("reason", enum("pinpoint-sms-voice-v2", "ConflictExceptionReason"))
def test_every_conflict_of_a_text_message_is_the_rows_or_the_accounts(reason: str) -> None:
    answer = {"status": 400, "body": {"Error": {"Code": "ConflictException", "Message": "said so", "Reason": reason}}}
    (outcome,) = read_answer(opened("sms"), one_row("sms"), answer)
    assert outcome.verdict in (Verdict.REJECTED, Verdict.RETRY)
    assert (outcome.reason == "address.opted_out") == (reason == "DESTINATION_PHONE_NUMBER_OPTED_OUT")
    assert outcome.verdict is Verdict.REJECTED or not reason.startswith("DESTINATION")
