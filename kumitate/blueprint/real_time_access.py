"""What collector, processor and triggered syncs may do in the account: streams, items of the state table, timers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kumitate.activation.frequency import budget_of
from kumitate.blueprint.function_access import account_queue
from kumitate.blueprint.grants import OBJECTS, Grant, arn, bus_arn, ledger_items, use_key
from kumitate.blueprint.names import DELIVERIES, Names
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.states import function_name

STATE = "state"
TIMERS = "timers"
UNDELIVERED = ("realtime", "undelivered")
PROCESSOR_DEAD_LETTERS = ("processor", "dlq")
_READ = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)
_SUFFIX = "Secrets Manager ends a secret's ARN with six characters of its own"
_HASHED = "a schedule is made for a person's wait, and called by a hash"


def stream_arn(names: Names, source: str) -> str:
    return arn(names, "kinesis", f"stream/{names.called('stream', source)}")


def processor_arn(names: Names) -> str:
    return arn(names, "lambda", f"function:{function_name(names, 'processor')}")


def state_items(purpose: str, actions: tuple[str, ...], names: Names, *, keys: Iterable[str]) -> Grant:
    """Items of the state table whose key is like one of `keys`; kumitate/events/state_keys.py says what there is."""
    table = arn(names, "dynamodb", f"table/{names.called(STATE)}")
    return Grant(purpose, actions, (table,), {"dynamodb:LeadingKeys": tuple(keys)})


def hook_secrets(platform: Platform) -> dict[str, str]:
    """What webhooks are signed with, as sources name it -> its name in Secrets Manager."""
    hooks = [source.webhook for source in platform.config.sources.values() if source.webhook]
    known = platform.environment.secrets
    return {hook.signature.secret: known.get(hook.signature.secret, hook.signature.secret) for hook in hooks}


def collector_grants(platform: Platform, key_arn: str) -> Iterator[Grant]:
    """It puts events into streams and knows their ids; it reads none, and nothing of people's state."""
    names = platform.names
    streams = tuple(stream_arn(names, each) for each in platform.collected)
    yield Grant("PutEvents", ("kinesis:PutRecords",), streams)
    yield state_items("KnowIds", ("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"), names, keys=["seen#*"])
    yield state_items("CountCalls", ("dynamodb:UpdateItem",), names, keys=["rate#*"])
    yield use_key(key_arn, writing=True)
    secrets = sorted(
        {arn(names, "secretsmanager", f"secret:{each}-??????") for each in hook_secrets(platform).values()}
    )
    if secrets:
        yield Grant("ReadSecrets", ("secretsmanager:GetSecretValue",), tuple(secrets), because=_SUFFIX)


def processor_grants(platform: Platform, key_arn: str, timer_role: str) -> Iterator[Grant]:
    """It reads the streams that triggers look at, keeps people's state, tells and sets timers; it sends nothing."""
    names = platform.names
    streams = tuple(stream_arn(names, each.name) for each in platform.watched)
    yield Grant("ReadEvents", _READ, streams)
    keep = ("dynamodb:BatchGetItem", "dynamodb:PutItem")
    yield state_items("KeepState", keep, names, keys=["link#*", "person#*"])
    yield state_items("ReadMap", ("dynamodb:BatchGetItem",), names, keys=["moved#*", "who#*"])
    yield Grant("TellFired", ("events:PutEvents",), (bus_arn(names),))
    timers = arn(names, "scheduler", f"schedule/{names.called(TIMERS)}/*")
    change = ("scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule")
    yield Grant("SetTimers", change, (timers,), because=_HASHED)
    lent = {"iam:PassedToService": ("scheduler.amazonaws.com",)}
    yield Grant("LendTimersRole", ("iam:PassRole",), (timer_role,), lent)
    dead = arn(names, "sqs", names.called(*PROCESSOR_DEAD_LETTERS))
    yield Grant("SetAside", ("sqs:SendMessage",), (dead,))
    yield use_key(key_arn)


def timer_grants(names: Names) -> Iterator[Grant]:
    """Schedules wake the processor; a call that found nobody is kept."""
    yield Grant("Wake", ("lambda:InvokeFunction",), (processor_arn(names),))
    yield Grant("KeepFailedCalls", ("sqs:SendMessage",), (arn(names, "sqs", names.called(*UNDELIVERED)),))


def triggered_grants(platform: Platform, key_arn: str) -> Iterator[Grant]:
    """What a trigger tells becomes a page and a message for the account's queue, as what a run brings does."""
    names, fired = platform.names, platform.fired_routes
    cards = [f"card#{route.name}#*" for route in fired]
    budgets = sorted({each for route in fired for each in budget_of(platform.config, route.sync)})
    claimed = [
        *(f"{kind}#{route.name}#*" for kind in ("sent", "fired") for route in fired),
        *(f"spent#{budget}#*" for budget in budgets),
    ]
    yield state_items("ReadCards", ("dynamodb:BatchGetItem",), names, keys=["past#*", "who#*", *cards, *claimed])
    yield state_items("ClaimKeys", ("dynamodb:PutItem",), names, keys=claimed)
    noted = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
    yield ledger_items("NoteFirings", noted, names, keys=[f"firings#{route.name}" for route in fired])
    yield ledger_items("ReadNotes", ("dynamodb:Query",), names, keys=[f"notes#t*#{route.name}" for route in fired])
    closed = ["run#t*", *(f"page#t*#{route.name}" for route in fired)]
    yield ledger_items("OpenAndClose", ("dynamodb:GetItem", "dynamodb:UpdateItem"), names, keys=closed)
    pages = tuple(f"arn:aws:s3:::{names.bucket('results')}/{DELIVERIES}/t*/{route.name}/*" for route in fired)
    yield Grant("WritePages", ("s3:PutObject",), pages, because=OBJECTS)
    accounts = sorted({route.account for route in fired})
    queues = tuple(arn(names, "sqs", account_queue(names, each)) for each in accounts)
    yield Grant("TellPages", ("sqs:GetQueueUrl", "sqs:SendMessage"), queues)
    yield use_key(key_arn, writing=True)


def publish_grants(platform: Platform) -> Iterator[Grant]:
    """What a run tells real time, and takes into the lake of what has fired.

    Also of syncs that are gone from the project: their cards are taken back, and their firings come to an end.
    """
    names, gathered = platform.names, ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
    yield state_items("Publish", ("dynamodb:BatchWriteItem",), names, keys=["moved#*", "who#*", "card#*", "past#*"])
    yield ledger_items("GatherFirings", gathered, names, keys=["firings#*"])
    yield ledger_items("ReadNotes", ("dynamodb:Query",), names, keys=["notes#t*"])
