"""An audit says what is odd about a file as a whole, and drafts no type that would empty a column."""

from pathlib import Path

from harness.audits import audited, column, drafted
from kumitate.audit.draft import Place, draft
from kumitate.config.source import Semantic


def test_of_dates_written_in_several_ways_those_that_need_a_format_get_it(tmp_path: Path) -> None:
    days = [f"{n % 28 + 1:02d}" for n in range(30)]
    rows = [f"1980-03-{day}" if n % 3 else f"{day}.03.1980" for n, day in enumerate(days)]
    found = column(audited(tmp_path, "\n".join(["生年月日", *rows]).encode()), "生年月日").cleansing
    assert (found.formats, found.unusable) == (("%d.%m.%Y",), 0)


def test_a_type_that_no_value_fits_is_not_drafted_as_the_column_would_be_empty(tmp_path: Path) -> None:
    found = audited(tmp_path, "\n".join(["id,url,TEL", *(f"{n},/p/{n},312345{n}" for n in range(9))]).encode())
    text = draft(found, Place("views", "data/v.csv", "JP", {"phone": "TEL"}))
    source = drafted(found, Place("views", "data/v.csv", "JP", {"phone": "TEL"}))
    assert (source.columns["url"].type, source.columns["tel"].type) == (Semantic.TEXT, Semantic.TEXT)
    assert source.columns["tel"].is_personal
    assert source.identifiers == {}
    assert "no value can be used as url" in text


def test_a_title_above_the_header_and_a_missing_header_are_told(tmp_path: Path) -> None:
    title = audited(tmp_path, ("会員一覧,,\n" + "氏名,メール,TEL\n" + "佐藤太郎,a@mail.jp,03-3333-1111\n" * 9).encode())
    assert [note.partition(":")[0] for note in title.notes] == ["the first line names 1 of 3 columns with values"]
    rows = "".join(f"M{n},u{n}@mail.jp,0901234{n:04d}\n" for n in range(9))
    none = audited(tmp_path, rows.encode())
    assert ["2 of its fields" in note for note in none.notes] == [True]
    assert "u0@mail.jp" not in repr(none.notes)
    assert audited(tmp_path, "氏名,メール\n佐藤太郎,a@mail.jp\n".encode()).notes == ()
    assert audited(tmp_path, b"id,2026-10-01,2026,\n1,5,6,\n2,6,7,\n").notes == ()


def test_numbers_that_a_spreadsheet_shortened_are_told(tmp_path: Path) -> None:
    rows = [f"4.9{n}E+11,{n}.50E+22" for n in range(9)]
    found = audited(tmp_path, "\n".join(["会員番号,price", *rows, "490123456789,1"]).encode())
    assert [note.partition(" with")[0] for note in found.notes] == ["会員番号: 9 rows"]
