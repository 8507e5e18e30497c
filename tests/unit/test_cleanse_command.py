"""`kumitate cleanse`: any table in, every row out, typed, with what was done and why."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from kumitate.cli.main import main

MEMBERS = """会員番号,姓 名,メール,電話番号,住所,生年月日,備考
1,山田　太郎,ＴＡＲＯ@example.com,090-1234-5678,千代田区紀尾井町一丁目２番３号,昭和50年1月2日,x
2,髙橋 花子,hanako@example,0312345678,東京都港区芝浦1-14-8-405,2090-01-01,
3,,a@example.jp,,不明,1990/02/03,"a,b"
"""
RULES = """columns:
  email: {from: メール, type: email, required: true}
  address: {from: 住所, type: address}
  city: {part: address.city}
  address_key: {part: address.key}
"""


@pytest.fixture
def members(tmp_path: Path) -> Path:
    file = tmp_path / "members.csv"
    file.write_text(MEMBERS, encoding="utf-8")
    return file


def cleanse(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["cleanse", *map(str, words)])


def refused(*words: str | Path) -> str:
    result = cleanse(*words)
    assert result.exit_code == 1, result.output
    return result.stderr


def rules(folder: Path, text: str) -> Path:
    file = folder / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_rules_columns_are_recognised_and_come_out_typed(members: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.parquet"
    result = cleanse("--in", members, "--out", out)
    assert result.exit_code == 0, result.output
    table = pq.read_table(out)
    assert table.column_names == [*MEMBERS.partition("\n")[0].split(","), "_changes", "_originals"]
    assert table.schema.field("生年月日").type == pa.date32()
    assert table["メール"].to_pylist() == ["taro@example.com", None, "a@example.jp"]
    assert table["電話番号"].to_pylist() == ["+819012345678", "+81312345678", None]
    assert table["住所"].to_pylist() == ["東京都千代田区紀尾井町1-2-3", "東京都港区芝浦1-14-8 405", "不明"]


def test_each_change_and_each_original_stands_beside_its_row(members: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.jsonl"
    assert cleanse("--in", members, "--out", out).exit_code == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert "姓 名:width" in rows[0]["_changes"], "a header with a blank stays one name"
    assert json.loads(rows[0]["_originals"])["姓 名"] == "山田　太郎"
    assert "メール:email.invalid" in rows[1]["_changes"]
    assert json.loads(rows[1]["_originals"])["メール"] == "hanako@example"
    assert rows[2]["住所"] == "不明"
    assert "住所:address_unparsed" in rows[2]["_changes"]


def test_rules_name_columns_their_parts_and_what_is_required(members: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.parquet"
    result = cleanse("--rules", rules(tmp_path, RULES), "--in", members, "--out", out)
    assert result.exit_code == 0, result.output
    table = pq.read_table(out)
    assert table["city"].to_pylist() == ["千代田区", "港区", None]
    assert table["address_key"].to_pylist() == ["東京都|千代田区|紀尾井町|1-2-3", "東京都|港区|芝浦|1-14-8", None]
    assert table["_reason"].to_pylist() == [None, "email:email.invalid", None], "every row is kept"


def test_the_summary_adds_up_and_shows_nobody(members: Path) -> None:
    result = cleanse("--in", members, "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["rows"] == 3
    columns = {column["column"]: column for column in told["columns"]}
    mail = columns["メール"]
    assert (mail["filled"], mail["changed"], mail["unusable"]) == (3, 1, 1)
    invalid = next(each for each in mail["reasons"] if each["code"] == "email.invalid")
    assert (invalid["kind"], invalid["rows"], invalid["samples"]) == ("unusable", 1, ["h***@e***"])
    shown = cleanse("--in", members, "--dry-run")
    for personal in ("山田", "花子", "hanako", "090", "紀尾井町"):
        assert personal not in shown.stdout + result.stdout


def test_a_dry_run_writes_nothing_and_a_run_needs_a_file(members: Path, tmp_path: Path) -> None:
    assert cleanse("--in", members, "--dry-run").exit_code == 0
    assert [file.name for file in tmp_path.iterdir()] == ["members.csv"]
    assert cleanse("--in", members).exit_code == 2
    assert cleanse("--in", members, "--out", tmp_path / "x.csv", "--dry-run").exit_code == 2


def test_a_rule_for_a_missing_column_is_named_by_line(members: Path, tmp_path: Path) -> None:
    wrong = rules(tmp_path, RULES.replace("メール", "mail"))
    assert "rules.yaml:2 columns.email.from: unknown column 'mail'" in refused(
        "--rules", wrong, "--in", members, "--dry-run"
    )


ABROAD = """id,email,country,zip_code,phone
1,a@example.com,UNITED STATES,50076,(214) 555-0123
2,b@example.com,UNITED KINGDOM,sw1a1aa,0161 496 0958
3,c@example.com,JAPAN,1000001,03-1234-5678
"""


@pytest.mark.parametrize("land", ["by values", "declared", "unknown", "said"])
def test_numbers_are_read_as_in_the_country_that_the_row_tells(tmp_path: Path, land: str) -> None:
    text = ABROAD.replace("country", "x") if land == "declared" else ABROAD
    if land in ("unknown", "said"):
        text = "\n".join(",".join((*row[:2], *row[3:])) for row in (line.split(",") for line in ABROAD.split("\n")))
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    columns = "columns: {phone: {type: phone, country: land}, land: {type: country, from: x}}"
    asked = {"declared": columns, "said": "country: US"}.get(land, "{}")
    out = tmp_path / "clean.parquet"
    result = cleanse("--in", tmp_path / "a.csv", "--rules", rules(tmp_path, asked), "--out", out)
    assert result.exit_code == 0, result.output
    phones = {
        "unknown": ["(214) 555-0123", "0161 496 0958", "+81312345678"],
        "said": ["+12145550123", None, None],
    }.get(land, ["+12145550123", "+441614960958", "+81312345678"])
    assert pq.read_table(out)["phone"].to_pylist() == phones
    zips = {"unknown": ["50076", "sw1a1aa", "100-0001"], "said": ["50076", None, None]}
    if land != "declared":
        assert pq.read_table(out)["zip_code"].to_pylist() == zips.get(land, ["50076", "SW1A 1AA", "100-0001"])


def test_the_column_of_a_like_name_tells_the_country_where_there_are_several(tmp_path: Path) -> None:
    text = "ship_country,bill_country,bill_phone,ship_phone\nGB,US,(214) 555-0123,0161 496 0958\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    out = tmp_path / "clean.parquet"
    assert cleanse("--in", tmp_path / "a.csv", "--out", out).exit_code == 0
    found = pq.read_table(out)
    assert (found["bill_phone"][0].as_py(), found["ship_phone"][0].as_py()) == ("+12145550123", "+441614960958")


@pytest.mark.parametrize("hidden", ["email", "city"])
def test_a_column_that_a_rule_would_hide_is_named(members: Path, tmp_path: Path, hidden: str) -> None:
    members.write_text(MEMBERS.replace("備考", hidden), encoding="utf-8")
    said = refused("--rules", rules(tmp_path, RULES), "--in", members, "--dry-run")
    assert f"columns.{hidden}" in said
    assert "would be lost" in said


@pytest.mark.parametrize("target", ["nowhere/clean.csv", "clean.txt"])
def test_a_target_that_cannot_be_written_is_said_before_the_work(members: Path, tmp_path: Path, target: str) -> None:
    assert target.rpartition("/")[2] in refused("--in", members, "--out", tmp_path / target)
    assert "… read" not in refused("--in", members, "--out", tmp_path / target)


def test_what_was_cleansed_already_is_told(members: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.csv"
    assert cleanse("--in", members, "--out", out).exit_code == 0
    assert "_changes" in refused("--in", out, "--dry-run")


def test_lines_in_another_encoding_are_read_as_such(members: Path, tmp_path: Path) -> None:
    members.write_bytes(members.read_bytes() + "4,高橋,b@example.jp,,,,\n".encode("cp932"))
    out = tmp_path / "clean.jsonl"
    result = cleanse("--in", members, "--out", out)
    assert "some is in cp932 among UTF-8" in result.stdout
    assert json.loads(out.read_text(encoding="utf-8").splitlines()[3])["姓 名"] == "高橋"
    assert json.loads(cleanse("--in", members, "--dry-run", "--json").stdout)["mixed_with"] == "cp932"


def test_a_second_column_of_one_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("email,email\na@example.jp,b@example.jp\n", encoding="utf-8")
    result = cleanse("--in", tmp_path / "a.csv", "--dry-run", "--json")
    columns = {column["column"]: column["why"] for column in json.loads(result.stdout)["columns"]}
    assert columns["email (2)"].endswith("; another column 'email' of the file")
    assert "another" not in columns["email"]


def test_a_table_without_rows_comes_out_without_rows(tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("メール,住所\n", encoding="utf-8")
    out = tmp_path / "clean.parquet"
    result = cleanse("--in", tmp_path / "none.csv", "--out", out)
    assert result.exit_code == 0, result.output
    assert pq.read_table(out).num_rows == 0


def test_a_doubtful_guess_that_would_cost_values_is_not_followed(tmp_path: Path) -> None:
    values = [*(f"090-1234-{number:04}" for number in range(15)), *(f"ext {number}" for number in range(5))]
    (tmp_path / "a.csv").write_text("x\n" + "\n".join(values), encoding="utf-8")
    out = tmp_path / "clean.parquet"
    assert cleanse("--in", tmp_path / "a.csv", "--out", out).exit_code == 0
    assert pq.read_table(out)["x"].null_count == 0


def test_the_table_that_is_read_is_never_written_over(members: Path, tmp_path: Path) -> None:
    (tmp_path / "again.csv").symlink_to(members)
    for out in (members, tmp_path / "again.csv"):
        assert "is the table that is read" in refused("--in", members, "--out", out)
    assert members.read_text(encoding="utf-8") == MEMBERS


@pytest.mark.parametrize(
    ("type_", "format_", "says"),
    [
        ("date", "YYYY/MM/DD", "names no year; write such as '%Y/%m/%d'"),
        ("birthdate", "%d/%m", "names no year"),
        ("timestamp", "%Y-%m-%d %Q", "is no format of strptime"),
        ("money", "1.234", "is no notation of numbers; write one of '1.234,56'"),
    ],
)
def test_a_format_that_no_value_can_have_is_refused(
    type_: str, format_: str, says: str, members: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(f"columns:\n  born: {{from: 生年月日, type: {type_}, formats: ['{format_}']}}\n", encoding="utf-8")
    told = refused("--in", members, "--rules", rules, "--dry-run")
    assert "rules.yaml:2 columns.born" in told
    assert says in told
