"""State machines in the emulator: their functions and Glue jobs stand in, everything else is executed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.cloud import ACCOUNT, REGION, Cloud, eventually
from harness.ministack import ministack

SERVER = Path(__file__).resolve().parents[1] / "emulator" / "server.py"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/machine"
WAIT_SCALE = "0.0005"
"""A minute's wait takes 30 ms."""
_STAND_IN = """
import json

def handler(event, context):
    with open({log!r}, "a") as log:
        log.write(json.dumps({{"function": context.function_name, "event": event}}) + "\\n")
    return json.loads({answer!r})
"""


@dataclass(frozen=True)
class Execution:
    """How one ended, and which states it went through."""

    status: str
    error: str
    cause: str
    states: tuple[str, ...]


@dataclass(frozen=True)
class Workshop:
    """An account with machines, and stand-ins that answer what they are told to."""

    cloud: Cloud

    def function(self, name: str, answer: Mapping[str, Any]) -> None:
        """`name` answers this from now on."""
        code = _STAND_IN.format(log=str(self.cloud.folder / "functions.jsonl"), answer=json.dumps(answer))
        client = self.cloud.client("lambda")
        try:
            client.update_function_code(FunctionName=name, ZipFile=_zip(code))
        except client.exceptions.ResourceNotFoundException:
            client.create_function(
                FunctionName=name,
                Runtime="python3.13",
                Role=ROLE,
                Handler="index.handler",
                Code={"ZipFile": _zip(code)},
            )

    def jobs_end(self, **answers: Sequence[str]) -> None:
        """What the next runs of jobs end with, by stage: `identity=["States.TaskFailed"]`."""
        named = {f"kumitate-cloud-dev-stage-{stage}": list(errors) for stage, errors in answers.items()}
        (self.cloud.folder / "answers.json").write_text(json.dumps(named), encoding="utf-8")

    def job_runs(self) -> list[dict[str, Any]]:
        return _lines(self.cloud.folder / "runs.jsonl")

    def function_calls(self, name: str) -> list[dict[str, Any]]:
        """What a function was called with, in order."""
        calls = _lines(self.cloud.folder / "functions.jsonl")
        return [call["event"] for call in calls if call["function"] == name]

    def place(self, definition: Mapping[str, Any]) -> str:
        """A machine of this definition; its ARN."""
        client = self.cloud.client("stepfunctions")
        text = json.dumps(definition)
        return str(client.create_state_machine(name=f"m-{uuid4().hex[:8]}", definition=text, roleArn=ROLE)[
            "stateMachineArn"
        ])  # fmt: skip

    def start(self, machine: str, given: Mapping[str, Any]) -> str:
        client = self.cloud.client("stepfunctions")
        return str(client.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"])

    def ended(self, execution: str, *, seconds: float = 40) -> Execution:
        client = self.cloud.client("stepfunctions")

        def found() -> dict[str, Any] | None:
            said: dict[str, Any] = client.describe_execution(executionArn=execution)
            return None if said["status"] == "RUNNING" else said

        said = eventually(found, seconds=seconds, what="the end of the execution")
        events = client.get_paginator("get_execution_history").paginate(executionArn=execution)
        names = [
            event["stateEnteredEventDetails"]["name"]
            for page in events
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]
        return Execution(said["status"], said.get("error", ""), said.get("cause", ""), tuple(names))

    def run(self, machine: str, given: Mapping[str, Any]) -> Execution:
        return self.ended(self.start(machine, given))

    def listen(self, bus: str) -> str:
        """A queue that gets every event of the bus from now on; its url."""
        name = f"heard-{uuid4().hex[:8]}"
        url = self.cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        events = self.cloud.client("events")
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"account": [ACCOUNT]}))
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
        return str(url)

    def heard(self, queue: str) -> list[tuple[str, dict[str, Any]]]:
        """(detail type, detail) of the events so far; each is told once."""
        found = []
        while (
            messages := self.cloud.client("sqs")
            .receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            .get("Messages")
        ):
            for message in messages:
                event = json.loads(message["Body"])
                found.append((event["detail-type"], event["detail"]))
                self.cloud.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found


@contextmanager
def workshop(folder: Path) -> Iterator[Workshop]:
    """The emulator without IAM, where a minute passes in a moment."""
    settings = {"SFN_WAIT_SCALE": WAIT_SCALE, "KUMITATE_JOBS": str(folder)}
    with ministack(folder, region=REGION, environment=settings, start=(SERVER,)) as url:
        yield Workshop(Cloud(url, folder))


def _zip(code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", code)
    return content.getvalue()


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
