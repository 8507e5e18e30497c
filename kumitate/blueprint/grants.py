"""A right in the account as a value: which actions on which resources, what for, and why where it is open-ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kumitate.blueprint.names import Names

OBJECTS = "objects of a table or page have names of their own: their prefix is as narrow as it gets"
_METRICS = "CloudWatch takes metrics for no resource; the namespace narrows it"


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions on resources, both exact; `where` narrows them further: `{"s3:prefix": ("drop/*",)}`."""

    purpose: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    because: str = ""
    """Why a resource ends in `*`; without it the security rules refuse such a resource."""


def arn(names: Names, service: str, resource: str) -> str:
    """`arn(names, "sqs", "q")` is that queue in the environment's account and region."""
    return f"arn:aws:{service}:{names.region}:{names.account}:{resource}"


def objects(bucket: str, prefix: str) -> str:
    return f"arn:aws:s3:::{bucket}/{prefix}/*"


def ledger_items(purpose: str, actions: tuple[str, ...], names: Names, *, keys: Iterable[str]) -> Grant:
    """Items of the ledger whose partition key is like one of `keys`; a run's own is `run#…`, the lock is in `runs`."""
    return Grant(purpose, actions, (ledger_arn(names),), {"dynamodb:LeadingKeys": tuple(keys)})


def ledger_arn(names: Names) -> str:
    return arn(names, "dynamodb", f"table/{names.called('ledger')}")


def bus_arn(names: Names) -> str:
    return arn(names, "events", f"event-bus/{names.called('bus')}")


def machine_arn(names: Names, machine: str) -> str:
    return arn(names, "states", f"stateMachine:{names.called(machine)}")


def measuring(purpose: str, namespace: str) -> Grant:
    where = {"cloudwatch:namespace": (namespace,)}
    return Grant(purpose, ("cloudwatch:PutMetricData",), ("*",), where, because=_METRICS)


def find_default(names: Names) -> Grant:
    """Athena asks Glue for the database `default` whichever one is queried."""
    found = tuple(arn(names, "glue", each) for each in ("catalog", "database/default"))
    return Grant("FindDefault", ("glue:GetDatabase",), found)


def use_key(key_arn: str, *, writing: bool = False) -> Grant:
    actions = ("kms:Decrypt", "kms:GenerateDataKey") if writing else ("kms:Decrypt",)
    return Grant("UseKey", actions, (key_arn,))
