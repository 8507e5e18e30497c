"""A Glue job's start, its words and its settings; that a stage's work is the laptop's is held by the slow tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pytest

from harness.fake_lake import FakeLake
from harness.projects import silent
from kumitate.activation.stage import ACTIVATION, DELIVERY
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.job_arguments import default_arguments, glue_connection, pull_arguments, spark_settings
from kumitate.blueprint.platform import Platform, PulledSource
from kumitate.cleanse.stage import CLEANSE
from kumitate.cloud.arguments import job_arguments
from kumitate.cloud.job_log import JobLog, ToldWorker
from kumitate.cloud.jobs import stage_of, told
from kumitate.cloud.pulling import connection_options, write
from kumitate.config.loader import load_config
from kumitate.config.source import Pull, Source
from kumitate.errors import FatalError
from kumitate.execution.steps import Execution, consumed, of_syncs
from kumitate.model.step import BatchStep, DeliverStep, GraphStep, IngestStep, QueryStep, Run, Stage
from kumitate.pipeline import STAGES, step_name
from kumitate.ports import Mark

SHOP = Path(__file__).parents[2] / "examples/shop"
CONFIG = load_config(SHOP)
RUN = Run("r000007", datetime(2026, 11, 22, tzinfo=UTC))
GIVEN = ["--JOB_NAME", "job", "--project", "s3://b/p.zip", "--environment=dev", "--account", "123456789012"]
START = ["--run_id", "r000007", "--as_of", "2026-11-22T00:00:00+00:00"]


@dataclass
class Hand:
    """A worker that notes what it was given, and dies at a step."""

    lake: FakeLake
    dies_at: str = ""
    done: list[str] = field(default_factory=list)

    def carry_out(self, step: QueryStep | BatchStep | GraphStep, mark: Mark) -> int:
        if mark.step == self.dies_at:
            raise InterruptedError(mark.step)
        self.done.append(mark.step)
        return self.lake.write(step.table, [], mark)


def execution(hand: Hand, delivered: list[str] | None = None) -> Execution:
    def deliver(steps: Sequence[DeliverStep]) -> None:
        assert delivered is not None
        delivered.extend(step.sync for step in steps)

    def ingest(step: IngestStep) -> int:
        raise AssertionError(f"{step.source} is not taken in here")

    return Execution(
        config=CONFIG, run=RUN, lake=hand.lake, worker=hand, ingest=ingest, deliver=deliver, progress=silent
    )


def names(stage: Stage) -> list[str]:
    return [step_name(step) for step in stage.plan(CONFIG, RUN)]


@pytest.fixture
def platform() -> Platform:
    return platform_of(CONFIG, "dev", account="123456789012")


def pulled(**pull: object) -> PulledSource:
    asked = Pull.model_validate({"connector": "hubspot", "object": "tickets", **pull})
    source = {"kind": "records", "path": "data/tickets.jsonl", "format": "jsonl", "key": ["id"], "columns": {"id": {}}}
    return PulledSource("tickets", Source.model_validate(source), asked)


def test_a_job_is_started_as_glue_starts_it_and_minds_no_argument_of_glues_own() -> None:
    job = job_arguments([*GIVEN, *START, "--enable-metrics", "--python-modules-installer-option", "--no-index"])
    assert (job.project, job.environment, job.account) == ("s3://b/p.zip", "dev", "123456789012")
    assert (job.run_id, job.as_of, job.syncs) == (RUN.id, RUN.as_of, ())


def test_a_start_may_name_syncs_and_gives_what_the_job_has_by_default_anew() -> None:
    job = job_arguments([*GIVEN, *START, "--syncs", "a,b", "--environment", "prod"])
    assert (job.syncs, job.environment) == (("a", "b"), "prod")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (GIVEN, r"--run_id is missing"),
        ([*GIVEN, "--run_id", "--as_of", "2026-11-22"], r"--run_id is missing"),
        ([*GIVEN, *START, "--as_of", "today"], r"--as_of: 'today' is no time"),
    ],
)
def test_an_argument_that_is_missing_or_wrong_is_named(argv: list[str], said: str) -> None:
    with pytest.raises(FatalError, match=said):
        job_arguments(argv)


def test_every_stage_has_a_script_that_runs_it() -> None:
    scripts = {path.stem: path.read_text(encoding="utf-8") for path in (SHOP.parents[1] / "glue_jobs").glob("*.py")}
    assert {stage.name for stage in STAGES} == scripts.keys() - {"__init__", "pull"}
    assert [name for name in (stage.name for stage in STAGES) if f'run_job("{name}")' not in scripts[name]] == []
    assert stage_of("identity").name == "identity"
    with pytest.raises(FatalError, match="unknown stage 'identities'; there are ingest, cleanse"):
        stage_of("identities")


def test_a_job_that_is_tried_again_goes_on_at_the_step_it_died_at() -> None:
    steps = names(CLEANSE)
    hand = Hand(FakeLake(), dies_at=steps[5])
    with pytest.raises(InterruptedError):
        execution(hand).run_stage(CLEANSE)
    assert hand.done == steps[:5]
    again = Hand(hand.lake)
    execution(again).run_stage(CLEANSE)
    assert again.done == steps[5:]


def test_what_cleansing_has_consumed_is_told_by_its_own_tables() -> None:
    hand = Hand(FakeLake())
    execution(hand).run_stage(CLEANSE)
    staged = {str(step.table) for step in CLEANSE.plan(CONFIG, RUN) if isinstance(step, BatchStep)}
    assert consumed(CONFIG, hand.lake, RUN) == dict.fromkeys(staged, RUN.id)


def test_a_start_for_one_sync_leaves_the_others_alone() -> None:
    sync, other = sorted(CONFIG.syncs)[:2]
    alone = names(of_syncs(ACTIVATION, (sync,)))
    assert alone == [step for step in names(ACTIVATION) if step.endswith(f"_{sync}")]
    assert of_syncs(ACTIVATION, ()) is ACTIVATION
    delivered: list[str] = []
    hand = Hand(FakeLake())
    execution(hand, delivered).run_stage(of_syncs(DELIVERY, (sync,)))
    assert delivered == [sync]
    assert not any(step.endswith(f"_{other}") for step in hand.done)


def test_rows_that_destinations_refuse_stay_those_of_all_syncs() -> None:
    both = [
        step for stage in (DELIVERY, of_syncs(DELIVERY, sorted(CONFIG.syncs)[:1])) for step in stage.plan(CONFIG, RUN)
    ]
    rejected = [step.query.sql for step in both if isinstance(step, QueryStep) and step.table.name == "rejected_rows"]
    assert len(rejected) == 2
    assert len(set(rejected)) == 1


def test_a_job_tells_each_step_and_its_metrics_as_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    log = JobLog("shop", "dev", "cleanse", RUN.id)
    step = next(step for step in CLEANSE.plan(CONFIG, RUN) if isinstance(step, QueryStep))
    ToldWorker(Hand(FakeLake()), log).carry_out(step, Mark(step.mode, "quarantine.rows:quarantine_orders", RUN.id))
    log.measure({"quarantine.rows:quarantine_orders": 3, "clean.orders:clean_orders": 40}, 1.5)
    told_step, metrics = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert told_step == told_step | {"step": "quarantine.rows:quarantine_orders", "rows": 0, "run_id": "r000007"}
    (described,) = metrics["_aws"]["CloudWatchMetrics"]
    assert {name: metrics[name] for name in described["Dimensions"][0]} == {
        "project": "shop",
        "environment": "dev",
        "stage": "cleanse",
    }
    values = {metric["Name"]: metrics[metric["Name"]] for metric in described["Metrics"]}
    assert values == {"Rows": 43, "RowsQuarantined": 3, "StageSeconds": 1.5}


def test_what_a_library_says_of_a_row_is_not_repeated() -> None:
    with (
        pytest.raises(FatalError, match=r"^job identity: ValueError at test_cloud_jobs\.py:\d+ ") as failure,
        told("identity"),
    ):
        raise ValueError("ada@example.com")
    assert "ada" not in str(failure.value)
    assert failure.value.__cause__ is None


def test_our_own_errors_are_told_as_they_are() -> None:
    with pytest.raises(FatalError, match=r"^curated\.edges: mend it$"), told("identity"):
        raise FatalError("curated.edges: mend it")


def test_the_settings_reach_spark_as_one_argument_of_glue(platform: Platform) -> None:
    given = default_arguments(platform, "identity", project_uri="s3://a/p.zip", packages_uri="s3://a/x.gluewheels.zip")
    settings = dict(one.split("=", 1) for one in given["--conf"].split(" --conf "))
    assert settings == spark_settings(platform)
    assert not [value for value in settings.values() if " " in value or not value]
    assert settings["spark.sql.catalog.lake.warehouse"] == "s3://kumitate-shop-dev-curated-123456789012/"
    assert settings["spark.sql.ansi.enabled"] == "true"


def test_jobs_install_what_was_built_and_ask_no_package_index(platform: Platform) -> None:
    given = default_arguments(platform, "identity", project_uri="s3://a/p.zip", packages_uri="s3://a/x.gluewheels.zip")
    assert given["--additional-python-modules"] == "s3://a/x.gluewheels.zip"
    assert given["--python-modules-installer-option"] == "--no-index"
    assert given["--datalake-formats"] == "iceberg"


def test_a_job_finds_its_project_in_its_own_arguments(platform: Platform) -> None:
    given = default_arguments(platform, "identity", project_uri="s3://a/p.zip", packages_uri="s3://a/x.gluewheels.zip")
    job = job_arguments([*(word for pair in given.items() for word in pair), *START])
    assert (job.project, job.environment, job.account) == ("s3://a/p.zip", "dev", "123456789012")


def test_a_pull_job_names_its_source_and_its_connection(platform: Platform) -> None:
    given = pull_arguments(platform, pulled(secret="hub"), project_uri="s3://a/p.zip", packages_uri="s3://a/x.zip")
    assert given["--source"] == "tickets"
    assert glue_connection(platform.names, pulled(secret="hub")) == "kumitate-shop-dev-pull-tickets"
    assert glue_connection(platform.names, pulled(connection="ours")) == "ours"


def test_a_pull_asks_for_what_changed_since_the_last_one() -> None:
    source = pulled(connection="ours", incremental="hs_lastmodifieddate", settings={"api_version": "v3"})
    everything = {"connectionName": "ours", "ENTITY_NAME": "tickets", "API_VERSION": "v3"}
    assert connection_options(source, "ours", since=None) == everything
    asked = connection_options(source, "ours", since=datetime(2026, 11, 22, 6, tzinfo=UTC))
    assert asked == {**everything, "FILTER_PREDICATE": "hs_lastmodifieddate >= TIMESTAMP '2026-11-22 05:50:00Z'"}


def test_what_made_the_connection_is_not_asked_for_again() -> None:
    source = pulled(secret="hub", settings={"api_version": "v3", "client_id": "c", "token_url": "https://t.example"})
    assert connection_options(source, "ours", since=None, token="t") == {
        "connectionName": "ours",
        "ENTITY_NAME": "tickets",
        "API_VERSION": "v3",
        "DEVELOPER_TOKEN": "t",
    }


def test_a_pull_without_the_services_version_is_told() -> None:
    with pytest.raises(FatalError, match=r"source tickets: .*pull\.settings\.api_version"):
        connection_options(pulled(connection="ours"), "ours", since=None)


def test_csv_that_was_pulled_keeps_commas_quotes_and_lines() -> None:
    batch = pa.record_batch({"id": ["1", "2"], "said": ['a "b", c', "d\ne"]})
    file = BytesIO()
    assert write(pa.RecordBatchReader.from_batches(batch.schema, [batch]), file, "csv") == 2
    assert file.getvalue() == b'"id","said"\n"1","a ""b"", c"\n"2","d\ne"\n'
