"""The policies of a synthesized app, and what they answer: simulated, since no emulator asks every role."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.cloud import ACCOUNT, REGION, REPOSITORY, node
from harness.intrinsics import Template, resolved

SIMULATOR = Path(__file__).with_name("simulate.mjs")
ALLOWED = "Allowed"
ANYBODY = f"arn:aws:iam::{ACCOUNT}:role/anybody"
"""Somebody of this account whose own policies allow everything: only what protects a resource can refuse them."""
_EVERYTHING = {"anybody": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
_OF_AWS = {
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": {
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "*",
    }
}
"""AWS's own policies that roles of the CDK's wrappers have; no others are accepted."""


@dataclass(frozen=True)
class Need:
    """`who` (a role's path, or a service) must be able to do this; or must not, where it is a prohibition."""

    who: str
    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    forbidden: bool = False

    def __str__(self) -> str:
        must = "must not" if self.forbidden else "must"
        return f"{self.who} {must} {self.action} on {self.resource} {dict(self.context) or ''}".strip()


@dataclass(frozen=True)
class Role:
    path: str
    """Where it stands in the app: `kumitate-shop-dev-activation/Planner/Role`."""
    arn: str
    statements: tuple[str, ...]
    managed: tuple[str, ...]
    """Policies of AWS that are attached to it; there should be none."""


@dataclass(frozen=True)
class Policies:
    """Every statement of an app by its id, who holds it, and what it protects."""

    statements: Mapping[str, Mapping[str, Any]]
    roles: Mapping[str, Role]
    protecting: Mapping[str, tuple[str, ...]]
    """ARN of a resource -> statements of its own policy."""


@dataclass(frozen=True)
class Answer:
    need: Need
    result: str
    matched: frozenset[str]
    errors: str

    @property
    def is_met(self) -> bool:
        return self.result != "Invalid" and (self.result == ALLOWED) != self.need.forbidden


def ask(policies: Policies, questions: Sequence[tuple[Need, str]]) -> list[Answer]:
    """What the policies answer to each need, with one statement left out where its id is given."""
    given = {
        "statements": {**policies.statements, **_EVERYTHING, **_OF_AWS},
        "questions": [_question(policies, need, without=without) for need, without in questions],
    }
    done = subprocess.run(
        [str(node()), str(SIMULATOR)],
        cwd=REPOSITORY,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr[-3000:])
    answers = json.loads(done.stdout)
    return [
        Answer(need, answer["result"], frozenset(answer["matched"]), answer["errors"])
        for (need, _), answer in zip(questions, answers, strict=True)
    ]


def unmet(answers: Iterable[Answer]) -> list[str]:
    return [f"{answer.need}: {answer.result} {answer.errors}".strip() for answer in answers if not answer.is_met]


def surplus(policies: Policies, answers: Sequence[Answer]) -> list[str]:
    """Statements that may be removed one at a time without any need noticing; each removal is tried."""
    witnesses: dict[str, list[Need]] = {id_: [] for id_ in policies.statements}
    for answer in sorted(answers, key=lambda each: len(each.matched)):
        for id_ in answer.matched:
            if id_ in witnesses and len(witnesses[id_]) < 6 and answer.is_met:
                witnesses[id_].append(answer.need)
    trials = [(need, id_) for id_, needs in witnesses.items() for need in needs]
    missed = {id_ for (_, id_), answer in zip(trials, ask(policies, trials), strict=True) if not answer.is_met}
    return [f"{id_}: {json.dumps(policies.statements[id_])}" for id_ in policies.statements if id_ not in missed]


def idle_actions(policies: Policies, answers: Iterable[Answer]) -> list[str]:
    """Actions that a statement grants and no need asks for, e.g. `…/Role#2: s3:GetBucket*`."""
    asked: dict[str, set[str]] = {}
    for answer in answers:
        for id_ in answer.matched:
            asked.setdefault(id_, set()).add(answer.need.action.lower())
    found = []
    for id_, statement in policies.statements.items():
        if statement["Effect"] == "Allow":
            idle = [each for each in _several(statement["Action"]) if not _covers_any(each, asked.get(id_, set()))]
            found += [f"{id_}: {action}" for action in idle]
    return found


def _covers_any(pattern: str, actions: Iterable[str]) -> bool:
    prefix, star, _ = pattern.lower().partition("*")
    return any(action.startswith(prefix) if star else action == prefix for action in actions)


def _question(policies: Policies, need: Need, *, without: str) -> dict[str, Any]:
    role = policies.roles.get(need.who)
    if role is None and "/" in need.who and need.who != ANYBODY:
        raise AssertionError(f"no role {need.who}; there are {', '.join(sorted(policies.roles))}")
    return {
        "principal": role.arn if role else need.who,
        "action": need.action,
        "resource": need.resource,
        "account": ACCOUNT,
        "context": {"aws:SecureTransport": "true", **need.context},
        "identity": [id_ for id_ in _own(role, need.who) if id_ != without],
        "isProtected": bool(_protecting(policies, need.resource)),
        "resourceBased": [id_ for id_ in _protecting(policies, need.resource) if id_ != without],
    }


def _own(role: Role | None, who: str) -> tuple[str, ...]:
    if role is not None:
        return (*role.statements, *role.managed)
    return tuple(_EVERYTHING) if who == ANYBODY else ()


def _protecting(policies: Policies, resource: str) -> tuple[str, ...]:
    if resource.startswith("arn:aws:s3:::"):
        resource = resource.partition("/")[0]
    return policies.protecting.get(resource, ())


def policies_of(templates: Mapping[str, Mapping[str, Any]]) -> Policies:
    """Everything that grants or refuses in the templates of an app."""
    found, app = _Found({}, {}, {}), Template.of(templates)
    for stack, logical, resource in app.resources():
        properties = resolved(resource.get("Properties", {}), app, stack)
        found.add(resource["Type"], properties, app.path(stack, logical), arn=app.arn(stack, logical))
    roles = (
        Role(each["path"], arn, tuple(each["statements"]), tuple(each["managed"])) for arn, each in found.roles.items()
    )
    protecting = {arn: tuple(ids) for arn, ids in found.protecting.items()}
    return Policies(found.statements, {role.path: role for role in roles}, protecting)


@dataclass(frozen=True)
class _Found:
    """What was found so far, resource by resource."""

    statements: dict[str, Mapping[str, Any]]
    roles: dict[str, dict[str, Any]]
    protecting: dict[str, list[str]]

    def add(self, type_: str, properties: Mapping[str, Any], path: str, *, arn: str) -> None:
        match type_:
            case "AWS::IAM::Role":
                role = self._role(arn)
                role["path"] = path
                role["managed"] += properties.get("ManagedPolicyArns", [])
                for policy in properties.get("Policies", []):
                    document = policy["PolicyDocument"]
                    role["statements"] += _add(self.statements, f"{path}/{policy['PolicyName']}", document)
                self._protect(arn, properties["AssumeRolePolicyDocument"], f"{path}/Trust")
            case "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy":
                ids = _add(self.statements, path, properties["PolicyDocument"])
                for name in properties.get("Roles", []):
                    self._role(f"arn:aws:iam::{ACCOUNT}:role/{name}")["statements"] += ids
            case _:
                for protected, document in _resource_policy(type_, properties, arn):
                    self._protect(protected, document, path)

    def _role(self, arn: str) -> dict[str, Any]:
        return self.roles.setdefault(arn, {"path": arn, "statements": [], "managed": []})

    def _protect(self, arn: str, document: Mapping[str, Any], holder: str) -> None:
        self.protecting.setdefault(arn, []).extend(_add(self.statements, holder, document))


def _resource_policy(kind: str, properties: Mapping[str, Any], arn: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """ARN of what is protected, with its policy."""
    match kind:
        case "AWS::S3::BucketPolicy":
            yield f"arn:aws:s3:::{properties['Bucket']}", properties["PolicyDocument"]
        case "AWS::KMS::Key":
            yield arn, _of_the_key(properties["KeyPolicy"], arn)
        case "AWS::SQS::QueuePolicy":
            for url in properties["Queues"]:
                yield (
                    f"arn:aws:sqs:{url.split('.')[1]}:{ACCOUNT}:{url.rpartition('/')[2]}",
                    properties["PolicyDocument"],
                )
        case "AWS::SNS::TopicPolicy":
            for topic in properties["Topics"]:
                yield topic, properties["PolicyDocument"]
        case "AWS::Lambda::Permission":
            yield _function_arn(properties["FunctionName"]), {"Statement": _permission(properties)}
        case _:
            return


def _of_the_key(document: Mapping[str, Any], arn: str) -> Mapping[str, Any]:
    """In a key's policy `*` means the key."""
    return {"Statement": [{**each, "Resource": arn} for each in _several(document["Statement"])]}


def _function_arn(name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def _permission(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    conditions: dict[str, Any] = {}
    if "SourceArn" in properties:
        conditions["ArnLike"] = {"aws:SourceArn": properties["SourceArn"]}
    if "SourceAccount" in properties:
        conditions["StringEquals"] = {"aws:SourceAccount": properties["SourceAccount"]}
    return [{
        "Effect": "Allow",
        "Principal": {"Service": properties["Principal"]},
        "Action": properties["Action"],
        "Resource": _function_arn(properties["FunctionName"]),
        **({"Condition": conditions} if conditions else {}),
    }]  # fmt: skip


def _add(statements: dict[str, Mapping[str, Any]], holder: str, document: Mapping[str, Any]) -> list[str]:
    ids = []
    for number, statement in enumerate(_several(document["Statement"])):
        statements[f"{holder}#{number}"] = statement
        ids.append(f"{holder}#{number}")
    return ids


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
