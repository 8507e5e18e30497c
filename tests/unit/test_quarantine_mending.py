"""Quarantined rows leave as a sheet and come back edited: whatever Excel did to the file, and never by half."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pytest

from harness.memory_lake import MemoryLake
from harness.reading import source
from kumitate.config.project import Config
from kumitate.errors import FatalError
from kumitate.execution.mending import Mending, export, mend, mending
from kumitate.ingest.delivery import Delivery
from kumitate.ingest.reader import read
from kumitate.ingest.tables import DELIVERIES, QUARANTINE, REPLAYS
from kumitate.model.step import BatchFunction, Query
from kumitate.model.table import Table
from kumitate.ports import Mark

MEMBERS = source(
    key=["no"], columns={"no": {"type": "id"}, "name": {"from": "氏名"}, "born": {"type": "date"}, "tag": {"sql": "no"}}
)
CONFIG = Config.model_construct(root=Path(), sources={"members": MEMBERS, "shops": MEMBERS})
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def refused(line: int, reason: str = "date.invalid", *, payload: str = "", **more: object) -> dict[str, object]:
    told = {"no": str(line), "name": "髙橋", "born": f"{line}/13/13"}
    row = {"source": "members", "delivery_id": "r000001-00001", "file": "data/m.csv", "line": line, "reason": reason}
    found = {"field": "born", "payload": payload or json.dumps(told, ensure_ascii=False), "run_id": "r000001"}
    return row | found | more


class World:
    """A lake whose quarantine holds some rows, and a raw area."""

    def __init__(self, *held: dict[str, object]) -> None:
        self.lake = MemoryLake()
        self.lake.put(QUARANTINE, held)
        self.lake.put(REPLAYS, ())
        self.lake.put(DELIVERIES, ())
        self.files: dict[str, bytes] = {}
        self.noted: list[dict[str, Any]] = []

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        yield from self.lake.query(query).to_batches()

    def apply(
        self,
        query: Query,  # noqa: ARG002 (the port's)
        function: BatchFunction,  # noqa: ARG002 (the port's)
        schema: pa.Schema,  # noqa: ARG002 (the port's)
    ) -> Iterator[pa.RecordBatch]:
        raise AssertionError("mending only reads")

    def prepare(self, tables: Iterable[Table]) -> None:
        """They are there."""

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> int:  # noqa: ARG002 (the port's)
        self.noted += [row for batch in batches for row in batch.to_pylist()]
        self.lake.put(table, self.noted)
        return len(self.noted)

    def done_by(self, table: Table, step: str) -> str:  # noqa: ARG002 (the port's)
        return ""

    def names(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.files if name.startswith(prefix)))

    def open(self, name: str) -> IO[bytes]:
        return io.BytesIO(self.files[name])

    @contextmanager
    def add(self, name: str) -> Iterator[IO[bytes]]:
        yield (file := io.BytesIO())
        self.files[name] = file.getvalue()

    def sheet(self, reason: str | None = None) -> list[dict[str, str]]:
        lines = export("members", reason, config=CONFIG, engine=self).lines
        return list(csv.DictReader(io.StringIO("".join(lines))))

    def read(self, rows: list[dict[str, str]] | bytes) -> Mending:
        data = rows if isinstance(rows, bytes) else saved(rows)
        return mending(data, "rows.csv", config=CONFIG, engine=self)

    def mend(self, rows: list[dict[str, str]]) -> str:
        return mend(self.read(rows), writer=self, raw_area=self, at=NOW, author="hana", why="from the paper form")


def saved(rows: list[dict[str, str]], encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    sheet = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    sheet.writeheader()
    sheet.writerows(rows)
    return text.getvalue().encode(encoding)


def test_the_sheet_says_where_a_row_stood_why_it_is_there_and_what_it_brought() -> None:
    world = World(refused(3), refused(9, "file.truncated"), refused(4, "other.reason", source="shops"))
    assert world.sheet() == [
        {
            "_delivery": "r000001-00001", "_file": "data/m.csv", "_line": "3", "_reason": "date.invalid",
            "_column": "born", "no": "3", "name": "髙橋", "born": "3/13/13", "_row": "",
        }
    ]  # fmt: skip
    assert export("members", "nothing.such", config=CONFIG, engine=world).rows == 0
    assert export("members", None, config=CONFIG, engine=world).left_out == 1


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (json.dumps({"line": "3,too,few"}), {"_row": "3,too,few", "no": ""}),
        ("base64:grGC8YLJgr+CzQ==", {"_row": "こんにちは", "no": ""}),
        (json.dumps({"no": "3", "氏名": "高橋", "color": "red"}), {"_row": "", "no": "3", "name": "高橋"}),
    ],
    ids=["a line with too few cells", "bytes that did not decode", "a file without the key column"],
)
def test_a_row_that_could_not_be_taken_apart_is_shown_whole(payload: str, expected: dict[str, str]) -> None:
    (row,) = World(refused(3, "row.columns", payload=payload, field=None)).sheet()
    assert row | expected == row


def test_edited_rows_come_back_as_rows_of_their_file_with_what_nobody_declared() -> None:
    payload = json.dumps({"no": "3", "born": "?", "_extra": {"colour": "red"}})
    world = World(refused(3, payload=payload), refused(4))
    rows = world.sheet()
    rows[0] |= {"born": "1980-01-02", "name": "Ann\r\nLee"}
    assert world.mend(rows) == "replay-000001"
    ((name, data),) = world.files.items()
    delivery = Delivery("replay-000001", "members", "replay-000001.jsonl", stored=name)
    (portion,) = read(io.BytesIO(data), delivery, MEMBERS, run_id="r000002")
    assert portion.rows is not None
    assert portion.rows.to_pylist() == [
        {
            "_delivery_id": "r000001-00001", "_line": 3, "_run_id": "r000002", "no": "3", "name": "Ann\nLee",
            "born": "1980-01-02", "_extra": '{"colour": "red"}',
        }
    ]  # fmt: skip
    (note,) = world.noted
    assert (note["kind"], note["note"], note["author"], note["line"]) == ("mended", "from the paper form", "hana", 3)


def test_rows_that_nobody_edited_stay_in_quarantine() -> None:
    world = World(refused(3), refused(4))
    found = world.read(world.sheet())
    assert (found.rows, found.unchanged) == ((), 2)
    assert world.mend(world.sheet()) == ""
    assert world.files == {}


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", ","), ("utf-8", ";"), ("utf-16", "\t"), ("cp932", ","), ("cp1252", ";")],
)
def test_a_sheet_is_read_however_excel_saved_it(encoding: str, delimiter: str) -> None:
    name = "Zoë" if encoding == "cp1252" else "髙橋"
    payload = json.dumps({"no": "3", "name": name, "born": "?"})
    world = World(refused(3, payload=payload))
    rows = world.sheet()
    rows[0]["born"] = "1980-01-02"
    found = world.read(saved(rows, encoding, delimiter))
    assert found.encoding == encoding
    assert [(row.cells["name"], row.columns) for row in found.rows] == [(name, ("born",))]


Rows = list[dict[str, str]]


def without(rows: Rows, column: str) -> Rows:
    return [{name: cell for name, cell in row.items() if name != column} for row in rows]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda rows: [rows[0] | {"_line": "99"}, rows[1]], r"rows.csv:2: no such row in quarantine"),
        (lambda rows: [rows[0], rows[0]], r"rows.csv:3: the same row as on line 2"),
        (lambda rows: [row | {"colour": "red"} for row in rows], r"rows.csv:1: colour is no column of the source"),
        (lambda rows: without(rows, "born"), r"rows.csv:1: born is missing"),
        (lambda rows: without(rows, "_line"), r"no _delivery and _line"),
        (lambda rows: [row | {"_delivery": "r7"} for row in rows], r"none of its rows is in quarantine"),
    ],
    ids=["unknown row", "doubled row", "added column", "lost column", "lost place", "nothing known"],
)
def test_a_sheet_that_cannot_be_taken_says_why_and_nothing_is_taken(edit: Callable[[Rows], Rows], message: str) -> None:
    world = World(refused(3), refused(4))
    with pytest.raises(FatalError, match=message):
        world.mend(edit([row | {"born": "1980-01-02"} for row in world.sheet()]))
    assert world.files == {}


def test_a_line_with_another_number_of_cells_is_named() -> None:
    world = World(refused(3))
    with pytest.raises(FatalError, match=r"rows\.csv:3: more or fewer cells"):
        world.read(saved(world.sheet()) + b"a,b\r\n")


def test_a_sheet_that_is_no_csv_is_refused() -> None:
    with pytest.raises(FatalError, match="no CSV"):
        World(refused(3)).read(b'"open\n')


def test_rows_of_two_sources_are_mended_apart() -> None:
    world = World(refused(3), refused(4, source="shops"))
    rows = world.sheet()
    with pytest.raises(FatalError, match=r"rows\.csv:3: a row of source shops"):
        world.mend([rows[0], rows[0] | {"_line": "4", "born": "1980-01-02"}])


def test_a_row_on_its_way_back_is_not_taken_twice() -> None:
    world = World(refused(3), refused(4))
    rows = world.sheet()
    rows[0]["born"] = "1980-01-02"
    world.mend(rows)
    assert [row["_line"] for row in world.sheet()] == ["4"]
    with pytest.raises(FatalError, match=r"rows\.csv:2: no longer in quarantine \(mended\)"):
        world.mend(rows)


def test_a_row_that_came_back_wrong_can_be_mended_again() -> None:
    world = World(refused(3))
    (row,) = world.sheet()
    world.mend([row | {"born": "1980-13-13"}])
    world.lake.put(DELIVERIES, ({"delivery_id": "replay-000001", "run_id": "r000002"},))
    again = json.dumps({"no": "3", "born": "1980-13-13"})
    world.lake.put(QUARANTINE, (refused(3), refused(3, payload=again, run_id="r000002")))
    (row,) = world.sheet()
    assert row["born"] == "1980-13-13"
    assert world.mend([row | {"born": "1980-12-13"}]) == "replay-000002"
