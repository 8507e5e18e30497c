"""What Glue's jobs ask for: their own files, the tables that their stage declares, the connection they pull by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from harness.cloud import ACCOUNT, REGION
from harness.iam import Need
from harness.lake_needs import catalogue, files, on
from harness.placed import Account, Placed
from harness.real_time_needs import publishing
from kumitate.blueprint.platform import Platform, PulledSource, StageJob
from kumitate.model.table import Table


def glue_job(account: Account, job: Placed) -> Iterator[Need]:
    """Glue fetches script and packages, puts things aside, counts and logs, all in the job's name."""
    role, properties = account.role_paths[job.properties["Role"]], job.properties
    arguments = properties.get("DefaultArguments", {})
    for uri in (properties["Command"]["ScriptLocation"], *re.findall(r"s3://[^\s,]+\.\w+\b", json.dumps(arguments))):
        yield from on(role, "s3:GetObject", "arn:aws:s3:::" + uri.removeprefix("s3://").rstrip('"'))
    aside = "arn:aws:s3:::" + arguments["--TempDir"].removeprefix("s3://") + "part-0"
    yield from on(role, "s3:GetObject s3:PutObject s3:DeleteObject", aside)
    yield Need(role, "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Glue"})
    prefix = arguments.get("--custom-logGroup-prefix", "/aws-glue/jobs")
    for kind in ("output", "error"):
        stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{prefix}/{kind}:log-stream:jr_1"
        yield from on(role, "logs:CreateLogStream logs:PutLogEvents", stream)
    yield from on(role, "kms:Decrypt kms:GenerateDataKey", account.key.arn)


def stage(account: Account, platform: Platform, job: StageJob) -> Iterator[Need]:
    """A stage reads the tables it declares and writes those it declares; nothing else of the lake."""
    placed = account.one("AWS::Glue::Job", platform.names.called("stage", job.stage))
    role = account.role_paths[placed.properties["Role"]]
    written = set(map(str, job.writes))
    for table in job.reads:
        yield from _reading(platform, role, table)
        if str(table) not in written:
            yield Need(role, "glue:UpdateTable", catalogue(platform.names, str(table))[-1], forbidden=True)
    for table in job.writes:
        yield from _reading(platform, role, table)
        bucket = files(platform.names, str(table)).partition("/")[0]
        yield Need(role, "s3:ListBucket", bucket, {"s3:prefix": f"{table.database}/{table.name}/metadata/"})
        yield from on(role, "glue:UpdateTable", *catalogue(platform.names, str(table)))
        yield from on(role, "s3:PutObject s3:DeleteObject s3:AbortMultipartUpload", files(platform.names, str(table)))
    yield from _beside_tables(platform, role, job.stage)


def _reading(platform: Platform, role: str, table: Table) -> Iterator[Need]:
    yield from on(role, "glue:GetTable", *catalogue(platform.names, str(table)))
    yield from on(role, "s3:GetObject", files(platform.names, str(table)))


def pull(account: Account, platform: Platform, pulled: PulledSource) -> Iterator[Need]:
    """A pull job fetches by a connection, signs in with its secret, and keeps what it got under its source's prefix."""
    job = account.one("AWS::Glue::Job", platform.names.called("pull", pulled.name))
    role = account.role_paths[job.properties["Role"]]
    raw = f"arn:aws:s3:::{platform.names.bucket('raw')}"
    yield from on(role, "s3:PutObject", f"{raw}/pulled/{pulled.name}/1.jsonl")
    yield Need(role, "s3:ListBucket", raw, {"s3:prefix": f"pulled/{pulled.name}/"})
    yield Need(role, "s3:PutObject", f"{raw}/pulled/another/1.jsonl", forbidden=True)
    for connection in job.properties["Connections"]["Connections"]:
        root = f"arn:aws:glue:{REGION}:{ACCOUNT}"
        ours = (f"{root}:catalog", f"{root}:connection/{connection}")
        yield from on(role, "glue:GetConnection", *ours)
        yield from on(role, _CONNECT, *ours, f"{root}:connectionType:{pulled.pull.connector.upper()}")
        yield Need(role, "glue:RefreshOAuth2Tokens", f"{root}:connection/another", forbidden=True)
    yield from on(role, "glue:ListConnectionTypes glue:DescribeConnectionType", "*")
    assert pulled.pull.secret, "a job reads the token of its connection's secret, whoever made the connection"
    secret = platform.environment.secrets[pulled.pull.secret]
    yield from on(role, _SIGN_IN, f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{secret}-AbCdEf")


def connection(account: Account, connection: Placed) -> Iterator[Need]:
    """Glue signs in, and keeps the token it gets, in the connection's own name."""
    given = connection.properties["ConnectionInput"]
    role = account.role_paths[given["ConnectionProperties"]["ROLE_ARN"]]
    yield from on(role, _SIGN_IN, given["AuthenticationConfiguration"]["SecretArn"] + "-AbCdEf")


_CONNECT = "glue:RefreshOAuth2Tokens glue:ListEntities glue:DescribeEntity"
"""What the pages of Glue's connectors ask of a job's role."""
_SIGN_IN = "secretsmanager:DescribeSecret secretsmanager:GetSecretValue secretsmanager:PutSecretValue"


def _beside_tables(platform: Platform, role: str, stage: str) -> Iterator[Need]:
    names = platform.names
    raw, results = (f"arn:aws:s3:::{names.bucket(zone)}" for zone in ("raw", "results"))
    if stage == "ingest":
        arriving = {"drop": platform.dropped, "pulled": platform.pulls, "streamed": _streamed(platform)}
        prefixes = [prefix for prefix, sources in arriving.items() if sources]
        for prefix in (*prefixes, "files"):
            yield Need(role, "s3:ListBucket", raw, {"s3:prefix": f"{prefix}/orders"})
            yield from on(role, "s3:GetObject", f"{raw}/{prefix}/orders/1.csv")
        yield from on(role, "s3:PutObject s3:AbortMultipartUpload", f"{raw}/files/orders/1.csv")
        yield Need(role, "s3:PutObject", f"{raw}/drop/orders/1.csv", forbidden=True)
    ledger = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{names.called('ledger')}"
    if stage == "segments":
        bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus"
        yield from on(role, "events:PutEvents", f"{bus}/{names.called('bus')}")
        yield Need(role, "events:PutEvents", f"{bus}/default", forbidden=True)
    if stage in ("activation", "delivery"):
        yield from of_runs(role, "dynamodb:Query", ledger, "controls")
        yield Need(role, "dynamodb:PutItem", ledger, {"dynamodb:LeadingKeys": ["controls"]}, forbidden=True)
    if stage == "activation":
        page = f"{results}/deliveries/r000001/winback/00001.jsonl.gz"
        yield from on(role, "s3:PutObject s3:GetObject", page)
        yield Need(role, "s3:ListBucket", results, {"s3:prefix": "deliveries/r000001/winback/pages.json"})
        yield Need(role, "s3:ListBucket", results, {"s3:prefix": "exports/"}, forbidden=True)
        if platform.config.triggers:
            yield from publishing(platform, role)
    if stage == "delivery":
        keys = ("run#r000001", "page#r000001#winback", "notes#r000001#winback")
        yield from of_runs(role, "dynamodb:Query dynamodb:GetItem dynamodb:UpdateItem", ledger, *keys)
        yield from of_runs(role, "dynamodb:Query dynamodb:DeleteItem", ledger, "memory#winback")


def _streamed(platform: Platform) -> list[str]:
    """Those that read messages have no stream of their own."""
    return [name for name, source in platform.config.sources.items() if source.inflow]


def of_runs(role: str, actions: str, ledger: str, *keys: str) -> Iterator[Need]:
    """Items of the ledger by partition key, and never the lock of runs."""
    for action in actions.split():
        for key in (*keys, "runs"):
            yield Need(role, action, ledger, {"dynamodb:LeadingKeys": [key]}, forbidden=key == "runs")
