"""Grants become statements of a role, in portions that a policy can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aws_cdk import aws_iam as iam

from infrastructure.acknowledging import acknowledge
from kumitate.blueprint.grants import Grant

_ARNS_A_STATEMENT = 25
"""A role that reads hundreds of tables overflows into further policies, statement by statement."""

_MANY_VALUED = frozenset({"dynamodb:LeadingKeys"})


def grant(role: iam.Role, grants: Iterable[Grant]) -> None:
    """Allow exactly these; a statement is named for its purpose, and says why where it holds a wildcard."""
    for each in grants:
        for number, start in enumerate(range(0, len(each.resources), _ARNS_A_STATEMENT)):
            role.add_to_policy(
                iam.PolicyStatement(
                    sid=each.purpose + (str(number + 1) if number else ""),
                    actions=list(each.actions),
                    resources=list(each.resources[start : start + _ARNS_A_STATEMENT]),
                    conditions=_conditions(each),
                )
            )
        if each.because:
            open_ended = sorted(arn for arn in each.resources if "*" in arn)
            acknowledge(role, {f"AwsSolutions-IAM5[Resource::{arn}]": each.because for arn in open_ended})


def _conditions(each: Grant) -> Mapping[str, Mapping[str, list[str]]] | None:
    conditions: dict[str, dict[str, list[str]]] = {}
    for key, values in each.where.items():
        operator = "ForAllValues:StringLike" if key in _MANY_VALUED else "StringLike"
        conditions.setdefault(operator, {})[key] = list(values)
    return conditions or None
