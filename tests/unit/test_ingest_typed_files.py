"""Parquet and Excel: typed cells become the text a person would write."""

import io
import json
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.reading import read_bytes, source

PARQUET = source(format="parquet")
EXCEL = source(format="excel")


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_parquet_values_are_written_out_and_rows_counted_from_one() -> None:
    values = {
        "a": [17850.0, 12345678901.0, 0.5, None],
        "b": [True, False, None, True],
        "c": [Decimal("1.20"), None, None, None],
        "d": [date(2011, 12, 9), None, None, None],
        "e": [datetime(2010, 12, 1, 8, 26), None, None, None],
        "f": [["x", "y"], None, [], None],
    }
    read = read_bytes(parquet(**values), source(format="parquet", columns={name: {} for name in values}))
    assert read.lines == [1, 2, 3, 4]
    assert read.values[0] == ("17850", "true", "1.20", "2011-12-09", "2010-12-01 08:26:00.000000", '["x", "y"]')
    assert [row[0] for row in read.values] == ["17850", "12345678901", "0.5", None]


def test_a_parquet_time_with_a_zone_keeps_its_offset() -> None:
    tokyo = pa.array([datetime(2010, 12, 1, 8, 26)], pa.timestamp("us", "Asia/Tokyo"))
    assert read_bytes(parquet(a=tokyo, b=["x"]), PARQUET).values[0][0] == "2010-12-01 17:26:00.000000+0900"


def test_parquet_fields_inside_a_struct_are_found_by_path() -> None:
    declared = source(format="parquet", columns={"a": {"from": "s.t"}, "b": {"from": "s.missing"}})
    read = read_bytes(parquet(s=[{"t": "x"}, None]), declared)
    assert read.values == [("x", None), (None, None)]


def test_undeclared_parquet_columns_are_kept_as_json() -> None:
    read = read_bytes(parquet(a=["1", "2"], b=["x", "y"], c=[5.0, None]), PARQUET)
    assert [row["_extra"] for row in read.rows] == ['{"c":"5"}', None]


def test_bytes_that_are_no_text_are_quarantined_row_by_row() -> None:
    read = read_bytes(parquet(a=[b"x", b"\xff", b"y"], b=["1", "2", "3"]), PARQUET)
    assert [(r.line, r.reason, r.field) for r in read.rejections] == [(2, "encoding.undecodable", "a")]
    assert read.lines == [1, 3]


def test_a_parquet_file_without_a_needed_column_is_refused_row_by_row() -> None:
    read = read_bytes(parquet(b=["1", "2"]), source(format="parquet", key=["a"]))
    assert read.reasons == [(1, "column.missing"), (2, "column.missing")]
    assert json.loads(read.rejections[0].payload) == {"b": "1"}


def test_a_truncated_parquet_file_is_one_quarantined_row() -> None:
    read = read_bytes(parquet(a=["1"] * 100, b=["2"] * 100)[:-50], PARQUET)
    assert read.reasons == [(1, "file.unreadable")]
    assert read.problems == ["file.unreadable: no Parquet from row 1 on"]


def test_excel_rows_keep_the_numbers_of_the_sheet() -> None:
    cells = [["a", "b"], ["x", 17850], [], [45000.5, True]]
    read = read_bytes(workbook(cells), EXCEL, "x.xlsx")
    assert read.lines == [2, 4]
    assert read.values == [("x", "17850"), ("45000.5", "true")]


def test_a_missing_sheet_is_told_by_name() -> None:
    read = read_bytes(workbook([["a"]]), source(format="excel", sheet="Members"), "x.xlsx")
    assert read.problems == ["sheet.missing:Members"]


def test_an_excel_file_without_a_needed_column_is_refused_row_by_row() -> None:
    read = read_bytes(workbook([["b"], ["x"]]), source(format="excel", key=["a"]), "x.xlsx")
    assert [(r.line, r.reason, r.field) for r in read.rejections] == [(2, "column.missing", "a")]


def test_a_file_that_is_no_workbook_is_one_quarantined_row() -> None:
    assert read_bytes(b"a,b\n1,2\n", EXCEL, "x.xlsx").reasons == [(1, "file.unreadable")]


def workbook(rows: list[list[Any]]) -> bytes:
    """The least that is an Excel workbook with one sheet."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    data = "".join(_row(number, row) for number, row in enumerate(rows, 1))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>',
    }
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return sink.getvalue()


def _row(number: int, values: list[Any]) -> str:
    cells = (_cell(value, f"{chr(65 + place)}{number}") for place, value in enumerate(values))
    return f'<row r="{number}">{"".join(cells)}</row>'


def _cell(value: Any, place: str) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    kind = ' t="b"' if isinstance(value, bool) else ""
    return f'<c r="{place}"{kind}><v>{int(value) if isinstance(value, bool) else value}</v></c>'
