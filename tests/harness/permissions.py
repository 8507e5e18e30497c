"""The work of every role, service by service: what AWS asks of whom when a placed resource does what it is for.

Read off the resources, not off the policies, so that the two can be compared. Where AWS's service acts under a role of
ours and no emulator checks it (Glue, Step Functions, Scheduler, Firehose, rules), this is the contract.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.cloud import ACCOUNT, REGION
from harness.function_needs import FUNCTIONS, Environment
from harness.iam import ANYBODY, Need
from harness.job_needs import connection, glue_job, of_runs, pull, stage
from harness.lake_needs import on, optimiser, readers, registered
from harness.placed import Account, Placed
from harness.real_time_needs import integration, source_of, stream_reader, timers


def needs(account: Account) -> list[Need]:
    """Everything that has to be allowed, or refused."""
    platform = account.platform
    found = [need for placed in account.resources for need in _CONTRACTS.get(placed.type, _none)(account, placed)]
    for job in platform.jobs:
        found += stage(account, platform, job)
    for pulled in platform.pulls:
        found += () if pulled.by_appflow else pull(account, platform, pulled)
    return [*found, *_trust(account), *readers(account, platform)]


def _none(_account: Account, _placed: Placed) -> Iterator[Need]:
    return iter(())


_KEY_USE = ("GenerateDataKey", "Decrypt")


# --- what is refused


def _bucket(_account: Account, bucket: Placed) -> Iterator[Need]:
    """Nothing but TLS 1.2 and later, whoever asks; access logs are written by S3, for this account only."""
    thing = f"{bucket.arn}/anything"
    for resource, action in ((bucket.arn, "s3:ListBucket"), (thing, "s3:GetObject")):
        yield Need(ANYBODY, action, resource, {"aws:SecureTransport": "false", "s3:TlsVersion": "1.3"}, forbidden=True)
        yield Need(ANYBODY, action, resource, {"s3:TlsVersion": "1.1"}, forbidden=True)
    logs = bucket.properties.get("LoggingConfiguration")
    if logs:
        target = f"arn:aws:s3:::{logs['DestinationBucketName']}/{logs['LogFilePrefix']}2026-11-22"
        yield Need("logging.s3.amazonaws.com", "s3:PutObject", target, {"aws:SourceAccount": ACCOUNT})
        yield Need("logging.s3.amazonaws.com", "s3:PutObject", target, {"aws:SourceAccount": "1" * 12}, forbidden=True)


def _queue(_account: Account, queue: Placed) -> Iterator[Need]:
    yield Need(ANYBODY, "sqs:SendMessage", queue.arn, {"aws:SecureTransport": "false"}, forbidden=True)


def _key(_account: Account, key: Placed) -> Iterator[Need]:
    yield Need(ANYBODY, "kms:PutKeyPolicy", key.arn)


def _topic(account: Account, topic: Placed) -> Iterator[Need]:
    """Alarms, budgets and rules speak there, for this account."""
    yield Need(ANYBODY, "sns:Publish", topic.arn, {"aws:SecureTransport": "false"}, forbidden=True)
    watching = {"AWS::CloudWatch::Alarm": "cloudwatch.amazonaws.com", "AWS::Budgets::Budget": "budgets.amazonaws.com"}
    for kind, service in watching.items():
        if any(account.all(kind)):
            yield Need(service, "sns:Publish", topic.arn, {"aws:SourceAccount": ACCOUNT})
            yield Need(service, "sns:Publish", topic.arn, {"aws:SourceAccount": "1" * 12}, forbidden=True)


def _profiles(account: Account, domain: Placed) -> Iterator[Need]:
    """Connect's profiles are encrypted with our key; what they refuse is kept in our queue."""
    queue = domain.properties["DeadLetterQueueUrl"].rpartition("/")[2]
    dead = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
    for action, resource in (("sqs:SendMessage", dead), *((f"kms:{each}", account.key.arn) for each in _KEY_USE)):
        yield Need("profile.amazonaws.com", action, resource, {"aws:SourceAccount": ACCOUNT})
        yield Need("profile.amazonaws.com", action, resource, {"aws:SourceAccount": "1" * 12}, forbidden=True)


# --- what starts something


def _trust(account: Account) -> Iterator[Need]:
    """Each role is assumed by the service that works under it, for this account."""
    for role in account.policies.roles.values():
        for id_ in account.policies.protecting.get(role.arn, ()):
            principal = account.policies.statements[id_]["Principal"]
            for service in _several(principal.get("Service", [])):
                context = {"aws:SourceAccount": ACCOUNT, **source_of(account, service, role.arn)}
                yield Need(service, "sts:AssumeRole", role.arn, context)
            if "AWS" in principal:
                yield Need(ANYBODY, "sts:AssumeRole", role.arn)


def _schedule(account: Account, schedule: Placed) -> Iterator[Need]:
    target = schedule.properties["Target"]
    role = account.role_paths[target["RoleArn"]]
    if target["Arn"].endswith("aws-sdk:glue:startJobRun"):
        job = json.loads(target["Input"])["JobName"]
        yield from on(role, "glue:StartJobRun", f"arn:aws:glue:{REGION}:{ACCOUNT}:job/{job}")
    else:
        yield from on(role, _start_of(target["Arn"]), target["Arn"])
    dead = target.get("DeadLetterConfig", {}).get("Arn")
    if dead:
        yield from on(role, "sqs:SendMessage", dead)


def _rule(account: Account, rule: Placed) -> Iterator[Need]:
    """A rule starts machines under its role; queues and functions let it in themselves."""
    for target in rule.properties.get("Targets", []):
        role = account.role_paths.get(target.get("RoleArn", ""))
        who = role or "events.amazonaws.com"
        context = {} if role else {"aws:SourceArn": rule.arn}
        yield from (Need(who, action, target["Arn"], context) for action in _start_of(target["Arn"]).split())
        dead = target.get("DeadLetterConfig", {}).get("Arn")
        if dead:
            yield Need("events.amazonaws.com", "sqs:SendMessage", dead, {"aws:SourceArn": rule.arn})


def _start_of(arn: str) -> str:
    return {
        "states": "states:StartExecution",
        "sqs": "sqs:SendMessage",
        "lambda": "lambda:InvokeFunction",
        "sns": "sns:Publish",
        "firehose": "firehose:PutRecord firehose:PutRecordBatch",
    }[arn.split(":")[2]]


# --- what runs


def _function(account: Account, function: Placed) -> Iterator[Need]:
    properties = function.properties
    role = account.role_paths[properties["Role"]]
    group = properties.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{function.name}")
    stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:2026/11/22"
    yield from on(role, "logs:CreateLogStream logs:PutLogEvents", stream)
    if properties.get("TracingConfig", {}).get("Mode") == "Active":
        yield from on(role, "xray:PutTraceSegments xray:PutTelemetryRecords", "*")
    work = properties["Handler"].split(".")[1]
    variables = properties.get("Environment", {}).get("Variables", {})
    assert work in FUNCTIONS, f"no contract says what the function {work} calls"
    for action, resource, context in FUNCTIONS[work](Environment(account, account.platform, variables, role)):
        yield Need(role, action, resource, context)


def _function_event(account: Account, config: Placed) -> Iterator[Need]:
    """What a function could not do with an event is kept."""
    function = account.one("AWS::Lambda::Function", config.properties["FunctionName"])
    role = account.role_paths[function.properties["Role"]]
    yield from on(role, "sqs:SendMessage", config.properties["DestinationConfig"]["OnFailure"]["Destination"])


def _event_source(account: Account, mapping: Placed) -> Iterator[Need]:
    """Lambda reads the queue, or the stream, in the function's name."""
    function = next(
        each for each in account.all("AWS::Lambda::Function") if each.name == mapping.properties["FunctionName"]
    )
    role = account.role_paths[function.properties["Role"]]
    source = mapping.properties["EventSourceArn"]
    if ":kinesis:" in source:
        yield from stream_reader(account, mapping, role)
        return
    yield from on(role, "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes", source)


def _machine(account: Account, machine: Placed) -> Iterator[Need]:
    """Each state asks for what it names; the logs and traces of an execution know no resources."""
    role = account.role_paths[machine.properties["RoleArn"]]
    definition = json.loads(machine.properties["DefinitionString"])
    for state in _states(definition):
        yield from _task(account, role, state)
    if machine.properties.get("LoggingConfiguration", {}).get("Level", "OFF") != "OFF":
        yield from on(role, _LOG_DELIVERY, "*")
    if machine.properties.get("TracingConfiguration", {}).get("Enabled"):
        yield from on(
            role,
            "xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules xray:GetSamplingTargets",
            "*",
        )


_LOG_DELIVERY = (
    "logs:CreateLogDelivery logs:GetLogDelivery logs:UpdateLogDelivery logs:DeleteLogDelivery logs:ListLogDeliveries"
    " logs:PutResourcePolicy logs:DescribeResourcePolicies logs:DescribeLogGroups"
)
"""What Step Functions asks for to write an execution's log, in its documentation."""


def _states(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for state in definition["States"].values():
        yield state
        if "ItemProcessor" in state:
            yield from _states(state["ItemProcessor"])


def _task(account: Account, role: str, state: Mapping[str, Any]) -> Iterator[Need]:
    given, root = state.get("Arguments", {}), f"{REGION}:{ACCOUNT}"
    match state.get("Resource", "").removeprefix("arn:aws:states:::"):
        case "lambda:invoke":
            yield from on(role, "lambda:InvokeFunction", f"arn:aws:lambda:{root}:function:{given['FunctionName']}")
        case "glue:startJobRun.sync":
            actions = "glue:StartJobRun glue:GetJobRun glue:GetJobRuns glue:BatchStopJobRun"
            yield from on(role, actions, f"arn:aws:glue:{root}:job/{given['JobName']}")
        case "events:putEvents":
            for entry in given["Entries"]:
                yield from on(role, "events:PutEvents", f"arn:aws:events:{root}:event-bus/{entry['EventBusName']}")
        case "aws-sdk:cloudwatch:putMetricData":
            yield Need(role, "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": given["Namespace"]})
        case call if call.startswith("aws-sdk:dynamodb:"):
            action = "dynamodb:" + call.rpartition(":")[2][0].upper() + call.rpartition(":")[2][1:]
            yield from of_runs(role, action, f"arn:aws:dynamodb:{root}:table/{given['TableName']}", "run#r000001")
            yield from on(role, "kms:Decrypt", account.key.arn)
        case "":
            return
        case other:
            raise AssertionError(f"no contract says what {other} asks for")


def _delivery_stream(account: Account, delivery: Placed) -> Iterator[Need]:
    """Firehose reads the stream, writes to its own prefixes, and says what went wrong."""
    target = delivery.properties["ExtendedS3DestinationConfiguration"]
    role = account.role_paths[target["RoleARN"]]
    bucket = target["BucketARN"]
    for prefix in (target["Prefix"], target["ErrorOutputPrefix"]):
        yield from on(role, "s3:PutObject s3:AbortMultipartUpload", f"{bucket}/{prefix.split('!')[0]}2026/11/22/x")
    yield from on(role, "s3:GetBucketLocation s3:ListBucketMultipartUploads", bucket)
    yield from on(role, "kms:GenerateDataKey kms:Decrypt", account.key.arn)  # an upload in parts reads its key again
    logs = target.get("CloudWatchLoggingOptions", {})
    if logs.get("Enabled"):
        stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{logs['LogGroupName']}:log-stream:{logs['LogStreamName']}"
        yield from on(role, "logs:PutLogEvents", stream)
    source = delivery.properties.get("KinesisStreamSourceConfiguration")
    if source:
        actions = "kinesis:DescribeStream kinesis:GetShardIterator kinesis:GetRecords kinesis:ListShards"
        yield from on(role, actions, source["KinesisStreamARN"])


def _mail_results(account: Account, placed: Placed) -> Iterator[Need]:
    target = placed.properties["EventDestination"]["KinesisFirehoseDestination"]
    role = account.role_paths[target["IAMRoleARN"]]
    yield from on(role, "firehose:PutRecord firehose:PutRecordBatch", target["DeliveryStreamARN"])


def _text_results(account: Account, placed: Placed) -> Iterator[Need]:
    for each in placed.properties["EventDestinations"]:
        target = each["KinesisFirehoseDestination"]
        role = account.role_paths[target["IamRoleArn"]]
        yield from on(role, "firehose:PutRecord firehose:PutRecordBatch", target["DeliveryStreamArn"])


def _flow(account: Account, flow: Placed) -> Iterator[Need]:
    """AppFlow writes in its own name; bucket and key let it in for this account."""
    context = {"aws:SourceAccount": ACCOUNT}
    for target in flow.properties["DestinationFlowConfigList"]:
        s3 = target["DestinationConnectorProperties"]["S3"]
        bucket = f"arn:aws:s3:::{s3['BucketName']}"
        actions = ("PutObject", "AbortMultipartUpload", "ListMultipartUploadParts", "PutObjectAcl")
        for action in actions:
            yield Need("appflow.amazonaws.com", f"s3:{action}", f"{bucket}/{s3['BucketPrefix']}/x", context)
        for action in ("GetBucketAcl", "ListBucketMultipartUploads"):
            yield Need("appflow.amazonaws.com", f"s3:{action}", bucket, context)
    for action in (f"kms:{each}" for each in _KEY_USE):
        yield Need("appflow.amazonaws.com", action, account.key.arn, context)
        stranger = {"aws:SourceAccount": "1" * 12}
        yield Need("appflow.amazonaws.com", action, account.key.arn, stranger, forbidden=True)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_CONTRACTS: dict[str, Callable[[Account, Placed], Iterator[Need]]] = {
    "AWS::S3::Bucket": _bucket,
    "AWS::SQS::Queue": _queue,
    "AWS::KMS::Key": _key,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::Events::Rule": _rule,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::EventSourceMapping": _event_source,
    "AWS::StepFunctions::StateMachine": _machine,
    "AWS::Glue::Job": glue_job,
    "AWS::KinesisFirehose::DeliveryStream": _delivery_stream,
    "AWS::AppFlow::Flow": _flow,
    "AWS::Lambda::EventInvokeConfig": _function_event,
    "AWS::ApiGatewayV2::Integration": integration,
    "AWS::Scheduler::ScheduleGroup": timers,
    "AWS::SNS::Topic": _topic,
    "AWS::CustomerProfiles::Domain": _profiles,
    "AWS::Glue::Connection": connection,
    "AWS::Glue::TableOptimizer": optimiser,
    "AWS::LakeFormation::Resource": registered,
    "AWS::SES::ConfigurationSetEventDestination": _mail_results,
    "AWS::SMSVOICE::ConfigurationSet": _text_results,
}
