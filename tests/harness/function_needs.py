"""What each function of the platform calls, by its handler's name; the flows in the emulator hold it to that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.cloud import ACCOUNT, REGION

if TYPE_CHECKING:
    from harness.placed import Account

Call = tuple[str, str, Mapping[str, str]]


@dataclass(frozen=True)
class Environment:
    """A function's environment variables, as ARNs."""

    account: Account
    variables: Mapping[str, str]

    @property
    def ledger(self) -> str:
        return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{self.variables['KUMITATE_LEDGER']}"

    @property
    def results(self) -> str:
        return f"arn:aws:s3:::{self.variables['KUMITATE_RESULTS']}"

    @property
    def bus(self) -> str:
        return f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{self.variables['KUMITATE_BUS']}"

    @property
    def machine(self) -> str:
        return self.variables.get(
            "KUMITATE_MACHINE", "arn:aws:states:ap-northeast-1:000000000000:stateMachine:kumitate-cloud-dev-pipeline"
        )

    @property
    def key(self) -> str:
        return self.account.key.arn

    def queue(self, url: str) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"


def calls(actions: str, resource: str, **context: str) -> Iterator[Call]:
    for action in actions.split():
        yield action, resource, context


def arrivals(given: Environment) -> Iterator[Call]:
    yield from calls("states:StartExecution", given.machine)


def planner(given: Environment) -> Iterator[Call]:
    yield "s3:ListBucket", given.results, {"s3:prefix": "deliveries/r000001/winback/"}
    yield from calls("dynamodb:UpdateItem", given.ledger)
    yield from calls("kms:Decrypt", given.key)
    for url in json.loads(given.variables["KUMITATE_QUEUES"]).values():
        yield from calls("sqs:SendMessage", given.queue(url))


def delivery(given: Environment) -> Iterator[Call]:
    yield from calls("s3:GetObject", f"{given.results}/deliveries/r000001/winback/00001.jsonl.gz")
    yield from calls(
        "dynamodb:GetItem dynamodb:UpdateItem dynamodb:Query dynamodb:BatchWriteItem dynamodb:PutItem"
        " dynamodb:ConditionCheckItem",
        given.ledger,
    )
    yield from calls("kms:Decrypt", given.key)
    yield from calls("sqs:SendMessage", given.queue(given.variables["KUMITATE_DLQ"]))


def begin_run(given: Environment) -> Iterator[Call]:
    yield from calls("dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem", given.ledger)
    yield from calls("kms:Decrypt", given.key)


def end_run(given: Environment) -> Iterator[Call]:
    yield from begin_run(given)
    yield from calls("events:PutEvents", given.bus)
    yield from calls("states:StartExecution", given.machine)


def lake_tables(given: Environment) -> Iterator[Call]:
    yield from ()


def framework(given: Environment) -> Iterator[Call]:
    """The CDK's own wrapper of a custom resource."""
    function = given.variables["USER_ON_EVENT_FUNCTION_ARN"]
    yield from calls("lambda:InvokeFunction lambda:GetFunction", function)


FUNCTIONS: dict[str, Callable[[Environment], Iterator[Call]]] = {
    "arrivals": arrivals,
    "begin_run": begin_run,
    "end_run": end_run,
    "lake_tables": lake_tables,
    "onEvent": framework,
    "planner": planner,
    "delivery": delivery,
}
