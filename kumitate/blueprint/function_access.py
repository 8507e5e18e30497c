"""What each function may do in the account, from the project: its own account's secret, queue and destinations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from kumitate.activation.routes import Route
from kumitate.activation.tables import SYNC_COUNTS
from kumitate.blueprint.destination_access import destination_grants
from kumitate.blueprint.grants import (
    OBJECTS,
    Grant,
    arn,
    bus_arn,
    find_default,
    ledger_items,
    machine_arn,
    objects,
    use_key,
)
from kumitate.blueprint.names import ATHENA, DELIVERIES, EXPORTS, MANIFEST, Names
from kumitate.blueprint.names import account_queue as queue_named
from kumitate.blueprint.platform import Account, Platform
from kumitate.config.project import Config
from kumitate.identity.tables import PERSON_EVENTS
from kumitate.ingest.tables import DELIVERIES as DELIVERIES_TABLE
from kumitate.ingest.tables import QUARANTINE, REPLAYS
from kumitate.model.step import Run
from kumitate.model.table import Table
from kumitate.profiles.quality import PROFILE_QUALITY
from kumitate.profiles.tables import profiles_table
from kumitate.quality.stage import QUALITY
from kumitate.quality.tables import PROFILE_RESULTS, RESULTS
from kumitate.segments.tables import SEGMENT_BITS, SEGMENT_SIZES, masks_table

WORKGROUP = "query"
"""The platform's own workgroup, for functions."""
_NO_RUN = Run("", datetime(1970, 1, 1, tzinfo=UTC))
_SUFFIX = "Secrets Manager ends a secret's ARN with six characters of its own"
_TAKE = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")


def account_queue(names: Names, account: str) -> str:
    return queue_named(names.account_queues, account)


def account_dead_letters(names: Names, account: str) -> str:
    return names.called("account", account, "dlq")


def run_grants(names: Names, key_arn: str) -> Iterator[Grant]:
    """Beginning and ending runs: the run log in the ledger."""
    log = ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
    yield ledger_items("KeepRunLog", log, names, keys=["runs"])
    yield use_key(key_arn)


def end_run_grants(names: Names, key_arn: str) -> Iterator[Grant]:
    yield from run_grants(names, key_arn)
    yield Grant("TellEnd", ("events:PutEvents",), (bus_arn(names),))
    yield Grant("StartNext", ("states:StartExecution",), (machine_arn(names, "pipeline"),))


def gate_tables(config: Config) -> tuple[Table, ...]:
    """What the gate's queries read, no more."""
    known = (SYNC_COUNTS, DELIVERIES_TABLE, QUARANTINE, REPLAYS, profiles_table(config), PERSON_EVENTS)
    return (*known, *quality_results(config))


def quality_results(config: Config) -> tuple[Table, ...]:
    """Where the verdicts of quality rules lie, as far as the project has rules."""
    written = {*QUALITY.writes(config), *PROFILE_QUALITY.writes(config)}
    return tuple(table for table in (RESULTS, PROFILE_RESULTS) if table in written)


def gate_grants(platform: Platform, key_arn: str) -> Iterator[Grant]:
    yield from query_grants(platform.names, gate_tables(platform.config), key_arn)


def export_tables(config: Config) -> tuple[Table, ...]:
    return (SEGMENT_BITS, SEGMENT_SIZES, masks_table("curated", config, _NO_RUN), profiles_table(config))


def export_grants(platform: Platform, key_arn: str) -> Iterator[Grant]:
    """Members of a segment with columns of their profiles, as files below `exports/`."""
    names = platform.names
    notes = ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
    exported = (objects(names.bucket("results"), EXPORTS),)
    yield from query_grants(names, export_tables(platform.config), key_arn)
    yield Grant("SeeWorkgroup", ("athena:GetWorkGroup",), (_workgroup(names),))
    yield Grant("WriteExports", ("s3:AbortMultipartUpload", "s3:PutObject"), exported, because=OBJECTS)
    yield Grant("NoteExports", notes, (arn(names, "dynamodb", f"table/{names.called('idempotency')}"),))


def arrivals_grants(names: Names, queue_arn: str) -> Iterator[Grant]:
    yield take_from(queue_arn)
    yield Grant("StartRun", ("states:StartExecution",), (machine_arn(names, "pipeline"),))


def take_from(queue_arn: str) -> Grant:
    """What Lambda does with the queue that feeds a function."""
    return Grant("TakeMessages", _TAKE, (queue_arn,))


def planner_grants(platform: Platform, key_arn: str) -> Iterator[Grant]:
    names = platform.names
    queues = tuple(arn(names, "sqs", account_queue(names, each.name)) for each in platform.accounts)
    lists = f"arn:aws:s3:::{names.bucket('results')}/{DELIVERIES}/*/{MANIFEST}"
    yield Grant("ReadManifests", ("s3:GetObject",), (lists,), because="runs have numbers, and syncs come and go")
    yield ledger_items("NotePages", ("dynamodb:UpdateItem",), names, keys=["run#*"])
    yield Grant("TellPages", ("sqs:GetQueueUrl", "sqs:SendMessage"), queues)
    yield use_key(key_arn)


def delivery_grants(names: Names, account: Account, key_arn: str, *, routes: Iterable[Route]) -> Iterator[Grant]:
    """One account's delivery: nothing of another account's secret, queue, or notes."""
    queue = arn(names, "sqs", account_queue(names, account.name))
    dead = arn(names, "sqs", account_dead_letters(names, account.name))
    results = names.bucket("results")
    yield take_from(queue)
    yield Grant("PutOffMessages", ("sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"), (queue,))
    yield Grant("SetAside", ("sqs:SendMessage",), (dead,))
    pages = tuple(f"{DELIVERIES}/*/{sync}/*" for sync in account.syncs)
    found = tuple(f"arn:aws:s3:::{results}/{each}" for each in pages)
    yield Grant("ReadPages", ("s3:GetObject",), found, because=OBJECTS)
    yield Grant("TellMissingPages", ("s3:ListBucket",), (f"arn:aws:s3:::{results}",), {"s3:prefix": pages})
    yield from _notes(names, account)
    yield use_key(key_arn)
    if account.secret:
        secret = arn(names, "secretsmanager", f"secret:{account.secret}-??????")
        yield Grant("ReadSecret", ("secretsmanager:GetSecretValue",), (secret,), because=_SUFFIX)
    yield from _calls(names, [route for route in routes if route.account == account.name])


def _calls(names: Names, routes: Iterable[Route]) -> Iterator[Grant]:
    """What the account's syncs call; several of one kind may call the same."""
    given = set()
    for route in routes:
        for grant in destination_grants(names, route.type, route.sync, settings=route.settings):
            what = (grant.actions, grant.resources, *sorted(grant.where.items()))
            if what not in given:
                given.add(what)
                yield grant


def _notes(names: Names, account: Account) -> Iterator[Grant]:
    """The run's own item is of all syncs; notes and pages are of this account's alone."""
    own = tuple(f"{kind}#*#{sync}" for sync in account.syncs for kind in ("notes", "page"))
    keep = (
        "dynamodb:BatchWriteItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
    )
    yield ledger_items("KeepNotes", keep, names, keys=own)
    remembered = (*(f"memory#{sync}" for sync in account.syncs), f"memory#account:{account.name}")
    remember = ("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query")
    yield ledger_items("Remember", remember, names, keys=remembered)
    yield ledger_items("ReadDecisions", ("dynamodb:Query",), names, keys=["controls"])
    yield ledger_items("CountPages", ("dynamodb:GetItem", "dynamodb:UpdateItem"), names, keys=["run#*"])


def query_grants(names: Names, tables: tuple[Table, ...], key_arn: str) -> Iterator[Grant]:
    """Athena over these tables, its results under the query prefix of the results bucket."""
    results = names.bucket("results")
    buckets = sorted({names.location(str(table)).split("/")[2] for table in tables})
    found = tuple(sorted(f"arn:aws:s3:::{names.location(str(table))[5:]}/*" for table in tables))
    catalogue = {f"database/{names.database(table.database)}" for table in tables}
    catalogue |= {f"table/{names.database(table.database)}/{table.name}" for table in tables}
    ask = ("athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution")
    results_of = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
    yield Grant("Ask", ask, (_workgroup(names),))
    yield Grant("FindTables", ("glue:GetDatabase", "glue:GetTable"), _in_catalogue(names, catalogue))
    yield find_default(names)
    yield Grant("ReadTables", ("s3:GetObject",), found, because=OBJECTS)
    yield Grant("FindFiles", ("s3:ListBucket",), tuple(f"arn:aws:s3:::{bucket}" for bucket in buckets))
    yield Grant("KeepResults", results_of, (objects(results, f"{ATHENA}/{WORKGROUP}"),), because=OBJECTS)
    yield Grant("FindResults", ("s3:GetBucketLocation", "s3:ListBucket"), (f"arn:aws:s3:::{results}",))
    yield use_key(key_arn, writing=True)


def _workgroup(names: Names) -> str:
    return arn(names, "athena", f"workgroup/{names.called(WORKGROUP)}")


def _in_catalogue(names: Names, found: set[str]) -> tuple[str, ...]:
    return tuple(arn(names, "glue", each) for each in ("catalog", *sorted(found)))
