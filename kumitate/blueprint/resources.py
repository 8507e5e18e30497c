"""Everything that a platform places, by kind and name: what a plan compares, counts and checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kumitate.blueprint.classification import READERS, VIEWS
from kumitate.blueprint.inflows import inflows
from kumitate.blueprint.names import BUCKETS
from kumitate.blueprint.platform import LakeTable, Platform, PulledSource, StageJob
from kumitate.blueprint.profile_objects import domain_of
from kumitate.blueprint.real_time_access import (
    PROCESSOR_DEAD_LETTERS,
    STATE,
    TIMERS,
    UNDELIVERED,
)
from kumitate.blueprint.views import views
from kumitate.config.environment import Retention
from kumitate.config.schedules import timing

Origin = tuple[str, ...]
"""Where the project asks for it: `("sources", "orders")`."""
_ZONE_DAYS = {"raw": "raw_files", "quarantine": "quarantine", "results": "results"}
_SMALL_TABLES = ("ledger", "device-tokens", "idempotency")
_LONGEST_FRESHNESS_DAYS = 3.5
"""CloudWatch looks back a week, and two rounds of the schedule have to fit."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing in the account; `detail` is what a change of it is said by."""

    kind: str
    name: str
    stack: str
    detail: Mapping[str, str] = field(default_factory=dict)
    holds_data: bool = False
    origin: Origin = ()


def resources(platform: Platform) -> tuple[Resource, ...]:
    """All of them, stack by stack, in the order they are placed."""
    parts = (_storage, _lake, _ingest, _pipeline, _query, _activation, _real_time, _messaging, _operations)
    return tuple(resource for part in parts for resource in part(platform))


def _storage(platform: Platform) -> Iterator[Resource]:
    names, retention = platform.names, platform.environment.retention
    yield Resource("key", f"alias/{names.called('data')}", "storage", holds_data=True)
    for zone in BUCKETS:
        detail = {"files kept": _days(retention, _ZONE_DAYS.get(zone, ""))}
        yield Resource("bucket", names.bucket(zone), "storage", detail, holds_data=True)
    yield Resource("bucket", names.bucket("logs"), "storage", holds_data=True)
    for name in _SMALL_TABLES:
        yield Resource("key-value table", names.called(name), "storage", holds_data=True)
    if platform.is_real_time:
        yield Resource("key-value table", names.called(STATE), "storage", holds_data=True)
    yield Resource("event bus", names.called("bus"), "storage")
    yield Resource("function", names.called("fn", "lake_tables"), "storage")


def _days(retention: Retention, key: str) -> str:
    days = getattr(retention, key) if key else None
    return "for good" if days is None else f"{days} days"


def _lake(platform: Platform) -> Iterator[Resource]:
    for database in platform.databases.values():
        yield Resource("database", database, "storage", holds_data=True)
    for table in platform.tables:
        yield Resource("table", f"{table.database}.{table.table.name}", "storage", _columns(table), holds_data=True)


def _columns(table: LakeTable) -> dict[str, str]:
    return {f"column {column.name}": str(column.type) for column in table.table.columns}


def _ingest(platform: Platform) -> Iterator[Resource]:
    called = platform.names.called
    gathered = f"{platform.environment.arrivals_minutes} minutes"
    yield from _queue(called("arrivals"), "ingest", {"files gather for": gathered})
    yield Resource("rule", called("arrived"), "ingest")
    if platform.pulls:
        yield Resource("rule", called("pulled"), "ingest")
    for pulled in platform.pulls:
        yield from _pulled(platform, pulled)
    if _by_job(platform):
        yield Resource("queue", called("pulls", "undelivered"), "ingest", holds_data=True)
    for streamed in platform.streams:
        origin, stream = ("sources", streamed.name), streamed.stream
        size = "on demand" if stream.shards is None else f"{stream.shards} shards"
        detail = {"size": size, "events kept": f"{stream.retention_hours} hours"}
        yield Resource("stream", called("stream", streamed.name), "ingest", detail, origin=origin, holds_data=True)
        detail = {"a file every": f"{stream.buffer_seconds} s"}
        yield Resource("delivery stream", called("stream", streamed.name), "ingest", detail, origin=origin)


def _queue(
    name: str, stack: str, detail: Mapping[str, str] = MappingProxyType({}), *, origin: Origin = ()
) -> Iterator[Resource]:
    """A queue, and the one beside it for what could not be handled."""
    yield Resource("queue", name, stack, dict(detail), origin=origin)
    yield Resource("queue", f"{name}-dlq", stack, holds_data=True, origin=origin)


def _pulled(platform: Platform, pulled: PulledSource) -> Iterator[Resource]:
    called, pull = platform.names.called, pulled.pull
    origin = ("sources", pulled.name)
    detail = {
        "from": f"{pull.connector} {pull.object}",
        "schedule": pull.schedule,
        "new by": pull.incremental or "everything each time",
    }
    if pulled.by_appflow:
        yield Resource("flow", called("pull", pulled.name), "ingest", detail, origin=origin)
    else:
        yield Resource("job", called("pull", pulled.name), "ingest", detail, origin=origin)
        yield Resource("schedule", called("pull", pulled.name), "ingest", {"when": pull.schedule}, origin=origin)
    if pull.connection is None and pull.connector != "s3":
        detail = {"to": pull.connector, "secret": _secret(platform, pull.secret)}
        yield Resource("connection", called("pull", pulled.name), "ingest", detail, origin=origin)


def _by_job(platform: Platform) -> bool:
    return any(not each.by_appflow for each in platform.pulls)


def _secret(platform: Platform, name: str | None) -> str:
    return platform.environment.secrets.get(name or "", "") or "none"


def _pipeline(platform: Platform) -> Iterator[Resource]:
    called = platform.names.called
    for job in platform.jobs:
        yield Resource("job", called("stage", job.stage), "pipeline", _job(job))
    for name in ("begin_run", "end_run", "quality_gate", "arrivals"):
        yield Resource("function", called("fn", name), "pipeline")
    gate = platform.environment.gate
    detail = {
        "quarantined at most": f"{gate.max_quarantined_percent:g} %",
        "profiles drop at most": f"{gate.max_profile_drop_percent:g} %",
        "profiles at least": str(gate.min_profiles),
    }
    yield Resource("state machine", called("pipeline"), "pipeline", detail)
    yield Resource("schedule", called("pipeline"), "pipeline", {"when": platform.environment.schedule})
    yield Resource("queue", called("pipeline", "undelivered"), "pipeline", holds_data=True)


def _job(job: StageJob) -> dict[str, str]:
    workers = job.workers
    return {
        "workers": f"{workers.count} x {workers.type}",
        "capacity": "spare" if workers.flex else "standard",
        "ends after": f"{workers.timeout_minutes} minutes",
        "reads": _tables(map(str, job.reads)),
        "writes": _tables(map(str, job.writes)),
    }


def _tables(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _query(platform: Platform) -> Iterator[Resource]:
    names = platform.names
    limit = {"reads at most": f"{platform.environment.scan_limit_gb} GB a query"}
    yield Resource("workgroup", names.called("query"), "query", limit)
    for reader in READERS:
        yield Resource("workgroup", names.called(reader.name), "query", limit)
        yield Resource("role", names.called(reader.name), "query", {"may see": ", ".join(reader.classes)})
    yield Resource("database", names.database(VIEWS), "query")
    for view in views(platform.config):
        detail = {f"column {column.name}": str(column.type) for column in view.columns}
        yield Resource("view", f"{names.database(VIEWS)}.{view.name}", "query", detail)


def _activation(platform: Platform) -> Iterator[Resource]:
    called = platform.names.called
    if not platform.routes:
        return
    for name in ("planner", "export_segment"):
        yield Resource("function", called("fn", name), "activation")
    yield Resource("queue", called("activation", "undelivered"), "activation", holds_data=True)
    detail = {"waits for deliveries": f"{platform.environment.delivery_minutes} minutes"}
    yield Resource("state machine", called("activation"), "activation", detail)
    yield Resource("rule", called("segments-changed"), "activation")
    for account in platform.accounts:
        origin = ("destinations", account.name)
        detail = {
            "type": account.type,
            "secret": account.secret or "none",
            "seconds between requests": f"{account.seconds_between_requests:g}",
        }
        yield from _queue(called("account", account.name), "activation", origin=origin)
        yield Resource("function", called("fn", "delivery", account.name), "activation", detail, origin=origin)
    for route in platform.run_routes:
        origin = ("syncs", route.name)
        detail = {"segment": route.sync.brings, "to": route.account, "mode": route.sync.mode}
        yield Resource("rule", called("sync", route.name), "activation", detail, origin=origin)
        if route.sync.schedule is not None:
            detail = {"when": route.sync.schedule}
            yield Resource("schedule", called("sync", route.name), "activation", detail, origin=origin)


def _real_time(platform: Platform) -> Iterator[Resource]:
    called, collector = platform.names.called, platform.environment.collector
    if not platform.is_real_time:
        return
    yield Resource("queue", called(*UNDELIVERED), "realtime", holds_data=True)
    if platform.collected:
        detail = {
            "sources": _tables(platform.collected),
            "calls at most": f"{collector.calls_per_second} a second",
            "called": collector.domain or "as API Gateway calls it",
        }
        yield Resource("HTTP API", called("collector"), "realtime", detail)
        yield Resource("function", called("fn", "collector"), "realtime")
    if platform.watched:
        detail = {"sources": _tables(each.name for each in platform.watched)}
        yield Resource("function", called("fn", "processor"), "realtime", detail)
        yield Resource("schedule group", called(TIMERS), "realtime")
        yield Resource("queue", called(*PROCESSOR_DEAD_LETTERS), "realtime", holds_data=True)
    if platform.fired_routes:
        yield Resource("function", called("fn", "triggered"), "realtime")
        for rule in ("trigger-fired", "triggered-after-run"):
            yield Resource("rule", called(rule), "realtime")


def _messaging(platform: Platform) -> Iterator[Resource]:
    called, messaging = platform.names.called, platform.environment.messaging
    if messaging.email:
        yield Resource("mail configuration", called("mail"), "messaging")
    if messaging.sms:
        yield Resource("SMS configuration", called("sms"), "messaging")
    if messaging.push:
        yield Resource("push application", called("push"), "messaging")
    if messaging.connect_instance is not None:
        detail = {"instance": messaging.connect_instance}
        yield Resource("profile domain", domain_of(platform), "messaging", detail, holds_data=True)
        yield Resource("queue", called("profiles-dlq"), "messaging", holds_data=True)
        yield Resource("rule", called("contacts"), "messaging")
    if messaging.email or messaging.sms or messaging.connect_instance is not None:
        yield Resource("delivery stream", called("messages"), "messaging")


def _operations(platform: Platform) -> Iterator[Resource]:
    called, environment = platform.names.called, platform.environment
    yield Resource("dashboard", called("overview"), "operations")
    yield Resource("topic", called("alarms"), "operations", {"tells": ", ".join(environment.notify) or "nobody"})
    yield Resource("rule", called("run-ended-badly"), "operations")
    yield from _watching_inflow(platform)
    if timing(environment.schedule).longest_days <= _LONGEST_FRESHNESS_DAYS:
        yield Resource("alarm", called("freshness"), "operations")
    for name in ("quarantine-rate", "stopped-runs", "undelivered"):
        yield Resource("alarm", called(name), "operations")
    for name in _watching_real_time(platform):
        yield Resource("alarm", called(name), "operations")
    for account in platform.accounts:
        for name in ("dead-letters", "late", "refused"):
            yield Resource("alarm", called(name, account.name), "operations", origin=("destinations", account.name))
    if environment.budget_usd is not None:
        detail = {"a month": f"{environment.budget_usd:g} USD"}
        yield Resource("budget", called("spend"), "operations", detail)


def _watching_real_time(platform: Platform) -> Iterator[str]:
    if platform.collected:
        yield from ("collector-failed", "collector-throttled")
    if platform.watched:
        yield from ("processor-late", "processor-dead-letters")


def _watching_inflow(platform: Platform) -> Iterator[Resource]:
    """A source that stops coming is told of."""
    called = platform.names.called
    if any(each.by_appflow for each in platform.pulls):
        yield Resource("rule", called("flow-failed"), "operations")
    if _by_job(platform):
        yield Resource("rule", called("pull-job-failed"), "operations")
    for inflow in inflows(platform):
        origin = ("sources", inflow.source) if inflow.source else ()
        for name in ("stream-failed", "stream-late"):
            yield Resource("alarm", called(name, inflow.name), "operations", origin=origin)
