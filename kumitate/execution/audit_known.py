"""How many rows of an audited file would join persons whom a project's lake knows already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kumitate.audit.facts import Audit, ColumnFound, Joined
from kumitate.audit.statements import STATED, column_at, every_value, known
from kumitate.cleanse.rules import Rule, column_cleanser
from kumitate.config.project import Config
from kumitate.config.source import Semantic, Source
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.execution.auditing import Auditing, Findings
from kumitate.execution.overlay import Overlay, declared_tables
from kumitate.ports import LakeReader, Scan

_BY_THEMSELVES = (Semantic.EMAIL, Semantic.PHONE)
"""Types of which an identifier needs no name to be the same thing."""


@dataclass(frozen=True, slots=True)
class _Both:
    """A lake reader of the audit's tables and the project's."""

    own: Mapping[str, Scan]
    lake: LakeReader

    def scan(self, table: str) -> Scan:
        return self.own[table] if table in self.own else self.lake.scan(table)

    def tables(self) -> tuple[str, ...]:
        return (*self.own, *self.lake.tables())


def kinds_stated(config: Config, audit: Audit, source: Source | None) -> dict[str, str]:
    """The project's identifier kinds -> the column that states them: as the source declares, or as is likely."""
    if source is not None:
        headers = {name: spec.from_ or name for name, spec in source.columns.items()}
        met = {column.name for column in audit.columns}
        return {kind: headers[column] for kind, column in source.identifiers.items() if headers[column] in met}
    person = config.identity.get("person")
    found: dict[str, str] = {}
    for kind in person.identifiers if person else ():
        column = next((each for each in audit.columns if _states(config, kind, each)), None)
        if column is not None and column.name not in found.values():
            found[kind] = column.name
    return found


def _states(config: Config, kind: str, column: ColumnFound) -> bool:
    """The column is called like the kind or a column that states it, or is of its type where that says enough.

    Of a kind that no source states yet the type is not known: then its name decides.
    """
    if column.guess.role not in ("identifier", "record_id"):
        return False
    named, types = {kind}, set()
    for source in config.sources.values():
        if kind in source.identifiers:
            own = source.identifiers[kind]
            types.add(source.columns[own].type)
            named |= {own, source.columns[own].from_ or own}
    if column.semantic in _BY_THEMSELVES and types:
        return column.semantic in types
    return bool({column.name, column.guess.name} & named)


def joined(
    findings: Findings, kinds: Mapping[str, str], *, config: Config, lake: LakeReader, task: Auditing
) -> tuple[Joined, ...]:
    """Per kind: how many of the file's clean values and rows the lake's identifiers know."""
    target = task.folder / "stated.parquet"
    reader = Overlay(lake, declared_tables(config), task.folder)
    own = {**findings.scans, str(STATED): Scan(STATED.schema, (str(target),), {})}
    engine = DuckDBEngine(_Both(own, reader), temp_directory=task.folder)
    try:
        with pq.ParquetWriter(target, STATED.schema) as writer:
            for kind, header in kinds.items():
                task.progress(f"compare with the lake: {kind}", 0, 1)
                writer.write_batch(_stated(engine, findings, kind, header=header, task=task))
        rows = [row for batch in engine.rows(known()) for row in batch.to_pylist()]
    finally:
        engine.close()
    return tuple(
        Joined(
            kind=row["kind"],
            column=kinds[row["kind"]],
            values=row["stated_values"],
            known_values=row["known_values"],
            rows=row["held"],
            known_rows=row["known_rows"],
            shared_rows=row["shared_rows"],
        )
        for row in sorted(rows, key=lambda row: list(kinds).index(row["kind"]))
    )


def _stated(engine: DuckDBEngine, findings: Findings, kind: str, *, header: str, task: Auditing) -> pa.RecordBatch:
    """The column's clean values, once each."""
    column = next(each for each in findings.audit.columns if each.name == header)
    country = findings.audit.country or task.settings.country
    rule = Rule("value", column.semantic, column.cleansing.formats, country, task.settings.timezone)
    cleanse = column_cleanser(rule)
    rows: defaultdict[str, int] = defaultdict(int)
    for batch in engine.rows(every_value(column_at(findings.names.index(header)))):
        for value, held in _pairs(cleanse(batch.column("value")).values, batch.column("held")):
            rows[value] += held
    arrays = [pa.repeat(pa.scalar(kind), len(rows)), pa.array(rows, pa.string()), pa.array(rows.values(), pa.int64())]
    return pa.RecordBatch.from_arrays(arrays, schema=STATED.schema)


def _pairs(values: pa.Array, held: pa.Array) -> Iterator[tuple[str, int]]:
    texts = values.cast(pa.string())
    usable = texts.is_valid()
    yield from zip(pc.filter(texts, usable).to_pylist(), pc.filter(held, usable).to_pylist(), strict=True)
