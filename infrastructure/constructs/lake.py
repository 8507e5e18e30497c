"""The lake as a whole: who may see what, the tables, and after them their upkeep and their classification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from infrastructure.constructs.governance import READ, WRITE, Governance, borrow
from infrastructure.constructs.granting import grant
from infrastructure.constructs.lake_tables import LakeTables
from infrastructure.constructs.table_care import TableCare
from infrastructure.emulator import emulated
from kumitate.blueprint.classification import Classification, tagged
from kumitate.blueprint.names import ZONES
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.upkeep import keeper_grants, upkeep
from kumitate.model.table import Table


class Lake(Construct):
    """Databases are tagged before tables are made in them; optimisers and columns' tags need the tables."""

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, key_arn: str, databases: Mapping[str, glue.CfnDatabase]
    ) -> None:
        super().__init__(scope, id_)
        self._platform = platform
        self.tables = LakeTables(self, "Tables", platform, key_arn=key_arn)
        self.tables.resource.node.add_dependency(*databases.values())
        self.governance = None if emulated(self) else self._govern(databases, key_arn)
        if not emulated(self):
            self._care(key_arn)

    def admit(
        self, role: iam.Role, *, reads: Iterable[Table], writes: Iterable[Table] = (), by_athena: bool = False
    ) -> None:
        """Open the databases of these tables to a role; which tables of them, its IAM statements say."""
        if self.governance is None:
            return
        if by_athena:
            borrow(role)
        for what, tables, may in (("Read", reads, READ), ("Write", writes, WRITE)):
            databases = {table.database for table in tables}
            if databases:
                self.governance.admit(role, databases, classes=tuple(Classification), may=may, what=what)

    def _govern(self, databases: Mapping[str, glue.CfnDatabase], key_arn: str) -> Governance:
        governance = Governance(self, "Governance", self._platform, key_arn=key_arn)
        for database, resource in databases.items():
            association = governance.tag_database(self, database, self._platform.names.database(database))
            resource.add_resource_dependency(governance.settings)
            association.add_resource_dependency(resource)
            self.tables.resource.node.add_dependency(association)
        self.tables.resource.node.add_dependency(*governance.admit_maker(self.tables.maker.role))
        return governance

    def _care(self, key_arn: str) -> None:
        role = iam.Role(self, "Keeper", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
        grant(role, keeper_grants(self._platform.names, key_arn))
        if self.governance is not None:
            borrow(role)
            self.governance.admit(role, ZONES, classes=tuple(Classification), may=WRITE)
        tables = tuple(each.table for each in self._platform.tables)
        for database in ZONES:
            care = TableCare(self, f"{database.capitalize()}Care", self._platform, role=role)
            care.node.add_dependency(self.tables.resource, role)
            care.keep(each for each in upkeep(self._platform) if each.table.table.database == database)
            if self.governance is not None:
                own = (each for each in tagged(tables) if each.table.database == database)
                care.classify(own, self.governance)
