"""Each declared source has what brings it in, under a role of its own, and its files lie where ingest looks."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

from harness.synthesis import Synthesis
from kumitate.blueprint.names import PULLED, STREAMED

pytestmark = pytest.mark.infra


def flows(synthesis: Synthesis) -> dict[str, dict[str, Any]]:
    """AppFlow's flows by the source's name."""
    prefix = synthesis.platform.names.called("pull", "")
    found = synthesis["ingest"].of_type("AWS::AppFlow::Flow").values()
    return {each["FlowName"].removeprefix(prefix).replace("-", "_"): each for each in found}


def profiles(synthesis: Synthesis) -> dict[str, dict[str, Any]]:
    found = synthesis["ingest"].of_type("AWS::AppFlow::ConnectorProfile").values()
    return {each["ConnectorType"]: each["ConnectorProfileConfig"] for each in found}


def statements(synthesis: Synthesis) -> list[dict[str, Any]]:
    policies = synthesis["ingest"].of_type("AWS::IAM::Policy").values()
    return [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]


def test_every_source_of_appflow_has_a_flow_and_no_other(cloud: Synthesis) -> None:
    assert set(flows(cloud)) == {each.name for each in cloud.platform.pulls if each.by_appflow}


def test_a_flow_lands_where_ingest_looks_in_the_sources_format(cloud: Synthesis) -> None:
    types = {"csv": "CSV", "jsonl": "JSON", "parquet": "PARQUET"}
    for name, flow in flows(cloud).items():
        (target,) = flow["DestinationFlowConfigList"]
        place = target["DestinationConnectorProperties"]["S3"]
        assert place["BucketName"] == cloud.platform.names.bucket("raw")
        assert place["BucketPrefix"] == f"{PULLED}/{name}"
        assert place["S3OutputFormatConfig"]["FileType"] == types[cloud.platform.config.sources[name].format]


def test_a_flow_projects_and_maps_every_column_under_the_services_own_name(cloud: Synthesis) -> None:
    filtered, *mapped = flows(cloud)["crm_contacts"]["Tasks"]
    wanted = ["Id", "LastName", "Email", "LeadSource", "LastModifiedDate"]
    assert filtered["TaskType"] == "Filter"
    assert filtered["ConnectorOperator"] == {"Salesforce": "PROJECTION"}
    assert filtered["SourceFields"] == wanted
    assert [(each["TaskType"], each["SourceFields"], each["DestinationField"]) for each in mapped] == [
        ("Map", [name], name) for name in wanted
    ]


def test_what_is_new_is_told_by_the_declared_field(cloud: Synthesis) -> None:
    told = {
        name: (
            flow["TriggerConfig"]["TriggerProperties"]["DataPullMode"],
            flow["SourceFlowConfig"].get("IncrementalPullConfig", {}).get("DatetimeTypeFieldName"),
        )
        for name, flow in flows(cloud).items()
    }
    assert told["crm_contacts"] == ("Incremental", "LastModifiedDate")
    assert told["chat_messages"] == ("Complete", None)
    assert told["partner_files"] == ("Incremental", None)


def test_a_flow_runs_at_the_declared_rate_in_appflows_own_words(cloud: Synthesis) -> None:
    trigger = flows(cloud)["crm_contacts"]["TriggerConfig"]
    assert trigger["TriggerProperties"]["ScheduleExpression"] == "rate(1hours)"
    assert flows(cloud)["crm_contacts"]["FlowStatus"] == "Active"


def test_every_operator_is_one_that_the_connector_has(cloud: Synthesis) -> None:
    model = botocore.session.get_session().get_service_model("appflow")
    known = model.shape_for("ConnectorOperator").members
    for flow in flows(cloud).values():
        for task in flow["Tasks"]:
            for connector, operator in task.get("ConnectorOperator", {}).items():
                assert operator in known[connector].enum


def test_credentials_are_references_to_the_secret_never_values(cloud: Synthesis) -> None:
    found = profiles(cloud)
    assert set(found) == {"Googleanalytics", "Marketo", "Pardot", "Salesforce", "Servicenow", "Slack"}
    secrets = cloud.platform.environment.secrets
    signing = found["Salesforce"]["ConnectorProfileCredentials"]["Salesforce"]
    assert signing.pop("OAuth2GrantType") == "JWT_BEARER"
    assert signing == {"JwtToken": f"{{{{resolve:secretsmanager:{secrets['salesforce']}:SecretString:jwt_token::}}}}"}
    for config in found.values():
        for fields in config["ConnectorProfileCredentials"].values():
            values = [value for name, value in fields.items() if name != "OAuth2GrantType"]
            assert values
            assert all(str(value).startswith("{{resolve:secretsmanager:cloud/") for value in values)


def test_a_connection_that_the_account_has_is_used_and_not_made_again(cloud: Synthesis) -> None:
    assert flows(cloud)["tickets"]["SourceFlowConfig"]["ConnectorProfileName"] == "helpdesk"
    assert "Zendesk" not in profiles(cloud)


def test_appflow_may_write_pulled_files_of_this_account_only(cloud: Synthesis) -> None:
    policies = cloud["storage"].of_type("AWS::S3::BucketPolicy").values()
    found = [
        each
        for policy in policies
        for each in policy["PolicyDocument"]["Statement"]
        if each["Principal"] == {"Service": "appflow.amazonaws.com"}
    ]
    assert len(found) == 2
    assert all(each["Condition"]["StringEquals"]["aws:SourceAccount"] for each in found)
    assert all(f"/{PULLED}/*" in json.dumps(each) for each in found if "s3:PutObject" in each["Action"])


def test_a_project_that_pulls_nothing_lets_appflow_nowhere(shop: Synthesis) -> None:
    assert "appflow" not in json.dumps(shop["storage"].body)
    assert not shop["ingest"].of_type("AWS::AppFlow::Flow")


def test_a_source_of_glue_has_a_job_on_its_schedule(cloud: Synthesis) -> None:
    jobs = {each["DefaultArguments"]["--source"]: each for each in cloud["ingest"].of_type("AWS::Glue::Job").values()}
    assert set(jobs) == {"hub_contacts", "search_ads", "social_ads"}
    starts = {each["Name"]: each for each in cloud["ingest"].of_type("AWS::Scheduler::Schedule").values()}
    for source, job in jobs.items():
        declared = cloud.platform.config.sources[source].pull
        assert declared is not None
        start = starts[job["Name"]]
        assert start["ScheduleExpression"] == declared.schedule
        assert json.loads(start["Target"]["Input"]) == {"JobName": job["Name"]}
        assert job["GlueVersion"] == "6.0"
        assert start["Target"]["DeadLetterConfig"]["Arn"]


def test_a_pull_job_uses_its_own_connection_or_the_accounts(cloud: Synthesis) -> None:
    called = cloud.platform.names.called
    made = {
        each["ConnectionInput"]["Name"]: each["ConnectionInput"]
        for each in cloud["ingest"].of_type("AWS::Glue::Connection").values()
    }
    assert {name: each["ConnectionType"] for name, each in made.items()} == {
        called("pull", "hub_contacts"): "HUBSPOT",
        called("pull", "search_ads"): "GOOGLEADS",
    }
    jobs = cloud["ingest"].of_type("AWS::Glue::Job").values()
    used = {each["DefaultArguments"]["--source"]: each["Connections"]["Connections"] for each in jobs}
    assert used["hub_contacts"] == [called("pull", "hub_contacts")]
    assert used["social_ads"] == ["social"]


def test_a_pull_job_may_write_its_own_source_only(cloud: Synthesis) -> None:
    raw = cloud.platform.names.bucket("raw")
    writing = [each["Resource"] for each in statements(cloud) if each.get("Sid") == "KeepPulled"]
    assert sorted(writing) == [
        f"arn:aws:s3:::{raw}/{PULLED}/{name}/*" for name in ("hub_contacts", "search_ads", "social_ads")
    ]


def test_a_source_that_streams_or_takes_calls_has_a_stream(cloud: Synthesis) -> None:
    streams = {each["Name"]: each for each in cloud["ingest"].of_type("AWS::Kinesis::Stream").values()}
    assert set(streams) == {cloud.platform.names.called("stream", name) for name in ("web_events", "payments")}
    for stream in streams.values():
        assert stream["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
        assert stream["StreamEncryption"]["EncryptionType"] == "KMS"


def test_no_stack_but_the_storage_leaves_anything_behind(cloud: Synthesis) -> None:
    goes_with_its_group = "AWS::Logs::LogStream"
    kept = {
        (name, each["Type"])
        for name in ("ingest", "pipeline", "query", "activation", "realtime", "messaging", "operations")
        for each in cloud[name].body["Resources"].values()
        if each.get("DeletionPolicy") == "Retain"
    }
    assert kept <= {("ingest", goes_with_its_group), ("messaging", goes_with_its_group)}


def test_streamed_events_land_as_lines_where_ingest_looks(cloud: Synthesis) -> None:
    place = deliveries(cloud)["web_events"]["ExtendedS3DestinationConfiguration"]
    assert place["Prefix"].startswith(f"{STREAMED}/web_events/!{{timestamp:")
    assert place["ErrorOutputPrefix"].startswith("failed/web_events/")
    assert place["BufferingHints"]["IntervalInSeconds"] == 60
    (processor,) = place["ProcessingConfiguration"]["Processors"]
    assert processor["Type"] == "AppendDelimiterToRecord"


def test_firehose_may_touch_its_own_prefixes_only(cloud: Synthesis) -> None:
    writing = [
        each["Resource"]
        for each in statements(cloud)
        if set(each["Action"]) == {"s3:AbortMultipartUpload", "s3:PutObject"}
    ]
    raw = f"arn:aws:s3:::{cloud.platform.names.bucket('raw')}"
    assert sorted(writing) == [
        [f"{raw}/{STREAMED}/{name}/*", f"{raw}/failed/{name}/*"] for name in ("payments", "web_events")
    ]


def deliveries(synthesis: Synthesis) -> dict[str, dict[str, Any]]:
    """By source."""
    prefix = synthesis.platform.names.called("stream", "")
    found = synthesis["ingest"].of_type("AWS::KinesisFirehose::DeliveryStream").values()
    return {each["DeliveryStreamName"].removeprefix(prefix).replace("-", "_"): each for each in found}


def rules(synthesis: Synthesis) -> dict[str, dict[str, Any]]:
    prefix = synthesis.platform.names.called("")
    found = synthesis["ingest"].of_type("AWS::Events::Rule").values()
    return {each["Name"].removeprefix(prefix): each for each in found}


def test_what_arrives_is_told_to_the_queue_once(cloud: Synthesis) -> None:
    detail = rules(cloud)["arrived"]["EventPattern"]["detail"]
    assert detail["bucket"] == {"name": [cloud.platform.names.bucket("raw")]}
    prefixes = {each["prefix"] for each in detail["object"]["key"]}
    assert prefixes == {"drop/", "pulled/hub_contacts/", "pulled/search_ads/", "pulled/social_ads/"}
    ended = rules(cloud)["pulled"]["EventPattern"]["detail"]
    assert set(ended["flow-name"]) == {each["FlowName"] for each in flows(cloud).values()}
    assert ended["status"] == ["Execution Successful"]


def test_an_arrival_is_hidden_while_it_is_gathered_and_tried(cloud: Synthesis) -> None:
    queues = cloud["ingest"].of_type("AWS::SQS::Queue").values()
    (queue,) = (each for each in queues if each["QueueName"] == cloud.platform.names.called("arrivals"))
    (mapping,) = cloud["pipeline"].of_type("AWS::Lambda::EventSourceMapping").values()
    functions = cloud["pipeline"].of_type("AWS::Lambda::Function")
    limit = functions[mapping["FunctionName"]["Ref"]]["Timeout"]
    assert queue["VisibilityTimeout"] >= 6 * limit + mapping["MaximumBatchingWindowInSeconds"] > 6 * limit


def test_what_nobody_could_handle_lies_in_the_dead_letters(cloud: Synthesis) -> None:
    queues = cloud["ingest"].of_type("AWS::SQS::Queue")
    by_name = {each["QueueName"]: (id_, each) for id_, each in queues.items()}
    called = cloud.platform.names.called
    dead, _ = by_name[called("arrivals-dlq")]
    _, queue = by_name[called("arrivals")]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": [dead, "Arn"]}
    for rule in rules(cloud).values():
        assert rule["Targets"][0]["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": [dead, "Arn"]}


def test_only_the_stacks_own_rules_may_fill_the_queue(cloud: Synthesis) -> None:
    policies = cloud["ingest"].of_type("AWS::SQS::QueuePolicy").values()
    allowed = [
        each for policy in policies for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"
    ]
    assert allowed
    for each in allowed:
        assert each["Principal"] == {"Service": "events.amazonaws.com"}
        assert "aws:SourceArn" in json.dumps(each["Condition"])
