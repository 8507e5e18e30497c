"""What the CSV reader makes of files as they really come."""

import base64
import gzip
import hashlib
import io
import json

import pytest

from harness.reading import read_bytes, source
from kumitate.ingest import lines


def test_a_row_knows_its_line_and_its_delivery() -> None:
    read = read_bytes(b"a,b\n1,2\n3,4", source())
    assert read.rows == [
        {"_delivery_id": "r000001-00001", "_line": 2, "_run_id": "r000001", "a": "1", "b": "2", "_extra": None},
        {"_delivery_id": "r000001-00001", "_line": 3, "_run_id": "r000001", "a": "3", "b": "4", "_extra": None},
    ]


def test_a_quoted_line_break_belongs_to_its_field_and_counts_as_a_line() -> None:
    read = read_bytes(b'a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n', source())
    assert read.values == [("1", "x\r\ny"), ("2", "z")]
    assert read.lines == [2, 5]


def test_columns_are_found_by_name_wherever_they_stand() -> None:
    declared = source(columns={"a": {"from": "Customer No"}, "b": {}})
    read = read_bytes(b"b,Customer No \n2,1\n", declared)
    assert read.values == [("1", "2")]


def test_undeclared_columns_are_kept_as_json() -> None:
    read = read_bytes(b'b,c,a,c\n2,"x ""y""",1,z\n2,,1,\n', source())
    assert [row["_extra"] and json.loads(row["_extra"]) for row in read.rows] == [{"c": 'x "y"', "c (2)": "z"}, None]


@pytest.mark.parametrize(("data", "encoding"), [(b"\xef\xbb\xbf", "utf-8"), (b"", "utf-16"), (b"", "cp932")])
def test_marks_and_encodings_leave_no_trace(data: bytes, encoding: str) -> None:
    read = read_bytes(data + "a,b\nあ,①\n".encode(encoding), source(encoding=encoding))
    assert read.values == [("あ", "①")]


def test_shift_jis_is_taken_for_what_people_mean_by_it() -> None:
    assert read_bytes("a,b\n髙,①\n".encode("cp932"), source(encoding="shift_jis")).values == [("髙", "①")]


def test_a_nul_and_a_dos_end_of_file_do_no_harm() -> None:
    read = read_bytes(b"a,b\n1\x00,2\n\x1a", source())
    assert read.values == [("1\x00", "2")]
    assert read.rejections == []


def test_old_line_ends_are_lines_too() -> None:
    assert read_bytes(b"a,b\r1,2\r3,4\r", source()).lines == [2, 3]


def test_a_row_of_another_width_is_quarantined_as_it_was() -> None:
    read = read_bytes(b"a,b\n1,2,3\n1\n4,5\n", source())
    assert read.reasons == [(2, "row.columns"), (3, "row.columns")]
    assert json.loads(read.rejections[0].payload) == {"line": "1,2,3"}
    assert read.lines == [4]


def test_one_stray_quote_costs_one_line() -> None:
    read = read_bytes(b'a,b\n1,"2\n3,4\n5,6 "x"\n"7"7,8\n9,0\n', source())
    assert read.reasons == [(2, "row.malformed"), (5, "row.malformed")]
    assert read.values == [("3", "4"), ("5", '6 "x"'), ("9", "0")]


@pytest.mark.slow
def test_a_stray_quote_costs_one_line_also_where_no_quote_follows_for_megabytes() -> None:
    count = 2 * lines.BLOCK_BYTES // 500
    rows = f"1,{'x' * 500}\n" * count
    read = read_bytes(f'a,b\n0,"\n{rows}'.encode(), source())
    assert read.reasons == [(2, "row.malformed")]
    assert read.lines == list(range(3, count + 3))


@pytest.mark.parametrize("declared", ["cp932", "euc_jp"])
def test_a_field_in_utf8_is_quarantined_with_its_line_though_its_bytes_are_other_letters(declared: str) -> None:
    garbled = b"1," + "山田".encode() + ",京都\n".encode(declared)
    read = read_bytes(b"a,b,c\n" + garbled + "2,高橋,東京\n".encode(declared), source(encoding=declared))
    assert read.reasons == [(2, "encoding.undecodable")]
    assert base64.b64decode(read.rejections[0].payload.removeprefix("base64:")) == garbled.rstrip()
    assert read.values == [("2", "高橋")]


def test_undecodable_lines_are_quarantined_byte_by_byte_and_the_rest_is_read() -> None:
    read = read_bytes(b'a,b\n1,\xff\n2,"q\n\xfe"\n3,3\n4,4\n5,5\n', source())
    assert read.reasons == [(2, "encoding.undecodable"), (3, "encoding.undecodable")]
    assert base64.b64decode(read.rejections[1].payload.removeprefix("base64:")) == b'2,"q\n\xfe"'
    assert read.lines == [5, 6, 7]
    assert read.problems == []


@pytest.mark.parametrize(
    ("declared", "real", "text"),
    [
        ("utf-8", "cp932", "山田太郎,東京都千代田区丸の内"),
        ("utf-8", "euc_jp", "山田太郎,東京都千代田区丸の内"),
        ("utf-8", "cp1252", "Zoé,Besançon"),
        ("utf-8", "utf-16", "Zoé,Besançon"),
        ("cp932", "utf-8", "山田太郎,東京都千代田区丸の内"),
        ("cp1252", "utf-8", "Zoé,Besançon"),
    ],
)
def test_a_file_in_another_encoding_is_quarantined_and_the_right_one_named(declared: str, real: str, text: str) -> None:
    data = ("a,b\n" + f"{text}\n" * 50).encode(real)
    read = read_bytes(data, source(encoding=declared))
    assert read.rows == []
    assert len(read.rejections) >= 50 or real == "utf-16"
    assert any(f"is it {real}?" in problem for problem in read.problems)


def test_ascii_rows_of_a_file_in_another_encoding_are_kept() -> None:
    data = ("a,b\n" + "plain,text\n" + "山田,太郎\n" * 50).encode()
    read = read_bytes(data, source(encoding="cp932"))
    assert read.values == [("plain", "text")]
    assert len(read.rejections) == 50


def test_a_file_without_a_needed_column_is_refused_row_by_row() -> None:
    declared = source(columns={"a": {"required": True}, "b": {}})
    read = read_bytes(b"b,c\n1,2\n3,4\n", declared)
    assert [(r.line, r.reason, r.field) for r in read.rejections] == [
        (2, "column.missing", "a"),
        (3, "column.missing", "a"),
    ]
    assert read.problems == ["column.missing:a"]


def test_a_missing_key_column_refuses_the_file_too() -> None:
    assert read_bytes(b"b\n1\n", source(key=["a"])).problems == ["column.missing:a"]


def test_a_missing_optional_column_is_null_and_noted() -> None:
    read = read_bytes(b"a\n1\n", source())
    assert read.values == [("1", None)]
    assert read.problems == ["column.absent:b"]


def test_a_header_that_cannot_be_read_refuses_every_row() -> None:
    read = read_bytes("名前,b\n1,2\n".encode("cp932"), source())
    assert read.reasons == [(2, "encoding.undecodable")]
    assert read.problems[0] == "header.unreadable: encoding.undecodable"


def test_a_line_beyond_the_limit_is_named_by_its_fingerprint() -> None:
    found = list(lines.pieces(io.BytesIO(b"a\n" + b"x" * 500 + b"\nb\n").read, limit=100))
    fingerprint = hashlib.sha256(b"x" * 500).hexdigest()
    assert found == [
        lines.Lines(1, b"a\n"),
        lines.LongLine(2, b"x" * 500, 500, fingerprint),
        lines.Lines(3, b"b\n"),
    ]


def test_the_rows_around_a_long_line_are_read() -> None:
    data = b"a,b\n1,2\n" + b"x" * (lines.LINE_LIMIT + 1) + b"\n3,4\n"
    read = read_bytes(data, source())
    assert read.reasons == [(3, "row.too_long")]
    told = json.loads(read.rejections[0].payload)
    assert told["sha256"] == hashlib.sha256(b"x" * told["bytes"]).hexdigest()
    assert told["bytes"] == lines.LINE_LIMIT + 1
    assert len(read.rejections[0].payload) < 2_000
    assert read.lines == [2, 4]


def test_a_long_first_line_takes_the_header_with_it() -> None:
    read = read_bytes(b"x" * (lines.LINE_LIMIT + 1) + b"\n1,2\n", source())
    assert read.reasons == [(1, "row.too_long"), (2, "row.too_long")]
    assert read.problems == ["header.unreadable: row.too_long"]


def test_a_truncated_gzip_file_gives_its_rows_up_to_the_break() -> None:
    whole = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(20_000)))
    read = read_bytes(whole[: len(whole) // 2], source(), "data/x.csv.gz")
    assert len(read.rows) > 1_000
    assert read.reasons == [(len(read.rows) + 2, "file.truncated")]
    assert read.problems == [f"file.truncated: from line {len(read.rows) + 2} on"]


def test_a_compressed_file_is_known_by_its_content_where_its_name_does_not_say_so() -> None:
    found = read_bytes(gzip.compress(b"a,b\n1,2\n"), source(), file="streamed/things/2026/01/01/things-1-uuid")
    assert found.values == [("1", "2")]


def test_a_gzip_file_that_is_none_is_reported() -> None:
    read = read_bytes(b"a,b\n1,2\n", source(), "data/x.csv.gz")
    assert read.reasons == [(1, "file.unreadable")]
