"""Lake Formation over the lake: every column has a class, every role is granted classes of databases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lakeformation as lf
from constructs import Construct

from infrastructure.constructs.granting import grant
from kumitate.blueprint.classification import VIEWS, Classification, tag_key
from kumitate.blueprint.grants import Grant
from kumitate.blueprint.names import ZONES
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.upkeep import REWRITE

READ = ("DESCRIBE", "SELECT")
WRITE = ("ALTER", "DELETE", "DESCRIBE", "INSERT", "SELECT")
CLASSIFICATION, DATABASE = "classification", "database"


class Governance(Construct):
    """Registers the zones, declares the tags, and admits roles by them.

    New tables are open to nobody (the databases say so), hence a job's role needs `admit` besides its IAM statements.
    The account's own settings are only added to: whoever deploys becomes an administrator of Lake Formation.
    """

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, key_arn: str) -> None:
        super().__init__(scope, id_)
        self._names = platform.names
        self.settings = lf.CfnDataLakeSettings(
            self, "Settings", mutation_type="APPEND", admins=[_principal(_deployer(self))]
        )
        # The account has one of it: taking it down with one environment would take the others' administrator away.
        self.settings.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        classes = [str(each) for each in Classification]
        self._tags = [self._tag(CLASSIFICATION, classes), self._tag(DATABASE, [*ZONES, VIEWS])]
        self._locations = self._register(platform, key_arn)
        for resource in (*self._tags, *self._locations):
            resource.add_resource_dependency(self.settings)

    def tag_database(self, scope: Construct, database: str, name: str) -> lf.CfnTagAssociation:
        """What lies in `database` is internal unless a table or a column says otherwise."""
        resource = lf.CfnTagAssociation.ResourceProperty(
            database=lf.CfnTagAssociation.DatabaseResourceProperty(catalog_id=self._names.account, name=name)
        )
        association = lf.CfnTagAssociation(
            scope,
            f"{database.capitalize()}Tags",
            resource=resource,
            lf_tags=[self.pair(CLASSIFICATION, Classification.INTERNAL), self.pair(DATABASE, database)],
        )
        association.node.add_dependency(*self._tags)
        return association

    def pair(self, what: str, value: str) -> lf.CfnTagAssociation.LFTagPairProperty:
        return lf.CfnTagAssociation.LFTagPairProperty(
            catalog_id=self._names.account, tag_key=tag_key(self._names, what), tag_values=[str(value)]
        )

    def admit(
        self,
        role: iam.Role,
        databases: Iterable[str],
        *,
        classes: Sequence[Classification],
        may: Sequence[str],
        what: str = "",
    ) -> None:
        """Let `role` do that with columns of these classes in these databases; the grants lie beside the role.

        `what` tells several grants to one role apart.
        """
        within = {DATABASE: sorted(databases)}
        tables = {**within, CLASSIFICATION: [str(each) for each in classes]}
        self._permit(role, may, id_=f"{what}Tables", kind="TABLE", expression=tables)
        self._permit(role, ("DESCRIBE",), id_=f"{what}Databases", kind="DATABASE", expression=within)

    def admit_maker(self, role: iam.Role) -> list[lf.CfnPrincipalPermissions]:
        """Let `role` make tables in every database, widen those that another role made, place files in the zones."""
        everywhere = {DATABASE: list(ZONES)}
        tables = {**everywhere, CLASSIFICATION: [str(each) for each in Classification]}
        making, widening = ("CREATE_TABLE", "DESCRIBE"), ("ALTER", "DESCRIBE")
        made = [
            self._permit(role, making, id_="Make", kind="DATABASE", expression=everywhere),
            # Whoever makes a table may alter it; but tables outlive that role, where the stack is deployed anew.
            self._permit(role, widening, id_="Widen", kind="TABLE", expression=tables),
        ]
        for number, location in enumerate(self._locations):
            resource = lf.CfnPrincipalPermissions.ResourceProperty(
                data_location=lf.CfnPrincipalPermissions.DataLocationResourceProperty(
                    catalog_id=self._names.account, resource_arn=location.resource_arn
                )
            )
            placed = self._grant(role, ("DATA_LOCATION_ACCESS",), id_=f"Location{number}", resource=resource)
            placed.add_resource_dependency(location)
            made.append(placed)
        return made

    def _permit(
        self, role: iam.Role, permissions: Sequence[str], *, id_: str, kind: str, expression: dict[str, list[str]]
    ) -> lf.CfnPrincipalPermissions:
        known = lf.CfnPrincipalPermissions
        terms = [
            known.LFTagProperty(tag_key=tag_key(self._names, what), tag_values=values)
            for what, values in expression.items()
        ]
        policy = known.LFTagPolicyResourceProperty(catalog_id=self._names.account, resource_type=kind, expression=terms)
        made = self._grant(role, permissions, id_=id_, resource=known.ResourceProperty(lf_tag_policy=policy))
        made.node.add_dependency(*self._tags)
        return made

    def _grant(
        self,
        role: iam.Role,
        permissions: Sequence[str],
        *,
        id_: str,
        resource: lf.CfnPrincipalPermissions.ResourceProperty,
    ) -> lf.CfnPrincipalPermissions:
        return lf.CfnPrincipalPermissions(
            role,
            f"Lake{id_}",
            principal=lf.CfnPrincipalPermissions.DataLakePrincipalProperty(
                data_lake_principal_identifier=role.role_arn
            ),
            permissions=list(permissions),
            permissions_with_grant_option=[],
            resource=resource,
        )

    def _tag(self, what: str, values: list[str]) -> lf.CfnTag:
        return lf.CfnTag(
            self,
            what.capitalize(),
            catalog_id=self._names.account,
            tag_key=tag_key(self._names, what),
            tag_values=values,
        )

    def _register(self, platform: Platform, key_arn: str) -> list[lf.CfnResource]:
        role = iam.Role(self, "Lender", assumed_by=iam.ServicePrincipal("lakeformation.amazonaws.com"))
        zones = sorted(set(ZONES.values()))
        buckets = {zone: f"arn:aws:s3:::{platform.names.bucket(zone)}" for zone in zones}
        grant(role, _lending(tuple(buckets.values()), key_arn))
        policy = role.node.find_child("DefaultPolicy")
        locations = [self._location(zone, arn, role) for zone, arn in buckets.items()]
        for location in locations:
            location.node.add_dependency(policy)
        return locations

    def _location(self, zone: str, arn: str, role: iam.Role) -> lf.CfnResource:
        return lf.CfnResource(
            self, f"{zone.capitalize()}Zone", resource_arn=arn, use_service_linked_role=False, role_arn=role.role_arn
        )


def borrow(role: iam.Role) -> None:
    """Athena and Glue's optimisers reach a registered zone with what Lake Formation lends to the role that asks."""
    because = "Lake Formation lends by its own grants; the action knows no resources"
    grant(role, (Grant("BorrowAccess", ("lakeformation:GetDataAccess",), ("*",), because=because),))


def _lending(buckets: tuple[str, ...], key_arn: str) -> tuple[Grant, ...]:
    """All that may be lent: people are lent what SELECT takes, optimisers also what INSERT and DELETE take.

    Jobs read and write under their own roles.
    """
    files = tuple(f"{bucket}/*" for bucket in buckets)
    return (
        Grant("LendFiles", REWRITE, files, because="It lends what a grant by tag allows, per column"),
        Grant("ListFiles", ("s3:ListBucket",), buckets),
        Grant("UseKey", ("kms:Decrypt", "kms:GenerateDataKey"), (key_arn,)),
    )


def _principal(arn: str) -> lf.CfnDataLakeSettings.DataLakePrincipalProperty:
    return lf.CfnDataLakeSettings.DataLakePrincipalProperty(data_lake_principal_identifier=arn)


def _deployer(scope: Construct) -> str:
    """The role that CloudFormation runs under; tags and grants are made by it."""
    stack = cdk.Stack.of(scope)
    qualifier = stack.synthesizer.bootstrap_qualifier or cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
    role = f"cdk-{qualifier}-cfn-exec-role-{stack.account}-{stack.region}"
    return f"arn:aws:iam::{stack.account}:role/{role}"
