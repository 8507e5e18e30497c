"""What a month of a platform costs: quantities from what is placed and what is assumed, times list prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kumitate.blueprint.platform import Platform, StageJob, StreamedSource
from kumitate.blueprint.prices import Price, Prices
from kumitate.blueprint.resources import Resource, resources
from kumitate.blueprint.upkeep import upkeep
from kumitate.blueprint.usage import NOTHING, Range, Usage, exactly, total
from kumitate.config.schedules import timing

HOURS_A_MONTH = 730
_DPUS = {"G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8}
_ROWS_A_PAGE = 1000
_POLLS_A_MONTH = 5 * 3 * 60 * HOURS_A_MONTH
"""Lambda asks a queue with five pollers, each waiting 20 seconds, also when nothing is in it."""


@dataclass(frozen=True, slots=True)
class Part:
    """So much of one thing with a price; `idle` is what is paid when nothing runs."""

    service: str
    what: str
    quantity: Range
    price: str
    idle: Range = NOTHING


@dataclass(frozen=True, slots=True)
class Cost:
    """A part in dollars; None where its price is not known."""

    part: Part
    price: Price
    usd: Range | None
    idle_usd: Range | None


@dataclass(frozen=True, slots=True)
class Estimate:
    costs: tuple[Cost, ...]
    usage: Usage
    prices: Prices

    @property
    def total(self) -> Range:
        return total([cost.usd for cost in self.costs if cost.usd is not None])

    @property
    def idle(self) -> Range:
        """A month in which nothing runs and nothing arrives."""
        return total([cost.idle_usd for cost in self.costs if cost.idle_usd is not None])

    @property
    def by_service(self) -> dict[str, Range]:
        services = dict.fromkeys(cost.part.service for cost in self.costs if cost.usd is not None)
        return {
            service: total([cost.usd for cost in self.costs if cost.part.service == service and cost.usd is not None])
            for service in services
        }

    @property
    def unpriced(self) -> tuple[Cost, ...]:
        return tuple(cost for cost in self.costs if cost.usd is None)


def estimate(platform: Platform, usage: Usage, prices: Prices) -> Estimate:
    month = _Month(platform, usage, resources(platform))
    return Estimate(tuple(_cost(part, prices[part.price]) for part in _parts(month)), usage, prices)


def _cost(part: Part, price: Price) -> Cost:
    if price.usd is None:
        return Cost(part, price, None, None)
    return Cost(part, price, part.quantity * price.usd, part.idle * price.usd)


@dataclass(frozen=True, slots=True)
class _Month:
    """What the parts are counted from."""

    platform: Platform
    usage: Usage
    placed: tuple[Resource, ...] = field(repr=False)

    def count(self, kind: str) -> int:
        return sum(resource.kind == kind for resource in self.placed)

    @property
    def rows(self) -> Range:
        """Rows brought to destinations."""
        changed = self.usage.profiles * self.usage.changed_percent * 0.01
        return changed * self.usage.runs * len(self.platform.run_routes)

    @property
    def pages(self) -> Range:
        """At least one a run where anything changed; a page holds a thousand rows at most."""
        return self.rows * (1 / _ROWS_A_PAGE) + self.usage.runs * len(self.platform.run_routes) * Range(0.2, 0.6, 1)

    @property
    def activation_runs(self) -> Range:
        if not self.platform.routes:
            return NOTHING
        extra = [timing(route.sync.schedule).times_a_month for route in self.platform.run_routes if route.sync.schedule]
        return self.usage.runs + exactly(sum(extra))


def _parts(month: _Month) -> Iterator[Part]:
    for parts in (
        _storage,
        _jobs,
        _queries,
        _orchestration,
        _delivery,
        _pulls,
        _streams,
        _real_time,
        _messages,
        _watching,
    ):
        yield from parts(month)


def _storage(month: _Month) -> Iterator[Part]:
    usage, tables = month.usage, month.count("table")
    puts, gets = (usage.runs * tables * each for each in (Range(5, 10, 30), Range(20, 60, 200)))
    yield Part("S3", "lake and files", usage.lake_gb, "s3_gb_month", idle=usage.lake_gb)
    yield Part("S3", "writes", puts * 1e-3, "s3_put_1000")
    yield Part("S3", "reads", gets * 1e-3, "s3_get_1000")
    keys = exactly(month.count("key"))
    yield Part("KMS", "keys", keys, "kms_key_month", idle=keys)
    yield Part("KMS", "requests", (puts + gets) * Range(0.01, 0.1, 0.5) * 1e-4, "kms_10000")
    secrets = exactly(len({*_secrets(month.platform)}))
    yield Part("Secrets Manager", "secrets", secrets, "secret_month", idle=secrets)
    optimizers = sum(1 for _ in upkeep(month.platform))
    hours = usage.optimizer_hours * optimizers
    yield Part("Glue", f"{optimizers} optimisers of tables", hours, "glue_optimizer_dpu_hour", idle=hours)


def _secrets(platform: Platform) -> Iterator[str]:
    """Those that the environment names, and the one that AppFlow keeps for each profile it makes."""
    yield from (account.secret for account in platform.accounts if account.secret)
    for pulled in platform.pulls:
        if pulled.pull.secret is not None:
            yield platform.environment.secrets.get(pulled.pull.secret, pulled.pull.secret)
            if pulled.by_appflow:
                yield f"appflow!{pulled.name}"


def _jobs(month: _Month) -> Iterator[Part]:
    for job in month.platform.jobs:
        runs = month.activation_runs if job.stage in ("activation", "delivery") else month.usage.runs
        price = "glue_flex_dpu_hour" if job.workers.flex else "glue_dpu_hour"
        yield Part("Glue", f"job {job.stage}", runs * month.usage.job_minutes * (_dpus(job) / 60), price)


def _dpus(job: StageJob) -> int:
    return job.workers.count * _DPUS[job.workers.type]


def _queries(month: _Month) -> Iterator[Part]:
    usage = month.usage
    yield Part("Athena", "people and BI", usage.queries * usage.query_gb * 1e-3, "athena_tb")
    yield Part("Athena", "quality gate", usage.runs * Range(3, 6, 12) * 1e-5, "athena_tb")


def _orchestration(month: _Month) -> Iterator[Part]:
    runs, activations, routes = month.usage.runs, month.activation_runs, len(month.platform.run_routes)
    looks = exactly(month.platform.environment.delivery_minutes) * Range(0.05, 0.2, 1)
    steps = runs * 20 + activations * (exactly(10 + 4 * routes) + looks * 3)
    yield Part("Step Functions", "steps of both machines", steps * 1e-3, "states_1000")
    events = runs * 2 + activations * routes
    yield Part("EventBridge", "events of our own", events * 1e-6, "events_million")
    starts = exactly(sum(timing(each.detail["when"]).times_a_month for each in month.placed if each.kind == "schedule"))
    yield Part("EventBridge", "scheduled starts", starts * 1e-6, "scheduler_million")
    calls = runs * Range(3, 4, 8) + activations * routes + month.pages * Range(1, 1.1, 2)
    seconds = runs * Range(3, 10, 40) + month.pages * Range(2, 15, 90)
    yield Part("Lambda", "calls", calls * 1e-6, "lambda_million")
    yield Part("Lambda", "seconds at 512 MB", seconds * 0.5, "lambda_gb_second")


def _delivery(month: _Month) -> Iterator[Part]:
    polled = sum(each.kind == "queue" and not each.holds_data for each in month.placed)
    idle = exactly(polled * _POLLS_A_MONTH) * Range(0, 1, 1) * 1e-6
    yield Part("SQS", "queues and their polling", idle + month.pages * 3e-6, "sqs_million", idle=idle)
    writes = month.pages * Range(3, 15, 40) + month.usage.runs * 20
    yield Part("DynamoDB", "ledger writes", writes * 1e-6, "dynamodb_write_million")
    yield Part("DynamoDB", "ledger reads", writes * 3e-6, "dynamodb_read_million")
    kept = writes * 2e-6
    yield Part("DynamoDB", "ledger kept", kept, "dynamodb_gb_month", idle=kept)
    yield Part("Data transfer", "to destinations", month.rows * Range(0.5, 1, 2) * 1e-6, "transfer_out_gb")


def _pulls(month: _Month) -> Iterator[Part]:
    for pulled in month.platform.pulls:
        times = exactly(timing(pulled.pull.schedule).times_a_month)
        if pulled.by_appflow:
            yield Part("AppFlow", f"runs of {pulled.name}", times, "appflow_run")
            yield Part("AppFlow", f"data of {pulled.name}", times * month.usage.pulled_gb, "appflow_gb")
        else:
            hours = times * Range(1, 3, 8) * (2 / 60)
            yield Part("Glue", f"pull {pulled.name}", hours, "glue_dpu_hour")


def _streams(month: _Month) -> Iterator[Part]:
    for streamed in month.platform.streams:
        yield from _stream(month.usage, streamed)
        stepped = month.usage.events * Range(0.2, 1, 1) * 5e-6
        yield Part("Firehose", f"events of {streamed.name}", stepped, "firehose_gb")


def _stream(usage: Usage, streamed: StreamedSource) -> Iterator[Part]:
    stream, name = streamed.stream, streamed.name
    gigabytes = usage.events * usage.event_kb * 1e-6
    days_longer = max(0, stream.retention_hours - 24) / 24
    if stream.shards is None:
        open_ = exactly(HOURS_A_MONTH)
        yield Part("Kinesis", f"stream {name}, on demand", open_, "kinesis_stream_hour", idle=open_)
        yield Part("Kinesis", f"events into {name}", gigabytes, "kinesis_in_gb")
        yield Part("Kinesis", f"events out of {name}", gigabytes, "kinesis_out_gb")
        yield Part("Kinesis", f"{name} kept longer", gigabytes * (days_longer / 30), "kinesis_kept_gb_month")
        return
    hours = exactly(stream.shards * HOURS_A_MONTH)
    yield Part("Kinesis", f"shards of {name}", hours, "kinesis_shard_hour", idle=hours)
    yield Part("Kinesis", f"events into {name}", usage.events * 1e-6, "kinesis_put_million")
    if days_longer:
        yield Part("Kinesis", f"{name} kept longer", hours, "kinesis_kept_shard_hour", idle=hours)


def _real_time(month: _Month) -> Iterator[Part]:
    """What collector and processor do with each event; what a trigger starts is as a page of a run."""
    usage, platform = month.usage, month.platform
    collected, watched = usage.events * len(platform.collected), usage.events * len(platform.watched)
    calls = collected * usage.calls_an_event
    if platform.collected:
        yield Part("API Gateway", "calls of the collector", calls * 1e-6, "http_api_million")
        yield Part("CloudWatch", "logs of the collector's calls", calls * 4e-7, "logs_gb")
    batches = watched * Range(0.02, 0.2, 1)
    if watched != NOTHING or collected != NOTHING:
        yield Part("Lambda", "calls in real time", (calls + batches) * 1e-6, "lambda_million")
        seconds = calls * Range(0.01, 0.03, 0.1) + watched * Range(0.005, 0.02, 0.06)
        yield Part("Lambda", "seconds in real time at 1024 MB", seconds, "lambda_gb_second")
        writes = collected * Range(1, 1, 1.2) + calls * Range(0, 1, 2) + watched * Range(0.5, 2, 6)
        reads = collected + watched * Range(2, 4, 10)
        yield Part("DynamoDB", "ids and state of real time, writes", writes * 1e-6, "dynamodb_write_million")
        yield Part("DynamoDB", "ids and state of real time, reads", reads * 1e-6, "dynamodb_read_million")
        kept = collected * 7e-9 + usage.profiles * (len(platform.watched) > 0) * Range(5e-7, 2e-6, 8e-6)
        yield Part("DynamoDB", "ids and state of real time, kept", kept, "dynamodb_gb_month", idle=kept)
    yield Part("EventBridge", "timers of triggers", watched * Range(0, 0.05, 0.5) * 1e-6, "scheduler_million")


def _messages(month: _Month) -> Iterator[Part]:
    usage, messaging = month.usage, month.platform.environment.messaging
    types = {account.type for account in month.platform.accounts}
    if messaging.email or "ses" in types:
        yield Part("SES", "mails", usage.profiles * usage.mails_a_profile * 1e-3, "ses_1000")
    if messaging.email or messaging.sms:
        sent = usage.profiles * (usage.mails_a_profile if messaging.email else usage.sms_a_profile)
        yield Part("Firehose", "what became of messages", sent * Range(1, 3, 6) * 5e-6, "firehose_gb")
    if messaging.sms:
        yield Part("End User Messaging", "SMS", usage.profiles * usage.sms_a_profile, "sms_message")
    if messaging.push:
        yield Part("End User Messaging", "push", usage.profiles * usage.pushes_a_profile * 1e-6, "push_million")
    if messaging.connect_instance is not None or "connect_customer_profiles" in types:
        yield Part("Customer Profiles", "profiles", usage.profiles, "customer_profile", idle=usage.profiles)


def _watching(month: _Month) -> Iterator[Part]:
    share_of_the_month = _at_most_one(month.usage.runs * (1 / HOURS_A_MONTH))
    counted = exactly(3 * bool(month.platform.collected))
    yield Part("CloudWatch", "metrics of the collector", counted, "metric_month")
    metrics = exactly(2 * len(month.platform.jobs) + 4 * len(month.platform.accounts) + 6)
    yield Part("CloudWatch", "metrics", metrics * share_of_the_month, "metric_month")
    alarms = Range(0, 1, 2) * month.count("alarm")  # one that compares two metrics is paid for twice
    yield Part("CloudWatch", "alarms", alarms, "alarm_month", idle=alarms)
    dashboards = Range(0, 1, 1) * month.count("dashboard")
    yield Part("CloudWatch", "dashboard", dashboards, "dashboard_month", idle=dashboards)
    logs = month.usage.runs * len(month.platform.jobs) * Range(0.0005, 0.002, 0.01) + month.pages * 1e-6
    yield Part("CloudWatch", "logs in", logs, "logs_gb")
    yield Part("CloudWatch", "logs kept", logs, "logs_gb_month")


def _at_most_one(share: Range) -> Range:
    return Range(min(share.low, 1), min(share.expected, 1), min(share.high, 1))
