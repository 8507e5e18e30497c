"""Pulled sources as AWS Glue's connections ask for them: type, sign-in, properties, and what their job may do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kumitate.blueprint.flows import secret_of
from kumitate.blueprint.grants import OBJECTS, Grant, arn, objects
from kumitate.blueprint.job_arguments import glue_connection
from kumitate.blueprint.names import PULLED, Names
from kumitate.blueprint.platform import Platform, PulledSource

_TOKEN_URLS = {
    "facebookads": "https://graph.facebook.com/oauth/access_token",
    "googleads": "https://oauth2.googleapis.com/token",
    "hubspot": "https://api.hubapi.com/oauth/v1/token",
}
"""Where a token is refreshed; `settings.token_url` says it for services that are not here."""
_TYPES = "they describe the services that Glue connects, nothing of the account"
_READ_SECRET = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue")


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection to be made; its secret holds what Glue's documentation of the service asks for."""

    name: str
    type: str
    secret: str
    grant_type: str
    client_id: str | None
    token_url: str | None
    properties: dict[str, str]


def connection_of(platform: Platform, pulled: PulledSource) -> Connection | None:
    """None where the account has the connection already."""
    if pulled.pull.connection is not None:
        return None
    settings = pulled.pull.settings
    instance = {"INSTANCE_URL": settings["instance_url"]} if "instance_url" in settings else {}
    return Connection(
        name=glue_connection(platform.names, pulled),
        type=pulled.pull.connector.upper(),
        secret=secret_of(platform.environment, pulled),
        grant_type=settings.get("grant_type", "AUTHORIZATION_CODE"),
        client_id=settings.get("client_id"),
        token_url=settings.get("token_url", _TOKEN_URLS.get(pulled.pull.connector)),
        properties=instance,
    )


def secret_arn(names: Names, secret: str) -> str:
    return arn(names, "secretsmanager", f"secret:{secret}")


def secret_grant(names: Names, secret: str) -> Grant:
    """Glue refreshes tokens and writes them back; a secret's ARN ends in six signs that its name does not have."""
    return Grant("SignIn", _READ_SECRET, (f"{secret_arn(names, secret)}-??????",))


def pull_grants(platform: Platform, pulled: PulledSource) -> Iterator[Grant]:
    """What the pull job does besides what every job does: use its connection, write its source's files."""
    names = platform.names
    raw, prefix = names.bucket("raw"), f"{PULLED}/{pulled.name}"
    yield from _connect(names, pulled)
    yield Grant("KeepPulled", ("s3:PutObject",), (objects(raw, prefix),), because=OBJECTS)
    yield Grant("FindPulled", ("s3:ListBucket",), (f"arn:aws:s3:::{raw}",), {"s3:prefix": (f"{prefix}/*",)})
    if pulled.pull.secret is not None:
        yield secret_grant(names, secret_of(platform.environment, pulled))


def _connect(names: Names, pulled: PulledSource) -> Iterator[Grant]:
    """Glue's pages of the connectors ask for these of a job's role, besides the connection itself."""
    described = ("glue:DescribeConnectionType", "glue:ListConnectionTypes")
    used = ("glue:DescribeEntity", "glue:GetConnection", "glue:ListEntities", "glue:RefreshOAuth2Tokens")
    places = (
        "catalog",
        f"connection/{glue_connection(names, pulled)}",
        f"connectionType:{pulled.pull.connector.upper()}",
    )
    yield Grant("Connect", used, tuple(arn(names, "glue", each) for each in places))
    yield Grant("KnowServices", described, ("*",), because=_TYPES)
