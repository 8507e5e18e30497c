"""Spark beside the lake's catalogue: it reads the tables by name and commits steps itself, however large they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa
from sqlglot import exp

from kumitate.engines.batches import fit, in_common_types, rebatched
from kumitate.engines.dialect import parse, tables_of, translate
from kumitate.engines.snapshots import DONE, RUN_ID, STEP
from kumitate.engines.spark_frames import arrow_schema, errors_of, mapped, spark_schema, streamed
from kumitate.engines.spark_settings import CATALOGUE
from kumitate.errors import FatalError
from kumitate.model.step import BatchFunction, BatchStep, GraphStep, Mode, Query, QueryStep
from kumitate.model.table import Table
from kumitate.ports import Mark

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import DataType


class SparkLake:
    """Engine and Worker over the tables of Spark's catalogue; `databases` says how the lake's are called there."""

    def __init__(self, session: SparkSession, databases: Mapping[str, str]) -> None:
        self._session = session
        self._databases = databases

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        """The query's rows in types that engines share, one partition at a time."""
        with self._result(query) as frame:
            batches = (in_common_types(batch) for batch in streamed(frame))
            yield from rebatched(batches, arrow_schema(frame))

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with self._result(query) as frame:
            done = mapped(frame, function, schema, where=query.name)
            yield from (fit(batch, schema, query.name) for batch in rebatched(streamed(done), schema))

    def carry_out(self, step: QueryStep | BatchStep | GraphStep, mark: Mark) -> int:
        """One commit with the mark in it; then the table's property says it, for snapshots go."""
        match step:
            case QueryStep(query=query):
                with self._result(query) as frame:
                    return self._commit(frame, step.table, mark)
            case BatchStep(query=query, function=function):
                with self._result(query) as frame:
                    made = mapped(frame, function, step.table.schema, where=query.name)
                    return self._commit(made, step.table, mark)
            case GraphStep():
                with errors_of(mark.step):
                    return self._commit(self._graph(step), step.table, mark)

    def _graph(self, step: GraphStep) -> DataFrame:
        """The function's rows as a frame: Spark loses what follows an empty batch, and wants one for no rows."""
        schema = step.table.schema
        inputs = {query.name: self._whole(query) for query in step.queries}
        batches = [fit(batch, schema, str(step.table)) for batch in step.function(inputs).to_batches()]
        made = pa.Table.from_batches([batch for batch in batches if batch.num_rows] or [_empty(schema)])
        return self._session.createDataFrame(made, spark_schema(schema))

    def _whole(self, query: Query) -> pa.Table:
        with self._result(query) as frame:
            batches = frame.toArrow().to_batches() or [_empty(arrow_schema(frame))]
            return pa.Table.from_batches([in_common_types(batch) for batch in batches])

    def _commit(self, frame: DataFrame, table: Table, mark: Mark) -> int:
        from pyspark.sql.functions import lit

        name = self._name(str(table))
        writer = self._fitted(frame, table, name).writeTo(name)
        for key, value in _notes(mark).items():
            writer = writer.option(f"snapshot-property.{key}", value)
        if mark.mode is Mode.REPLACE:
            writer.overwrite(lit(True))
        else:
            writer.append()
        rows = self._rows_added(name, mark)
        self._session.sql(f"alter table {name} set tblproperties ({_text(DONE + mark.step)} = {_text(mark.run_id)})")
        return rows

    def _rows_added(self, name: str, mark: Mark) -> int:
        """As the commit just made says; others, such as a compaction's, may have followed it."""
        own = " and ".join(f"summary[{_text(key)}] = {_text(value)}" for key, value in _notes(mark).items())
        newest = f"select summary from {name}.snapshots where {own} order by committed_at desc limit 1"
        return int(self._session.sql(newest).collect()[0]["summary"].get("added-records", 0))

    def _fitted(self, frame: DataFrame, table: Table, name: str) -> DataFrame:
        """The frame in the table's columns and types; columns the project no longer has are filled with null."""
        from pyspark.sql.functions import lit

        fit(_empty(arrow_schema(frame)), table.schema, str(table))  # says what does not fit, as on the laptop
        there = self._session.table(name).schema
        return frame.select(
            [
                _as(frame[field.name], field.dataType) if table.column(field.name) else lit(None).cast(field.dataType)
                for field in there
            ]
        ).toDF(*there.names)

    @contextmanager
    def _result(self, query: Query) -> Iterator[DataFrame]:
        parsed = parse(query.sql, query.name)
        tables = tables_of(parsed, query.name)
        views = {table: f"lake_{uuid4().hex}" for table in tables}
        with errors_of(query.name):
            frames = {table: self._session.table(self._name(table)) for table in tables}
            schemas = {table: arrow_schema(frame) for table, frame in frames.items()}
            sql = translate(query.sql, "spark", schemas, where=query.name, names=views, parsed=parsed)
            try:
                for table, frame in frames.items():
                    frame.createOrReplaceTempView(views[table])
                yield self._session.sql(sql)
            finally:
                for view in views.values():
                    self._session.catalog.dropTempView(view)

    def _name(self, table: str) -> str:
        database, _, name = table.partition(".")
        if database not in self._databases:
            raise FatalError(f"{table}: no such table in the lake; its databases are {', '.join(self._databases)}")
        return f"{CATALOGUE}.{self._databases[database]}.{name}"


def _notes(mark: Mark) -> dict[str, str]:
    return {STEP: mark.step, RUN_ID: mark.run_id}


def _as(column: Column, wanted: DataType) -> Column:
    """The lake keeps milliseconds, which every reader has."""
    from pyspark.sql.functions import date_trunc
    from pyspark.sql.types import TimestampNTZType

    exact = date_trunc("millisecond", column) if isinstance(wanted, TimestampNTZType) else column
    return exact.cast(wanted)


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def _text(value: str) -> str:
    return exp.Literal.string(value).sql("spark")
