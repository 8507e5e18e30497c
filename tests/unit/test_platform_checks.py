"""What AWS would refuse of a whole platform is said before it is deployed."""

from __future__ import annotations

import shutil
from pathlib import Path

import botocore.session
import pytest

from kumitate.blueprint.changes import blueprint_of
from kumitate.blueprint.checks import open_deployable, open_for_all, platform_problems
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.flows import CONNECTORS
from kumitate.blueprint.limits import LIMITS, name_refusal
from kumitate.blueprint.regions import all_regions, endpoints, regions_of
from kumitate.config.connectors import APPFLOW, GLUE, WITH_INSTANCE
from kumitate.errors import ConfigError, FatalError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"
SHOP = Path(__file__).parents[2] / "examples/shop"
DEV = "dev:\n  region: ap-northeast-1\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The tea shop with an environment `dev`."""
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    write(tmp_path, "environments/aws.yaml", DEV)
    return tmp_path


def write(root: Path, file: str, text: str) -> None:
    (root / file).parent.mkdir(exist_ok=True)
    (root / file).write_text(text, encoding="utf-8")


def swap(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    write(root, file, text.replace(old, new))


def problems(root: Path, name: str = "dev") -> list[str]:
    try:
        open_deployable(root, name)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.slow
def test_the_shop_can_be_deployed_in_both_of_its_environments() -> None:
    assert open_for_all(SHOP).config.environments.keys() == {"dev", "prod"}


def test_a_sound_project_says_the_same_however_it_is_asked(root: Path) -> None:
    assert problems(root) == []
    assert platform_problems(open_project(root).config, "dev") == ()


def test_an_unknown_environment_is_told_with_those_there_are(root: Path) -> None:
    with pytest.raises(FatalError, match=r"unknown environment 'prod'; there are: dev"):
        open_deployable(root, "prod")


def test_a_missing_secret_comes_with_the_command_that_makes_it(root: Path) -> None:
    write(root, "destinations/all.yaml", "chat: {type: slack, secret: slack}\n")
    assert problems(root) == [
        "environments/aws.yaml:1 dev.secrets: destination 'chat' signs in with the secret 'slack', which is not here;"
        " write `slack: tea_shop/slack`, and create it: aws secretsmanager create-secret --region ap-northeast-1"
        " --name tea_shop/slack --secret-string file://slack.json"
    ]
    write(root, "environments/aws.yaml", DEV + "  secrets: {slack: tea/slack}\n")
    assert problems(root) == []


def test_a_pulled_source_needs_its_secret_too(root: Path) -> None:
    pull = "  pull: {connector: salesforce, object: Order, secret: crm}"
    swap(root, "sources/all.yaml", "path: data/orders.csv", f"path: data/orders.csv\n{pull}")
    write(root, "environments/aws.yaml", DEV + "  secrets:\n    crn: tea/crm\n")
    (found,) = problems(root)
    assert found.startswith("environments/aws.yaml:3 dev.secrets: source 'orders' signs in with the secret 'crm'")
    assert "did you mean 'crn'?" in found


def test_every_environment_is_told_of_a_pulls_secret_that_it_lacks(root: Path) -> None:
    pull = "  pull: {connector: salesforce, object: Order, secret: crm}"
    swap(root, "sources/all.yaml", "path: data/orders.csv", f"path: data/orders.csv\n{pull}")
    write(root, "environments/aws.yaml", DEV + "  secrets: {crm: tea/crm}\nprod: {}\ntrial: {}\n")
    with pytest.raises(ConfigError) as caught:
        open_for_all(root)
    assert [(each.line, each.key) for each in caught.value.problems] == [(4, "prod.secrets"), (5, "trial.secrets")]
    assert all("aws secretsmanager create-secret --region" in each.what for each in caught.value.problems)


def test_a_setting_that_the_connector_does_not_know_is_guessed_at(root: Path) -> None:
    pull = "  pull: {connector: salesforce, object: Order, connection: crm, settings: {instance_uri: x}}"
    swap(root, "sources/all.yaml", "path: data/orders.csv", f"path: data/orders.csv\n{pull}")
    assert problems(root) == [
        "sources/all.yaml:18 orders.pull.settings.instance_uri: unknown setting 'instance_uri' in Salesforce;"
        " did you mean 'instance_url'?"
    ]


def test_a_region_without_a_service_in_use_names_those_that_have_it(root: Path) -> None:
    pull = "  pull: {connector: salesforce, object: Order, connection: crm}"
    swap(root, "sources/all.yaml", "path: data/orders.csv", f"path: data/orders.csv\n{pull}")
    swap(root, "environments/aws.yaml", "ap-northeast-1", "ap-northeast-3")
    (found,) = problems(root)
    assert found.startswith("environments/aws.yaml:2 dev.region: Amazon AppFlow is not offered in ap-northeast-3")
    assert "(source 'orders' is pulled); move to one of ap-northeast-1, ap-northeast-2" in found


def test_customer_profiles_are_not_everywhere(root: Path) -> None:
    instance = "12345678-1234-1234-1234-123456789012"
    write(root, "environments/aws.yaml", f"dev:\n  region: eu-west-1\n  messaging: {{connect_instance: {instance}}}\n")
    found = problems(root)
    assert [line.split(" is not offered")[0].split("region: ")[1] for line in found] == [
        "Amazon Connect Customer Profiles",
        "Amazon Connect outbound campaigns",
    ]


def test_a_region_that_does_not_exist_is_guessed_at(root: Path) -> None:
    swap(root, "environments/aws.yaml", "ap-northeast-1", "ap-norteast-1")
    (found,) = problems(root)
    assert found.startswith("environments/aws.yaml:2 dev.region: unknown region 'ap-norteast-1'; did you mean 'ap-")


def test_an_unknown_stage_is_guessed_at(root: Path) -> None:
    write(root, "environments/aws.yaml", DEV + "  workers:\n    identiy: {count: 4}\n")
    assert problems(root) == [
        "environments/aws.yaml:4 dev.workers.identiy: unknown stage 'identiy'; did you mean 'identity'?"
    ]


def test_names_too_long_for_a_bucket_are_said_once(root: Path) -> None:
    swap(root, "kumitate.yaml", "project: tea_shop", "project: the_tea_shop_of_kyoto")
    swap(root, "environments/aws.yaml", "dev:", "development:")
    (found,) = problems(root, "development")
    assert "'the_tea_shop_of_kyoto' and 'development', 32 characters; S3 leaves 2" in found


def test_a_syncs_name_may_be_too_long_for_its_rule(root: Path) -> None:
    name = "winback_of_those_who_have_bought_nothing_for_a_year"
    swap(root, "syncs/winback.yaml", "winback:", f"{name}:")
    (found,) = problems(root)
    assert found.startswith(f"syncs/winback.yaml:1 {name}: the rule kumitate-tea-shop-dev-sync-winback-of")
    assert "characters; EventBridge takes 64; choose another name, or a shorter one for project or environment" in found


def test_problems_of_files_and_platform_are_said_together(root: Path) -> None:
    swap(root, "kumitate.yaml", "Asia/Tokyo", "Asia/Tokio")
    write(root, "environments/aws.yaml", DEV + "  workers: {identiy: {count: 4}}\n  schedule: rate(1 days)\n")
    assert [line.split(": ")[0] for line in problems(root)] == [
        "environments/aws.yaml:3 dev.workers.identiy",
        "environments/aws.yaml:4 dev.schedule",
        "kumitate.yaml:3 timezone",
    ]


def test_a_removed_source_whose_tables_hold_rows_is_told(root: Path) -> None:
    write(root, "sources/more.yaml", "visits: {kind: records, path: v.csv, key: row, columns: {shop: {}}}\n")
    deployed = blueprint_of(platform_of(open_project(root).config, "dev", account="000000000000"))
    (root / "sources/more.yaml").unlink()
    with pytest.raises(ConfigError) as caught:
        open_deployable(root, "dev", deployed)
    (found,) = caught.value.problems
    assert (found.file, found.line, found.key) == ("environments/aws.yaml", 1, "dev.retired")
    assert "source 'visits' is no longer in the project, but its tables stand with their rows" in found.what
    assert "tea_shop_dev_raw.visits" in found.what
    write(root, "environments/aws.yaml", DEV + "  retired: [visits]\n")
    assert open_deployable(root, "dev", deployed).config.settings.project == "tea_shop"


def test_a_deployed_environment_does_not_move_to_another_region(root: Path) -> None:
    deployed = blueprint_of(platform_of(open_project(root).config, "dev", account="000000000000"))
    swap(root, "environments/aws.yaml", "ap-northeast-1", "us-east-1")
    with pytest.raises(ConfigError, match=r"aws.yaml:2 dev.region: deployed in ap-northeast-1; .*make destroy ENV=dev"):
        open_deployable(root, "dev", deployed)


@pytest.mark.parametrize(
    ("kind", "name", "refusal"),
    [
        ("bucket", "kumitate-shop-dev-raw-000000000000", ""),
        ("bucket", "kumitate-" + "a" * 60, "has 69 characters; S3 takes 63"),
        ("bucket", "kumitate-Shop", "has a character that S3 does not take"),
        ("bucket", "kumitate-shop--x-s3", "S3 keeps names that begin or end so for itself"),
        ("rule", "r" * 65, "has 65 characters; EventBridge takes 64"),
        ("queue", "q" * 81, "has 81 characters; SQS takes 80"),
        ("database", "shop-dev", "has a character that Athena does not take"),
        ("schedule", "every day", "has a character that EventBridge Scheduler does not take"),
    ],
)
def test_names_are_held_to_what_aws_takes(kind: str, name: str, refusal: str) -> None:
    found = name_refusal(kind, name)
    assert refusal in found
    assert bool(found) == bool(refusal)


MODELS = {
    "delivery stream": ("firehose", "CreateDeliveryStreamInput", "DeliveryStreamName"),
    "event bus": ("events", "CreateEventBusRequest", "Name"),
    "flow": ("appflow", "CreateFlowRequest", "flowName"),
    "function": ("lambda", "CreateFunctionRequest", "FunctionName"),
    "job": ("glue", "CreateJobRequest", "Name"),
    "key": ("kms", "CreateAliasRequest", "AliasName"),
    "key-value table": ("dynamodb", "CreateTableInput", "TableName"),
    "role": ("iam", "CreateRoleRequest", "RoleName"),
    "rule": ("events", "PutRuleRequest", "Name"),
    "schedule": ("scheduler", "CreateScheduleInput", "Name"),
    "state machine": ("stepfunctions", "CreateStateMachineInput", "name"),
    "stream": ("kinesis", "CreateStreamInput", "StreamName"),
    "alarm": ("cloudwatch", "PutMetricAlarmInput", "AlarmName"),
    "budget": ("budgets", "Budget", "BudgetName"),
}
LONGER_THAN_SAID = {"function": 64, "key-value table": 255}
"""Where a model also counts an ARN that may be given instead of a name."""


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_the_longest_name_is_the_services_own_models(kind: str) -> None:
    service, shape, member = MODELS[kind]
    model = botocore.session.get_session().get_service_model(service).shape_for(shape)
    longest = model.members[member].metadata["max"]
    assert LIMITS[kind].longest == LONGER_THAN_SAID.get(kind, longest)


def test_the_table_of_regions_is_what_the_sdk_knows() -> None:
    session = botocore.session.get_session()
    assert {name: list(regions_of(name)) for name in endpoints()} == {
        name: sorted(session.get_available_regions(endpoint)) for name, endpoint in endpoints().items()
    }
    core = ("athena", "dynamodb", "firehose", "glue", "kinesis", "lambda", "lakeformation", "scheduler", "sqs")
    assert all(sorted(session.get_available_regions(each)) == list(all_regions()) for each in core)


def test_connectors_are_those_that_the_services_know() -> None:
    session = botocore.session.get_session()
    appflow = session.get_service_model("appflow")
    known = {name.lower() for name in appflow.shape_for("SourceConnectorProperties").members}
    assert known >= APPFLOW == CONNECTORS.keys()
    profiles = appflow.shape_for("ConnectorProfileProperties").members.items()
    needs = {name.lower() for name, shape in profiles if "instanceUrl" in shape.required_members}
    assert needs == WITH_INSTANCE
    types = session.get_service_model("glue").shape_for("ConnectionType").enum
    assert {name.lower() for name in types} >= GLUE
    assert not APPFLOW & GLUE
