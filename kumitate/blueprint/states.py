"""Words of the Amazon States Language (JSONata) that the platform's machines are written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kumitate.blueprint.names import Names

State = dict[str, Any]
States = dict[str, State]

METRICS = "Kumitate"
"""CloudWatch namespace of what the platform counts itself."""
_GLUE_THROTTLED = (
    "Glue.ConcurrentRunsExceededException",
    "Glue.ThrottlingException",
    "Glue.InternalServiceException",
    "Glue.OperationTimeoutException",
    "Glue.ResourceNumberLimitExceededException",
)
_LAMBDA_TROUBLE = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
_OUR_TROUBLE = ("RetryableError",)
"""A function's own error, by its class: what may go well the next time."""
DYNAMODB = ("DynamoDB", "DynamoDb")
"""How Step Functions writes the service in an error's name: each of its two ways of calling it has its own."""
_SERVICE_TROUBLE = (
    *(f"{service}.ProvisionedThroughputExceededException" for service in DYNAMODB),
    *(f"{service}.ThrottlingException" for service in DYNAMODB),
    *(f"{service}.InternalServerErrorException" for service in DYNAMODB),
    "EventBridge.FailedEntry",  # it took the call and not the event, mostly because it was too busy
    "EventBridge.InternalException",
    "EventBridge.ThrottlingException",
)


def machine(comment: str, start: str, states: States) -> State:
    return {"Comment": comment, "QueryLanguage": "JSONata", "StartAt": start, "States": states}


def job_name(names: Names, stage: str) -> str:
    return names.called("stage", stage)


def function_name(names: Names, function: str, variant: str = "") -> str:
    return names.called(*filter(None, ("fn", function, variant)))


def invoke(names: Names, function: str, payload: Mapping[str, object]) -> State:
    """A Lambda function's answer is `$states.result.Payload`."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function_name(names, function), "Payload": payload},
        "TimeoutSeconds": 900,
        "Retry": [retry((*_LAMBDA_TROUBLE, *_OUR_TROUBLE), seconds=2, attempts=6)],
    }


def run_job(names: Names, stage: str, arguments: Mapping[str, str], *, timeout_minutes: int) -> State:
    """A job that fails is started once more: its steps are marked, those that are done are not done again."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Arguments": {"JobName": job_name(names, stage), "Arguments": arguments},
        "TimeoutSeconds": timeout_minutes * 60,
        "Retry": [
            retry(_GLUE_THROTTLED, seconds=60, attempts=6),
            retry(("States.TaskFailed",), seconds=60, attempts=1),
        ],
        "Catch": [caught(stage)],
    }


def put_event(names: Names, detail_type: str, detail: Mapping[str, str]) -> State:
    entry = {
        "EventBusName": names.called("bus"),
        "Source": names.event_source,
        "DetailType": detail_type,
        "Detail": detail,
    }
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents",
        "Arguments": {"Entries": [entry]},
        "Retry": [retry(_SERVICE_TROUBLE, seconds=2, attempts=6)],
    }


def table_call(operation: str, arguments: Mapping[str, object]) -> State:
    """One call to DynamoDB, e.g. `table_call("putItem", …)`."""
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:dynamodb:{operation}",
        "Arguments": dict(arguments),
        "Retry": [retry(_SERVICE_TROUBLE, seconds=2, attempts=6)],
    }


def put_metric(name: str, value: str | int, *, unit: str, dimensions: Mapping[str, str]) -> State:
    metric = {
        "MetricName": name,
        "Dimensions": [{"Name": each, "Value": of} for each, of in dimensions.items()],
        "Value": value,
        "Unit": unit,
    }
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:cloudwatch:putMetricData",
        "Arguments": {"Namespace": METRICS, "MetricData": [metric]},
    }


def choice(*cases: tuple[str, str], otherwise: str) -> State:
    """`choice(("{% $x = 1 %}", "One"), otherwise="Many")`."""
    return {
        "Type": "Choice",
        "Choices": [{"Condition": condition, "Next": then} for condition, then in cases],
        "Default": otherwise,
    }


def retry(errors: Iterable[str], *, seconds: int, attempts: int) -> State:
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": seconds,
        "MaxAttempts": attempts,
        "BackoffRate": 2,
        "MaxDelaySeconds": 900,
        "JitterStrategy": "FULL",
    }


def caught(where: str, *, then: str = "End failed run") -> State:
    """Whatever goes wrong ends the run; the reason says where and which kind, no more: a cause may quote rows."""
    return {
        "ErrorEquals": ["States.ALL"],
        "Assign": {"reason": f"{{% '{where}: ' & $states.errorOutput.Error %}}"},
        "Next": then,
    }
