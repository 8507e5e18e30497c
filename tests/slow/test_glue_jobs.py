"""The Glue jobs on real Spark and Iceberg, their catalogue and storage emulated: the laptop's rows, in v2 tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.glue import ROOT, Downloaded, GlueAccount, Submitted, in_order
from harness.glue_stages import KILLED
from harness.ministack import PYTHON, ministack
from harness.projects import BAKERY, copy_of, everything, run
from harness.trino import is_installed, trino
from kumitate.activation.destinations.registry import destination_class
from kumitate.activation.routes import Route, routes
from kumitate.aws.book import PageBook
from kumitate.aws.ledger import DynamoLedger
from kumitate.aws.memory import DynamoMemory
from kumitate.aws.pages import PageObjects
from kumitate.cleanse.recipes import fingerprint
from kumitate.cloud.delivering import Deliveries, TimeLeft
from kumitate.cloud.planning import Planner
from kumitate.config.loader import load_config
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.execution.accounts import connect
from kumitate.model.step import Query
from kumitate.pipeline import STAGES
from kumitate.ports import Transport
from kumitate.sandbox.server import Sandbox
from tools.jars import is_possible

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not is_possible(), reason="build/jars is empty and Maven is not installed"),
    pytest.mark.skipif(not PYTHON.exists(), reason="the emulator is not installed; `make build` does it"),
]

AS_OF = datetime.fromisoformat("2026-03-01T00:00:00+01:00")
BEFORE_DELIVERY = [stage.name for stage in STAGES if stage.name != "delivery"]
LATE = "numero;prenom;nom;courriel;telephone;points;modifie\n5;Denis;Martin;;;150;20/02/2026 08:00\n"
Rows = dict[str, list[tuple[Any, ...]]]
now = partial(datetime.now, UTC)


@dataclass(frozen=True)
class Ran:
    """The account after a run, and the laptop's rows after the same run."""

    account: GlueAccount
    laptop: Path
    expected: Rows
    found: Rows
    jobs: Sequence[Submitted]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Every stage's script, each a process of its own, as Glue starts it."""
    folder = tmp_path_factory.mktemp("glue")
    root = copy_of(BAKERY, folder / "project")
    (root / "environments").mkdir()
    (root / "environments" / "dev.yaml").write_text("dev: {region: ap-northeast-1}\n", encoding="utf-8")
    laptop = copy_of(root, folder / "laptop")
    run(laptop)
    with ministack(folder) as url:
        account = GlueAccount(url, root)
        account.place()
        jobs = [script(account, stage, "r000001") for stage in BEFORE_DELIVERY]
        deliver(account, "r000001")
        jobs.append(script(account, "delivery", "r000001"))
        yield Ran(account, laptop, everything(laptop), account.rows(), jobs)
        account.forget_classes()


@dataclass(frozen=True)
class Again:
    """All stages started once more for the run they have done."""

    first: Ran
    job: Submitted
    before: dict[str, int]
    after: dict[str, int]


@pytest.fixture(scope="module")
def again(first: Ran) -> Again:
    before = snapshots(first.account)
    job = stages(first.account, [stage.name for stage in STAGES], "r000001")
    return Again(first, job, before, snapshots(first.account))


@pytest.fixture(scope="module")
def second(again: Again) -> Ran:
    """A run with one late file, killed once between a commit and the table's note of it."""
    first, account = again.first, again.first.account
    for root in (account.root, first.laptop):
        (root / "data" / "clients-2.csv").write_text(LATE, encoding="utf-8")
    run(first.laptop)
    account.drop(account.root / "data" / "clients-2.csv")
    config = load_config(first.laptop)
    step = f"clean.source_counts:counts_clients_{fingerprint(config.sources['clients'], config.settings)}"
    killed = stages(account, ["ingest", "cleanse"], "r000002", "--killed_before_note", step)
    assert killed.code == KILLED, killed.last_words
    resumed = stages(account, BEFORE_DELIVERY, "r000002")
    assert resumed.code == 0, resumed.last_words
    deliver(account, "r000002")
    jobs = [killed, resumed, stages(account, ["delivery"], "r000002")]
    return Ran(account, first.laptop, everything(first.laptop), account.rows(), jobs)


def test_every_stage_ends_well_and_tells_counts_alone(first: Ran) -> None:
    assert [(job.code, job.last_words) for job in first.jobs if job.code] == []
    without_rules = {"quality", "profile_quality"}  # the bakery declares none: a deployment has no job for them
    assert [job.rows > 0 for job in first.jobs] == [stage.name not in without_rules for stage in STAGES]
    said = "".join(job.out + job.errors for job in first.jobs).lower()
    assert [name for name in ("dupont", "example.com", "amelie", "amélie", "0261911234") if name in said] == []


def test_each_stage_writes_its_metrics_for_cloudwatch(first: Ran) -> None:
    measured = [line for job in first.jobs for line in job.lines if "_aws" in line]
    assert [line["stage"] for line in measured] == [stage.name for stage in STAGES]
    assert [line["RowsQuarantined"] for line in measured if line["stage"] == "cleanse"] == [1]


def test_every_table_has_the_laptops_rows(first: Ran) -> None:
    assert first.found.keys() == first.expected.keys()
    assert [table for table, rows in first.expected.items() if first.found[table] != rows] == []
    assert sum(map(len, first.found.values())) > 80


def test_duckdb_reads_the_same_rows_from_the_files_that_spark_wrote(first: Ran, tmp_path: Path) -> None:
    reader = Downloaded(first.account, tmp_path)
    engine = DuckDBEngine(reader, temp_directory=tmp_path / "temp")
    found = {}
    for table in first.expected:
        names = ", ".join(reader.scan(table).schema.names)
        batches = engine.rows(Query("test", f"select {names} from {table}"))
        found[table] = in_order(row for batch in batches for row in batch.to_pylist())
    engine.close()
    assert [table for table, rows in first.found.items() if found[table] != rows] == []


@pytest.mark.trino
@pytest.mark.skipif(not is_installed(), reason="Trino is not installed; `make test-trino` fetches it")
def test_a_trino_server_reads_the_same_rows(first: Ran, tmp_path: Path) -> None:
    names = first.account.platform.names
    found = {}
    with trino(tmp_path, first.account.url, names.region) as server:
        for table in first.expected:
            database, _, name = table.partition(".")
            found[table] = in_order(server.rows(f'select * from lake.{names.database(database)}."{name}"'))
    assert [table for table, rows in first.found.items() if found[table] != rows] == []


def test_every_table_is_iceberg_v2_without_delete_files(second: Ran) -> None:
    lake = second.account.lake()
    tables = [lake.load(name) for name in lake.tables()]
    assert {table.metadata.format_version for table in tables} == {2}
    manifests = [each for table in tables for state in table.snapshots() for each in state.manifests(table.io)]
    assert len(manifests) > len(tables)
    assert {manifest.content.name for manifest in manifests} == {"DATA"}


def test_a_job_started_again_for_the_same_run_writes_nothing(again: Again) -> None:
    assert again.job.code == 0, again.job.last_words
    assert [line["rows"] for line in again.job.lines if "steps" in line] == [0] * len(STAGES)
    assert again.after == again.before


def test_a_run_killed_between_commit_and_note_ends_as_the_laptops(second: Ran) -> None:
    assert [(job.code, job.last_words) for job in second.jobs[1:] if job.code] == []
    assert [table for table, rows in second.expected.items() if second.found[table] != rows] == []


def script(account: GlueAccount, stage: str, run_id: str) -> Submitted:
    started = time.perf_counter()
    done = account.submit(ROOT / "glue_jobs" / f"{stage}.py", stage, run_id=run_id, as_of=AS_OF)
    account.seconds[stage] = time.perf_counter() - started
    return done


def stages(account: GlueAccount, names: Sequence[str], run_id: str, *more: str) -> Submitted:
    """Several stages in one process."""
    path = ROOT / "tests" / "harness" / "glue_stages.py"
    given = ("--stages", ",".join(names), *more)
    return account.submit(path, names[0], run_id=run_id, as_of=AS_OF, more=given)


def snapshots(account: GlueAccount) -> dict[str, int]:
    lake = account.lake()
    return {name: len(lake.load(name).snapshots()) for name in lake.tables()}


class Told:
    """Messages to queues, kept."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send(self, _url: str, bodies: Sequence[str]) -> None:
        self.bodies.extend(bodies)


def deliver(account: GlueAccount, run_id: str) -> None:
    """What the activation machine, the planner and the delivery functions do for a run, in the sandbox."""
    names, config = account.platform.names, account.platform.config
    dynamo, table = account.client("dynamodb"), names.called("ledger")
    book = PageBook(dynamo, table, clock=now)
    shelf, told = PageObjects(account.client("s3"), names.bucket("results")), Told()
    ways = {route.sync: route for route in routes(config, account.platform.environment)}
    planner = Planner(routes=ways, queue=lambda account: account, shelf=shelf, book=book, outbox=told)
    for sync in ways:
        item = {"pk": {"S": f"run#{run_id}"}, "sk": {"S": f"sync#{sync}"}, "pages": {"N": "-1"}, "done": {"N": "0"}}
        dynamo.put_item(TableName=table, Item=item)
        planner.plan(run_id, sync)
    with Sandbox(account.root / "sandbox.db") as sandbox:

        def to_sandbox(route: Route) -> Transport:
            terms = destination_class(route.type).terms
            return connect(config.destinations[route.account], terms, sandbox=sandbox, environment={})

        deliveries = Deliveries(
            routes=ways,
            pages=book,
            contents=shelf,
            ledger=lambda fence: DynamoLedger(dynamo, table, clock=now, fence=fence),
            memory=DynamoMemory(dynamo, table),
            worker="test",
            connect=to_sandbox,
            clock=now,
        )
        for body in told.bodies:
            ends = datetime.fromtimestamp(time.time() + 900, UTC)
            deliveries.deliver(body, TimeLeft(ends=ends, clock=now, pause=time.sleep))
