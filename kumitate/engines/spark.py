"""The engine for data beyond one process: the same plans on Spark, here in local mode."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from kumitate.engines.batches import BATCH_ROWS, fit, in_common_types, rebatched
from kumitate.engines.dialect import parse, tables_of, translate
from kumitate.engines.scans import on_files
from kumitate.engines.spark_frames import errors_of, mapped, spark_schema, without_void
from kumitate.engines.spark_settings import SAME_MEANING
from kumitate.errors import FatalError
from kumitate.model.step import BatchFunction, Query
from kumitate.ports import LakeReader, Scan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_JAVA = (17, 21)
_LOGGING = Path(__file__).with_name("spark_log4j2.properties")
_SETTINGS = {
    **SAME_MEANING,
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_LOGGING}",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


class SparkEngine:
    """Results go through Parquet files in `temp_directory`, so that memory here stays bounded."""

    def __init__(self, reader: LakeReader, *, temp_directory: Path, memory_limit: str = "1g", threads: int = 2) -> None:
        _require_spark()
        self._reader = reader
        self._temp_directory = temp_directory
        self._settings = {
            **_SETTINGS,
            "spark.driver.memory": memory_limit,
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(sys.path),  # workers load batch functions by name
            "spark.local.dir": str(temp_directory / "spark"),
            "spark.sql.shuffle.partitions": str(threads),
            "spark.sql.warehouse.dir": str(temp_directory / "warehouse"),
        }
        self._master = f"local[{threads}]"
        self._running: SparkSession | None = None

    def close(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        """The query's rows in types that engines share; one empty batch where there are none."""
        with self._result(query) as frame, self._through_files(frame, query) as reader:
            yield from rebatched((in_common_types(batch) for batch in reader), reader.schema)

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with self._result(query) as frame:
            done = mapped(frame, function, schema, where=query.name)
            with self._through_files(done, query) as reader:
                yield from (fit(batch, schema, query.name) for batch in rebatched(reader, schema))

    @contextmanager
    def _result(self, query: Query) -> Iterator[DataFrame]:
        session = self._session()
        parsed = parse(query.sql, query.name)
        tables = tables_of(parsed, query.name)
        names = {table: f"lake_{uuid4().hex}" for table in tables}
        with self._folder() as folder, errors_of(query.name):
            scans = {table: on_files(self._reader.scan(table), folder) for table in tables}
            schemas = {table: scan.schema for table, scan in scans.items()}
            try:
                for table, scan in scans.items():
                    _frame(session, scan).createOrReplaceTempView(names[table])
                yield session.sql(translate(query.sql, "spark", schemas, where=query.name, names=names, parsed=parsed))
            finally:
                for name in names.values():
                    session.catalog.dropTempView(name)

    @contextmanager
    def _through_files(self, frame: DataFrame, query: Query) -> Iterator[pa.RecordBatchReader]:
        with self._folder() as folder, errors_of(query.name):
            target = folder / "result"
            without_void(frame).write.parquet(str(target))
            parts = [pq.ParquetFile(path) for path in sorted(target.glob("*.parquet"))]
            batches = (batch for part in parts for batch in part.iter_batches(BATCH_ROWS))
            yield pa.RecordBatchReader.from_batches(parts[0].schema_arrow, batches)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        self._temp_directory.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._temp_directory) as folder:
            yield Path(folder)

    def _session(self) -> SparkSession:
        if self._running is None:
            from pyspark.sql import SparkSession

            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            logging.getLogger("SQLQueryContextLogger").disabled = True  # it would print values
            builder = SparkSession.builder.appName("kumitate").master(self._master)
            with _stderr_to(self._temp_directory / "spark.log"):
                self._running = builder.config(map=self._settings).getOrCreate()
        return self._running


@contextmanager
def _stderr_to(path: Path) -> Iterator[None]:
    """What the JVM prints when it starts, and while it lives, goes to a file: it is no message of ours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = os.dup(2)
    try:
        with path.open("ab") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _frame(session: SparkSession, scan: Scan) -> DataFrame:
    schema = spark_schema(scan.schema, {name: number for number, name in scan.field_ids.items()})
    if not scan.files:
        return session.createDataFrame([], schema)
    return session.read.schema(schema).parquet(*(_literally(file) for file in scan.files))


def _literally(path: str) -> str:
    """Spark takes paths for patterns."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def _require_spark() -> None:
    if find_spec("pyspark") is None:
        raise FatalError("Spark is not installed; run: pip install 'kumitate[spark]', and have Java 17")
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        raise FatalError("Spark needs Java 17, and no java is found; install it, or set JAVA_HOME")
    said = subprocess.run([java, "-version"], capture_output=True, check=False, text=True).stderr  # noqa: S603 (JAVA_HOME)
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) not in _JAVA:
        version = found[1] if found else "another"
        raise FatalError(f"Spark needs Java 17 or 21, and {java} is {version}; set JAVA_HOME to one of those")
