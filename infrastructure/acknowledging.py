"""How a resource says which finding of the security rules it knowingly keeps, and why."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(resource: IConstruct, reasons: Mapping[str, str]) -> None:
    """`acknowledge(role, {"AwsSolutions-IAM5[Resource::*]": "X-Ray's actions know no resources"})`."""
    for finding, reason in reasons.items():
        cdk.Validations.of(resource).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))
