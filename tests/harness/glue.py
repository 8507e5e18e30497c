"""Glue's side for a test: an account with a project's buckets and tables, and its jobs started by spark-submit."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa

from harness.ministack import CREDENTIALS
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.job_arguments import default_arguments
from kumitate.blueprint.names import BUCKETS, DROP
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.real_time_access import STATE
from kumitate.config.lists import LISTS
from kumitate.config.loader import load_config
from kumitate.config.stewards import STEWARDS
from kumitate.engines.iceberg import IcebergLake
from kumitate.pipeline import all_tables
from kumitate.ports import Scan
from tools.jars import fetched

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "000000000000"
PYTHON = Path(os.environ.get("KUMITATE_GLUE_PYTHON", sys.executable))
"""Runs the jobs: this interpreter over the sources, or one of Python 3.13 that has the wheels built for Glue."""
_PACKAGES = "s3://assets/packages.gluewheels.zip"
"""What Glue installs; here the interpreter has it already."""


@dataclass(frozen=True)
class GlueAccount:
    """An account in the emulator at `url` with the project in `root`, whose environment is `dev`."""

    url: str
    root: Path
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def platform(self) -> Platform:
        return platform_of(load_config(self.root), "dev", account=ACCOUNT)

    @property
    def environment(self) -> dict[str, str]:
        region = self.platform.names.region
        return {**CREDENTIALS, "AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_ENDPOINT_URL": self.url}

    def client(self, service: str) -> Any:
        region = self.platform.names.region
        keys = {name.lower(): value for name, value in CREDENTIALS.items()}
        return boto3.client(service, endpoint_url=self.url, region_name=region, **keys)

    def place(self) -> None:
        """What the stacks place: buckets, databases, tables, the ledger; then the project's files and its data."""
        names, s3 = self.platform.names, self.client("s3")
        for bucket in BUCKETS:
            where = {"LocationConstraint": names.region}
            s3.create_bucket(Bucket=names.bucket(bucket), CreateBucketConfiguration=where)
        for database in self.platform.databases.values():
            self.client("glue").create_database(DatabaseInput={"Name": database})
        keys = {"pk": "HASH", "sk": "RANGE"}
        self.client("dynamodb").create_table(
            TableName=names.called(STATE),
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.client("dynamodb").create_table(
            TableName=names.called("ledger"),
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        self.client("events").create_event_bus(Name=names.called("bus"))
        self.lake().prepare(all_tables(self.platform.config))
        s3.put_object(Bucket=names.bucket("results"), Key="project.zip", Body=self._archive())
        for path in sorted((self.root / "data").rglob("*")):
            if path.is_file():
                self.drop(path)

    def drop(self, path: Path) -> None:
        """A file into the drop zone, which mirrors the project's folder."""
        key = f"{DROP}/{path.relative_to(self.root).as_posix()}"
        self.client("s3").upload_file(str(path), self.platform.names.bucket("raw"), key)

    def _archive(self) -> bytes:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            told = (self.root.glob(f"{folder}/*") for folder in (LISTS, STEWARDS, "models"))
            for path in sorted([*self.root.rglob("*.yaml"), *(path for paths in told for path in paths)]):
                files.write(path, path.relative_to(self.root))
        return archive.getvalue()

    def lake(self) -> IcebergLake:
        from kumitate.aws.lake import glue_lake

        os.environ.update(CREDENTIALS)  # pyiceberg's storage asks the environment, and the emulator takes any
        names = self.platform.names
        return glue_lake(self.platform.databases, names.location, region=names.region, endpoint=self.url)

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every table as pyiceberg reads it, in a comparable order."""
        lake = self.lake()
        return {name: in_order(lake.load(name).scan().to_arrow().to_pylist()) for name in lake.tables()}

    def submit(self, script: Path, stage: str, *, run_id: str, as_of: datetime, more: Sequence[str] = ()) -> Submitted:
        """`script` run as Glue runs it, as far as a test can: spark-submit, and Glue's way of giving arguments."""
        uri = f"s3://{self.platform.names.bucket('results')}/project.zip"
        given = default_arguments(self.platform, stage, project_uri=uri, packages_uri=_PACKAGES)
        given |= {"--JOB_NAME": self.platform.names.called(stage), "--run_id": run_id, "--as_of": as_of.isoformat()}
        here = self._here(stage)
        settings = [*given["--conf"].split(" --conf "), *(f"{name}={value}" for name, value in here.items())]
        command = [
            PYTHON.with_name("spark-submit"),
            *(word for one in settings for word in ("--conf", one)),
        ]
        argv = [word for name, value in given.items() if name != "--conf" for word in (name, value)]
        done = subprocess.run(
            [*map(str, command), str(script), *argv, *more],
            env={**self.environment, **_process()},
            capture_output=True,
            text=True,
            check=False,
        )
        return Submitted(done.returncode, done.stdout, done.stderr)

    def _classes(self, stage: str) -> str:
        """Java keeps for the next job what it read of Spark for one, which is much of a small job's time."""
        kept = self.root.with_name("classes.jsa")
        if kept.exists():
            return f"-XX:SharedArchiveFile={kept}"
        return f"-XX:ArchiveClassesAtExit={kept} -Xlog:cds=off" if stage == "cleanse" else ""

    def forget_classes(self) -> None:
        self.root.with_name("classes.jsa").unlink(missing_ok=True)

    def _here(self, stage: str) -> dict[str, str]:
        """What differs from Glue: one small machine, the archives that Glue has built in, and where AWS is."""
        return {
            "spark.master": "local[2]",
            "spark.driver.memory": "1g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.driver.extraClassPath": os.pathsep.join(map(str, fetched())),
            "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC {self._classes(stage)}",
            "spark.sql.catalog.lake.client.region": self.platform.names.region,
            "spark.sql.catalog.lake.glue.endpoint": self.url,
            "spark.sql.catalog.lake.s3.endpoint": self.url,
            "spark.sql.catalog.lake.s3.path-style-access": "true",
        }


@dataclass(frozen=True)
class Submitted:
    """A job that has ended: its code, and what it wrote."""

    code: int
    out: str
    errors: str

    @property
    def lines(self) -> list[Mapping[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]

    @property
    def last_words(self) -> str:
        """Why it failed: spark-submit brings Python's traceback to the output, and Spark writes to the errors."""
        return f"{self.out[-2000:]}\n{self.errors[-2000:]}"

    @property
    def rows(self) -> int:
        """As the job's last word on the whole stage says."""
        return int(next(line["rows"] for line in reversed(self.lines) if "steps" in line))


def in_order(rows: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in rows), key=repr)


def _process() -> dict[str, str]:
    given = {
        name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME", "SPARK_LAUNCHER_OPTS") if name in os.environ
    }
    sources = {"PYTHONPATH": str(ROOT)} if str(PYTHON) == sys.executable else {}
    return {**given, **sources, "PYSPARK_PYTHON": str(PYTHON), "SPARK_LOCAL_IP": "127.0.0.1"}


class Downloaded:
    """The lake's own Parquet files, brought here as they are, for an engine that reads files by itself."""

    def __init__(self, account: GlueAccount, folder: Path) -> None:
        self._lake, self._s3, self._folder = account.lake(), account.client("s3"), folder

    def scan(self, table: str) -> Scan:
        loaded = self._lake.load(table)
        files = [self._brought(task.file.file_path) for task in loaded.scan().plan_files()]
        fields = loaded.schema().fields
        return Scan(self._schema(table), tuple(files), {field.field_id: field.name for field in fields})

    def tables(self) -> tuple[str, ...]:
        return self._lake.tables()

    def _schema(self, table: str) -> pa.Schema:
        return self._lake.scan(table).schema

    def _brought(self, uri: str) -> str:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        target = self._folder / key.replace("/", "_")
        self._s3.download_file(bucket, key, str(target))
        return str(target)
