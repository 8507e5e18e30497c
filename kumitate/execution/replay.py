"""Replay: rows in quarantine are sent through cleansing again, read anew from the file that brought them.

After a source was mended (its encoding, its delimiter, a column's formats, a contract of its events) its rejected
rows are read from the raw area, and judged, as the source stands now; those that can be read come back in the next run
as a delivery `replay-000001`, as rows of the files that first brought them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.blueprint.names import FILES
from kumitate.config.project import Config
from kumitate.events.collecting import intake_of
from kumitate.events.contracts import rejudged
from kumitate.execution.landing import stored_deliveries
from kumitate.ingest.delivery import FILE_TRUNCATED, FILE_UNREADABLE, REPLAY_PREFIX, Delivery
from kumitate.ingest.reader import read
from kumitate.ingest.replayed import QUARANTINED, REPLAYED, as_replayed
from kumitate.ingest.tables import REPLAYS
from kumitate.model.step import Mode, Query
from kumitate.model.table import Type
from kumitate.ports import Engine, LakeWriter, Mark, RawArea
from kumitate.sql.vocabulary import DIALECT, literal


@dataclass(frozen=True, slots=True)
class Selection:
    """Which quarantined rows: those that agree with everything given."""

    source: str | None = None
    reason: str | None = None
    delivery_id: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """What was sent back: a delivery per source; `left` rows still cannot be read."""

    deliveries: tuple[str, ...]
    rows: int
    left: int


def replay(
    selection: Selection, *, config: Config, engine: Engine, writer: LakeWriter, raw_area: RawArea, at: datetime
) -> Replay:
    """Send the selected rows back that were not sent before; the next run takes them in."""
    wanted = _wanted(selection, engine)
    stored = stored_deliveries(raw_area)
    done: list[str] = []
    rows = 0
    for source in sorted({delivery.source for delivery in stored.values() if delivery.id in wanted}):
        own = [delivery for delivery in stored.values() if delivery.source == source and delivery.id in wanted]
        found = _write_replay(own, wanted, config=config, raw_area=raw_area)
        if found.places:
            note(writer, found.id, found.places, at=at)
            done.append(found.id)
            rows += len(found.places)
    return Replay(tuple(done), rows, sum(map(len, wanted.values())) - rows)


def rehearse(selection: Selection, *, engine: Engine) -> int:
    """How many rows `replay` would read anew; whether they can be read by now only the reading tells."""
    return sum(map(len, _wanted(selection, engine).values()))


@dataclass(frozen=True, slots=True)
class _Found:
    id: str
    places: list[tuple[str, int]]
    """Delivery and line of each quarantined row that could be read."""


_Wanted = dict[str, dict[int, str]]
"""Delivery -> line -> reason."""


def _wanted(selection: Selection, engine: Engine) -> _Wanted:
    wanted: _Wanted = {}
    for batch in engine.rows(_open_rows(selection)):
        for row in batch.to_pylist():
            wanted.setdefault(row["delivery_id"], {})[row["line"]] = row["reason"]
    return wanted


def _open_rows(selection: Selection) -> Query:
    given = {
        "source": literal(selection.source, Type.STRING),
        "reason": literal(selection.reason, Type.STRING),
        "delivery_id": literal(selection.delivery_id, Type.STRING),
        "line": literal(selection.line, Type.BIGINT),
    }
    conditions = "".join(
        f" and q.{name} = {value.sql(DIALECT)}" for name, value in given.items() if getattr(selection, name) is not None
    )
    return Query(
        "open_quarantine",
        f"select q.delivery_id, q.line, q.reason from ({QUARANTINED}) as q"
        f" where q.is_open{conditions} order by q.delivery_id, q.line",
    )


def _write_replay(own: list[Delivery], wanted: _Wanted, *, config: Config, raw_area: RawArea) -> _Found:
    """The rows of one source as a replay's file; none where no row could be read."""
    source = own[0].source
    found = _Found(next_id(raw_area), [])
    judge = rejudged(intake_of(config, source))
    with TemporaryFile() as rows:
        for delivery in own:
            read_lines: set[int] = set()
            with raw_area.open(delivery.stored) as stored:
                for portion in read(stored, delivery, config.sources[source], run_id="", is_good_now=judge):
                    for row in _selected(portion.rows, wanted[delivery.id]):
                        read_lines.add(row["_line"])
                        rows.write(as_replayed(row))
            found.places.extend((delivery.id, line) for line in _answered(wanted[delivery.id], read_lines))
        if found.places:
            rows.seek(0)
            with raw_area.add(stored_as(source, found.id)) as file:
                shutil.copyfileobj(rows, file)
    return found


def stored_as(source: str, replay_id: str) -> str:
    """Where the next run finds the rows, in the raw area."""
    return f"{FILES}/{source}/{replay_id}.jsonl"


def next_id(raw_area: RawArea) -> str:
    """`replay-000007`, the first that is free."""
    names = map(PurePosixPath, raw_area.names(f"{FILES}/"))
    numbers = [int(name.stem.removeprefix(REPLAY_PREFIX)) for name in names if name.match(f"{REPLAY_PREFIX}*.jsonl")]
    return f"{REPLAY_PREFIX}{max(numbers, default=0) + 1:06d}"


def _rest_from(lines: Mapping[int, str]) -> int | None:
    """The line from which on nothing could be read, if the file broke off."""
    return min((line for line, reason in lines.items() if reason in (FILE_TRUNCATED, FILE_UNREADABLE)), default=None)


def _selected(rows: pa.RecordBatch | None, lines: Mapping[int, str]) -> Iterator[dict[str, Any]]:
    if rows is None:
        return
    chosen = pc.is_in(rows.column("_line"), value_set=pa.array(list(lines), pa.int64()))
    rest = _rest_from(lines)
    if rest is not None:
        chosen = pc.or_(chosen, pc.greater_equal(rows.column("_line"), rest))
    yield from rows.filter(chosen).to_pylist()


def _answered(lines: Mapping[int, str], read_lines: set[int]) -> list[int]:
    """The quarantined lines that were read this time."""
    rest = _rest_from(lines)
    return [line for line in lines if line in read_lines or (line == rest and any(read >= line for read in read_lines))]


def note(
    writer: LakeWriter,
    replay_id: str,
    places: Iterable[tuple[str, int]],
    *,
    at: datetime,
    **more: str | None,
) -> None:
    """Put down which quarantined rows (delivery and line) the replay brings back; `more` are columns of REPLAYS."""
    moment = at.astimezone(UTC).replace(tzinfo=None)
    told = {"replay_delivery_id": replay_id, "at": moment, "kind": REPLAYED, **more}
    rows = [{"delivery_id": delivery_id, "line": line, **told} for delivery_id, line in places]
    batch = pa.RecordBatch.from_pylist(rows, schema=REPLAYS.schema)
    writer.prepare((REPLAYS,))
    writer.write(REPLAYS, [batch], Mark(Mode.APPEND, f"replay:{replay_id}", replay_id))
