"""A file's texts part by part: the same as reading it whole, whatever it is, and never all at once."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kumitate.errors import FatalError
from kumitate.execution.table_files import read_table, write_parts
from kumitate.execution.table_streams import opened_texts

ROWS = [{"id": str(number), "名前": f"山田{number}" if number % 3 else None, "note": "a,b"} for number in range(7)]
LINES = ["id, 名前,id,", *(f"{row['id']},{row['名前'] or ''},{row['id']}0,x" for row in ROWS)]
CSV = "\n".join(LINES).encode()


def _files(folder: Path) -> dict[str, Path]:
    files = {name: folder / name for name in ("a.csv", "a.csv.gz", "a.jsonl", "a.parquet", "mixed.csv", "wide.csv")}
    files["a.csv"].write_bytes(CSV)
    files["a.csv.gz"].write_bytes(gzip.compress(CSV))
    files["a.jsonl"].write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS), encoding="utf-8")
    typed = pa.table({"id": [1.0, 2.5, None, 4.0, 5.0], "of": [[1], [2, 3], None, [], [4]]})
    pq.write_table(typed, files["a.parquet"], row_group_size=2)
    files["mixed.csv"].write_bytes(CSV + "\n8,髙橋,80,x".encode("cp932"))
    files["wide.csv"].write_bytes(CSV + f"\n8,{'長' * 3_000_000},80,x".encode())
    return files


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.parquet", "mixed.csv", "wide.csv"])
def test_parts_are_the_table_in_its_order(tmp_path: Path, name: str) -> None:
    file = _files(tmp_path)[name]
    whole = read_table(file)
    with opened_texts(file, rows_at_once=3) as texts:
        parts = list(texts.parts())
        columns = {column: texts.column(column).to_pylist() for column in texts.names}
        assert (texts.rows, list(texts.names)) == (whole.num_rows, whole.column_names)
        assert bool(texts.mixed_with) is (name == "mixed.csv")
    assert [part.num_rows for part in parts] == [*[3] * (whole.num_rows // 3), *filter(None, [whole.num_rows % 3])]
    assert pa.concat_tables(parts).to_pylist() == whole.to_pylist()
    assert columns == whole.to_pydict()


def test_a_table_without_rows_is_one_part_with_its_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\n", encoding="utf-8")
    with opened_texts(tmp_path / "a.csv", rows_at_once=3) as texts:
        (part,) = texts.parts()
    assert (part.column_names, part.num_rows) == (["id", "name"], 0)


def test_what_is_no_table_is_said_as_when_it_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\n1,a\n2,b,c\n", encoding="utf-8")
    with pytest.raises(FatalError, match="lines 3"), opened_texts(tmp_path / "a.csv", rows_at_once=3):
        pass
    with pytest.raises(FatalError, match="no such file"), opened_texts(tmp_path / "b.csv", rows_at_once=3):
        pass


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_part_is_written_before_the_next_is_made_and_the_file_appears_whole(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    seen = []

    def parts() -> Iterator[pa.Table]:
        for number in range(3):
            seen.append(path.exists())
            yield pa.table({"id": [number], "of": [["x", "y"]]})

    write_parts(parts(), path)
    assert seen == [False] * 3
    assert read_table(path)["id"].to_pylist() == ["0", "1", "2"]
