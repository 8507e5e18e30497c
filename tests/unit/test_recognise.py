"""An unknown table's columns are recognised by their headers, held against their values; by general rules only."""

import os
from pathlib import Path

import pyarrow as pa
import pytest

from kumitate.cleanse.recognise import Guess, recognise
from kumitate.cleanse.recognition.headers import meaning, spelt_out
from kumitate.config.source import Semantic
from kumitate.execution.table_files import read_table

DATA = Path(os.environ.get("KUMITATE_ORACLES", Path(__file__).parents[3] / "shared/data"))

FAMILIES = ("佐藤", "鈴木", "髙橋", "田中", "伊藤", "渡邉", "山本", "中村", "小林", "加藤")
CITIES = ("千代田区", "大阪市", "横浜市", "北上市", "那覇市")


def table(**columns: list[str | None]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def guess(values: list[str | None], header: str = "c7") -> Guess:
    return recognise(table(**{header: values}))[header]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        *[(each, "last_name") for each in ("last_name", "LastName", "surname", "Family Name", "lname")],
        *[(each, "last_name") for each in ("姓", "お名前 姓", "苗字")],
        *[(each, "first_name") for each in ("given_name", "First-Name", "forename", "名", "氏名（名）")],
        *[(each, "full_name") for each in ("name", "Customer Name", "fullName", "traits.name")],
        *[(each, "full_name") for each in ("氏名", "お名前", "顧客名")],
        *[(each, "last_kana") for each in ("姓カナ", "セイ", "last_name_kana", "姓（フリガナ）")],
        *[(each, "first_kana") for each in ("名カナ", "メイ", "first_name_kana")],
        *[(each, "full_kana") for each in ("カナ", "フリガナ", "氏名（カナ）", "name_kana", "ﾌﾘｶﾞﾅ")],
        *[(each, "birthdate") for each in ("生年月日", "DOB", "date_of_birth", "birthday", "BirthDate")],
        *[(each, "email") for each in ("mail", "E-mail", "メールアドレス", "email_address", "context.traits.email")],
        *[(each, "phone") for each in ("電話番号", "TEL", "phone_nbr", "携帯電話", "mobile", "CellPhone")],
        *[(each, "postal_code") for each in ("〒", "郵便番号", "zip", "ZipCode", "postcode", "postal-code")],
        *[(each, "city") for each in ("suburb", "city", "市区町村", "address.city")],
        *[(each, "state") for each in ("state", "都道府県", "prefecture", "Province")],
        *[(each, "address") for each in ("address", "住所", "住所1", "home_address", "お届け先住所")],
        *[(each, "street") for each in ("address1", "address_1", "Street", "addr line 1")],
        *[(each, "house_number") for each in ("street_number", "house_no", "番地")],
        *[(each, "national_id") for each in ("soc_sec_id", "SSN", "マイナンバー", "social_security_number")],
        *[(each, "member_id") for each in ("会員番号", "customer_id", "CustomerID", "memberNo", "顧客コード")],
        *[(each, "gender") for each in ("性別", "sex", "Gender")],
        *[(each, "company") for each in ("会社名", "organization", "勤務先")],
        *[(each, "company_number") for each in ("法人番号", "corporate_number")],
        *[(each, "updated_at") for each in ("updated_at", "更新日時", "LastModified", "last_modified_date")],
    ],
)  # fmt: skip
def test_a_header_in_japanese_or_english_is_understood(header: str, name: str) -> None:
    meant = meaning(header)
    assert meant is not None, spelt_out(header)
    assert meant.name == name, spelt_out(header)


@pytest.mark.parametrize(
    "header",
    ["product_name", "商品名", "store.name", "店舗名", "file_name", "旧姓フラグ", "email_opt_in", "メール配信可否",
     "phone_type", "メイン店舗", "cluster", "product_id", "last_purchase_amount", "住所カナ", "ip_address", "quantity"],
)  # fmt: skip
def test_a_header_that_only_resembles_a_person_s_is_not_taken_for_one(header: str) -> None:
    meant = meaning(header)
    assert meant is None or (meant.role == "none" and not meant.name), meant


@pytest.mark.parametrize(
    ("values", "semantic", "name"),
    [
        ([f"u{n}@example.jp" for n in range(30)] + ["none"], Semantic.EMAIL, "email"),
        ([f"090-{n:04d}-5678" for n in range(30)], Semantic.PHONE, "phone"),
        ([f"+81 3 {1000 + n} 5678" for n in range(30)], Semantic.PHONE, "phone"),
        ([f"{100 + n}-0001" for n in range(30)], Semantic.POSTAL_CODE, "postal_code"),
        (["ﾀｶﾊｼ ﾀﾛｳ", "サトウ ハナコ", "すずき いちろう"] * 9, Semantic.KANA, "full_kana"),
        ([f"{family} 太郎" for family in FAMILIES], Semantic.NAME, "full_name"),
        ([f"東京都{city}一丁目{n}番" for n, city in enumerate(CITIES)], Semantic.ADDRESS, "address"),
        ([f"19{n}-03-0{n % 9 + 1}" for n in range(30, 99)], Semantic.BIRTHDATE, "birthdate"),
        (["北海道", "東京都", "大阪府", "神奈川県"] * 4, Semantic.TEXT, "state"),
        (["株式会社山田", "㈱佐藤商店", "Acme, Inc."], Semantic.COMPANY, "company"),
    ],
)
def test_values_speak_for_themselves_where_the_header_says_nothing(
    values: list[str | None], semantic: Semantic, name: str
) -> None:
    found = guess(values)
    assert (found.semantic, found.name) == (semantic, name), found.why


@pytest.mark.parametrize(
    ("values", "semantic"),
    [
        ([str(n) for n in range(40)], Semantic.INTEGER),
        ([f"{n}.50" for n in range(40)], Semantic.DECIMAL),
        ([f"{n:05d}" for n in range(40)] * 2, Semantic.ID),
        (["yes", "no", None] * 9, Semantic.BOOLEAN),
        ([f"2026-01-{n:02d}" for n in range(1, 29)], Semantic.DATE),
        ([f"2026-01-{n:02d} 10:00:00" for n in range(1, 29)], Semantic.TIMESTAMP),
        (['{"a": 1}', '["x", "y"]'] * 5, Semantic.JSON),
        (["word " * 40 + str(n) for n in range(9)], Semantic.FREE_TEXT),
        (["https://example.jp/1", "http://example.jp"], Semantic.URL),
        (["red", "green", "blue"] * 9, Semantic.TEXT),
    ],
)
def test_what_is_no_part_of_a_person_is_typed_and_given_no_role(values: list[str | None], semantic: Semantic) -> None:
    found = guess(values)
    assert (found.semantic, found.role, found.name) == (semantic, "none", ""), found.why


def test_values_that_contradict_the_header_win_and_it_is_said() -> None:
    found = guess([f"u{n}@example.jp" for n in range(30)], "phone")
    assert found.semantic is Semantic.EMAIL
    assert "though the header says phone" in found.why
    doubtful = guess([f"call me {n}" for n in range(30)], "phone")
    assert doubtful.semantic is Semantic.PHONE
    assert doubtful.confidence < 0.5


def test_a_phone_that_thousands_share_is_recognised_and_identifies_nobody() -> None:
    found = guess([f"03-1234-000{n % 5}" for n in range(1000)], "tel")
    assert (found.semantic, found.role) == (Semantic.PHONE, "none")
    assert "5 values in 1000 rows" in found.why


def test_one_column_without_a_value_twice_or_missing_names_the_rows() -> None:
    ids: list[str | None] = [str(n) for n in range(60)]
    found = recognise(table(id=ids, customer_id=ids, email=[f"{n}@example.jp" for n in range(60)]))
    assert {name: each.role for name, each in found.items()} == {
        "id": "record_id", "customer_id": "identifier", "email": "identifier",
    }  # fmt: skip
    assert guess(ids, "会員番号").role == "record_id"
    assert guess([*ids, "1"], "id").role == "none"
    assert guess([*ids, None], "id").role == "none"
    assert guess([*ids, "1"], "会員番号").role == "identifier"


def test_the_time_of_the_last_change_goes_before_that_of_the_first() -> None:
    days: list[str | None] = [f"2026-01-{n:02d}" for n in range(1, 29)]
    found = recognise(table(created_at=days, updated_at=days, email=["a@example.jp"] * 28))
    assert [each.role for each in found.values()] == ["none", "time", "identifier"]


def test_a_second_column_of_one_meaning_gets_a_number() -> None:
    phones: list[str | None] = [f"090-{n:04d}-5678" for n in range(30)]
    found = recognise(table(電話番号=phones, 携帯=phones))
    assert [each.name for each in found.values()] == ["phone", "phone_2"]


def test_empty_and_all_null_columns_are_said_to_be_so() -> None:
    found = recognise(table(email=[None, " "], c7=[None, ""]))
    assert found["email"].name == "email"
    assert "no values" in found["email"].why
    assert (found["c7"].semantic, found["c7"].confidence) == (Semantic.TEXT, 0.0)
    assert recognise(table(email=[])).keys() == {"email"}
    assert recognise(pa.table({})) == {}


def test_a_column_s_order_and_a_huge_field_change_nothing() -> None:
    values: list[str | None] = [f"u{n}@example.jp" for n in range(300)]
    assert guess(values) == guess(values[::-1])
    assert guess([*values, "長" * 1_000_000]).semantic is Semantic.EMAIL


PUBLIC = {
    "er_febrl/dataset1.csv.gz": {
        "rec_id": "record_id", "given_name": "first_name", "surname": "last_name", "street_number": "house_number",
        "address_1": "street", "address_2": "address_2", "suburb": "city", "postcode": "postal_code", "state": "state",
        "date_of_birth": "birthdate", "soc_sec_id": "national_id",
    },
    "er_splink/fake_1000.csv.gz": {
        "unique_id": "record_id", "first_name": "first_name", "surname": "last_name", "dob": "birthdate",
        "city": "city", "email": "email", "cluster": "",
    },
    "aws_er_sample/synthetic_testData10k.csv.gz": {
        "source_id": "record_id", "last_name": "last_name", "first_name": "first_name", "zip_code": "postal_code",
        "address1": "street", "city": "city", "email_address": "email", "phone_nbr": "phone",
    },
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLIC)
def test_public_person_tables_are_recognised(name: str) -> None:
    if not (DATA / name).is_file():
        pytest.skip(f"needs {name} of the public data sets; set KUMITATE_ORACLES to their folder")
    found = recognise(read_table(DATA / name))
    assert {header: found[header].name for header in PUBLIC[name]} == PUBLIC[name]
    assert [header for header, each in found.items() if each.role == "record_id"] == [next(iter(PUBLIC[name]))]


def test_a_header_as_long_as_a_book_names_no_column() -> None:
    assert meaning("e_mail" * 30_000) is None
