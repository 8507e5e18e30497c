"""A table in any file is read as text under its own names, whatever its format and encoding; oddities are told."""

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kumitate.errors import FatalError
from kumitate.execution.table_files import read_table, write_table

ROWS = [
    {"氏名": "高橋 太郎", "カナ": "ﾀｶﾊｼ ﾀﾛｳ", "mail": "taro@example.jp"},
    {"氏名": "鈴木", "カナ": "ｽｽﾞｷ", "mail": None},
]
TEXT = "氏名,カナ,mail\n高橋 太郎,ﾀｶﾊｼ ﾀﾛｳ,taro@example.jp\n鈴木,ｽｽﾞｷ,\n"


def rows_of(folder: Path, content: bytes, name: str = "members.csv") -> list[dict[str, str | None]]:
    (folder / name).write_bytes(content)
    rows: list[dict[str, str | None]] = read_table(folder / name).to_pylist()
    return rows


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_the_encoding_is_told_by_the_bytes(tmp_path: Path, encoding: str) -> None:
    assert rows_of(tmp_path, TEXT.encode(encoding)) == ROWS


def test_accents_of_european_text_are_not_taken_for_japanese(tmp_path: Path) -> None:
    content = "name;city\nNoël Müller;Zürich\nRené;Genève\n".encode("latin-1")
    assert rows_of(tmp_path, content)[0] == {"name": "Noël Müller", "city": "Zürich"}


def test_lines_of_another_encoding_among_utf8_are_read_as_what_they_are(tmp_path: Path) -> None:
    mixed = "佐藤,".encode() + "ｻﾄｳ,a@example.jp\n".encode("cp932")
    content = TEXT.encode() + "渡辺,ﾜﾀﾅﾍﾞ,b@example.jp\n".encode("cp932") + mixed
    assert [row["氏名"] for row in rows_of(tmp_path, content)] == ["高橋 太郎", "鈴木", "渡辺", "佐藤"]
    assert [row["カナ"] for row in rows_of(tmp_path, content)][2:] == ["ﾜﾀﾅﾍﾞ", "ｻﾄｳ"]


SATO, EUC = "佐藤".encode("cp932"), "太郎".encode("euc_jp")


def test_encodings_that_change_within_a_line_are_told_field_by_field(tmp_path: Path) -> None:
    content = b"id,last,first\n1," + SATO + ",花子\n".encode() + "2,山田,".encode() + SATO + b"\n"
    assert [(row["last"], row["first"]) for row in rows_of(tmp_path, content)] == [("佐藤", "花子"), ("山田", "佐藤")]
    lines = b'{"last": "' + SATO + '", "first": "花子"}\n'.encode()
    assert rows_of(tmp_path, lines, "a.jsonl") == [{"last": "佐藤", "first": "花子"}]
    european = "a,b\nJosé,".encode() + "Zoë\n".encode("latin-1")
    assert rows_of(tmp_path, european) == [{"a": "José", "b": "Zoë"}]


def test_quotes_and_dashes_of_windows_are_no_control_characters(tmp_path: Path) -> None:
    assert rows_of(tmp_path, "a,b\nO’Brien,Zoë – 5 €\n".encode("cp1252")) == [{"a": "O’Brien", "b": "Zoë – 5 €"}]


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        (
            "a.csv",
            "id,last,first\n1,山田,".encode() + EUC + b"\n2," + SATO + ",花子\n".encode(),
            "a.csv:2, column 'first'",
        ),
        ("a.csv", "id,last\n1,花\n2,".encode() + SATO + b"\n3,\x81\n", "a.csv:3, column 'last'"),
        ("a.csv", "id,last\n1,Привет\n".encode("cp1251"), "a.csv:2, column 'last'"),
        ("a.jsonl", b'{"a": "' + SATO + '", "b": "花子", "c": "'.encode() + b'\x81\x20"}\n', "a.jsonl:1"),
    ],
)
def test_what_is_in_no_encoding_that_can_be_told_is_refused_by_line_and_column(
    tmp_path: Path, name: str, content: bytes, where: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FatalError, match="save the file in one encoding") as refused:
        read_table(tmp_path / name)
    assert str(refused.value).startswith(f"{tmp_path}/{where}: ")


def test_a_message_names_the_file_that_was_given(tmp_path: Path) -> None:
    content = "氏名,年\n山田,1\n".encode() + SATO + b",2,3\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content, mtime=0))
    with pytest.raises(FatalError) as refused:
        read_table(tmp_path / "a.csv.gz")
    assert str(refused.value).startswith(f"{tmp_path}/a.csv.gz: the rows that end on lines 3 ")


def test_an_encoding_that_was_given_and_does_not_hold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(TEXT.encode("cp932"))
    with pytest.raises(FatalError, match="not in utf-8 throughout"):
        read_table(tmp_path / "a.csv", encoding="utf-8")
    with pytest.raises(FatalError, match="unknown encoding 'klingon'"):
        read_table(tmp_path / "a.csv", encoding="klingon")


def test_names_are_trimmed_told_apart_and_given_where_there_is_none(tmp_path: Path) -> None:
    assert rows_of(tmp_path, b" a ,a,\n1,2,3\n") == [{"a": "1", "a (2)": "2", "column_3": "3"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", b"a\tb\n1,5\t2\n"),
        ("a.csv", b"a;b\n1,5;2\n"),
        ("a.csv.gz", gzip.compress(b'\n\n"a","b"\n"1,5",2\n', mtime=0)),
        ("a.jsonl", b'{"a": "1,5", "b": 2}\n\n'),
        ("a.json", b'[{"a": "1,5",\n"b": 2.0}]'),
        ("unnamed", b'{"a": "1,5", "b": 2}\n'),
    ],
)
def test_format_and_delimiter_are_told_by_ending_and_content(tmp_path: Path, name: str, content: bytes) -> None:
    assert rows_of(tmp_path, content, name) == [{"a": "1,5", "b": "2"}]


def test_typed_columns_become_the_text_a_person_would_write(tmp_path: Path) -> None:
    table = pa.table(
        {
            "n": [17850.0, None],
            "i": [7, 8],
            "d": [date(2026, 1, 2), None],
            "m": [Decimal("1.50"), None],
            "l": [["a", "b"], None],
            "s": [{"x": 1}, None],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    first = {"n": "17850", "i": "7", "d": "2026-01-02", "m": "1.50", "l": '["a", "b"]', "s": '{"x": 1}'}
    assert read_table(tmp_path / "a.parquet").to_pylist()[0] == first


def test_json_lists_and_objects_stay_json_and_missing_keys_are_null(tmp_path: Path) -> None:
    content = b'{"id": 1, "mails": ["a", "b"], "more": {"x": null}}\n{"id": "2", "new": true}\n'
    assert rows_of(tmp_path, content, "a.jsonl") == [
        {"id": "1", "mails": '["a","b"]', "more": '{"x":null}', "new": None},
        {"id": "2", "mails": None, "more": None, "new": "true"},
    ]


def test_a_field_of_ten_megabytes_and_a_line_break_in_quotes_are_kept(tmp_path: Path) -> None:
    big = "長" * (10 * 2**20 // 3)
    rows = rows_of(tmp_path, f'a,b\n1,{big}\n2,"x\ny"\n'.encode())
    assert [len(row["b"] or "") for row in rows] == [len(big), 3]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "holds nothing"),
        ("a.csv", b"a,b\n1,2\n1,2,3\n4\n", "lines 3, 4 .* 2 fields"),
        ("a.csv", bytes(range(256)) * 20, "no text"),
        ("a.csv", b"PK\x03\x04....", "archive or a workbook"),
        ("a.parquet", b"a,b\n1,2\n", "no parquet file by its content"),
        ("a.parquet", b"PAR1junk", "cannot be read"),
        ("a.xlsx", b"PK\x03\x04....", "cannot be read"),
        ("a.csv.gz", gzip.compress(b"a,b\n" * 9999, mtime=0)[:-20], "cannot be read"),
        ("a.jsonl", b'{"a": 1}\n[1, 2]\n', "a.jsonl:2: no JSON object"),
        ("a.json", b'[{"a": 1}, 7]', "one list of objects"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FatalError, match=message) as refused:
        read_table(tmp_path / name)
    assert name in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match=r"nowhere\.csv: there is no such file"):
        read_table(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_what_is_written_is_read_again(tmp_path: Path, ending: str) -> None:
    table = pa.table({"名": ["髙橋", 'a "b", c\nd', None], "n": [1, None, 3], "l": [["x"], [], None]})
    write_table(table, tmp_path / f"out.{ending}")
    found = read_table(tmp_path / f"out.{ending}")
    assert found.column("名").to_pylist() == ["髙橋", 'a "b", c\nd', None]
    assert found.column("n").to_pylist() == ["1", None, "3"]
    assert found.column("l").to_pylist()[0] == ('["x"]')
    assert [path.name for path in tmp_path.iterdir()] == [f"out.{ending}"]


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match="unknown ending"):
        write_table(pa.table({"a": [1]}), tmp_path / "out.doc")
    with pytest.raises(FatalError, match="cannot be written"):
        write_table(pa.table({"a": [1]}), tmp_path / "no_folder" / "out.csv")
    assert not list(tmp_path.iterdir())


def test_a_parquet_column_of_bytes_is_refused_by_its_name(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"id": ["1"], "thumbnail": pa.array([b"\xff\xd8"], pa.binary())}), tmp_path / "rows.parquet"
    )
    with pytest.raises(FatalError, match="column 'thumbnail' holds bytes that are no text; leave the column out"):
        read_table(tmp_path / "rows.parquet")
