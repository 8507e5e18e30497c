"""What asks or keeps the lake: functions and people by Athena, the tables' maker, Glue's optimisers, Lake Formation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.cloud import ACCOUNT, REGION
from harness.iam import Need
from kumitate.blueprint.names import ZONES, Names
from kumitate.blueprint.platform import Platform
from kumitate.model.step import Query

if TYPE_CHECKING:
    from harness.placed import Account, Placed

_TABLE = re.compile(rf"\b({'|'.join(ZONES)})\.(\w+)")
_ROOT = f"{REGION}:{ACCOUNT}"


def on(who: str, actions: str, *resources: str, **context: str) -> Iterator[Need]:
    """`on(role, "s3:GetObject s3:PutObject", "arn:…")`: every action on every resource."""
    for action in actions.split():
        for resource in resources:
            yield Need(who, action, resource, context)


def catalogue(names: Names, table: str) -> tuple[str, str, str]:
    """Glue asks for the catalogue, the database and the table."""
    database, _, name = table.partition(".")
    root, called = f"arn:aws:glue:{_ROOT}", names.database(database)
    return f"{root}:catalog", f"{root}:database/{called}", f"{root}:table/{called}/{name}"


def files(names: Names, table: str, file: str = "data/00000-0.parquet") -> str:
    return f"arn:aws:s3:::{names.location(table).removeprefix('s3://')}/{file}"


def tables_in(queries: Iterable[Query]) -> list[str]:
    """The lake's tables that SQL names."""
    return sorted({".".join(found) for query in queries for found in _TABLE.findall(query.sql)})


def asking(who: str, names: Names, tables: Iterable[str]) -> Iterator[Need]:
    """A query by Athena in the caller's name: the workgroup, the tables and their files, the result."""
    yield from on(who, "lakeformation:GetDataAccess", "*")
    query = "athena:StartQueryExecution athena:GetQueryExecution athena:GetQueryResults"
    yield from on(who, query, f"arn:aws:athena:{_ROOT}:workgroup/{names.called('query')}")
    yield from _default(who)
    for table in tables:
        root, database, one = catalogue(names, table)
        yield from on(who, "glue:GetDatabase", root, database)
        yield from on(who, "glue:GetTable", root, database, one)
        yield from on(who, "s3:GetObject", files(names, table))
        yield from on(who, "s3:ListBucket", files(names, table).partition("/")[0])
    yield from _results(who, names, "query")


def _default(who: str) -> Iterator[Need]:
    """Athena's documentation asks for it of whoever has fine-grained policies, whatever is queried."""
    yield from on(who, "glue:GetDatabase", f"arn:aws:glue:{_ROOT}:catalog", f"arn:aws:glue:{_ROOT}:database/default")


def _browsing(who: str) -> Iterator[Need]:
    """What the drivers of BI tools ask, to offer tables for choice."""
    one = "GetDataCatalog GetDatabase GetTableMetadata ListDatabases ListTableMetadata"
    for action in one.split():
        yield Need(who, f"athena:{action}", f"arn:aws:athena:{_ROOT}:datacatalog/AwsDataCatalog")
    yield from on(who, "athena:ListDataCatalogs athena:ListWorkGroups", "*")


def _results(who: str, names: Names, workgroup: str) -> Iterator[Need]:
    results = f"arn:aws:s3:::{names.bucket('results')}"
    there = f"{results}/athena/{workgroup}/1.csv"
    yield from on(who, "s3:PutObject s3:GetObject s3:AbortMultipartUpload", there)
    yield from on(who, "s3:GetBucketLocation", results)
    yield Need(who, "s3:ListBucket", results, {"s3:prefix": f"athena/{workgroup}/"})


def readers(account: Account, platform: Platform) -> Iterator[Need]:
    """People: any table of the catalogue that Lake Formation shows them, by their own workgroup, never its files."""
    names = platform.names
    for group in account.all("AWS::Athena::WorkGroup"):
        roles = [
            each for each in account.policies.roles.values() if each.path.lower().endswith(f"query/{_last(group)}/role")
        ]
        for role in roles:
            work = "athena:StartQueryExecution athena:StopQueryExecution athena:GetQueryExecution"
            work += " athena:GetQueryResults athena:GetQueryResultsStream athena:GetWorkGroup"
            work += " athena:ListQueryExecutions athena:BatchGetQueryExecution"
            yield from on(role.path, work, group.arn)
            yield from _default(role.path)
            yield from _browsing(role.path)
            yield from on(role.path, "lakeformation:GetDataAccess", "*")
            yield from on(role.path, "kms:Decrypt kms:GenerateDataKey", account.key.arn)
            yield from _results(role.path, names, _last(group))
            for database in ZONES:
                root, called, one = catalogue(names, f"{database}.anything")
                yield from on(role.path, "glue:GetDatabase glue:GetDatabases", root, called)
                yield from on(role.path, "glue:GetTable glue:GetTables", root, called, one)
                file = files(names, f"{database}.anything")
                yield Need(role.path, "s3:GetObject", file, {}, forbidden=True)


def _last(group: Placed) -> str:
    return group.name.rpartition("-")[2]


def making(who: str, account: Account, names: Names) -> Iterator[Need]:
    """Tables of any name come with the project: their entries and their metadata, no rows."""
    for database in ZONES:
        root, called, one = catalogue(names, f"{database}.anything")
        yield from on(who, "glue:GetDatabase", root, called)
        yield from on(who, "glue:GetTable glue:GetTables glue:CreateTable glue:UpdateTable", root, called, one)
        table = f"{database}.anything"
        yield from on(who, "s3:GetObject s3:PutObject", files(names, table, "metadata/00000.metadata.json"))
        bucket = files(names, table).partition("/")[0]
        yield Need(who, "s3:ListBucket", bucket, {"s3:prefix": f"{database}/anything/metadata/00000.metadata.json"})
        yield Need(who, "s3:ListBucket", bucket, {"s3:prefix": f"{database}/anything/metadata/"})
        yield Need(who, "s3:GetObject", files(names, table), {}, forbidden=True)
    yield from on(who, "kms:Decrypt kms:GenerateDataKey", account.key.arn)


def optimiser(account: Account, placed: Placed) -> Iterator[Need]:
    """Glue rewrites and deletes files of a table, says so in the catalogue, and writes a log of its own naming."""
    settings = placed.properties["TableOptimizerConfiguration"]
    role = account.role_paths[settings["RoleArn"]]
    database, table = placed.properties["DatabaseName"], placed.properties["TableName"]
    root = f"arn:aws:glue:{_ROOT}"
    entries = (f"{root}:catalog", f"{root}:database/{database}", f"{root}:table/{database}/{table}")
    yield from on(role, "glue:GetTable glue:UpdateTable", *entries)
    yield from on(role, "lakeformation:GetDataAccess", "*")
    zone = database.rpartition("_")[2]
    bucket = next(each.arn for each in account.all("AWS::S3::Bucket") if f"-{ZONES[zone]}-" in each.name)
    yield from on(role, "s3:GetObject s3:PutObject s3:DeleteObject", f"{bucket}/{zone}/{table}/data/0.parquet")
    yield from on(role, "s3:ListBucket", bucket)
    yield from on(role, "kms:Decrypt kms:GenerateDataKey", account.key.arn)
    group = f"arn:aws:logs:{_ROOT}:log-group:/aws-glue/iceberg-compaction/logs"
    yield from on(role, "logs:CreateLogGroup", group)
    yield from on(role, "logs:CreateLogStream logs:PutLogEvents", f"{group}:log-stream:{table}")


def registered(account: Account, placed: Placed) -> Iterator[Need]:
    """Lake Formation lends what its role may do, to whom a grant by tag admits: people read, optimisers rewrite."""
    role, bucket = account.role_paths[placed.properties["RoleArn"]], placed.properties["ResourceArn"]
    yield from on(role, "s3:GetObject s3:PutObject s3:DeleteObject", f"{bucket}/anything")
    yield from on(role, "s3:ListBucket", bucket)
    yield from on(role, "kms:Decrypt kms:GenerateDataKey", account.key.arn)
