"""Each job's role, evaluated: exactly what its stage declares, and nothing on any other table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from harness.synthesis import Synthesis, Template
from kumitate.blueprint.mail import mail_set
from kumitate.blueprint.names import Names
from kumitate.blueprint.platform import StageJob
from kumitate.model.table import Table
from kumitate.pipeline import STAGES

pytestmark = pytest.mark.infra

READ = ("s3:GetObject", "glue:GetTable")
WRITE = ("s3:PutObject", "s3:DeleteObject", "glue:UpdateTable")
NEVER = ("glue:DeleteTable", "glue:CreateTable", "glue:GetTables")


@dataclass(frozen=True)
class Role:
    """What the policies of one role allow; there are no denials among them."""

    statements: tuple[Mapping[str, Any], ...]

    def allows(self, action: str, resource: str) -> bool:
        return any(
            any(fnmatchcase(action, pattern) for pattern in _several(statement["Action"]))
            and any(isinstance(arn, str) and fnmatchcase(resource, arn) for arn in _several(statement["Resource"]))
            for statement in self.statements
        )


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def role_of(template: Template, role_id: str) -> Role:
    """Statements of the role's own policies, those that overflowed among them."""
    found: list[Mapping[str, Any]] = []
    for type_ in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for policy in template.of_type(type_).values():
            if {"Ref": role_id} in policy.get("Roles", []):
                found += policy["PolicyDocument"]["Statement"]
    assert all(statement["Effect"] == "Allow" for statement in found)
    return Role(tuple(found))


@pytest.fixture(scope="module")
def roles(shop: Synthesis) -> Mapping[str, Role]:
    """By stage."""
    template, names = shop["pipeline"], shop.platform.names
    by_job = {job["Name"]: job["Role"]["Fn::GetAtt"][0] for job in template.of_type("AWS::Glue::Job").values()}
    return {stage.name: role_of(template, by_job[names.called("stage", stage.name)]) for stage in STAGES}


def resources(names: Names, table: Table) -> Iterator[tuple[str, str]]:
    """(service, ARN) of a table's file and its entry in the catalogue."""
    path = names.location(str(table)).removeprefix("s3://")
    yield "s3", f"arn:aws:s3:::{path}/data/00000.parquet"
    entry = f"table/{names.database(table.database)}/{table.name}"
    yield "glue", f"arn:aws:glue:{names.region}:{names.account}:{entry}"


def allowed(role: Role, names: Names, table: Table, actions: tuple[str, ...]) -> set[str]:
    return {
        action
        for service, arn in resources(names, table)
        for action in actions
        if action.startswith(f"{service}:") and role.allows(action, arn)
    }


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_a_job_reads_and_writes_what_its_stage_declares(stage: str, roles: Mapping[str, Role], shop: Synthesis) -> None:
    job, names, role = shop.platform.stage(stage), shop.platform.names, roles[stage]
    for table in job.reads:
        assert allowed(role, names, table, READ) == set(READ), f"{stage} reads {table}"
    for table in job.writes:
        assert allowed(role, names, table, READ + WRITE) == set(READ + WRITE), f"{stage} writes {table}"


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_a_job_touches_nothing_else(stage: str, roles: Mapping[str, Role], shop: Synthesis) -> None:
    job, names, role = shop.platform.stage(stage), shop.platform.names, roles[stage]
    declared, written = _names(job), set(map(str, job.writes))
    others = [each.table for each in shop.platform.tables if str(each.table) not in declared]
    assert others, "every stage leaves some table alone"
    for table in others:
        assert not allowed(role, names, table, READ + WRITE + NEVER), f"{stage} must not touch {table}"
    for table in job.reads:
        if str(table) not in written:
            assert not allowed(role, names, table, WRITE), f"{stage} only reads {table}"


def _names(job: StageJob) -> set[str]:
    return {str(table) for table in (*job.reads, *job.writes)}


def test_a_table_whose_name_begins_like_another_is_not_touched(roles: Mapping[str, Role], shop: Synthesis) -> None:
    names = shop.platform.names
    beside = names.location("curated.profiles").removeprefix("s3://") + "_of_staff/data/00000.parquet"
    assert not roles["profiles"].allows("s3:PutObject", f"arn:aws:s3:::{beside}")


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_no_job_starts_machines_sends_messages_or_reads_secrets(stage: str, roles: Mapping[str, Role]) -> None:
    actions = {action for statement in roles[stage].statements for action in _several(statement["Action"])}
    services = {action.partition(":")[0] for action in actions}
    assert services <= {"s3", "glue", "kms", "logs", "cloudwatch", "dynamodb", "events"}
    assert not any("*" in action for action in actions)
    in_ledger = {action for action in actions if action.startswith("dynamodb:")}
    noting = bool(in_ledger - {"dynamodb:Query"})
    assert noting == (stage in ("activation", "delivery")), "only deliveries, firings and people are noted"
    assert bool(in_ledger) == noting, "who delivers asks what people decided"
    assert ("events" in services) == (stage == "segments"), "only who entered and left is told on the bus"


def test_only_ingest_sees_what_arrived(roles: Mapping[str, Role], shop: Synthesis) -> None:
    raw = f"arn:aws:s3:::{shop.platform.names.bucket('raw')}"
    for stage, role in roles.items():
        assert role.allows("s3:GetObject", f"{raw}/drop/data/members.csv") == (stage == "ingest"), stage
        assert role.allows("s3:PutObject", f"{raw}/files/members/1.csv") == (stage == "ingest"), stage
        assert not role.allows("s3:PutObject", f"{raw}/drop/data/members.csv"), stage
        assert not role.allows("s3:DeleteObject", f"{raw}/files/members/1.csv"), "what was taken in stays"
        assert role.allows("s3:ListBucket", raw) == (stage == "ingest"), stage


def test_no_role_of_the_platform_has_a_policy_of_aws(shop: Synthesis) -> None:
    for name in ("pipeline", "activation", "operations"):
        for id_, role in shop[name].of_type("AWS::IAM::Role").items():
            assert not role.get("ManagedPolicyArns"), f"{name} {id_}"


@pytest.fixture(scope="module")
def deliveries(shop: Synthesis) -> Mapping[str, Role]:
    """By account."""
    template, names = shop["activation"], shop.platform.names
    by_name = {each["FunctionName"]: each["Role"]["Fn::GetAtt"][0] for each in _functions(template)}
    return {
        account.name: role_of(template, by_name[names.called("fn", "delivery", account.name)])
        for account in shop.platform.accounts
    }


def _functions(template: Template) -> list[dict[str, Any]]:
    return [each for each in template.of_type("AWS::Lambda::Function").values() if "FunctionName" in each]


def test_a_delivery_reads_its_own_secret_alone(deliveries: Mapping[str, Role], shop: Synthesis) -> None:
    names = shop.platform.names
    secrets = {account.name: account.secret for account in shop.platform.accounts if account.secret}
    assert len(secrets) >= 3
    for account, role in deliveries.items():
        for owner, secret in secrets.items():
            arn = f"arn:aws:secretsmanager:{names.region}:{names.account}:secret:{secret}-a1B2c3"
            assert role.allows("secretsmanager:GetSecretValue", arn) == (account == owner), f"{account}: {secret}"


def test_a_delivery_reads_pages_of_its_own_syncs_alone(deliveries: Mapping[str, Role], shop: Synthesis) -> None:
    results = f"arn:aws:s3:::{shop.platform.names.bucket('results')}"
    for account, role in deliveries.items():
        for other in shop.platform.accounts:
            for sync in other.syncs:
                page = f"{results}/deliveries/r000001/{sync}/00001.jsonl.gz"
                assert role.allows("s3:GetObject", page) == (account == other.name), f"{account}: {sync}"
        (lists,) = [each for each in role.statements if "s3:ListBucket" in _several(each["Action"])]
        prefixes = _several(lists["Condition"]["StringLike"]["s3:prefix"])
        own = next(each.syncs for each in shop.platform.accounts if each.name == account)
        assert set(prefixes) == {f"deliveries/*/{sync}/*" for sync in own}


def test_a_delivery_uses_its_own_queues_and_notes_alone(deliveries: Mapping[str, Role], shop: Synthesis) -> None:
    names, accounts = shop.platform.names, shop.platform.accounts
    for account in accounts:
        role = deliveries[account.name]
        for other in accounts:
            queue = f"arn:aws:sqs:{names.region}:{names.account}:{names.called('account', other.name)}"
            assert role.allows("sqs:ReceiveMessage", queue) == (other == account)
            assert role.allows("sqs:SendMessage", f"{queue}-dlq") == (other == account)
        (notes,) = [each for each in role.statements if each.get("Sid") == "KeepNotes"]
        keys = notes["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        assert {key.rpartition("#")[2] for key in keys} == set(account.syncs)


def test_a_mail_account_sends_its_syncs_template_from_its_sender(
    deliveries: Mapping[str, Role], shop: Synthesis
) -> None:
    names = shop.platform.names
    ses = f"arn:aws:ses:{names.region}:{names.account}"
    assert deliveries["mail"].allows("ses:SendBulkEmail", f"{ses}:template/cart-reminder")
    assert deliveries["mail"].allows("ses:SendBulkEmail", f"{ses}:identity/shop@example.jp")
    assert deliveries["mail"].allows("ses:SendBulkEmail", f"{ses}:configuration-set/{mail_set(names)}")
    assert not deliveries["mail"].allows("ses:SendBulkEmail", f"{ses}:identity/other.example")
    assert not deliveries["crm"].allows("ses:SendBulkEmail", f"{ses}:template/cart-reminder")


def test_nobody_but_the_functions_of_the_run_log_reaches_the_lock_of_runs(shop: Synthesis) -> None:
    keys = "dynamodb:LeadingKeys"
    found = {"lock": set[str](), "others": set[str]()}
    for stack in ("pipeline", "activation"):
        for type_ in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            for policy in shop[stack].of_type(type_).values():
                for statement in policy["PolicyDocument"]["Statement"]:
                    ledger = any(
                        f"table/{shop.platform.names.called('ledger')}" in str(each)
                        for each in _several(statement["Resource"])
                    )
                    if ledger:
                        patterns = _several(statement["Condition"]["ForAllValues:StringLike"][keys])
                        reaches = any(fnmatchcase("runs", pattern) for pattern in patterns)
                        found["lock" if reaches else "others"].add(statement["Sid"])
    assert found["lock"] == {"KeepRunLog"}
    assert found["others"] >= {"CollectNotes", "FollowDeliveries", "KeepNotes", "CountPages", "NotePages"}
