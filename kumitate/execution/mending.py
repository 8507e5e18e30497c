"""Mending: quarantined rows go out as a sheet, and come back edited as a delivery of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.errors import FatalError, RecordError
from kumitate.execution.replay import next_id, note, stored_as
from kumitate.ingest import mended
from kumitate.ingest.mended import Cells, Place, Sheet
from kumitate.ingest.replayed import MENDED, QUARANTINED, as_replayed
from kumitate.model.step import Query
from kumitate.model.table import Type
from kumitate.ports import Engine, LakeWriter, RawArea
from kumitate.sql.vocabulary import DIALECT, literal

_MOST_NAMED = 20
_COLUMNS = "q.source, q.reason, q.field, q.file, q.line, q.payload, q.delivery_id, q.is_open, q.closed_as"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """Open rows as a sheet; `left_out` are ends of files that could not be read, which are no rows."""

    lines: tuple[str, ...]
    rows: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Edited:
    """One row as it is meant: its cells by column, and the columns that differ from what was delivered."""

    delivery_id: str
    line: int
    cells: Cells
    columns: tuple[str, ...]
    extra: str | None
    """What it brought beside the declared columns."""

    def as_line(self) -> bytes:
        raw = {name: text or None for name, text in self.cells.items()}
        return as_replayed(raw | {"_delivery_id": self.delivery_id, "_line": self.line, "_extra": self.extra})


@dataclass(frozen=True, slots=True)
class Mending:
    """What an edited sheet holds that quarantine does not."""

    source: str
    encoding: str
    rows: tuple[Edited, ...]
    unchanged: int

    @property
    def columns(self) -> Mapping[str, int]:
        """Rows edited, by column."""
        return Counter(column for row in self.rows for column in row.columns)


def export(source: str, reason: str | None, *, config: Config, engine: Engine) -> Export:
    """The source's open rows as a sheet, by file and line."""
    also = "" if reason is None else f" and q.reason = {_bound(reason)}"
    open_rows = _ask(engine, f"q.is_open and q.source = {_bound(source)}{also}")
    declared = config.sources[source]
    rows = [mended.cells(row, declared) for row in open_rows if mended.is_a_row(row)]
    return Export(tuple(mended.written(rows, declared)), len(rows), len(open_rows) - len(rows))


def mending(data: bytes, file: str, *, config: Config, engine: Engine) -> Mending:
    """What the sheet changes; FatalError with every line that cannot be taken, and then nothing is."""
    found = _sheets(data, file)
    deliveries = sorted({row.get(mended.DELIVERY, "") for sheet in found for _, row in sheet.rows})
    known = _known(deliveries, engine)
    source = next((known[place]["source"] for sheet in found for place, _ in sheet.placed() if place in known), None)
    if source is None or source not in config.sources:
        raise FatalError(
            f"{file}: none of its rows is in quarantine; export them anew with `kumitate quarantine export`"
        )
    declared = config.sources[source]
    exported = {place: mended.cells(row, declared) for place, row in known.items() if row["source"] == source}
    sheet = max(found, key=lambda each: each.likeness(exported))
    checked = _Checked(sheet, known, exported)
    problems = [*_header_problems(sheet, declared), *checked.problems()]
    if problems:
        raise FatalError(_told(file, problems))
    edited = tuple(checked.edited())
    return Mending(source, sheet.encoding, edited, len(sheet.rows) - len(edited))


def mend(
    sheet: Mending, *, writer: LakeWriter, raw_area: RawArea, at: datetime, author: str | None, why: str | None
) -> str:
    """Send the edited rows back; the next run takes them in. The delivery's id, empty where nothing was edited."""
    if not sheet.rows:
        return ""
    replay_id = next_id(raw_area)
    with raw_area.add(stored_as(sheet.source, replay_id)) as stored:
        stored.writelines(row.as_line() for row in sheet.rows)
    places = [(row.delivery_id, row.line) for row in sheet.rows]
    note(writer, replay_id, places, at=at, kind=MENDED, note=why, author=author)
    return replay_id


def _sheets(data: bytes, file: str) -> tuple[Sheet, ...]:
    """The file in the encodings it may be in, each with the columns that name its rows."""
    try:
        found = mended.sheets(data)
    except RecordError:
        raise FatalError(f"{file}: no CSV; save it as `CSV UTF-8`, with quotes as they were") from None
    named = tuple(sheet for sheet in found if {mended.DELIVERY, mended.LINE} <= set(sheet.names))
    if not named:
        raise FatalError(f"{file}: its first line has no {mended.DELIVERY} and {mended.LINE}; keep the exported header")
    return named


def _known(deliveries: Iterable[str], engine: Engine) -> dict[Place, Row]:
    """What quarantine holds or held of these deliveries; of two entries for one line the open one."""
    listed = ", ".join(map(_bound, deliveries)) or _bound("")
    rows = [row for row in _ask(engine, f"q.delivery_id in ({listed})") if mended.is_a_row(row)]
    rows.sort(key=lambda row: bool(row["is_open"]))
    return {(row["delivery_id"], str(row["line"])): row for row in rows}


def _header_problems(sheet: Sheet, source: Source) -> Iterator[tuple[int, str]]:
    wanted = mended.header(source)
    missing = [name for name in wanted if name not in sheet.names]
    added = [name for name in sheet.names if name not in wanted]
    twice = sorted({name for name in sheet.names if sheet.names.count(name) > 1})
    for what, names in (("is missing", missing), ("is no column of the source", added), ("stands there twice", twice)):
        if names:
            yield 1, f"{', '.join(names)} {what}; keep the exported header"


@dataclass(frozen=True, slots=True)
class _Checked:
    """A sheet held against what lies in quarantine."""

    sheet: Sheet
    known: Mapping[Place, Row]
    exported: Mapping[Place, Cells]

    def problems(self) -> Iterator[tuple[int, str]]:
        """Line of the sheet, and what is wrong with it."""
        for line in self.sheet.odd:
            yield line, "more or fewer cells than the header"
        first: dict[Place, int] = {}
        for line, (place, row) in self._numbered():
            problem = self._problem(place, row)
            if place in first:
                problem = f"the same row as on line {first[place]}; keep one of them"
            first.setdefault(place, line)
            if problem:
                yield line, problem

    def _numbered(self) -> Iterator[tuple[int, tuple[Place, Cells]]]:
        yield from zip((line for line, _ in self.sheet.rows), self.sheet.placed(), strict=True)

    def _problem(self, place: Place, row: Cells) -> str:
        known = self.known.get(place)
        if known is None:
            return "no such row in quarantine; its delivery and line name it, leave them as they were"
        if place not in self.exported:
            return f"a row of source {known['source']}; mend each source's rows by themselves"
        if not known["is_open"] and self._columns(place, row):
            return f"no longer in quarantine ({known['closed_as']}); take it out, or export the rows anew"
        return ""

    def _columns(self, place: Place, row: Cells) -> tuple[str, ...]:
        own = self.exported[place]
        return tuple(name for name in mended.columns(own) if _plain(row.get(name, "")) != _plain(own[name]))

    def edited(self) -> Iterator[Edited]:
        for place, row in self.sheet.placed():
            if columns := self._columns(place, row):
                known = self.known[place]
                meant = {name: _plain(row[name]) for name in mended.columns(row)}
                yield Edited(known["delivery_id"], known["line"], meant, columns, mended.undeclared(known))


def _plain(cell: str) -> str:
    """Spreadsheets write line ends their own way."""
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def _told(file: str, problems: list[tuple[int, str]]) -> str:
    lines = [f"{file}:{line}: {what}" for line, what in problems[:_MOST_NAMED]]
    more = len(problems) - len(lines)
    return "\n".join([f"{file}: nothing was taken", *lines, *([f"… and {more:,} more"] if more else [])])


def _ask(engine: Engine, condition: str) -> list[Row]:
    sql = f"select {_COLUMNS} from ({QUARANTINED}) as q where {condition} order by q.file, q.line, q.delivery_id"
    return [row for batch in engine.rows(Query("quarantined_rows", sql)) for row in batch.to_pylist()]


def _bound(value: str) -> str:
    return literal(value, Type.STRING).sql(DIALECT)
