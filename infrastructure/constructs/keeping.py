"""Whether data outlives its stack: it does, unless two switches say otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from constructs import IConstruct

from kumitate.config.environment import Environment


@dataclass(frozen=True, slots=True)
class Keeping:
    """`deletes` only where the environment is not protected and `-c data=delete` is given."""

    deletes: bool

    @classmethod
    def of(cls, scope: IConstruct, environment: Environment) -> Keeping:
        return cls(not environment.protected and scope.node.try_get_context("data") == "delete")

    @property
    def policy(self) -> cdk.RemovalPolicy:
        return cdk.RemovalPolicy.DESTROY if self.deletes else cdk.RemovalPolicy.RETAIN
