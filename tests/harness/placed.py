"""What a synthesized app places, with names and ARNs as they would be, so that needs can be read off it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.iam import Policies, policies_of
from harness.intrinsics import Template, resolved
from kumitate.blueprint.platform import Platform


@dataclass(frozen=True)
class Placed:
    """One resource; `path` is where it stands in the app."""

    type: str
    path: str
    arn: str
    name: str
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Account:
    resources: tuple[Placed, ...]
    policies: Policies
    platform: Platform

    @classmethod
    def of(cls, templates: Mapping[str, Mapping[str, Any]], platform: Platform) -> Account:
        app = Template.of(templates)
        resources = tuple(
            Placed(
                resource["Type"],
                app.path(stack, logical),
                app.arn(stack, logical),
                app.name(stack, logical),
                resolved(resource.get("Properties", {}), app, stack),
            )
            for stack, logical, resource in app.resources()
        )
        return cls(resources, policies_of(templates), platform)

    def all(self, type_: str) -> Iterator[Placed]:
        return (each for each in self.resources if each.type == type_)

    def one(self, type_: str, name: str) -> Placed:
        """The resource of that name, e.g. one("AWS::SQS::Queue", "kumitate-shop-dev-arrivals")."""
        found = [each for each in self.all(type_) if each.name == name]
        assert len(found) == 1, f"{type_} {name}: {len(found)} of {[each.name for each in self.all(type_)]}"
        return found[0]

    @cached_property
    def role_paths(self) -> dict[str, str]:
        """ARN of a role -> its path."""
        return {role.arn: role.path for role in self.policies.roles.values()}

    @property
    def key(self) -> Placed:
        """The key of what holds personal data."""
        (key,) = self.all("AWS::KMS::Key")
        return key
