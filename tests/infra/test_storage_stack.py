"""What holds data is protected, encrypted, kept as long as the project says, and classified by column."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from harness.synthesis import ACCOUNT, ROOT, Synthesis
from infrastructure.constructs.lake_tables import fingerprint
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.names import BUCKETS, ZONES
from kumitate.blueprint.platform import Platform
from kumitate.project import open_project

pytestmark = pytest.mark.infra
CLOUD = ROOT / "tests/projects/cloud"


@dataclass(frozen=True)
class Placed:
    """The storage stack alone, which is synthesized in a moment."""

    body: dict[str, Any]
    platform: Platform
    protected: bool


def place(folder: Path, env: str, **context: str) -> Placed:
    platform = platform_of(open_project(CLOUD).config, env, account=ACCOUNT)
    app = cdk.App(outdir=str(folder), context={"bundles": "skip", "emulator": "true", **context})
    stack = StorageStack(app, platform.names.called("storage"), platform=platform)
    body = app.synth().get_stack_by_name(stack.stack_name).template
    return Placed(body, platform, bool(stack.termination_protection))


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Placed:
    """An environment that is not protected, with the second switch given too."""
    return place(tmp_path_factory.mktemp("cdk"), "dev", data="delete")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Placed:
    """A protected environment, with the switch that must not suffice alone."""
    return place(tmp_path_factory.mktemp("cdk"), "prod", data="delete")


def resources(body: dict[str, Any], *types: str) -> list[dict[str, Any]]:
    return [each for each in body["Resources"].values() if each["Type"] in types]


def nested(synthesis: Synthesis, type_: str) -> list[dict[str, Any]]:
    """Properties of all resources of a type in the storage stack's nested stacks."""
    bodies = [json.loads(path.read_text("utf-8")) for path in Path(synthesis.folder).glob("*.nested.template.json")]
    found = (each for body in bodies for each in body["Resources"].values())
    return [each["Properties"] for each in found if each["Type"] == type_]


HOLDERS = ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Glue::Database")


def test_every_zone_has_a_bucket_of_the_declared_name(cloud: Synthesis) -> None:
    named = {each["BucketName"] for each in cloud["storage"].of_type("AWS::S3::Bucket").values()}
    assert {cloud.platform.names.bucket(zone) for zone in BUCKETS} <= named


def test_every_zones_bucket_is_encrypted_versioned_and_private(cloud: Synthesis) -> None:
    zones = {cloud.platform.names.bucket(zone) for zone in BUCKETS}
    for bucket in cloud["storage"].of_type("AWS::S3::Bucket").values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        if bucket["BucketName"] in zones:
            rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
            assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
            assert rule["BucketKeyEnabled"] is True
            assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
            assert bucket["LoggingConfiguration"]["LogFilePrefix"]


def test_no_bucket_answers_without_tls(cloud: Synthesis) -> None:
    policies = cloud["storage"].of_type("AWS::S3::BucketPolicy").values()
    assert len(policies) == len(BUCKETS) + 1
    for policy in policies:
        denied = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [each["Condition"] for each in denied]


def test_files_go_after_as_many_days_as_the_project_says(cloud: Synthesis) -> None:
    retention = cloud.platform.environment.retention
    expiring = {
        (bucket["BucketName"], rule["Prefix"]): rule["ExpirationInDays"]
        for bucket in cloud["storage"].of_type("AWS::S3::Bucket").values()
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if "Prefix" in rule
    }
    raw, results = (cloud.platform.names.bucket(zone) for zone in ("raw", "results"))
    assert retention.raw_files == 400
    assert {expiring[raw, f"{prefix}/"] for prefix in ("drop", "pulled", "streamed")} == {400}
    assert {expiring[results, f"{prefix}/"] for prefix in ("athena", "deliveries", "exports")} == {retention.results}
    assert expiring[raw, "failed/"] == retention.quarantine


def test_what_was_taken_in_stays_for_replays_and_runs_taken_up_again(cloud: Synthesis, unguarded: Placed) -> None:
    for body in (cloud["storage"].body, unguarded.body):
        rules = [
            rule
            for bucket in resources(body, "AWS::S3::Bucket")
            for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]
            if rule.get("ExpirationInDays")
        ]
        assert not [rule for rule in rules if "files/memory/x".startswith(rule.get("Prefix", "nothing"))]


def test_files_stay_where_the_project_says_nothing(guarded: Placed) -> None:
    buckets = [each["Properties"] for each in resources(guarded.body, "AWS::S3::Bucket")]
    raw = next(each for each in buckets if each["BucketName"] == guarded.platform.names.bucket("raw"))
    assert [rule["Prefix"] for rule in raw["LifecycleConfiguration"]["Rules"] if "Prefix" in rule] == ["failed/"]


def test_a_tables_files_never_expire_by_age(cloud: Synthesis) -> None:
    prefixes = {
        rule["Prefix"]
        for bucket in cloud["storage"].of_type("AWS::S3::Bucket").values()
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if "Prefix" in rule
    }
    assert not prefixes & {f"{database}/" for database in ZONES}


def test_arrivals_in_the_raw_zone_are_told_without_a_function_of_their_own(cloud: Synthesis) -> None:
    told = [
        each["BucketName"]
        for each in cloud["storage"].of_type("AWS::S3::Bucket").values()
        if "NotificationConfiguration" in each
    ]
    assert told == [cloud.platform.names.bucket("raw")]
    assert not cloud["storage"].of_type("Custom::S3BucketNotifications")


def test_data_outlives_the_stack_unless_two_switches_are_given(
    cloud: Synthesis, guarded: Placed, unguarded: Placed
) -> None:
    def fate(body: dict[str, Any]) -> set[str]:
        return {each["DeletionPolicy"] for each in resources(body, *HOLDERS)}

    assert fate(cloud["storage"].body) == {"Retain"}
    assert fate(guarded.body) == {"Retain"}
    assert fate(unguarded.body) == {"Delete"}
    assert not resources(guarded.body, "Custom::S3AutoDeleteObjects")
    assert len(resources(unguarded.body, "Custom::S3AutoDeleteObjects")) == len(BUCKETS) + 1


def test_a_protected_stack_refuses_its_removal(guarded: Placed, unguarded: Placed) -> None:
    assert guarded.protected
    assert not unguarded.protected


@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_functions_run_on_what_their_bundles_are_built_for(tmp_path: Path, arch: str) -> None:
    placed = place(tmp_path, "dev", arch=arch)
    ours = [each["Properties"] for each in resources(placed.body, "AWS::Lambda::Function")]
    assert {each["Architectures"][0] for each in ours if "-fn-" in str(each.get("FunctionName"))} == {arch}


def test_small_tables_are_paid_by_request_and_can_be_set_back(cloud: Synthesis) -> None:
    tables = {each["TableName"]: each for each in cloud["storage"].of_type("AWS::DynamoDB::Table").values()}
    called = cloud.platform.names.called
    assert set(tables) == {called("ledger"), called("device-tokens"), called("idempotency"), called("state")}
    for table in tables.values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"]["SSEType"] == "KMS"
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    expiring = {name: each["TimeToLiveSpecification"]["AttributeName"] for name, each in tables.items()}
    assert expiring[called("ledger")] == "expires_at"
    assert expiring[called("idempotency")] == "expiration"
    assert expiring[called("state")] == "expires_at"


def test_every_table_forgets_its_past_and_grown_ones_are_packed(cloud: Synthesis) -> None:
    optimizers = nested(cloud, "AWS::Glue::TableOptimizer")
    by_kind: dict[str, set[str]] = {}
    for each in optimizers:
        by_kind.setdefault(each["Type"], set()).add(f"{each['DatabaseName']}.{each['TableName']}")
    every = {f"{each.database}.{each.table.name}" for each in cloud.platform.tables}
    assert by_kind["retention"] == every == by_kind["orphan_file_deletion"]
    assert "cloud_dev_raw.members" in by_kind["compaction"]
    assert "cloud_dev_curated.profiles" not in by_kind["compaction"]
    kept = [each["TableOptimizerConfiguration"] for each in optimizers if each["Type"] == "retention"]
    days = {each["RetentionConfiguration"]["IcebergConfiguration"]["SnapshotRetentionPeriodInDays"] for each in kept}
    assert days == {cloud.platform.environment.retention.snapshots}


def test_no_tables_orphans_are_looked_for_among_anothers_files(cloud: Synthesis) -> None:
    searched = {
        each["TableName"]: each["TableOptimizerConfiguration"]["OrphanFileDeletionConfiguration"]
        for each in nested(cloud, "AWS::Glue::TableOptimizer")
        if each["Type"] == "orphan_file_deletion" and each["DatabaseName"] == "cloud_dev_raw"
    }
    location = searched["members"]["IcebergConfiguration"]["Location"]
    assert location == f"{cloud.platform.names.location('raw.members')}/"


def test_optimisers_are_lent_what_rewriting_takes(cloud: Synthesis) -> None:
    """Zones are registered: an optimiser's own rights to files do not count there."""
    statements = {
        (id_, each["Sid"]): each
        for id_, policy in cloud["storage"].of_type("AWS::IAM::Policy").items()
        for each in policy["PolicyDocument"]["Statement"]
        if "Sid" in each
    }
    (lent,) = (each for (_, sid), each in statements.items() if sid == "LendFiles")
    assert set(lent["Action"]) == {"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}
    assert [id_ for id_, sid in statements if sid == "BorrowAccess" and "Keeper" in id_]


def test_tables_that_outlived_their_maker_can_be_widened_by_the_next(cloud: Synthesis) -> None:
    grants = cloud["storage"].of_type("AWS::LakeFormation::PrincipalPermissions").items()
    (widening,) = (each for id_, each in grants if "Maker" in id_ and "Widen" in id_)
    policy = widening["Resource"]["LFTagPolicy"]
    assert policy["ResourceType"] == "TABLE"
    assert set(widening["Permissions"]) == {"ALTER", "DESCRIBE"}
    assert set(ZONES) in [set(each["TagValues"]) for each in policy["Expression"]]


def test_the_accounts_lake_settings_outlive_the_environment(cloud: Synthesis) -> None:
    (settings,) = resources(cloud["storage"].body, "AWS::LakeFormation::DataLakeSettings")
    assert settings["DeletionPolicy"] == "Retain"


def test_every_personal_column_is_tagged_personal_and_no_other(cloud: Synthesis) -> None:
    tagged = {
        (place["DatabaseName"], place["Name"], column)
        for each in nested(cloud, "AWS::LakeFormation::TagAssociation")
        if (place := each["Resource"].get("TableWithColumns")) and each["LFTags"][0]["TagValues"] == ["personal"]
        for column in place["ColumnNames"]
    }
    personal = {
        (each.database, each.table.name, column.name)
        for each in cloud.platform.tables
        for column in each.table.columns
        if column.personal
    }
    assert tagged == personal


def test_a_new_table_is_open_to_nobody(cloud: Synthesis) -> None:
    for each in cloud["storage"].of_type("AWS::Glue::Database").values():
        assert each["DatabaseInput"]["CreateTableDefaultPermissions"] == []


def test_tables_are_made_after_databases_are_tagged_and_before_they_are_kept(cloud: Synthesis) -> None:
    body = cloud["storage"].body["Resources"]
    (tables,) = (id_ for id_, each in body.items() if each["Type"] == "Custom::LakeTables")
    before = {body[id_]["Type"] for id_ in body[tables]["DependsOn"]}
    assert {"AWS::LakeFormation::TagAssociation", "AWS::LakeFormation::PrincipalPermissions"} <= before
    care = [each for each in body.values() if each["Type"] == "AWS::CloudFormation::Stack"]
    assert care
    assert all(tables in each["DependsOn"] for each in care)


def test_tables_are_made_anew_only_when_they_change() -> None:
    platform = platform_of(open_project(CLOUD).config, "dev", account=ACCOUNT)
    sooner = replace(platform, environment=platform.environment.model_copy(update={"schedule": "rate(1 hour)"}))
    fewer = replace(platform, tables=platform.tables[1:])
    assert fingerprint(sooner) == fingerprint(platform)
    assert fingerprint(fewer) != fingerprint(platform)


def test_no_stack_comes_near_what_cloudformation_takes(shop: Synthesis) -> None:
    paths = list(shop.folder.glob("*.template.json"))
    sizes = {path.name: len(json.loads(path.read_text("utf-8"))["Resources"]) for path in paths}
    assert max(sizes.values()) < 250, sizes
