"""One database's tables: what Glue does to keep them small and quick, and how their columns are classified."""

from __future__ import annotations

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lakeformation as lf
from constructs import Construct

from infrastructure.constructs.governance import CLASSIFICATION, Governance
from kumitate.blueprint.classification import Tagged
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.upkeep import ORPHAN_DAYS, Upkeep


class TableCare(cdk.NestedStack):
    """A stack of its own: hundreds of tables with three optimisers each exceed what one stack may hold."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, role: iam.IRole) -> None:
        super().__init__(scope, id_)
        self._platform, self._role = platform, role

    def keep(self, upkeep: Iterable[Upkeep]) -> None:
        for each in upkeep:
            glue.CfnTableOptimizer(
                self,
                f"{_id(each.table.table.name)}{_id(each.optimizer)}",
                catalog_id=self._platform.names.account,
                database_name=each.table.database,
                table_name=each.table.table.name,
                type=each.optimizer,
                table_optimizer_configuration=self._configuration(each),
            )

    def classify(self, tables: Iterable[Tagged], governance: Governance) -> None:
        names = self._platform.names
        for each in tables:
            place = {"catalog_id": names.account, "database_name": names.database(each.table.database)}
            lf.CfnTagAssociation(
                self,
                f"{_id(each.table.name)}{_id(each.classification)}",
                lf_tags=[governance.pair(CLASSIFICATION, each.classification)],
                resource=_columns(each, place) if each.columns else _table(each, place),
            )

    def _configuration(self, each: Upkeep) -> glue.CfnTableOptimizer.TableOptimizerConfigurationProperty:
        known = glue.CfnTableOptimizer
        kept = known.IcebergRetentionConfigurationProperty(
            snapshot_retention_period_in_days=self._platform.environment.retention.snapshots,
            number_of_snapshots_to_retain=1,
            clean_expired_files=True,
        )
        orphans = known.IcebergConfigurationProperty(
            # A prefix: without the slash, that of `orders` holds the files of `orders_2025`, none of which it knows.
            location=f"{each.table.location}/",
            orphan_file_retention_period_in_days=ORPHAN_DAYS,
        )
        packed = known.IcebergCompactionConfigurationProperty(strategy="binpack")
        configurations = {
            "retention": {"retention_configuration": known.RetentionConfigurationProperty(iceberg_configuration=kept)},
            "orphan_file_deletion": {
                "orphan_file_deletion_configuration": known.OrphanFileDeletionConfigurationProperty(
                    iceberg_configuration=orphans
                )
            },
            "compaction": {
                "compaction_configuration": known.CompactionConfigurationProperty(iceberg_configuration=packed)
            },
        }
        return known.TableOptimizerConfigurationProperty(
            enabled=True, role_arn=self._role.role_arn, **configurations[each.optimizer]
        )


def _columns(each: Tagged, place: dict[str, str]) -> lf.CfnTagAssociation.ResourceProperty:
    known = lf.CfnTagAssociation
    return known.ResourceProperty(
        table_with_columns=known.TableWithColumnsResourceProperty(
            **place, name=each.table.name, column_names=list(each.columns)
        )
    )


def _table(each: Tagged, place: dict[str, str]) -> lf.CfnTagAssociation.ResourceProperty:
    known = lf.CfnTagAssociation
    return known.ResourceProperty(table=known.TableResourceProperty(**place, name=each.table.name))


def _id(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
