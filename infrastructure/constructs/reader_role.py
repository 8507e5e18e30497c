"""A role of people who ask the lake: its own workgroup and results, and what Lake Formation grants it by tag."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import aws_iam as iam
from constructs import Construct

from infrastructure.constructs.governance import READ, Governance, borrow
from infrastructure.constructs.granting import grant
from infrastructure.constructs.workgroup import Workgroup
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.classification import VIEWS, Classification, Reader
from kumitate.blueprint.grants import OBJECTS, Grant, arn, find_default, objects, use_key
from kumitate.blueprint.names import ZONES, Names
from kumitate.blueprint.platform import Platform

_ASK = (
    "athena:BatchGetQueryExecution",
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetQueryResultsStream",
    "athena:GetWorkGroup",
    "athena:ListQueryExecutions",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
)
_BROWSE = (
    "athena:GetDataCatalog",
    "athena:GetDatabase",
    "athena:GetTableMetadata",
    "athena:ListDatabases",
    "athena:ListTableMetadata",
)
"""What drivers of BI tools ask besides, to offer tables for choice."""
_LIST = ("athena:ListDataCatalogs", "athena:ListWorkGroups")
_FIND = ("glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables")
_KEEP = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")


class ReaderRole(Construct):
    """Assumed by whom the account's administrators let; it has no way to the files but through Lake Formation."""

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, reader: Reader, storage: StorageStack
    ) -> None:
        super().__init__(scope, id_)
        names = platform.names
        self.workgroup = Workgroup(self, "Queries", platform, name=reader.name, key=storage.key)
        self.role = iam.Role(
            self,
            "Role",
            role_name=names.called(reader.name),
            description=reader.purpose,
            assumed_by=iam.AccountPrincipal(names.account),
        )
        grant(self.role, _grants(names, self.workgroup))
        grant(self.role, [use_key(storage.key.key_arn, writing=True)])
        self._admit(storage.lake.governance, reader)

    def _admit(self, governance: Governance | None, reader: Reader) -> None:
        if governance is not None:
            borrow(self.role)
            governance.admit(self.role, reader.databases, classes=reader.classes, may=READ)
            everywhere = (*ZONES, VIEWS)
            governance.admit(self.role, everywhere, classes=(Classification.PUBLIC,), may=READ, what="Public")


def _grants(names: Names, workgroup: Workgroup) -> Iterator[Grant]:
    results = names.bucket("results")
    databases = [names.database(each) for each in (*ZONES, VIEWS)]
    found = ("catalog", *(f"{kind}/{name}" for name in databases for kind in ("database", "table")))
    shown = tuple(f"{each}/*" if each.startswith("table/") else each for each in found)
    because = "which tables of the databases are shown, Lake Formation decides by tag"
    yield Grant("Ask", _ASK, (arn(names, "athena", f"workgroup/{workgroup.name}"),))
    yield Grant("Browse", _BROWSE, (arn(names, "athena", "datacatalog/AwsDataCatalog"),))
    yield Grant("ListPlaces", _LIST, ("*",), because="IAM knows no resource for lists; they hold names alone")
    yield Grant("FindTables", _FIND, tuple(arn(names, "glue", each) for each in shown), because=because)
    yield find_default(names)
    yield Grant("KeepResults", _KEEP, (objects(results, workgroup.prefix),), because=OBJECTS)
    where = {"s3:prefix": (f"{workgroup.prefix}/*",)}
    yield Grant("FindResults", ("s3:ListBucket",), (f"arn:aws:s3:::{results}",), where)
    yield Grant("PlaceResults", ("s3:GetBucketLocation",), (f"arn:aws:s3:::{results}",))
