"""What each function of the platform calls, by its handler's name; the flows in the emulator hold it to that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.cloud import ACCOUNT, REGION
from harness.lake_needs import asking, making, tables_in
from harness.real_time_needs import collector, processor, triggered
from kumitate.activation.routes import routes
from kumitate.blueprint.function_access import quality_results
from kumitate.blueprint.names import ZONES
from kumitate.cloud.exports import Wanted, members_query, place_query
from kumitate.cloud.gate import figures_query
from kumitate.model.step import Query
from kumitate.quality.verdict import failed_query

if TYPE_CHECKING:
    from harness.placed import Account
    from kumitate.blueprint.platform import Platform

DATABASES = {database: database for database in ZONES}
Call = tuple[str, str, Mapping[str, str | Sequence[str]]]


@dataclass(frozen=True)
class Environment:
    """A function's environment variables, as ARNs."""

    account: Account
    platform: Platform
    variables: Mapping[str, str]
    role: str

    @property
    def ledger(self) -> str:
        return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{self.variables['KUMITATE_LEDGER']}"

    def items(self, actions: str, *keys: str) -> Iterator[Call]:
        """Items of the ledger by partition key; DynamoDB decrypts in the caller's name."""
        for key in keys:
            for action in actions.split():
                yield f"dynamodb:{action}", self.ledger, {"dynamodb:LeadingKeys": [key]}
        yield from calls("kms:Decrypt", self.key)

    @property
    def results(self) -> str:
        return f"arn:aws:s3:::{self.variables['KUMITATE_RESULTS']}"

    @property
    def bus(self) -> str:
        return f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{self.variables['KUMITATE_BUS']}"

    @property
    def machine(self) -> str:
        return self.variables["KUMITATE_MACHINE"]

    @property
    def key(self) -> str:
        return self.account.key.arn

    def queue(self, url: str) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"


def calls(actions: str, *resources: str) -> Iterator[Call]:
    for resource in resources:
        for action in actions.split():
            yield action, resource, {}


def arrivals(given: Environment) -> Iterator[Call]:
    yield from calls("states:StartExecution", given.machine)


def planner(given: Environment) -> Iterator[Call]:
    yield from calls("s3:GetObject", f"{given.results}/deliveries/r000001/winback/pages.json")
    yield from given.items("UpdateItem", "run#r000001")
    for account in given.platform.accounts:
        queue = given.queue(given.variables["KUMITATE_QUEUES"] + account.name.replace("_", "-"))
        yield from calls("sqs:GetQueueUrl sqs:SendMessage", queue)


def delivery(given: Environment) -> Iterator[Call]:
    account = next(each for each in given.platform.accounts if each.name == given.variables["KUMITATE_ACCOUNT"])
    yield from given.items("GetItem UpdateItem", "run#r000001")
    yield from given.items("Query", "controls")
    for sync in account.syncs:
        pages = f"deliveries/r000001/{sync}"
        yield from calls("s3:GetObject", f"{given.results}/{pages}/00001.jsonl.gz")
        yield "s3:ListBucket", given.results, {"s3:prefix": f"{pages}/00009.jsonl.gz"}  # is it missing?
        yield from given.items("GetItem UpdateItem ConditionCheckItem", f"page#r000001#{sync}")
        yield from given.items("Query BatchWriteItem PutItem", f"notes#r000001#{sync}")
        yield from given.items("Query PutItem DeleteItem", f"memory#{sync}")
    yield from given.items("Query PutItem DeleteItem", f"memory#account:{account.name}")
    dead = given.queue(given.variables["KUMITATE_DLQ"])
    yield from calls("sqs:SendMessage", dead)
    yield from calls("sqs:ChangeMessageVisibility sqs:GetQueueUrl", dead.removesuffix("-dlq"))
    if account.secret:
        secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{account.secret}-AbCdEf"
        yield from calls("secretsmanager:GetSecretValue", secret)
    for route in routes(given.platform.config, given.platform.environment):
        if route.account == account.name and route.type in _DESTINATIONS:
            yield from _DESTINATIONS[route.type](route.settings)


def _profiles(settings: Mapping[str, Any]) -> Iterator[Call]:
    domain = f"arn:aws:profile:{REGION}:{ACCOUNT}:domains/{settings['domain']}"
    for resource in (domain, f"{domain}/object-types/{settings['object']}"):
        yield from calls("profile:PutProfileObject", resource)


def _mail(settings: Mapping[str, Any]) -> Iterator[Call]:
    root, sender = f"arn:aws:ses:{REGION}:{ACCOUNT}", settings["from_address"]
    yield from calls("ses:SendBulkEmail", f"{root}:identity/{sender}", f"{root}:template/{settings['template']}")
    yield from calls("ses:SendBulkEmail", f"{root}:identity/{sender.rpartition('@')[2]}")
    if settings.get("configuration_set"):
        yield from calls("ses:SendBulkEmail", f"{root}:configuration-set/{settings['configuration_set']}")


_DESTINATIONS: dict[str, Callable[[Mapping[str, Any]], Iterator[Call]]] = {
    "connect_customer_profiles": _profiles,
    "ses": _mail,
}
"""Destinations inside AWS are called under the delivery's role; all others with the account's secret."""


def begin_run(given: Environment) -> Iterator[Call]:
    yield from given.items("GetItem Query PutItem DeleteItem", "runs")


def end_run(given: Environment) -> Iterator[Call]:
    yield from begin_run(given)
    yield from calls("events:PutEvents", given.bus)
    yield from calls("states:StartExecution", given.machine)


def quality_gate(given: Environment) -> Iterator[Call]:
    verdicts = (failed_query(str(table)) for table in quality_results(given.platform.config))
    yield from _asking(given, [figures_query("r000001"), *verdicts])


def export_segment(given: Environment) -> Iterator[Call]:
    columns = ("person_id",)
    queries = [place_query("s", DATABASES), members_query(Wanted("s", "csv", columns), 0, DATABASES)]
    yield from _asking(given, queries)
    names = given.platform.names
    yield from calls("athena:GetWorkGroup", f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{names.called('query')}")
    exported = f"arn:aws:s3:::{names.bucket('results')}/exports/s/r000001/0.csv"
    yield from calls("s3:PutObject s3:AbortMultipartUpload", exported)
    notes = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{names.called('idempotency')}"
    yield from calls("dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem", notes)


def _asking(given: Environment, queries: Iterable[Query]) -> Iterator[Call]:
    for need in asking(given.role, given.platform.names, tables_in(queries)):
        yield need.action, need.resource, need.context
    yield from calls("kms:Decrypt kms:GenerateDataKey", given.key)


def lake_tables(given: Environment) -> Iterator[Call]:
    for need in making(given.role, given.account, given.platform.names):
        if not need.forbidden:
            yield need.action, need.resource, need.context


def framework(given: Environment) -> Iterator[Call]:
    """The CDK's own wrapper of a custom resource."""
    yield from calls("lambda:InvokeFunction lambda:GetFunction", given.variables["USER_ON_EVENT_FUNCTION_ARN"])


def call_of_a_service(given: Environment) -> Iterator[Call]:
    """The CDK's custom resource of one AWS call: Connect's campaigns are told of the profiles' domain."""
    integration = "connect-campaigns:PutConnectInstanceIntegration connect-campaigns:DeleteConnectInstanceIntegration"
    yield from calls(integration, "*")
    domain = given.platform.names.called("profiles")
    yield from calls("profile:GetDomain", f"arn:aws:profile:{REGION}:{ACCOUNT}:domains/{domain}")


FUNCTIONS: dict[str, Callable[[Environment], Iterator[Call]]] = {
    "arrivals": arrivals,
    "begin_run": begin_run,
    "end_run": end_run,
    "lake_tables": lake_tables,
    "quality_gate": quality_gate,
    "export_segment": export_segment,
    "onEvent": framework,
    "handler": call_of_a_service,
    "planner": planner,
    "delivery": delivery,
    "collector": collector,
    "processor": processor,
    "triggered": triggered,
}
