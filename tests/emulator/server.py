"""The emulator as the tests start it: requests count as TLS, IAM's questions are noted, Glue's jobs have a stand-in."""

from __future__ import annotations

import functools
import json
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ministack import app as server
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

Scope = dict[str, Any]


def over_tls(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Bucket policies refuse what is not TLS; on the loopback there is none to speak of."""

    async def served(scope: Scope, receive: object, send: object) -> None:
        await app({**scope, "scheme": "https"} if scope["type"] == "http" else scope, receive, send)

    return served


def noted(evaluate: Callable[..., Any], calls: Path) -> Callable[..., Any]:
    """Every question that IAM was asked, one JSON object a line: who, what, on what, and the answer of the policies."""

    @functools.wraps(evaluate)
    def answered(context: Any, *policies: Any) -> Any:
        result = evaluate(context, *policies)
        line = {
            "principal": context.principal_arn,
            "action": context.action,
            "resource": context.resource_arn,
            "context": context.service_context,
            "decision": result.decision,
        }
        with calls.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
        return result

    return answered


_BATCHES = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


def as_iam_knows_them(enforce: Callable[..., Any]) -> Callable[..., Any]:
    """IAM knows no actions for SQS's batches: they are allowed by the action of a single message."""

    @functools.wraps(enforce)
    def asked(access_key: str, action: str, *rest: Any, **named: Any) -> Any:
        return enforce(access_key, _BATCHES.get(action, action), *rest, **named)

    return asked


def in_their_group(resource: Callable[..., str]) -> Callable[..., str]:
    """A schedule's ARN names its group, which is said in a call's body or query; here all were in `default`."""

    @functools.wraps(resource)
    def named(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *rest: Any, **more: Any
    ) -> str:
        found = resource(service, method, path, headers, body, query, *rest, **more)
        if service != "scheduler" or ":schedule/default/" not in found:
            return found
        given = json.loads(body) if body else {}
        asked = query.get("groupName", [""]) if query else [""]
        group = given.get("GroupName") or (asked if isinstance(asked, str) else asked[0]) or "default"
        return found.replace(":schedule/default/", f":schedule/{group}/")

    return named


class Jobs:
    """Stands in for `glue:startJobRun.sync`, which the emulator cannot run: no work, but the answers that are prepared.

    `<folder>/answers.json` holds, by job, what its next runs end with: an error's name, or nothing for success.
    `<folder>/runs.jsonl` gets a line for each run, with its arguments.
    """

    def __init__(self, folder: Path) -> None:
        self._answers = folder / "answers.json"
        self._runs = folder / "runs.jsonl"
        self._lock = threading.Lock()

    def run(self, _resource: str, given: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            answers = json.loads(self._answers.read_text(encoding="utf-8")) if self._answers.exists() else {}
            error = next(iter(answers.get(given["JobName"], [])), "")
            answers[given["JobName"]] = answers.get(given["JobName"], [])[1:]
            self._answers.write_text(json.dumps(answers), encoding="utf-8")
            with self._runs.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**given, "error": error}) + "\n")
        if error:
            raise stepfunctions._ExecutionError(
                error, json.dumps({"JobName": given["JobName"], "JobRunState": "FAILED"})
            )
        return {"JobName": given["JobName"], "Id": "jr_stand_in", "JobRunState": "SUCCEEDED", "ExecutionTime": 7}


_TAKES_ENVIRONMENT = "    os.environ.update(env)\n"
_FINDS_LAYERS = """
    for _name, _value in env.items():
        if _value.startswith("/opt/"):
            for _layer in os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep):
                if os.path.exists(_layer + _value.removeprefix("/opt")):
                    os.environ[_name] = _layer + _value.removeprefix("/opt")
"""


def with_layers(worker: str) -> str:
    """Lambda has layers at /opt; here they lie in folders of their own, so that variables must point there."""
    assert worker.count(_TAKES_ENVIRONMENT) == 1, "the emulator's worker is not the one that this was written for"
    return worker.replace(_TAKES_ENVIRONMENT, _TAKES_ENVIRONMENT + _FINDS_LAYERS)


def of_one_metric(record: Callable[..., Any]) -> Callable[..., Any]:
    """The emulator's alarms watch one metric; one that watches a formula is placed as if it watched its result."""

    @functools.wraps(record)
    def placed(name: str, properties: dict[str, Any]) -> Any:
        formula = {"MetricName": "formula", "Namespace": "Kumitate", "Metrics": None}
        return record(name, properties | formula if properties.get("Metrics") else properties)

    return placed


if __name__ == "__main__":
    iam_actions.extract_resource_arn = in_their_group(iam_actions.extract_resource_arn)
    iam_evaluator.enforce = as_iam_knows_them(iam_evaluator.enforce)
    provisioners._cw_metric_alarm_record = of_one_metric(provisioners._cw_metric_alarm_record)
    lambda_runtime._PYTHON_WORKER_SCRIPT = with_layers(lambda_runtime._PYTHON_WORKER_SCRIPT)
    if "KUMITATE_JOBS" in os.environ:
        jobs = Jobs(Path(os.environ["KUMITATE_JOBS"]))
        stepfunctions._SERVICE_DISPATCH["arn:aws:states:::glue:startJobRun"] = jobs.run
    if "KUMITATE_CALLS" in os.environ:
        iam_evaluator.evaluate = noted(iam_evaluator.evaluate, Path(os.environ["KUMITATE_CALLS"]))
    server.app = over_tls(server.app)
    server.main()
