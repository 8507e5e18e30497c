"""Readers and arbitrary bytes: nothing crashes, nothing is lost, lines are right."""

import base64
import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from harness.reading import read_bytes, source

CSV = source()
JSONL = source(format="jsonl")

garbage = st.lists(
    st.sampled_from(
        [b"a,b\n", b'"', b",", b"\n", b"\r\n", b"x", b"\xff", b"\x83\x5c", b"\x00", b'{"a":1}', b"\\", b"\x1a"]
    )
).map(b"".join)
texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
cells = st.lists(st.tuples(texts, texts), min_size=1, max_size=12)


@given(garbage)
def test_every_line_of_garbage_is_in_a_row_or_in_quarantine_or_blank(data: bytes) -> None:
    read = read_bytes(b"a,b\n" + data, CSV)
    records = [(row["_line"], f"{row['a']}{row['b']}".count("\n")) for row in read.rows]
    records += [(rejection.line, _delivered(rejection.payload).count(b"\n")) for rejection in read.rejections]
    covered = [line for start, more in records for line in range(start, start + more + 1)]
    assert len(covered) == len(set(covered))
    for number, line in enumerate(data.split(b"\n"), 2):
        assert number in covered or not line.strip(b"\x1a \t\r")


@given(st.binary(max_size=400), st.sampled_from(["utf-8", "cp932", "utf-16"]))
def test_no_bytes_break_a_reader(data: bytes, encoding: str) -> None:
    for format_ in ("csv", "jsonl", "parquet", "excel"):
        read_bytes(data, source(format=format_, encoding=encoding))
    read_bytes(data, CSV, "x.csv.gz")


@given(cells)
def test_what_a_csv_writer_wrote_is_read_back(rows: list[tuple[str, str]]) -> None:
    sink = io.StringIO()
    writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(("a", "b"))
    starts = []
    for row in rows:
        starts.append(sink.getvalue().count("\n") + 1)
        writer.writerow(row)
    read = read_bytes(sink.getvalue().encode(), CSV)
    assert read.values == rows
    assert read.lines == starts
    assert read.rejections == []


@given(st.lists(st.dictionaries(texts, texts | st.integers() | st.none() | st.lists(texts), max_size=4), max_size=8))
def test_json_lines_lose_no_field(objects: list[dict[str, object]]) -> None:
    data = "".join(json.dumps(found, ensure_ascii=False) + "\n" for found in objects)
    read = read_bytes(data.encode(), JSONL)
    assert len(read.rows) == len(objects)
    for row, found in zip(read.rows, objects, strict=True):
        rest = {name: value for name, value in found.items() if name not in ("a", "b")}
        assert json.loads(row["_extra"] or "{}") == rest
        assert (row["a"] is None) == (found.get("a") is None)


def _delivered(payload: str) -> bytes:
    """What was delivered, from a row in quarantine."""
    if payload.startswith("base64:"):
        return base64.b64decode(payload.removeprefix("base64:"))
    return str(json.loads(payload)["line"]).encode()
