"""Templates with their intrinsic functions worked out: names, ARNs and imports as CloudFormation would give them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.cloud import ACCOUNT, REGION

PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NAMES = {
    "AWS::S3::Bucket": ("BucketName", "arn:aws:s3:::{name}"),
    "AWS::SQS::Queue": ("QueueName", "arn:aws:sqs:{region}:{account}:{name}"),
    "AWS::SNS::Topic": ("TopicName", "arn:aws:sns:{region}:{account}:{name}"),
    "AWS::DynamoDB::Table": ("TableName", "arn:aws:dynamodb:{region}:{account}:table/{name}"),
    "AWS::DynamoDB::GlobalTable": ("TableName", "arn:aws:dynamodb:{region}:{account}:table/{name}"),
    "AWS::Lambda::Function": ("FunctionName", "arn:aws:lambda:{region}:{account}:function:{name}"),
    "AWS::IAM::Role": ("RoleName", "arn:aws:iam::{account}:role/{name}"),
    "AWS::KMS::Key": ("", "arn:aws:kms:{region}:{account}:key/{name}"),
    "AWS::Events::EventBus": ("Name", "arn:aws:events:{region}:{account}:event-bus/{name}"),
    "AWS::Kinesis::Stream": ("Name", "arn:aws:kinesis:{region}:{account}:stream/{name}"),
    "AWS::KinesisFirehose::DeliveryStream": (
        "DeliveryStreamName",
        "arn:aws:firehose:{region}:{account}:deliverystream/{name}",
    ),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "arn:aws:states:{region}:{account}:stateMachine:{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "arn:aws:logs:{region}:{account}:log-group:{name}:*"),
    "AWS::SecretsManager::Secret": ("Name", "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf"),
    "AWS::Glue::Job": ("Name", "arn:aws:glue:{region}:{account}:job/{name}"),
    "AWS::Glue::Connection": ("", "arn:aws:glue:{region}:{account}:connection/{name}"),
    "AWS::Athena::WorkGroup": ("Name", "arn:aws:athena:{region}:{account}:workgroup/{name}"),
    "AWS::Scheduler::ScheduleGroup": ("Name", "arn:aws:scheduler:{region}:{account}:schedule-group/{name}"),
    "AWS::Scheduler::Schedule": ("Name", "arn:aws:scheduler:{region}:{account}:schedule/default/{name}"),
    "AWS::AppFlow::Flow": ("FlowName", "arn:aws:appflow:{region}:{account}:flow/{name}"),
    "AWS::SES::ConfigurationSet": ("Name", "arn:aws:ses:{region}:{account}:configuration-set/{name}"),
    "AWS::CustomerProfiles::Domain": ("DomainName", "arn:aws:profile:{region}:{account}:domains/{name}"),
}
"""Type -> the property that names it, and its ARN."""
REF_IS_ARN = {
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
    "AWS::SecretsManager::Secret",
    "AWS::IAM::ManagedPolicy",
}


@dataclass(frozen=True)
class Template:
    """All templates of an app, which may refer to each other."""

    stacks: Mapping[str, Mapping[str, Any]]
    exports: Mapping[str, tuple[str, Any]]

    @classmethod
    def of(cls, templates: Mapping[str, Mapping[str, Any]]) -> Template:
        exports = {
            output["Export"]["Name"]: (stack, output["Value"])
            for stack, template in templates.items()
            for output in template.get("Outputs", {}).values()
            if isinstance(output.get("Export", {}).get("Name"), str)
        }
        return cls(templates, exports)

    def resources(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        for stack, template in self.stacks.items():
            for logical, resource in template["Resources"].items():
                yield stack, logical, resource

    def path(self, stack: str, logical: str) -> str:
        """`kumitate-shop-dev-activation/Planner/Role`, without the last `/Resource`."""
        metadata = self.stacks[stack]["Resources"][logical].get("Metadata", {})
        return str(metadata.get("aws:cdk:path", f"{stack}/{logical}")).removesuffix("/Resource")

    def name(self, stack: str, logical: str) -> str:
        resource = self.stacks[stack]["Resources"][logical]
        wanted = NAMES.get(resource["Type"], ("", ""))[0]
        named = resolved(resource.get("Properties", {}).get(wanted), self, stack) if wanted else None
        return str(named or f"{stack}-{logical}")  # equal places in two stacks have equal logical ids

    def arn(self, stack: str, logical: str) -> str:
        kind = self.stacks[stack]["Resources"][logical]["Type"]
        pattern = NAMES.get(kind, ("", f"arn:aws:{kind.split('::')[1].lower()}:{{region}}:{{account}}:{{name}}"))[1]
        if kind == "AWS::Events::Rule":
            pattern = "arn:aws:events:{region}:{account}:rule/" + self._rule(stack, logical)
        return pattern.format(region=REGION, account=ACCOUNT, name=self.name(stack, logical))

    def ref(self, stack: str, logical: str) -> str:
        if logical in PSEUDO:
            return PSEUDO[logical]
        template = self.stacks[stack]
        if logical not in template["Resources"]:
            return self._parameter(stack, logical)
        kind = template["Resources"][logical]["Type"]
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self.name(stack, logical)}"
        return self.arn(stack, logical) if kind in REF_IS_ARN else self.name(stack, logical)

    def attribute(self, stack: str, logical: str, attribute: str) -> str:
        if attribute.startswith("Outputs."):
            nested = self._nested_in(stack, logical)
            output = self.stacks[nested]["Outputs"][attribute.removeprefix("Outputs.")]["Value"]
            return str(resolved(output, self, nested))
        if attribute.endswith("Arn"):
            return self.arn(stack, logical)
        return self.name(stack, logical) if attribute.endswith("Name") else f"{logical}.{attribute}"

    def _parameter(self, stack: str, name: str) -> str:
        """A nested stack gets its parameters from the stack it stands in."""
        parent, logical = self._parents.get(stack, ("", ""))
        given = self.stacks[parent]["Resources"][logical]["Properties"].get("Parameters", {}) if parent else {}
        if name in given:
            return str(resolved(given[name], self, parent))
        return str(self.stacks[stack].get("Parameters", {}).get(name, {}).get("Default", name))

    @cached_property
    def _parents(self) -> dict[str, tuple[str, str]]:
        """Nested stack -> the stack and the resource that place it."""
        return {
            resource["Metadata"]["aws:asset:path"].removesuffix(".template.json"): (stack, logical)
            for stack, logical, resource in self.resources()
            if resource["Type"] == "AWS::CloudFormation::Stack"
        }

    def _nested_in(self, stack: str, logical: str) -> str:
        return next(nested for nested, parent in self._parents.items() if parent == (stack, logical))

    def _rule(self, stack: str, logical: str) -> str:
        properties = self.stacks[stack]["Resources"][logical]["Properties"]
        name = resolved(properties.get("Name"), self, stack) or logical
        bus = resolved(properties.get("EventBusName"), self, stack)
        return f"{bus}/{name}" if bus else str(name)


def resolved(value: Any, app: Template, stack: str) -> Any:
    """`value` of a template of `stack`, with nothing left to work out."""
    if isinstance(value, list):
        return [resolved(each, app, stack) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        function, argument = next(iter(value.items()))
        if function == "Ref" or function.startswith("Fn::"):
            return _worked_out(function, argument, app, stack)
    return {key: resolved(each, app, stack) for key, each in value.items()}


def _worked_out(function: str, argument: Any, app: Template, stack: str) -> Any:
    match function:
        case "Ref":
            return app.ref(stack, argument)
        case "Fn::GetAtt":
            logical, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
            return app.attribute(stack, logical, attribute)
        case "Fn::Join":
            return argument[0].join(str(each) for each in resolved(argument[1], app, stack))
        case "Fn::Split":
            return str(resolved(argument[1], app, stack)).split(argument[0])
        case "Fn::Select":
            return resolved(argument[1], app, stack)[int(argument[0])]
        case "Fn::ImportValue":
            name = resolved(argument, app, stack)
            return resolved(app.exports[name][1], app, app.exports[name][0])
        case "Fn::Sub":
            return _substituted(argument, app, stack)
        case _:
            raise AssertionError(f"{stack}: {function} is not known here")


def _substituted(argument: Any, app: Template, stack: str) -> str:
    text, given = (argument, {}) if isinstance(argument, str) else (argument[0], resolved(argument[1], app, stack))

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in given:
            return str(given[name])
        logical, dot, attribute = name.partition(".")
        return app.attribute(stack, logical, attribute) if dot else app.ref(stack, name)

    return re.sub(r"\$\{([^!][^}]*)\}", value, text)
