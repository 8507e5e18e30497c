"""How people and functions ask the lake: workgroups with a limit, documented views, roles by classification."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infrastructure.constructs.bi_views import BiViews
from infrastructure.constructs.reader_role import ReaderRole
from infrastructure.constructs.workgroup import Workgroup
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.classification import READERS
from kumitate.blueprint.platform import Platform


class QueryStack(cdk.Stack):
    """Holds nothing but names and rights: it can be torn down and placed again at any time."""

    workgroup: Workgroup
    """The platform's own, for functions."""
    readers: dict[str, iam.Role]
    """By name: analyst, marketer, steward, activation."""

    def __init__(
        self, scope: Construct, id_: str, *, platform: Platform, storage: StorageStack, **options: Any
    ) -> None:
        super().__init__(scope, id_, **options)
        self.workgroup = Workgroup(self, "Query", platform, name="query", key=storage.key)
        self.views = BiViews(self, "Views", platform, governance=storage.lake.governance)
        self.readers = {
            reader.name: ReaderRole(self, reader.name.capitalize(), platform, reader=reader, storage=storage).role
            for reader in READERS
        }
