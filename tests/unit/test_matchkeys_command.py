"""`kumitate matchkeys`: any file of people in, what each platform can look for out, values masked."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from kumitate.cli.main import main

PEOPLE = """メール,電話番号,姓,名,郵便番号,市区町村,国,メモ
Taro@Example.com,０９０－１２３４－５６７８,山田,太郎,〒150-0001,大阪市,JP,x
nobody,,髙橋,花子,100,,,y
,,,,,,,z
"""


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(params=["utf-8", "utf-8-sig", "cp932"])
def people(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    file = tmp_path / "members.csv"
    file.write_text(PEOPLE.replace("髙", "高") if request.param == "cp932" else PEOPLE, encoding=request.param)
    return file


def matchkeys(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["matchkeys", *map(str, words)])


def answer(*words: str | Path) -> Any:
    result = matchkeys(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_persons_keys_come_as_the_platform_would_get_them(people: Path) -> None:
    told = answer("--platform", "meta", "--in", people)
    first, second, third = told["rows"]
    assert first["keys"]["email"] == sha("taro@example.com")
    assert first["keys"]["phone"] == sha("819012345678")
    assert first["keys"]["city"] == sha("大阪市")
    assert first["dropped"] == {}
    assert second["dropped"] == {"email": "email.invalid", "postal_code": "postal_code.invalid"}
    assert second["keys"]["given_name"] == sha("花子")
    assert third["keys"].keys() == {"country"}
    assert told["columns"]["email"] == "メール"
    assert told["unread"] == ["メモ"]


def test_figures_say_who_can_be_looked_for_and_why_the_others_cannot(people: Path) -> None:
    (figures,) = answer("--platform", "google", "--in", people, "--summary")["platforms"]
    assert (figures["people"], figures["usable"], figures["rules"]) == (3, 1, "google_data_manager.v1")
    assert figures["fields"]["email"] == {
        "filled": 2,
        "usable": 1,
        "dropped": {"email.invalid": 1},
        "samples": ["n***** (email.invalid)"],
    }


def test_all_platforms_stand_side_by_side(people: Path) -> None:
    told = answer("--platform", "all", "--in", people)
    usable = {each["platform"]: each["usable"] for each in told["platforms"]}
    assert usable["meta"] == 1
    assert usable["line"] == 0
    phones = [told["rows"][0][name]["keys"]["phone"] for name in ("google", "meta", "yahoo_conversion")]
    assert phones == [sha("+819012345678"), sha("819012345678"), sha("09012345678")]


def test_the_screen_shows_no_value_and_no_hash(people: Path) -> None:
    result = matchkeys("--in", people)
    assert result.exit_code == 0, result.output
    for hidden in ("taro", "Taro", "1234", "nobody", "山田", "大阪市", sha("taro@example.com")):
        assert hidden not in result.output
    assert "メール is read as email" in result.stderr


def test_readable_keys_are_what_is_hashed(people: Path) -> None:
    (first, *_) = answer("--platform", "tiktok", "--in", people, "--readable")["rows"]
    assert first["keys"] == {"email": "taro@example.com", "phone": "+819012345678"}


def test_keys_go_to_a_file_of_their_own(people: Path, tmp_path: Path) -> None:
    out = tmp_path / "keys.csv"
    assert matchkeys("--platform", "x", "--in", people, "--out", out).exit_code == 0
    rows = pc_csv.read_csv(out).to_pylist()
    assert [row["email"] for row in rows] == [sha("taro@example.com"), "", ""]
    assert rows[1]["dropped"] == "email:email.invalid"
    parquet = tmp_path / "keys.parquet"
    assert matchkeys("--in", people, "--out", parquet).exit_code == 0
    assert "meta.email" in pq.read_table(parquet).column_names


def test_parquet_and_full_names_are_read_too(tmp_path: Path) -> None:
    file = tmp_path / "p.parquet"
    pq.write_table(pa.table({"氏名": ["髙橋　一郎"], "フリガナ": ["タカハシ イチロウ"], "zip": ["1000001"]}), file)
    (row,) = answer("--platform", "meta", "--in", file, "--readable")["rows"]
    assert row["keys"].items() >= {"family_name": "takahashi", "given_name": "ichiro"}.items()
    (row,) = answer("--platform", "google", "--in", file, "--readable")["rows"]
    assert row["keys"].items() >= {"family_name": "髙橋", "given_name": "一郎", "postal_code": "100-0001"}.items()


def test_another_country_reads_phones_its_own_way(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("phone,postal_code\n(650) 555-1212,94035-1234\n")
    (row,) = answer("--platform", "meta", "--in", file, "--country", "us", "--readable")["rows"]
    assert row["keys"] == {"phone": "16505551212", "postal_code": "94035", "country": "us"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--platform", "mta"), "unknown platform 'mta'; there are google, meta"),
        (("--platform", "meta", "--segment", "vips"), "one of --in FILE, --segment NAME and --sync NAME"),
    ],
)
def test_a_slip_is_told(people: Path, words: tuple[str, ...], said: str) -> None:
    result = matchkeys("--in", people, *words)
    assert result.exit_code != 0
    assert said in result.stderr


def test_a_file_without_any_key_says_which_headings_are_known(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("a,b\n1,2\n")
    result = matchkeys("--in", file)
    assert result.exit_code == 1
    assert "no column is known as a match key; name columns email, phone" in result.stderr


def test_a_country_that_is_none_is_refused_before_it_spoils_every_number(people: Path) -> None:
    refused = matchkeys("--in", people, "--country", "Atlantis")
    assert refused.exit_code == 2
    assert "'Atlantis' is no country; give its two letters" in refused.output
    american = answer("--platform", "meta", "--in", people, "--country", "usa", "--readable")
    assert american["rows"][2]["keys"]["country"] == "us"


def test_a_file_that_cannot_be_written_is_told_before_anybody_is_looked_at(tmp_path: Path) -> None:
    unread = tmp_path / "members.csv"
    unread.write_text("nothing,known\n1,2\n", encoding="utf-8")
    refused = matchkeys("--in", unread, "--out", tmp_path / "keys.txt")
    assert refused.exit_code == 1
    assert "keys.txt: unknown ending" in refused.stderr
