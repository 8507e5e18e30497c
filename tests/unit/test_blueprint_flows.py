"""What AppFlow and Glue are asked for, from the sources alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from kumitate.blueprint.connections import connection_of, pull_grants
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.flows import CONNECTORS, delivered_fields, flow_of, schedule_of
from kumitate.blueprint.platform import Platform, PulledSource
from kumitate.config.connectors import APPFLOW, GLUE, WITH_INSTANCE, glue_settings
from kumitate.config.source import Source
from kumitate.errors import FatalError
from kumitate.project import open_project

CLOUD = Path(__file__).parents[1] / "projects/cloud"


@pytest.fixture(scope="module")
def platform() -> Platform:
    return platform_of(open_project(CLOUD).config, "dev", account="000000000000")


@pytest.fixture(scope="module")
def model() -> Any:
    return botocore.session.get_session().get_service_model("appflow")


def source(**changes: Any) -> Source:
    given = {"kind": "records", "path": "data/a*.csv", "key": ["id"], "columns": {"id": {"type": "id"}}, **changes}
    return Source.model_validate(given)


def pulled(**changes: Any) -> PulledSource:
    pull = {"connector": "salesforce", "object": "Contact", "secret": "salesforce", **changes}
    one = source(pull=pull)
    assert one.pull is not None
    return PulledSource("contacts", one, one.pull)


def test_every_connector_that_check_accepts_has_a_flow() -> None:
    assert set(CONNECTORS) == APPFLOW


def members(model: Any, name: str) -> dict[str, Any]:
    return dict(model.shape_for(name).members)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_every_connector_is_spelled_as_in_appflows_model(model: Any, name: str) -> None:
    connector = CONNECTORS[name]
    assert connector.type in model.shape_for("ConnectorType").enum
    sections = {each.lower(): shape for each, shape in members(model, "ConnectorProfileCredentials").items()}
    operators = {each.lower(): shape.enum for each, shape in members(model, "ConnectorOperator").items()}
    section = connector.section.replace("_", "")
    assert {connector.maps, connector.projects} - {None} <= set(operators[section])
    if connector.credentials:
        shape = sections[section]
        assert {camel(each) for each in connector.credentials} <= set(shape.members)
        assert set(shape.required_members) <= {camel(each) for each in connector.credentials}


def test_connectors_that_need_an_instance_take_its_address() -> None:
    assert all("instance_url" in CONNECTORS[name].properties for name in WITH_INSTANCE)


def test_derived_columns_are_not_asked_of_the_service_and_shared_fields_only_once() -> None:
    columns = {"id": {"from": "Id"}, "again": {"from": "Id"}, "name": {}, "sum": {"sql": "1 + 1"}}
    assert delivered_fields(source(columns=columns)) == ("Id", "name")


@pytest.mark.parametrize(
    ("said", "asked"),
    [("rate(1 hour)", "rate(1hours)"), ("rate(15 minutes)", "rate(15minutes)"), ("rate(1 day)", "rate(1days)")],
)
def test_a_rate_is_said_in_appflows_words(said: str, asked: str) -> None:
    assert schedule_of(said) == asked


def test_a_clock_time_is_refused_with_what_to_write_instead() -> None:
    with pytest.raises(FatalError, match="write rate"):
        schedule_of("cron(0 3 * * ? *)")


def test_a_bucket_that_is_not_named_is_asked_for() -> None:
    with pytest.raises(FatalError, match=r"contacts\.pull\.settings: s3 needs 'bucket'"):
        flow_of(pulled(connector="s3"))


def test_without_a_field_that_tells_what_is_new_everything_comes() -> None:
    assert flow_of(pulled()).pull_mode == "Complete"
    assert flow_of(pulled(incremental="LastModifiedDate")).pull_mode == "Incremental"


def test_a_secret_that_the_environment_does_not_name_is_asked_for(platform: Platform) -> None:
    with pytest.raises(FatalError, match="do not name 'nowhere'"):
        connection_of(platform, pulled(connector="hubspot", secret="nowhere"))


def by_job(platform: Platform) -> Iterator[PulledSource]:
    return (each for each in platform.pulls if not each.by_appflow)


def test_a_connection_of_the_account_is_not_made_again(platform: Platform) -> None:
    made = {each.name: connection_of(platform, each) for each in by_job(platform)}
    assert made["social_ads"] is None
    (social,) = (each for each in by_job(platform) if each.name == "social_ads")
    read = [arn for grant in pull_grants(platform, social) if grant.purpose == "SignIn" for arn in grant.resources]
    assert read == ["arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:cloud/facebook-ads-??????"]
    hub = made["hub_contacts"]
    assert hub is not None
    assert (hub.type, hub.secret) == ("HUBSPOT", "cloud/hubspot")


def test_a_pull_job_reads_its_own_secret_and_writes_its_own_files_only(platform: Platform) -> None:
    (hub,) = (each for each in by_job(platform) if each.name == "hub_contacts")
    named = [arn for grant in pull_grants(platform, hub) for arn in grant.resources]
    assert [arn for arn in named if ":secret:" in arn] == [
        "arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:cloud/hubspot-??????"
    ]
    assert [arn for arn in named if arn.endswith("/*")] == [
        "arn:aws:s3:::kumitate-cloud-dev-raw-000000000000/pulled/hub_contacts/*"
    ]


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_the_reference_says_what_a_connectors_secret_holds(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/connectors.md").read_text("utf-8")
    (line,) = (each for each in page.splitlines() if each.startswith(f"| `{name}` |"))
    said = set(re.findall(r"`(\w+)`", line)) - {name}
    assert said == {*CONNECTORS[name].credentials, *CONNECTORS[name].properties}


def test_the_reference_says_every_setting_of_glues_connections() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/connectors.md").read_text("utf-8")
    _, _, part = page.partition("## Connections of AWS Glue")
    first = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", "".join(first))) - {"settings"} == set().union(*map(glue_settings, GLUE))
