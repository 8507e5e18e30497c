"""Taking the platform down, last of all: data stays, unless two switches say otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from harness.cloud import ACCOUNT, synthesize
from harness.deployment import Deployment, context_of
from kumitate.blueprint.names import BUCKETS, Names

pytestmark = pytest.mark.emulator

SMALL_TABLES = ("ledger", "device-tokens", "idempotency", "state")


def test_destroy_takes_the_stacks_and_leaves_the_data(deployed: Deployment) -> None:
    tables = _tables_of(deployed.platform.databases.values(), deployed.client("glue"))
    bucket, key = deployed.platform.names.bucket("raw"), "drop/data/kept.csv"
    deployed.client("s3").put_object(Bucket=bucket, Key=key, Body=b"member_no\n")
    deployed.cloud.destroy(deployed.assembly)
    left = deployed.client("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE", "UPDATE_COMPLETE"])
    assert [each["StackName"] for each in left["StackSummaries"]] == ["CDKToolkit"]
    assert deployed.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == b"member_no\n"
    assert _data_of(deployed.platform.names, deployed.client("s3"), deployed.client("dynamodb")) == _everything()
    assert {f"{each.database}.{each.table.name}" for each in deployed.platform.tables} <= tables.keys()
    assert _tables_of(deployed.platform.databases.values(), deployed.client("glue")) == tables
    assert not deployed.client("lambda").list_functions()["Functions"]


def test_with_both_switches_nothing_is_kept(deployed: Deployment, tmp_path: Path) -> None:
    """Looked at in the templates: the emulator cannot run the CDK's function that empties a bucket."""
    synthesize(tmp_path / "out", app="app.py", context={**context_of(deployed.project), "data": "delete"})
    path = tmp_path / "out" / f"{deployed.called('storage')}.template.json"
    placed = json.loads(path.read_text(encoding="utf-8"))["Resources"].values()
    assert not [each["Type"] for each in placed if each.get("DeletionPolicy") == "Retain"]
    emptied = [each for each in placed if each["Type"] == "Custom::S3AutoDeleteObjects"]
    assert len(emptied) == sum(each["Type"] == "AWS::S3::Bucket" for each in placed) > len(BUCKETS)
    tables = [each["Properties"] for each in placed if each["Type"] == "AWS::DynamoDB::Table"]
    assert len(tables) == len(SMALL_TABLES)
    assert not any(each.get("DeletionProtectionEnabled") for each in tables)


def test_a_protected_environment_keeps_its_data_whatever_is_asked(deployed: Deployment, tmp_path: Path) -> None:
    """`prod` is protected: the second switch changes nothing in what its templates keep."""
    kept = []
    for data in ("", "delete"):
        out = tmp_path / f"prod-{data}"
        synthesize(out, app="app.py", context={**context_of(deployed.project), "env": "prod", "data": data})
        template = json.loads((out / "kumitate-cloud-prod-storage.template.json").read_text(encoding="utf-8"))
        kept.append({id_ for id_, each in template["Resources"].items() if each.get("DeletionPolicy") == "Retain"})
    assert len(kept[0]) > len(BUCKETS) + len(SMALL_TABLES)
    assert kept[0] == kept[1]


def _tables_of(databases: Iterable[str], glue: Any) -> dict[str, str]:
    """Table of the lake -> the metadata that is its newest state."""
    pages = [glue.get_paginator("get_tables").paginate(DatabaseName=each).build_full_result() for each in databases]
    tables = [each for page in pages for each in page["TableList"]]
    return {f"{each['DatabaseName']}.{each['Name']}": each["Parameters"]["metadata_location"] for each in tables}


def _everything() -> set[str]:
    return {*BUCKETS, *SMALL_TABLES}


def _data_of(names: Names, s3: Any, dynamodb: Any) -> set[str]:
    """What there is of the platform's buckets and tables."""
    zones = {re.sub(rf"^{names.prefix}-|-{ACCOUNT}$", "", each["Name"]) for each in s3.list_buckets()["Buckets"]}
    tables = {each.removeprefix(f"{names.prefix}-") for each in dynamodb.list_tables()["TableNames"]}
    return (zones | tables) & _everything()
