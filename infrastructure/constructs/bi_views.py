"""The views for BI, in a database of their own, as Athena keeps views in the Glue catalogue."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from constructs import Construct

from infrastructure.constructs.governance import Governance
from kumitate.blueprint.classification import VIEWS
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.profile_views import View
from kumitate.blueprint.views import encoded, views
from kumitate.model.table import Column, Type

_HIVE = {Type.STRINGS: "array<string>"}


class BiViews(Construct):
    """A view reads with the rights of who asks: what someone may not see in a table, they do not see through a view."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, governance: Governance | None) -> None:
        super().__init__(scope, id_)
        self._names = platform.names
        self.database = platform.names.database(VIEWS)
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=platform.names.account,
            database_name=self.database,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=self.database,
                description="Views for BI; none of their columns tells who somebody is",
                create_table_default_permissions=[],
            ),
        )
        after: list[cdk.CfnResource] = [database]
        if governance is not None:
            tags = governance.tag_database(self, VIEWS, self.database)
            tags.add_resource_dependency(database)
            after.append(tags)
        for view in views(platform.config):
            table = self._view(view)
            for resource in after:
                table.add_resource_dependency(resource)

    def _view(self, view: View) -> glue.CfnTable:
        known = glue.CfnTable
        return glue.CfnTable(
            self,
            "".join(part.capitalize() for part in view.name.split("_")),
            catalog_id=self._names.account,
            database_name=self.database,
            table_input=known.TableInputProperty(
                name=view.name,
                description=view.meaning,
                table_type="VIRTUAL_VIEW",
                parameters={"presto_view": "true", "comment": "Presto View"},
                view_original_text=encoded(view, self._names, schema=self.database),
                view_expanded_text="/* Presto View */",
                storage_descriptor=known.StorageDescriptorProperty(
                    columns=[_column(column) for column in view.columns],
                    serde_info=known.SerdeInfoProperty(),
                ),
            ),
        )


def _column(column: Column) -> glue.CfnTable.ColumnProperty:
    hive = _HIVE.get(column.type, str(column.type))
    return glue.CfnTable.ColumnProperty(name=column.name, type=hive, comment=column.meaning or None)
