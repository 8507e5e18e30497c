"""What happens in a deployed platform, as a test sees it: runs, pages, queues, executions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from harness.cloud import ACCOUNT, REGION, eventually
from harness.deployment import Deployment
from kumitate.aws.pages import PageObjects
from kumitate.cloud.pages import write_pages
from kumitate.model.request import Change, Operation

AS_OF = "2026-11-22T00:00:00+00:00"
CRM, CHAT = "visits_crm", "active_chat"


def contacts(*keys: str) -> list[Change]:
    """Rows for the sync to the CRM; nobody in particular."""
    return [Change(key, Operation.CREATE, {"LastName": "Tanaka", "Visits__c": 3}, f"p-{key}") for key in keys]


def alerts(*keys: str) -> list[Change]:
    return [Change(key, Operation.CREATE, {"text": f"{key} is back"}, f"p-{key}") for key in keys]


@dataclass(frozen=True)
class Flows:
    """The deployed platform at work."""

    deployment: Deployment

    def begin_run(self) -> str:
        """A run as the machine's first step begins it. Whoever asks during another run would have that one repeated."""
        eventually(lambda: not self.running("pipeline"), seconds=60, what="the end of the run under way")
        given = {"execution": f"test-{uuid4()}", "reason": "test"}
        answer = self.invoke("begin-run", given)
        assert answer["verdict"] in {"begun", "resumed"}, answer
        return str(answer["run_id"])

    def end_run(self, run_id: str) -> None:
        self.invoke("end-run", {"run_id": run_id, "state": "finished", "reason": ""})

    def invoke(self, function: str, given: dict[str, Any]) -> dict[str, Any]:
        name = self.deployment.called("fn", function)
        said = self.deployment.client("lambda").invoke(FunctionName=name, Payload=json.dumps(given))
        answer: dict[str, Any] = json.loads(said["Payload"].read())
        assert "FunctionError" not in said, answer
        return answer

    def put_pages(self, run_id: str, sync: str, changes: Sequence[Change], *, rows: int = 2) -> int:
        """As the activation job does when its steps are done."""
        bucket = self.deployment.platform.names.bucket("results")
        shelf = PageObjects(self.deployment.client("s3"), bucket)
        return write_pages([changes], shelf, run_id=run_id, sync=sync, rows=rows)

    def open_sync(self, run_id: str, sync: str) -> None:
        """Its place in the ledger, as the machine opens it before the changes are announced."""
        self.deployment.client("dynamodb").put_item(
            TableName=self.deployment.called("ledger"),
            Item={"pk": {"S": f"run#{run_id}"}, "sk": {"S": f"sync#{sync}"}, "pages": {"N": "-1"}, "done": {"N": "0"}},
        )

    def announce(self, kind: str, detail: dict[str, Any]) -> None:
        """An event of the platform's own, on its bus."""
        entry = {
            "EventBusName": self.deployment.called("bus"),
            "Source": self.deployment.platform.names.event_source,
            "DetailType": kind,
            "Detail": json.dumps(detail),
        }
        said = self.deployment.client("events").put_events(Entries=[entry])
        assert not said["FailedEntryCount"], said

    def bring(self, run_id: str, sync: str, changes: Sequence[Change]) -> None:
        """Pages, their place in the ledger, and the event that sends them on their way."""
        self.open_sync(run_id, sync)
        self.put_pages(run_id, sync, changes)
        self.announce("Sync changes ready", {"run_id": run_id, "sync": sync})

    def sync_state(self, run_id: str, sync: str) -> tuple[int, int]:
        """(pages, pages done) of a sync in a run."""
        found = self.deployment.client("dynamodb").get_item(
            TableName=self.deployment.called("ledger"),
            Key={"pk": {"S": f"run#{run_id}"}, "sk": {"S": f"sync#{sync}"}},
            ConsistentRead=True,
        )
        item = found.get("Item", {"pages": {"N": "-1"}, "done": {"N": "0"}})
        return int(item["pages"]["N"]), int(item["done"]["N"])

    def wait_until_done(self, run_id: str, sync: str, *, seconds: float = 60) -> None:
        def is_done() -> bool:
            pages, done = self.sync_state(run_id, sync)
            return pages >= 0 and done >= pages

        eventually(is_done, seconds=seconds, what=f"all pages of {sync}")

    def queue(self, *parts: str) -> str:
        """A queue's url."""
        return str(self.deployment.client("sqs").get_queue_url(QueueName=self.deployment.called(*parts))["QueueUrl"])

    def send(self, queue: str, *bodies: str) -> None:
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        said = self.deployment.client("sqs").send_message_batch(QueueUrl=queue, Entries=entries)
        assert not said.get("Failed"), said

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """What lies in a queue, left there."""
        said = self.deployment.client("sqs").receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
        )
        return list(said.get("Messages", []))

    def executions(self, machine: str) -> list[dict[str, Any]]:
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{self.deployment.called(machine)}"
        return list(self.deployment.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"])

    def running(self, machine: str) -> list[dict[str, Any]]:
        return [each for each in self.executions(machine) if each["status"] == "RUNNING"]

    def execution_input(self, arn: str) -> dict[str, Any]:
        said = self.deployment.client("stepfunctions").describe_execution(executionArn=arn)
        given: dict[str, Any] = json.loads(said["input"])
        return given

    def ended(self, arn: str, *, seconds: float = 90) -> dict[str, Any]:
        """How an execution ended."""

        def found() -> dict[str, Any] | None:
            said: dict[str, Any] = self.deployment.client("stepfunctions").describe_execution(executionArn=arn)
            return said if said["status"] != "RUNNING" else None

        return eventually(found, seconds=seconds, what=f"the end of {arn.rpartition(':')[2]}")

    def sent_to(self, vendor: str, kind: str) -> dict[str, dict[str, Any]]:
        return self.deployment.sandbox.objects(vendor, kind)


def names_of(executions: Sequence[dict[str, Any]]) -> set[str]:
    return {each["name"] for each in executions}
