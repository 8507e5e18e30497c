"""Every call of AWS in the code is known to its service's model, and a recorded case of it keeps all of its rules."""

import ast
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from harness.aws_calls import client_calls, operations, session, words_of
from harness.aws_strict import judged
from kumitate.sandbox.patterns import matches

KEY = {"pk": {"S": "run#r000001"}, "sk": {"S": "sync#winback"}}
TABLE = {"TableName": "kumitate-tea-dev-ledger"}
OBJECT = {"Bucket": "kumitate-tea-dev-results-123456789012", "Key": "deliveries/r000001/winback/00001.jsonl.gz"}
SOURCE = f"{OBJECT['Bucket']}/drop/data/members.csv"
QUEUE = {"QueueUrl": "https://sqs.ap-northeast-1.amazonaws.com/123456789012/kumitate-tea-dev-account-crm"}
ENTRIES = [{"Id": "0", "ReceiptHandle": "AQEB"}]
EVENT = {
    "EventBusName": "kumitate-tea-dev-bus",
    "Source": "kumitate.tea.dev",
    "DetailType": "Run ended",
    "Detail": "{}",
}
STREAM = {"StreamName": "kumitate-tea-dev-stream-web"}
SCHEDULE: dict[str, Any] = {
    "Name": "3b1f",
    "GroupName": "kumitate-tea-dev-timers",
    "ScheduleExpression": "at(2026-11-23T09:00:01)",
    "ScheduleExpressionTimezone": "UTC",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "ActionAfterCompletion": "DELETE",
    "Target": {
        "Arn": "arn:aws:lambda:ap-northeast-1:123456789012:function:kumitate-tea-dev-fn-processor",
        "RoleArn": "arn:aws:iam::123456789012:role/timers",
        "Input": "{}",
    },
}
MACHINE = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:kumitate-tea-dev-pipeline"

CASES: Mapping[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {
    ("dynamodb", "batch_get_item"): (
        {"RequestItems": {TABLE["TableName"]: {"Keys": [KEY], "ConsistentRead": True}}},
        {"RequestItems": {TABLE["TableName"]: {"Keys": [KEY] * 101}}},
    ),
    ("dynamodb", "batch_write_item"): (
        {"RequestItems": {TABLE["TableName"]: [{"PutRequest": {"Item": KEY}}]}},
        {"RequestItems": {TABLE["TableName"]: [{"PutRequest": {"Item": KEY}}] * 26}},
    ),
    ("dynamodb", "get_item"): ({**TABLE, "Key": KEY, "ConsistentRead": True}, {"TableName": "", "Key": KEY}),
    ("dynamodb", "delete_item"): ({**TABLE, "Key": KEY}, {"TableName": "", "Key": KEY}),
    ("dynamodb", "put_item"): (
        {**TABLE, "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"},
        {**TABLE, "Item": KEY, "ReturnValues": "EVERYTHING"},
    ),
    ("dynamodb", "query"): (
        {
            **TABLE,
            "KeyConditionExpression": "pk = :pk and begins_with(sk, :page)",
            "ExpressionAttributeValues": {":pk": {"S": "notes#r000001#winback"}, ":page": {"S": "000001#"}},
            "ConsistentRead": True,
        },
        {**TABLE, "Limit": 0},
    ),
    ("dynamodb", "transact_write_items"): (
        {"TransactItems": [{"Put": {**TABLE, "Item": KEY}}]},
        {"TransactItems": [{"Put": {**TABLE, "Item": KEY}}] * 101},
    ),
    ("dynamodb", "update_item"): (
        {**TABLE, "Key": KEY, "UpdateExpression": "set pages = :pages", "ReturnValues": "UPDATED_NEW"},
        {**TABLE, "Key": KEY, "ReturnValues": "EVERYTHING"},
    ),
    ("events", "put_events"): ({"Entries": [EVENT]}, {"Entries": [EVENT] * 11}),
    ("kinesis", "put_records"): (
        {**STREAM, "Records": [{"Data": b"{}", "PartitionKey": "3b1f"}]},
        {**STREAM, "Records": [{"Data": b"{}", "PartitionKey": "3b1f"}] * 501},
    ),
    ("scheduler", "create_schedule"): (SCHEDULE, {**SCHEDULE, "Name": "a b"}),
    ("scheduler", "delete_schedule"): (
        {"Name": "3b1f", "GroupName": SCHEDULE["GroupName"]},
        {"Name": "3b1f" * 17, "GroupName": SCHEDULE["GroupName"]},
    ),
    ("scheduler", "update_schedule"): (SCHEDULE, {**SCHEDULE, "ActionAfterCompletion": "FORGET"}),
    ("s3", "copy_object"): (
        {**OBJECT, "CopySource": SOURCE, "MetadataDirective": "REPLACE", "IfNoneMatch": "*"},
        {**OBJECT, "CopySource": SOURCE, "MetadataDirective": "MERGE"},
    ),
    ("s3", "get_object"): (OBJECT, {**OBJECT, "Key": ""}),
    ("s3", "head_object"): (OBJECT, {**OBJECT, "ChecksumMode": "SOMETIMES"}),
    ("s3", "list_objects_v2"): (
        {"Bucket": OBJECT["Bucket"], "Prefix": "deliveries/r000001/winback/"},
        {"Bucket": OBJECT["Bucket"], "EncodingType": "base64"},
    ),
    ("s3", "put_object"): (
        {**OBJECT, "Body": b"{}", "ContentType": "application/gzip", "IfNoneMatch": "*"},
        {**OBJECT, "StorageClass": "FLOPPY"},
    ),
    ("secretsmanager", "describe_secret"): ({"SecretId": "shop/slack"}, {"SecretId": ""}),
    ("secretsmanager", "get_secret_value"): ({"SecretId": "shop/slack"}, {"SecretId": "s" * 2_049}),
    ("sqs", "change_message_visibility"): (
        {**QUEUE, "ReceiptHandle": "AQEB", "VisibilityTimeout": 120},
        {**QUEUE, "ReceiptHandle": "AQEB", "VisibilityTimeout": 1.5},
    ),
    ("sqs", "change_message_visibility_batch"): (
        {**QUEUE, "Entries": [{**ENTRIES[0], "VisibilityTimeout": 0}]},
        {**QUEUE, "Entries": [{"Id": "0"}]},
    ),
    ("sqs", "delete_message_batch"): ({**QUEUE, "Entries": ENTRIES}, {**QUEUE, "Entries": [{"Id": "0"}]}),
    ("sqs", "get_queue_url"): ({"QueueName": "kumitate-tea-dev-account-crm"}, {"QueueName": 1}),
    ("sqs", "receive_message"): (
        {**QUEUE, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "WaitTimeSeconds": 1},
        {**QUEUE, "MessageSystemAttributeNames": ["Everything"]},
    ),
    ("sqs", "send_message"): (
        {**QUEUE, "MessageBody": "{}", "MessageAttributes": {"reason": {"DataType": "String", "StringValue": "fatal"}}},
        {**QUEUE, "MessageBody": "{}", "MessageAttributes": {"reason": {"StringValue": "fatal"}}},
    ),
    ("sqs", "send_message_batch"): (
        {**QUEUE, "Entries": [{"Id": "0", "MessageBody": "{}"}]},
        {**QUEUE, "Entries": [{"Id": "0"}]},
    ),
    ("sts", "assume_role"): (
        {"RoleArn": "arn:aws:iam::123456789012:role/kumitate-tea-dev-analyst", "RoleSessionName": "kumitate"},
        {"RoleArn": "arn:aws:iam::123456789012:role/kumitate-tea-dev-analyst", "RoleSessionName": "a b"},
    ),
    ("sts", "get_caller_identity"): ({}, {"Account": "123456789012"}),
    ("stepfunctions", "start_execution"): (
        {"stateMachineArn": MACHINE, "name": "arrivals-1", "input": "{}"},
        {"stateMachineArn": MACHINE, "name": "n" * 81},
    ),
}
"""Per call: parameters as the code gives them, and some that the service would refuse."""


def model(service: str, operation: str) -> Any:
    return session().get_service_model(service).operation_model(operations(service)[operation])


def test_every_call_in_the_code_is_an_operation_with_a_case() -> None:
    calls = client_calls()
    unknown = [f"{call.place} {call.operation}" for call in calls if not call.services]
    assert unknown == [], "no service of the platform has these"
    without = [
        f"{call.place} {call.operation}"
        for call in calls
        if not any((service, call.operation) in CASES for service in call.services)
    ]
    assert without == []
    assert len(calls) > 30


def test_every_case_is_a_call_of_the_code() -> None:
    called = {(service, call.operation) for call in client_calls() for service in call.services}
    assert CASES.keys() - called == set()


@pytest.mark.parametrize("call", CASES, ids=" ".join)
def test_a_call_as_the_code_makes_it_keeps_every_rule(call: tuple[str, str]) -> None:
    valid, _ = CASES[call]
    assert not ParamValidator().validate(valid, model(*call).input_shape).has_errors()
    assert judged(model(*call), valid) == []


@pytest.mark.parametrize("call", CASES, ids=" ".join)
def test_a_call_that_the_service_would_refuse_breaks_a_rule(call: tuple[str, str]) -> None:
    _, broken = CASES[call]
    assert judged(model(*call), broken) != []


@pytest.fixture
def secrets() -> Any:
    given = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "ap-northeast-1"}
    return boto3.session.Session(**given).client("secretsmanager", endpoint_url="http://127.0.0.1:9")


def test_a_call_in_a_test_that_botocore_would_let_through_is_caught(secrets: Any) -> None:
    with pytest.raises(
        AssertionError, match=r"secretsmanager\.GetSecretValue breaks its model: SecretId: at most 2048"
    ):
        secrets.get_secret_value(SecretId="s" * 2_049)


def test_the_walk_sees_clients_however_they_are_held() -> None:
    source = """
s3, bucket = client("s3"), "b"
s3.put_object(Bucket=bucket)
client("sqs").send_message()
self._client.get_paginator("query").paginate()
clients.client("events").put_events()
self.client.exceptions.NoSuchKey
engine.scan("table")
"""
    assert {word for _, word in words_of(ast.parse(source))} == {"put_object", "query", "send_message", "put_events"}


@pytest.mark.parametrize(
    ("pattern", "fits", "not_"),
    [
        (r"[\p{L}\p{N}_.-]*", "Ünïcode_7", "a b"),
        (r"\p{ASCII}*", "plain", "ü"),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "組\t🍵", "\n"),
        (r"[^\p{Z}]+", "tea", "green tea"),
        (r"[\w-_]*", "a-b_c", "a.b"),
    ],
)
def test_javas_patterns_are_read(pattern: str, fits: str, not_: str) -> None:
    assert matches(pattern, fits)
    assert not matches(pattern, not_)
