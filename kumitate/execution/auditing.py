"""An audit carried out: files are brought to one Parquet file of texts, and DuckDB is asked, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kumitate.audit.columns import Values, cleansing, figures_of, home_country, no_identifiers, shapes
from kumitate.audit.facts import Audit, ColumnFound, Counted, FileFound, Rejected
from kumitate.audit.oddities import of_a_column, of_the_header
from kumitate.audit.statements import column_at, commonest, figures, rows_table, shared_by
from kumitate.cleanse.recognise import Guess, judge
from kumitate.cleanse.recognition.evidence import Evidence, counted
from kumitate.config.settings import Settings
from kumitate.config.source import ColumnSpec, Semantic, Source
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.errors import FatalError
from kumitate.execution.table_batches import Opened, encodings_of, opened
from kumitate.execution.table_files import UNREADABLE
from kumitate.execution.table_formats import format_of
from kumitate.model.step import Query
from kumitate.ports import Engine, Progress, Scan

_COMMONEST = 100_000
"""Distinct values of a column that are cleansed and shown by shape, from the commonest."""
_LINES_NAMED = 5


@dataclass(frozen=True, slots=True)
class Staged:
    """A lake reader of the tables that an audit made, each one Parquet file."""

    scans: dict[str, Scan]

    def scan(self, table: str) -> Scan:
        return self.scans[table]

    def tables(self) -> tuple[str, ...]:
        return tuple(self.scans)


@dataclass(frozen=True, slots=True)
class Auditing:
    """What an audit knows beside the files: the project's settings, a source declared already, the day."""

    settings: Settings
    as_of: date
    folder: Path
    progress: Progress
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """The audit, and what further questions can be asked of: the rows as text, one column per name."""

    audit: Audit
    names: tuple[str, ...]
    scans: dict[str, Scan]


def audit_files(name: str, paths: Sequence[Path], task: Auditing) -> Findings:
    """All that is found in the files, which together are one table; FatalError where one cannot be read at all."""
    files = [_opened(path, task) for path in paths]
    names = tuple(dict.fromkeys(each for file in files for each in file.names))
    table = rows_table(len(names))
    target = task.folder / "rows.parquet"
    with pq.ParquetWriter(target, table.schema) as writer:
        found = tuple(_stage(file, names, writer, task=task) for file in files)
    scans = {str(table): Scan(table.schema, (str(target),), {})}
    engine = DuckDBEngine(Staged(scans), temp_directory=task.folder)
    try:
        rows = sum(file.rows for file in found)
        country, columns, notes = _columns(engine, names, rows, task=task)
    finally:
        engine.close()
    return Findings(Audit(name, found, columns, _key(task.source), country, notes=notes), names, scans)


def _key(source: Source | None) -> str:
    """The header of the column that a source has for its key, if that is one."""
    if source is None or source.key == "row" or len(source.key) != 1:
        return ""
    return source.columns[source.key[0]].from_ or source.key[0]


def _opened(path: Path, task: Auditing) -> Opened:
    if not path.is_file():
        raise FatalError(f"{path}: there is no such file; check the path")
    try:
        return opened(format_of(path), task.source)
    except UNREADABLE as error:
        raise FatalError(f"{path}: cannot be read ({type(error).__name__}); get the file anew") from error


def _stage(file: Opened, names: tuple[str, ...], writer: pq.ParquetWriter, *, task: Auditing) -> FileFound:
    """The file's rows are added to the staged ones; what would be refused is counted."""
    rows = 0
    rejected: dict[str, list[int]] = {}
    counts: Counter[str] = Counter()
    problems: dict[str, None] = {}
    for portion in file.portions(names) if file.names else ():
        if portion.rows is not None:
            rows += portion.rows.num_rows
            writer.write_batch(_texts(portion.rows, len(names)))
        for each in portion.rejections:
            counts[each.reason] += 1
            rejected.setdefault(each.reason, []).append(each.line)
            del rejected[each.reason][_LINES_NAMED:]
        if portion.problem and not portion.problem.startswith("column.absent"):
            problems[portion.problem] = None
        task.progress(f"read: {file.file.path.name}", rows)
    return FileFound(
        file=file.file.path.name,
        format=file.file.kind,
        encoding=file.source_encoding if file.file.kind in ("csv", "jsonl") else "",
        delimiter=file.delimiter if file.file.kind == "csv" else "",
        bytes=file.file.path.stat().st_size,
        rows=rows,
        encodings=encodings_of(file),
        rejected=tuple(Rejected(reason, counts[reason], tuple(lines)) for reason, lines in rejected.items()),
        problems=tuple(problems) if file.names else ("file.empty",),
    )


def _texts(batch: pa.RecordBatch, width: int) -> pa.RecordBatch:
    """The columns alone; a blank text is no value."""
    columns = [batch.column(column_at(place)) for place in range(width)]
    blank = [pc.equal(pc.utf8_trim_whitespace(values), "") for values in columns]
    kept = [pc.if_else(is_blank, None, values) for is_blank, values in zip(blank, columns, strict=True)]
    return pa.RecordBatch.from_arrays(kept, schema=rows_table(width).schema)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the engine said of one column."""

    at: str
    figures: dict[str, Any]
    values: Values

    def evidence(self, rows: int) -> Evidence:
        counts = {"filled": self.figures["filled"], "distinct": self.figures["distinct_values"]}
        return counted(pa.chunked_array([self.values.texts]), rows=rows, **counts)


def _columns(
    engine: Engine, names: Sequence[str], rows: int, *, task: Auditing
) -> tuple[str, tuple[ColumnFound, ...], tuple[str, ...]]:
    """Each column asked in turn, then all judged together; the country whose numbers they are comes first, what is odd
    about them last.
    """
    asked: dict[str, _Asked] = {}
    for place, name in enumerate(names):
        task.progress(f"look at values: {name or column_at(place)}", place, len(names))
        at = column_at(place)
        values = _commonest(engine, at)
        whole = len(values.texts) < _COMMONEST
        asked[name] = _Asked(at, figures_of(values) if whole else next(_ask(engine, figures(at))), values)
    guesses = judge({name: each.evidence(rows) for name, each in asked.items()})
    country = home_country({name: each.values for name, each in asked.items()}, guesses, task.settings)
    task = replace(task, settings=task.settings.model_copy(update={"country": country}))
    witness = _witness(guesses, asked)
    found = []
    for place, (name, each) in enumerate(asked.items()):
        task.progress(f"cleanse: {name or each.at}", place, len(names))
        column = _column(name, each, guesses[name], task=task)
        if column.guess.role == "identifier" and witness and witness != each.at:
            column = replace(column, shared=_shared(engine, each.at, witness))
        found.append(replace(column, rows=rows))
    return country, tuple(found), tuple(_odd(found, asked, country))


def _odd(columns: Sequence[ColumnFound], asked: Mapping[str, _Asked], country: str) -> Iterator[str]:
    yield from of_the_header(columns, country)
    for column in columns:
        yield from of_a_column(column, asked[column.name].values)


def _column(name: str, asked: _Asked, guess: Guess, *, task: Auditing) -> ColumnFound:
    called, declared = _declared(task.source, name)
    spec = declared or ColumnSpec(type=guess.semantic)
    may_identify = guess.role in ("identifier", "record_id") or guess.semantic in _REACHES
    found = asked.figures
    return ColumnFound(
        name=name,
        guess=guess,
        declared=declared.type if declared else None,
        declared_name=called,
        is_personal=spec.is_personal or guess.role == "identifier" or guess.name in _PERSONAL,
        rows=0,
        filled=found["filled"],
        distinct=found["distinct_values"],
        repeated_values=found["repeated_values"],
        rows_of_repeated=found["rows_of_repeated"],
        shortest=found["shortest"],
        longest=found["longest"],
        shapes=shapes(asked.values, spec.type, filled=found["filled"]),
        cleansing=cleansing(asked.values, spec, task.settings, as_of=task.as_of),
        no_identifiers=no_identifiers(asked.values, spec, task.settings) if may_identify else (),
    )


_REACHES = (Semantic.EMAIL, Semantic.PHONE)
_PERSONAL = ("member_id", "city", "street", "house_number", "building", "birth_year", "gender")
_WITNESSES = ("first_name", "first_kana", "full_name", "full_kana", "birthdate")
"""What tells the people apart who share a value, from the best on."""


def _declared(source: Source | None, name: str) -> tuple[str, ColumnSpec | None]:
    """The column as the source has it, by what the file calls it."""
    specs = source.columns.items() if source else ()
    delivered = ((column, spec) for column, spec in specs if spec.is_delivered)
    return next(((column, spec) for column, spec in delivered if (spec.from_ or column) == name), ("", None))


def _witness(guesses: Mapping[str, Guess], asked: Mapping[str, _Asked]) -> str:
    """The column that tells people apart, by its place; an empty string where there is none."""
    named = {guess.name: asked[header].at for header, guess in guesses.items() if asked[header].figures["filled"]}
    return next((named[name] for name in _WITNESSES if name in named), "")


def _shared(engine: Engine, column: str, witness: str) -> Counted | None:
    found = next(iter(_ask(engine, shared_by(column, witness))))
    return Counted(str(found["shared_values"]), found["held"]) if found["shared_values"] else None


def _commonest(engine: Engine, column: str) -> Values:
    batches = list(engine.rows(commonest(column, _COMMONEST)))
    found = pa.Table.from_batches(batches).combine_chunks()
    texts = pa.concat_arrays(
        [chunk.cast(pa.string()) for chunk in found.column("value").chunks] or [pa.array([], pa.string())]
    )
    return Values(texts, found.column("held").to_pylist())


def _ask(engine: Engine, query: Query) -> Iterator[dict[str, Any]]:
    return (row for batch in engine.rows(query) for row in batch.to_pylist())
