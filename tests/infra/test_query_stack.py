"""Who asks the lake: within a limit, with encrypted results, and no further than their class of columns."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from harness.synthesis import Synthesis
from kumitate.blueprint.classification import READERS
from kumitate.blueprint.names import ZONES
from kumitate.blueprint.views import views

pytestmark = pytest.mark.infra


def workgroups(synthesis: Synthesis) -> dict[str, dict[str, Any]]:
    found = synthesis["query"].of_type("AWS::Athena::WorkGroup").values()
    return {each["Name"]: each["WorkGroupConfiguration"] for each in found}


def grants(synthesis: Synthesis, reader: str) -> list[tuple[str, dict[str, list[str]]]]:
    """What Lake Formation grants a reader on tables: permissions, and the values of each tag."""
    roles = synthesis["query"].of_type("AWS::IAM::Role")
    name = synthesis.platform.names.called(reader)
    (role,) = (id_ for id_, each in roles.items() if each["RoleName"] == name)
    found = synthesis["query"].of_type("AWS::LakeFormation::PrincipalPermissions").values()
    return [
        (" ".join(each["Permissions"]), {term["TagKey"].rpartition("_")[2]: term["TagValues"] for term in terms})
        for each in found
        if each["Principal"]["DataLakePrincipalIdentifier"] == {"Fn::GetAtt": [role, "Arn"]}
        and each["Resource"]["LFTagPolicy"]["ResourceType"] == "TABLE"
        and (terms := each["Resource"]["LFTagPolicy"]["Expression"])
    ]


def test_no_query_reads_more_than_the_environment_allows(cloud: Synthesis) -> None:
    limit = cloud.platform.environment.scan_limit_gb * 1_000_000_000
    assert workgroups(cloud)
    for configuration in workgroups(cloud).values():
        assert configuration["BytesScannedCutoffPerQuery"] == limit
        assert configuration["EnforceWorkGroupConfiguration"] is True
        assert configuration["PublishCloudWatchMetricsEnabled"] is True
        assert configuration["EngineVersion"]["SelectedEngineVersion"] == "Athena engine version 3"


def test_results_are_encrypted_and_lie_apart_for_each_reader(cloud: Synthesis) -> None:
    places = set()
    for configuration in workgroups(cloud).values():
        result = configuration["ResultConfiguration"]
        assert result["EncryptionConfiguration"]["EncryptionOption"] == "SSE_KMS"
        places.add(result["OutputLocation"])
    results = cloud.platform.names.bucket("results")
    names = ("query", *(reader.name for reader in READERS))
    assert places == {f"s3://{results}/athena/{name}/" for name in names}


def test_a_reader_has_no_way_to_the_lakes_files_but_through_lake_formation(cloud: Synthesis) -> None:
    results = f"arn:aws:s3:::{cloud.platform.names.bucket('results')}"
    for policy in cloud["query"].of_type("AWS::IAM::Policy").values():
        reading = [each for each in policy["PolicyDocument"]["Statement"] if "s3:" in json.dumps(each["Action"])]
        assert reading
        for each in reading:
            named = each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]]
            assert all(str(arn).startswith(results) for arn in named)


@pytest.mark.parametrize("reader", ["analyst", "marketer"])
def test_analysts_and_marketers_are_granted_nothing_personal(cloud: Synthesis, reader: str) -> None:
    granted = grants(cloud, reader)
    assert granted
    assert not any("personal" in terms["classification"] for _, terms in granted)
    shown = [terms["database"] for _, terms in granted if "internal" in terms["classification"]]
    assert not any("raw" in databases for databases in shown)


@pytest.mark.parametrize("reader", [reader.name for reader in READERS])
def test_everyone_may_count_and_nobody_may_change(cloud: Synthesis, reader: str) -> None:
    granted = grants(cloud, reader)
    assert {permissions for permissions, _ in granted} == {"DESCRIBE SELECT"}
    public = [terms["database"] for _, terms in granted if terms["classification"] == ["public"]]
    assert [set(each) for each in public] == [{*ZONES, "views"}]


def test_a_steward_sees_every_class_everywhere(cloud: Synthesis) -> None:
    seen = [terms for _, terms in grants(cloud, "steward") if "personal" in terms["classification"]]
    assert [set(terms["database"]) for terms in seen] == [{*ZONES, "views"}]


def test_every_view_is_placed_with_a_meaning_for_each_column(cloud: Synthesis, shop: Synthesis) -> None:
    for synthesis in (cloud, shop):
        placed = {each["TableInput"]["Name"]: each for each in synthesis["query"].of_type("AWS::Glue::Table").values()}
        assert set(placed) == {view.name for view in views(synthesis.platform.config)}
        for each in placed.values():
            assert each["DatabaseName"] == synthesis.platform.names.database("views")
            assert each["TableInput"]["TableType"] == "VIRTUAL_VIEW"
            assert each["TableInput"]["Description"]


def test_athena_reads_a_views_statement_out_of_the_catalogue(cloud: Synthesis) -> None:
    for each in cloud["query"].of_type("AWS::Glue::Table").values():
        text = each["TableInput"]["ViewOriginalText"]
        told = json.loads(base64.b64decode(text.removeprefix("/* Presto View: ").removesuffix(" */")))
        assert told["schema"] == "cloud_dev_views"
        assert '"cloud_dev_' in told["originalSql"]
        columns = each["TableInput"]["StorageDescriptor"]["Columns"]
        assert [column["name"] for column in told["columns"]] == [column["Name"] for column in columns]


def test_a_trait_that_is_added_shows_in_the_profile_view(cloud: Synthesis, shop: Synthesis) -> None:
    def shown(synthesis: Synthesis) -> set[str]:
        tables = (each["TableInput"] for each in synthesis["query"].of_type("AWS::Glue::Table").values())
        (profile,) = (each for each in tables if each["Name"] == "profiles_360")
        return {column["Name"] for column in profile["StorageDescriptor"]["Columns"]}

    assert "visit_count" in shown(cloud)
    assert "visit_count" not in shown(shop)
    assert not {"email", "first_name", "last_name"} & shown(cloud)
