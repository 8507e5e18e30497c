"""Pulled sources as Amazon AppFlow asks for them: connector, credentials, schedule, mapped fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kumitate.blueprint.platform import PulledSource
from kumitate.config.environment import Environment
from kumitate.config.source import Source
from kumitate.errors import FatalError

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_FILE_TYPES = {"csv": "CSV", "jsonl": "JSON", "parquet": "PARQUET"}


@dataclass(frozen=True, slots=True)
class Connector:
    """One of AppFlow's connectors: `credentials` are keys of the secret, `properties` the settings it knows.

    `maps` is the operator of a mapped field; two connectors have none in AppFlow's model, so that it is left out.
    """

    type: str
    section: str
    """Its part of AppFlow's structures, in the CDK's spelling."""
    credentials: tuple[str, ...] = ()
    properties: tuple[str, ...] = ("instance_url",)
    fixed: Mapping[str, str] = field(default_factory=dict)
    maps: str | None = "NO_OP"
    projects: str | None = "PROJECTION"


_OAUTH = ("client_id", "client_secret")
_TOKEN = (*_OAUTH, "access_token")
_SIGN_IN = ("username", "password")
CONNECTORS: dict[str, Connector] = {
    "amplitude": Connector("Amplitude", "amplitude", ("api_key", "secret_key"), (), maps=None, projects=None),
    "datadog": Connector("Datadog", "datadog", ("api_key", "application_key")),
    "dynatrace": Connector("Dynatrace", "dynatrace", ("api_token",)),
    "googleanalytics": Connector(
        "Googleanalytics", "google_analytics", (*_OAUTH, "refresh_token"), properties=(), maps=None
    ),
    "infornexus": Connector("Infornexus", "infor_nexus", ("access_key_id", "user_id", "secret_access_key", "datakey")),
    "marketo": Connector("Marketo", "marketo", _OAUTH),
    "pardot": Connector(
        "Pardot",
        "pardot",
        ("access_token", "refresh_token", "client_credentials_arn"),
        ("instance_url", "is_sandbox_environment", "business_unit_id"),
    ),
    "s3": Connector("S3", "s3", properties=("bucket",)),
    "salesforce": Connector(
        "Salesforce",
        "salesforce",
        ("jwt_token",),
        ("instance_url", "is_sandbox_environment"),
        {"o_auth2_grant_type": "JWT_BEARER"},
    ),
    "servicenow": Connector("Servicenow", "service_now", _SIGN_IN),
    "singular": Connector("Singular", "singular", ("api_key",), ()),
    "slack": Connector("Slack", "slack", _TOKEN),
    "trendmicro": Connector("Trendmicro", "trendmicro", ("api_secret_key",), ()),
    "veeva": Connector("Veeva", "veeva", _SIGN_IN),
    "zendesk": Connector("Zendesk", "zendesk", _TOKEN),
}


@dataclass(frozen=True, slots=True)
class Task:
    """One step of a flow: the projection of all fields, or the mapping of one."""

    type: str
    fields: tuple[str, ...]
    operator: str | None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """What AppFlow does for one source."""

    connector: Connector
    tasks: tuple[Task, ...]
    schedule: str
    file_type: str
    pull_mode: str


def flow_of(pulled: PulledSource) -> Flow:
    """The flow of a source that AppFlow can pull; FatalError where it asks for more than the source says."""
    connector = CONNECTORS[pulled.pull.connector]
    if connector.section == "s3" and "bucket" not in pulled.pull.settings:
        raise FatalError(f"sources {pulled.name}.pull.settings: s3 needs 'bucket', where the files are")
    return Flow(
        connector,
        tasks(connector, delivered_fields(pulled.source)),
        schedule_of(pulled.pull.schedule),
        _FILE_TYPES[pulled.source.format],
        "Incremental" if pulled.pull.incremental or connector.section == "s3" else "Complete",
    )


def delivered_fields(source: Source) -> tuple[str, ...]:
    """The service's own names of what the source's columns are read from, each once."""
    names = (spec.from_ or name for name, spec in source.columns.items() if spec.is_delivered)
    return tuple(dict.fromkeys(names))


def tasks(connector: Connector, fields: tuple[str, ...]) -> tuple[Task, ...]:
    """AppFlow drops what is not projected and delivers nothing that is not mapped; so both are said."""
    mapped = (Task("Map", (name,), connector.maps, name) for name in fields)
    return (Task("Filter", fields, connector.projects), *mapped)


def schedule_of(expression: str) -> str:
    """AppFlow writes `rate(1 hour)` without the blank, and always in the plural: `rate(1hours)`."""
    found = _RATE.fullmatch(expression)
    if found is None:
        raise FatalError(f"{expression!r} is no schedule that AppFlow takes; write rate(1 day) or rate(15 minutes)")
    return f"rate({found[1]}{found[2]}s)"


def secret_of(environment: Environment, pulled: PulledSource) -> str:
    """The secret's name in Secrets Manager; FatalError where the environment does not say it."""
    wanted = pulled.pull.secret or ""
    if wanted not in environment.secrets:
        raise FatalError(
            f"sources {pulled.name}.pull.secret: the environment's secrets do not name {wanted!r};"
            f" add `{wanted}: <its name in Secrets Manager>` to them"
        )
    return environment.secrets[wanted]
