"""What collector, processor, triggered syncs and their timers call, and what publishing asks of a run's job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.cloud import ACCOUNT, REGION
from harness.iam import Need
from harness.lake_needs import on
from kumitate.activation.frequency import budget_of
from kumitate.blueprint.names import account_queue

if TYPE_CHECKING:
    from harness.function_needs import Call, Environment
    from harness.placed import Account, Placed
    from kumitate.blueprint.platform import Platform

_ROOT = f"{REGION}:{ACCOUNT}"
_HEX = "0123456789abcdef" * 2


def state_table(platform: Platform) -> str:
    return f"arn:aws:dynamodb:{_ROOT}:table/{platform.names.called('state')}"


def _state(given: Environment, actions: str, *keys: str) -> Iterator[Call]:
    table = f"arn:aws:dynamodb:{_ROOT}:table/{given.variables['KUMITATE_STATE']}"
    for key in keys:
        for action in actions.split():
            yield f"dynamodb:{action}", table, {"dynamodb:LeadingKeys": [key]}
    yield "kms:Decrypt", given.key, {}


def collector(given: Environment) -> Iterator[Call]:
    """Kinesis encrypts in the caller's name; a webhook's secret is read when it calls."""
    for source in given.platform.collected:
        stream = given.variables["KUMITATE_STREAMS"] + source.replace("_", "-")
        yield "kinesis:PutRecords", f"arn:aws:kinesis:{_ROOT}:stream/{stream}", {}
    yield "kms:GenerateDataKey", given.key, {}
    yield from _state(given, "BatchGetItem BatchWriteItem", f"seen#web#{_HEX}")
    yield from _state(given, "UpdateItem", "rate#web/key")
    for secret in json.loads(given.variables["KUMITATE_SECRETS"]).values():
        yield "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{_ROOT}:secret:{secret}-AbCdEf", {}


def processor(given: Environment) -> Iterator[Call]:
    yield from _state(given, "BatchGetItem PutItem", f"person#p-{_HEX}", f"link#email#{_HEX}")
    yield from _state(given, "BatchGetItem", f"who#email#{_HEX}", "moved#p-1")
    yield "events:PutEvents", given.bus, {}
    schedule = f"arn:aws:scheduler:{_ROOT}:schedule/{given.variables['KUMITATE_TIMERS']}/{_HEX}"
    for action in ("CreateSchedule", "UpdateSchedule", "DeleteSchedule"):
        yield f"scheduler:{action}", schedule, {}
    lent = {"iam:PassedToService": "scheduler.amazonaws.com"}
    yield "iam:PassRole", given.variables["KUMITATE_TIMERS_ROLE"], lent
    yield "sqs:SendMessage", given.queue(given.variables["KUMITATE_DLQ"]), {}


def triggered(given: Environment) -> Iterator[Call]:
    names = given.platform.names
    for route in given.platform.fired_routes:
        run, sync = "t0123", route.name
        yield from _state(given, "BatchGetItem", f"who#email#{_HEX}", f"card#{sync}#p-1", f"sent#{sync}#{_HEX}")
        yield from _state(given, "BatchGetItem PutItem", f"fired#{sync}#{_HEX}")
        yield from _state(given, "PutItem", f"sent#{sync}#{_HEX}")
        yield from _state(given, "BatchGetItem", "past#0a1b2c3d#p-1")
        for budget in budget_of(given.platform.config, route.sync):
            yield from _state(given, "BatchGetItem PutItem", f"spent#{budget}#p-1")
        yield from given.items("GetItem PutItem Query", f"firings#{sync}")
        yield from given.items("Query", f"notes#{run}#{sync}")
        yield from given.items("GetItem UpdateItem", f"run#{run}", f"page#{run}#{sync}")
        page = f"{given.results}/deliveries/{run}/{sync}/00001.jsonl.gz"
        yield "s3:PutObject", page, {}
        queue = f"arn:aws:sqs:{_ROOT}:{account_queue(names.account_queues, route.account)}"
        yield "sqs:GetQueueUrl", queue, {}
        yield "sqs:SendMessage", queue, {}
    yield "kms:GenerateDataKey", given.key, {}


def timers(account: Account, group: Placed) -> Iterator[Need]:
    """A schedule of the group wakes the processor, under the role that the processor lends it."""
    for function in account.all("AWS::Lambda::Function"):
        variables = function.properties.get("Environment", {}).get("Variables", {})
        if variables.get("KUMITATE_TIMERS") == group.name:
            role = account.role_paths[variables["KUMITATE_TIMERS_ROLE"]]
            assert variables["KUMITATE_FUNCTION"] == function.arn
            yield from on(role, "lambda:InvokeFunction", function.arn)
            yield from on(role, "sqs:SendMessage", variables["KUMITATE_TIMERS_UNDELIVERED"])
            of_nobodys = f"arn:aws:scheduler:{_ROOT}:schedule/default/{_HEX}"
            processor_role = account.role_paths[function.properties["Role"]]
            yield Need(processor_role, "scheduler:CreateSchedule", of_nobodys, forbidden=True)


def _groups_of_timers(account: Account) -> dict[str, str]:
    """ARN of a role that is lent to schedules -> their group."""
    found = (
        each.properties.get("Environment", {}).get("Variables", {}) for each in account.all("AWS::Lambda::Function")
    )
    return {each["KUMITATE_TIMERS_ROLE"]: each["KUMITATE_TIMERS"] for each in found if "KUMITATE_TIMERS" in each}


def source_of(account: Account, service: str, role: str) -> dict[str, str]:
    """What a service names as the source of what it does."""
    if service != "scheduler.amazonaws.com":
        return {}
    group = _groups_of_timers(account).get(role, "default")
    return {"aws:SourceArn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{group}"}


def stream_reader(account: Account, mapping: Placed, role: str) -> Iterator[Need]:
    """Lambda reads the stream in the function's name, and keeps what fails."""
    actions = "kinesis:DescribeStream kinesis:DescribeStreamSummary kinesis:GetRecords kinesis:GetShardIterator"
    yield from on(role, f"{actions} kinesis:ListShards", mapping.properties["EventSourceArn"])
    yield from on(role, "kms:Decrypt", account.key.arn)
    yield from on(role, "sqs:SendMessage", mapping.properties["DestinationConfig"]["OnFailure"]["Destination"])


def integration(account: Account, placed: Placed) -> Iterator[Need]:
    """API Gateway calls the function, for its own API alone."""
    (function,) = (
        each for each in account.all("AWS::Lambda::Function") if each.arn in placed.properties["IntegrationUri"]
    )
    api = placed.properties["ApiId"]
    for caller, forbidden in ((api, False), ("another", True)):
        source = {"aws:SourceArn": f"arn:aws:execute-api:{_ROOT}:{caller}/$default/$default"}
        yield Need("apigateway.amazonaws.com", "lambda:InvokeFunction", function.arn, source, forbidden=forbidden)


def publishing(platform: Platform, role: str) -> Iterator[Need]:
    """A run tells real time who people are and what may be sent, and reads what has fired; it knows nobody's events."""
    table, ledger = state_table(platform), f"arn:aws:dynamodb:{_ROOT}:table/{platform.names.called('ledger')}"

    def item(action: str, resource: str, key: str, *, forbidden: bool = False) -> Need:
        return Need(role, f"dynamodb:{action}", resource, {"dynamodb:LeadingKeys": [key]}, forbidden=forbidden)

    yield item("BatchWriteItem", table, f"who#email#{_HEX}")
    yield item("BatchWriteItem", table, "moved#p-1")
    yield item("BatchWriteItem", table, "past#0a1b2c3d#p-1")
    yield item("BatchWriteItem", table, "person#p-1", forbidden=True)
    for sync in [*(route.name for route in platform.fired_routes), "gone_from_the_project"]:
        yield item("BatchWriteItem", table, f"card#{sync}#p-1")
        for action in ("GetItem", "PutItem", "Query"):
            yield item(action, ledger, f"firings#{sync}")
        yield item("Query", ledger, f"notes#t0123#{sync}")
