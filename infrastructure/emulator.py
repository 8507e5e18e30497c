"""What the local emulator cannot take, left out with `-c emulator=true`; without the switch everything is placed."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import IConstruct

REFUSED = frozenset({
    "AWS::AppFlow::ConnectorProfile",
    "AWS::AppFlow::Flow",
    "AWS::Budgets::Budget",
    "AWS::CustomerProfiles::Domain",
    "AWS::CustomerProfiles::Integration",
    "AWS::Glue::TableOptimizer",
    "AWS::LakeFormation::DataLakeSettings",
    "AWS::LakeFormation::PrincipalPermissions",
    "AWS::LakeFormation::Resource",
    "AWS::LakeFormation::Tag",
    "AWS::LakeFormation::TagAssociation",
    "AWS::Pinpoint::App",
    "AWS::SMSVOICE::ConfigurationSet",
})  # fmt: skip
"""Types that it refuses by name; tests/emulator holds the list to be exact."""


def emulated(scope: IConstruct) -> bool:
    return str(scope.node.try_get_context("emulator")).lower() == "true"


def leave_out_refused(app: IConstruct) -> None:
    """Take such resources out of the tree, if so asked; nothing that stays refers to them."""
    if not emulated(app):
        return
    for each in app.node.find_all():
        if isinstance(each, cdk.CfnResource) and each.cfn_resource_type in REFUSED and each.node.scope:
            each.node.scope.node.try_remove_child(each.node.id)
