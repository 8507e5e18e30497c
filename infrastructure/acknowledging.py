"""How a resource says which finding of the security rules it knowingly keeps, and why."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(resource: IConstruct, reasons: Mapping[str, str]) -> None:
    """`acknowledge(role, {"AwsSolutions-IAM5[Resource::*]": "X-Ray's actions know no resources"})`.

    An account that is not known before the deployment stands in a finding as a reference.
    """
    for finding, reason in reasons.items():
        id_ = finding.replace(cdk.Aws.ACCOUNT_ID, "<AWS::AccountId>")
        cdk.Validations.of(resource).acknowledge(cdk.Acknowledgment(id=id_, reason=reason))
