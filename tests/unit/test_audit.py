"""An audit tells what is in a file before it is connected, whatever is wrong with the file, and drafts its source."""

import gzip
import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.audits import audited, column, drafted
from harness.memory_lake import MemoryLake
from kumitate.audit.columns import Values, figures_of
from kumitate.audit.draft import Place, draft
from kumitate.audit.encodings import likeliest, line_encoding, mended
from kumitate.audit.facts import Audit
from kumitate.audit.placeholders import placeholder
from kumitate.audit.statements import commonest, figures, rows_table
from kumitate.config.identity import Entity
from kumitate.config.project import Config
from kumitate.config.settings import Settings
from kumitate.config.source import Semantic, Source
from kumitate.errors import FatalError
from kumitate.execution.audit_known import kinds_stated

MEMBERS = "\n".join(
    [
        "会員番号,姓,名,メール,電話番号,生年月日,更新日時",
        *(
            f"M{n:04d},佐藤,太郎{'一二三四五六七八九'[n % 9]},u{n}@mail.jp,"
            f"{'03-0000-0000' if n % 2 else f'090-{n:04d}-5678'},{1950 + n % 50}/01/02,"
            f"2026-01-{n % 28 + 1:02d} 10:00:00"
            for n in range(60)
        ),
        "",
    ]
)


FEW = "\n".join(["氏名,メール", *(f"佐藤太郎,u{n}@mail.jp" for n in range(60)), ""])


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audited(tmp_path_factory.mktemp("members"), MEMBERS.encode("cp932"))


def test_each_column_is_counted_typed_and_shown_by_shape_only(members: Audit) -> None:
    mail = column(members, "メール")
    assert (members.rows, members.files[0].encoding) == (60, "cp932")
    assert (mail.semantic, mail.guess.role, mail.is_personal) == (Semantic.EMAIL, "identifier", True)
    assert (mail.filled, mail.distinct, mail.null_share, mail.uniqueness) == (60, 60, 0.0, 1.0)
    assert [each.what for each in mail.shapes] == ["a99@a+.a+", "a9@a+.a+"]
    assert (mail.shortest, mail.longest) == (10, 11)
    assert "u7@mail.jp" not in repr(members)


def test_a_phone_on_many_rows_identifies_nobody_and_stands_beside_many_people(members: Audit) -> None:
    phone = column(members, "電話番号")
    assert [(each.rows, each.why) for each in phone.no_identifiers] == [(30, "on more than 20 rows")]
    assert phone.no_identifiers[0].value.endswith("0000")
    assert phone.no_identifiers[0].value.startswith("*")
    assert phone.shared is not None
    assert (phone.shared.what, phone.shared.rows) == ("1", 30)


def test_the_key_names_the_rows_or_says_which_it_names_twice(tmp_path: Path, members: Audit) -> None:
    assert members.key is not None
    assert (members.key.name, members.key.guess.role) == ("会員番号", "record_id")
    twice = audited(tmp_path, b"member_no\n" + b"".join(b"M%04d\n" % n for n in range(60)) + b"M0001\n")
    assert twice.key is not None
    assert (twice.key.guess.role, twice.key.repeated_values, twice.key.rows_of_repeated) == ("identifier", 1, 2)


def test_figures_are_the_same_asked_or_counted() -> None:
    texts = ["a", "a", "髙橋😀", "b", "b", "b", None]
    lake = MemoryLake()
    lake.put(rows_table(1), [{"c1": text} for text in texts])
    (asked,) = lake.query(figures("c1")).to_pylist()
    commonest_first = lake.query(commonest("c1", 9))
    counted = figures_of(
        Values(commonest_first.column("value").combine_chunks(), commonest_first.column("held").to_pylist())
    )
    assert counted == asked
    assert counted["longest"] == 3


def test_birthdays_show_their_years_and_numbers_their_ends(members: Audit, tmp_path: Path) -> None:
    born = column(members, "生年月日").cleansing
    assert (born.lowest, born.highest) == ("1950", "1999")
    points = column(audited(tmp_path, b"points\n5\n-3\n12\n"), "points").cleansing
    assert (points.lowest, points.highest) == ("-3", "12")


def test_what_cleansing_cannot_use_is_counted_by_reason(tmp_path: Path) -> None:
    rows = [*(f"u{n}@mail.jp" for n in range(8)), "not a mail", "also not"]
    found = column(audited(tmp_path, "\n".join(["email", *rows]).encode()), "email").cleansing
    assert (found.rows, found.unusable) == (10, 2)
    assert [(each.what, each.rows) for each in found.reasons if "email" in each.what] == [("email.invalid", 2)]


def test_lines_of_another_encoding_are_named_with_their_column_and_go_to_quarantine(tmp_path: Path) -> None:
    content = FEW.encode() + "鈴木花子,h@mail.jp\n".encode("cp932")
    file = audited(tmp_path, content).files[0]
    assert [(each.encoding, each.lines) for each in file.encodings] == [("utf-8", 61), ("cp932", 1)]
    assert (file.encodings[1].first_lines, file.encodings[1].columns) == ((62,), ("氏名",))
    assert [(each.reason, each.first_lines) for each in file.rejected] == [("encoding.undecodable", (62,))]


def test_the_encoding_of_most_lines_is_that_of_the_file(tmp_path: Path) -> None:
    found = audited(tmp_path, FEW.encode("cp932") + "鈴木花,h@mail.jp\n".encode())
    file = found.files[0]
    assert file.encoding == "cp932"
    assert [(each.encoding, each.lines, each.first_lines) for each in file.encodings] == [
        ("cp932", 61, ()), ("utf-8", 1, (62,)),
    ]  # fmt: skip
    assert file.encodings[1].columns == ("氏名",)


def test_lines_of_several_encodings_are_each_told_by_their_own() -> None:
    lines = [text.encode(name) for text, name in (("山田 太郎", "cp932"), ("高橋 花子", "euc_jp"), ("José", "cp1252"))]
    assert [line_encoding(line, "cp1252") for line in lines] == ["cp932", "euc_jp", "cp1252"]
    assert [line_encoding(line, "cp1252") for line in ("山田".encode(), b"Taro")] == ["utf-8", "ascii"]


def test_the_likeliest_encoding_of_a_line_and_its_text() -> None:
    japanese = "髙橋太郎、東京都".encode("cp932")
    assert likeliest([japanese]) == "cp932"
    assert likeliest(["山田,東京都千代田区".encode("euc_jp")]) == "euc_jp"
    assert likeliest(["Jürgen,Groß,Málaga".encode("latin-1")]) == "latin-1"
    assert [line_encoding(line, "cp932") for line in (b"abc", "髙".encode(), japanese)] == ["ascii", "utf-8", "cp932"]
    assert mended("佐藤,".encode() + "ｻﾄｳ".encode("cp932"), "cp932", b",") == "佐藤,ｻﾄｳ"


@pytest.mark.parametrize(
    ("content", "rows", "problem"),
    [
        (b"", 0, "file.empty"),
        (b"a,b\n", 0, ""),
        (b"a,b\n1,2,3\n", 0, ""),
        (gzip.compress(FEW.encode(), mtime=0)[:-30], None, "file.truncated"),
    ],
)
def test_a_file_without_rows_or_cut_short_is_told_about(
    tmp_path: Path, content: bytes, rows: int | None, problem: str
) -> None:
    found = audited(tmp_path, content)
    assert rows is None or found.rows == rows
    assert problem in " ".join([*found.files[0].problems, *(each.reason for each in found.files[0].rejected)])
    assert all(each.filled == 0 or found.rows for each in found.columns)


def test_binary_junk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match="bytes that are no text"):
        audited(tmp_path, bytes(range(256)) * 50)


def test_a_broken_row_costs_that_row_and_is_named(tmp_path: Path) -> None:
    found = audited(tmp_path, b'a,b\n1,2\n"x,3\n4,5\n6\n')
    assert found.rows == 2
    assert {each.reason: each.first_lines for each in found.files[0].rejected} == {
        "row.malformed": (3,), "row.columns": (5,),
    }  # fmt: skip


def test_columns_without_values_lists_emoji_and_a_huge_field_are_all_just_values(tmp_path: Path) -> None:
    lines = [{"email": ["a@mail.jp", "b@mail.jp"], "name": "山田👍", "note": None, "at": {"home": "x"}}] * 3
    content = "\n".join([*map(json.dumps, lines), json.dumps({"name": "長" * 10**5, "note": ""})]).encode()
    found = audited(tmp_path, content, "people.jsonl")
    assert [each.name for each in found.columns] == ["email", "name", "note", "at.home"]
    assert column(found, "email").semantic is Semantic.JSON
    assert "though the header says email" in column(found, "email").guess.why
    assert column(found, "note").null_share == 1.0
    assert column(found, "name").longest == 10**5


def test_typed_files_are_audited_alike(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1, 2], "dob": [date(1980, 1, 2), None]}), tmp_path / "p.parquet")
    found = audited(tmp_path, (tmp_path / "p.parquet").read_bytes(), "people.parquet")
    assert [(each.name, each.semantic, each.filled) for each in found.columns] == [
        ("id", Semantic.ID, 2), ("dob", Semantic.BIRTHDATE, 1),
    ]  # fmt: skip


@pytest.mark.slow
def test_dates_in_another_order_get_their_format_and_foreign_phones_their_country(tmp_path: Path) -> None:
    rows = [f"{n % 28 + 1:02d}/{n % 12 + 1:02d}/19{n + 50},(212) 555-01{n:02d},US" for n in range(30)]
    found = audited(tmp_path, "\n".join(["dob,phone,country", *rows]).encode())
    assert column(found, "dob").cleansing.formats == ("%d/%m/%Y",)
    assert column(found, "dob").cleansing.unusable == 0
    assert found.country == "US"
    assert 'formats: ["%d/%m/%Y"]' in draft(found, Place("people", "data/x.csv", "JP"))
    assert "phone: {type: phone, country: US}" in draft(found, Place("people", "data/x.csv", "JP"))


def test_a_declared_source_is_audited_with_the_types_it_declares(tmp_path: Path) -> None:
    source = Source.model_validate(
        {"kind": "records", "path": "m.csv", "columns": {"code": {"from": "tel", "type": "id"}}, "key": ["code"]}
    )
    phone = column(audited(tmp_path, b"tel\n090-1234-5678\n090-1234-5679\n", source=source), "tel")
    assert phone.declared_name == "code"
    assert (phone.declared, phone.semantic, phone.guess.semantic) == (Semantic.ID, Semantic.ID, Semantic.PHONE)
    assert phone.cleansing.unusable == 0


def test_the_draft_is_a_source_and_says_why(members: Audit) -> None:
    place = Place("people", "data/members.csv", "JP", {"email": "メール"})
    source, text = drafted(members, place), draft(members, place)
    assert (source.kind, source.key, source.updated_at, source.encoding) == (
        "records", ("member_id",), "updated_at", "cp932",
    )  # fmt: skip
    assert source.identifiers == {"email": "email"}
    assert source.columns["last_name"].from_ == "姓"
    assert source.columns["birthdate"].type is Semantic.BIRTHDATE
    assert "key: [member_id]  # no two rows have the same, none is empty" in text
    assert "#   phone: phone" in text


def test_a_kind_that_identity_declares_is_stated_though_no_source_states_it_yet(members: Audit) -> None:
    person = Entity.model_validate({"identifiers": {"email": {}, "phone": {}, "card_no": {}}})
    cards = Source.model_validate(
        {
            "kind": "records", "path": "c.csv", "key": ["no"], "columns": {"no": {"type": "id"}},
            "identifiers": {"card_no": "no"},
        }
    )  # fmt: skip
    shop = Settings(project="shop")
    config = Config(root=Path(), settings=shop, sources={"cards": cards}, identity={"person": person})
    assert kinds_stated(config, members, None) == {"email": "メール", "phone": "電話番号"}


@pytest.mark.slow
def test_headers_that_are_no_names_still_make_a_sound_draft(tmp_path: Path) -> None:
    header = '"Größe, cm",select,"a: b # c","数量",,x,X,"quote""d"\n'
    found = audited(tmp_path, (header + "1,2,3,4,5,6,7,8\n" * 2).encode())
    source = drafted(found, Place("people", "data/odd file.csv", "JP"))
    assert [spec.from_ or name for name, spec in source.columns.items()] == [
        "Größe, cm", "select", "a: b # c", "数量", "x", "X", 'quote"d',
    ]  # fmt: skip
    assert (source.key, source.path) == ("row", "data/odd file.csv")


@pytest.mark.slow
def test_what_happens_again_and_again_to_the_same_people_is_drafted_as_events(tmp_path: Path) -> None:
    rows = [f"u{n % 60}@mail.jp,Order,2026-01-01 10:{n // 60:02d}:{n % 60:02d}" for n in range(600)]
    found = audited(tmp_path, "\n".join(["email,event,time", *rows]).encode())
    source = drafted(found, Place("people", "data/e.csv", "JP"))
    assert (source.kind, source.time, source.key) == ("events", "time", "row")
    assert column(found, "email").no_identifiers == ()


@pytest.mark.parametrize(
    "value", ["000-0000-0000", "0000000000", "+81 9999-9999", "1234567890", "test@mail.jp", "不明", "N/A",
              "noreply@a.jp", "none@none.com", "-", "x@example.com"],
)  # fmt: skip
def test_placeholders_are_seen_as_such(value: str) -> None:
    assert placeholder(value)


@pytest.mark.parametrize("value", ["090-1234-5679", "taro@mail.jp", "testa.rossa@mail.it", "03-3333-1111", "M0001"])
def test_what_may_belong_to_somebody_is_no_placeholder(value: str) -> None:
    assert placeholder(value) == ""
