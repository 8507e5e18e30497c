"""`kumitate resolve` on files: what it writes, what it says, and how it refuses what cannot be resolved."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from kumitate.cleanse.rules import RULES_VERSION
from kumitate.cli.main import main

CUSTOMERS = """no,name,born,email,person
1,山田 太郎,1980-01-02,taro@x.jp,a
2,山田　太郎,1980/1/2,,a
3,佐藤 花子,1990-05-05,hanako@x.jp,b
4,佐藤 花子,1990-05-05,HANAKO@X.JP,b
5,鈴木 一郎,1971-02-03,ichiro@x.jp,c
"""
RULES = """record_id: no
columns:
  name: {type: name}
  born: {type: birthdate}
identifiers: {email: email}
person:
  identifiers: {email: {type: email}}
  rules:
    name_born: {match: [name, born]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    return tmp_path


def resolve(folder: Path, *words: str, table: str = "customers.csv", rules: str = "rules.yaml") -> Result:
    given = ["--rules", str(folder / rules)] if rules else []
    return CliRunner().invoke(main, ["resolve", "--in", str(folder / table), *given, *words])


def facts(folder: Path, *words: str, **files: str) -> dict[str, Any]:
    result = resolve(folder, *words, "--json", **files)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_clusters_are_written_with_the_tables_own_ids(folder: Path) -> None:
    found = facts(folder, "--out", str(folder / "c.parquet"))
    assert (found["records"], found["persons"], found["largest"]) == (5, 3, 2)
    clusters = pq.read_table(folder / "c.parquet")
    assert clusters.column_names == ["record", "person_id", "person_since", "no"]
    person = {row["no"]: row["person_id"] for row in clusters.to_pylist()}
    assert person["1"] == person["2"] != person["3"]


def test_the_truth_is_scored_with_and_never_looked_at(folder: Path) -> None:
    found = facts(folder, "--truth", "person")
    assert found["score"]["pairs"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert found["score"]["b_cubed"]["f1"] == 1.0
    assert "person" not in {column["from"] for column in found["columns"]}
    assert "B-cubed" in resolve(folder, "--truth", "person").stdout


def test_without_rules_the_output_says_which_apply(folder: Path) -> None:
    found = facts(folder, "--truth", "person", "--model", "none", rules="")
    assert (found["rules"], found["record_id"], found["persons"]) == ("shipped", "no", 3)
    assert ["full_name", "birthdate"] in found["match"].values()
    assert "the rules that ship" in resolve(folder, "--dry-run", rules="").stdout


def test_ids_last_from_one_call_to_the_next(folder: Path) -> None:
    out, events = str(folder / "c.csv"), folder / "events.csv"
    facts(folder, "--out", out)
    before = (folder / "c.csv").read_text()
    shuffled = CUSTOMERS.splitlines()
    (folder / "customers.csv").write_text("\n".join([shuffled[0], *reversed(shuffled[1:])]) + "\n")
    again = facts(folder, "--previous", out, "--out", out, "--events", str(events))
    assert (again["events"], (folder / "c.csv").read_text()) == ({}, before)


def test_a_delta_is_taken_in(folder: Path) -> None:
    (folder / "new.csv").write_text("no,name,email,_deleted\n6,鈴木,ichiro@x.jp,\n3,,,true\n", encoding="utf-8")
    found = facts(folder, "--delta", str(folder / "new.csv"), "--out", str(folder / "c.parquet"))
    assert (found["records"], found["persons"], found["deltas"][0]["rows"]) == (5, 3, 2)
    person = {row["no"]: row["person_id"] for row in pq.read_table(folder / "c.parquet").to_pylist()}
    assert person["6"] == person["5"]
    assert "3" not in person


def test_a_delta_tells_deletions_and_older_versions_apart_in_plain_words(folder: Path) -> None:
    (folder / "new.csv").write_text(
        "no,name,email,_deleted\n5,鈴木,ichiro@x.jp,\n3,,,true\n9,,,true\n", encoding="utf-8"
    )
    said = resolve(folder, "--delta", str(folder / "new.csv")).stdout
    assert "older versions of a record, passed over: 1 row\n" in said
    assert "taken out by a delta: 1 record\n" in said
    assert "delta 1: 3 rows in " in said
    assert not any("{" in line or "'" in line for line in said.splitlines() if line.startswith("delta"))


def test_ids_that_hang_on_lines_come_with_a_warning(folder: Path) -> None:
    (folder / "rules.yaml").write_text(RULES.replace("record_id: no\n", ""), encoding="utf-8")
    out = str(folder / "c.parquet")
    assert "--record-id" not in resolve(folder, "--out", out).stderr
    assert "--record-id" in resolve(folder, "--previous", out).stderr


def test_events_since_the_last_time_are_those_of_the_file_and_of_all_deltas(folder: Path) -> None:
    """Ids of records that only a delta brings last, too."""
    (folder / "first.csv").write_text("no,name,email,_deleted\n6,鈴木,new@x.jp,\n", encoding="utf-8")
    (folder / "second.csv").write_text("no,name,email,_deleted\n3,,,true\n4,,,true\n", encoding="utf-8")
    first = ("--delta", str(folder / "first.csv"))
    facts(folder, *first, "--out", str(folder / "a.parquet"))
    same = facts(folder, *first, "--previous", str(folder / "a.parquet"), "--out", str(folder / "b.parquet"))
    assert same["events"] == {}
    assert pq.read_table(folder / "a.parquet") == pq.read_table(folder / "b.parquet")
    text = (folder / "customers.csv").read_text(encoding="utf-8")
    (folder / "customers.csv").write_text(text + "7,高橋 一,1961-01-01,seven@x.jp,d\n", encoding="utf-8")
    later = (*first, "--delta", str(folder / "second.csv"), "--previous", str(folder / "a.parquet"))
    assert facts(folder, *later)["events"] == {"created": 1, "retired": 1}


def test_edges_tell_the_rule_that_ties(folder: Path) -> None:
    facts(folder, "--edges", str(folder / "e.jsonl"))
    rows = [json.loads(line) for line in (folder / "e.jsonl").read_text().splitlines()]
    assert {(row["left_record"], row["right_record"], row["rule"]) for row in rows} == {
        ("3", "4", "email"),
        ("1", "2", "rule:name_born"),
        ("3", "4", "rule:name_born"),
    }


def test_a_trained_model_is_kept_and_used_again(folder: Path) -> None:
    model = folder / "model.json"
    facts(folder, "--model", "train", "--save-model", str(model), rules="")
    assert json.loads(model.read_text())["kumitate_model"] == 1
    assert facts(folder, "--model", str(model), rules="")["persons"] == 3
    model.write_text(model.read_text().replace('"kumitate_model": 1', '"kumitate_model": 9'))
    result = resolve(folder, "--model", str(model), rules="")
    assert result.exit_code == 1
    assert "model.json:1: is a model of version 9, this Kumitate reads 1; train it anew" in result.output


def test_a_saved_model_tells_what_it_was_learned_from_also_when_it_is_saved_again(folder: Path) -> None:
    first, again = folder / "first.json", folder / "again.json"
    (folder / "more.csv").write_text("no,name\n6,高橋 三郎\n", encoding="utf-8")
    more = ("--record-id", "no", "--delta", str(folder / "more.csv"))
    before = datetime.now(UTC).date()
    facts(folder, *more, "--model", "train", "--save-model", str(first), rules="")
    told = json.loads(first.read_text())
    assert told["rules_version"] == RULES_VERSION
    assert told["trained_on"]["rows"] == 5
    assert before <= date.fromisoformat(told["trained_on"]["date"]) <= datetime.now(UTC).date()
    told["trained_on"] = {"rows": 9, "date": "2025-01-31"}
    first.write_text(json.dumps(told), encoding="utf-8")
    facts(folder, "--model", str(first), "--save-model", str(again), rules="")
    assert json.loads(again.read_text())["trained_on"] == {"rows": 9, "date": "2025-01-31"}


def test_stewards_decide_and_contradictions_are_refused(folder: Path) -> None:
    links = folder / "links.csv"
    header = "left,right,link,author,reason,at\n"
    links.write_text(f"{header}1,2,cannot,Ito,father and son,2026-03-01\n1,5,must,Ito,asked,2026-03-01\n")
    assert facts(folder, "--links", str(links))["persons"] == 3
    links.write_text(f"{header}1,2,cannot,Ito,x,2026-03-01\n2,1,must,Abe,y,2026-03-02\n")
    result = resolve(folder, "--links", str(links))
    assert result.exit_code == 1
    assert "cannot-link by Ito" in result.output
    assert "must-link by Abe" in result.output


def test_decisions_on_records_that_are_not_there_are_told_by_file_and_line(folder: Path) -> None:
    links = folder / "links.csv"
    links.write_text("left,right,link,author,reason,at\n1,5,must,Ito,x,2026-03-01\n1,77,must,Ito,x,2026-03-01\n")
    assert facts(folder, "--links", str(links))["decisions"] == {"given": 2, "without_records": [f"{links}:3"]}
    said = resolve(folder, "--links", str(links)).stdout
    assert f"1 of them decide nothing, the table has not the records they name: {links}:3;" in said
    (folder / "new.csv").write_text("no,_deleted\n77,\n1,true\n", encoding="utf-8")
    found = facts(folder, "--links", str(links), "--delta", str(folder / "new.csv"))
    assert found["decisions"]["without_records"] == [f"{links}:2", f"{links}:3"]


def test_where_results_cannot_go_is_said_before_the_work(folder: Path) -> None:
    (folder / "customers.csv").write_text("")
    assert "unknown ending" in resolve(folder, "--out", str(folder / "c.xyz")).output
    assert "there is no folder" in resolve(folder, "--events", str(folder / "none/e.csv")).output


def test_whoever_would_lose_ids_is_warned(folder: Path) -> None:
    out = str(folder / "c.csv")
    assert "warning" not in resolve(folder, "--out", out).stderr
    assert f"Give --previous {out}, and persons keep their ids" in resolve(folder, "--out", out).stderr
    assert "warning" not in resolve(folder, "--out", out, "--previous", out).stderr


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("customers.csv", "no,name,born,email\n", "holds no rows, only a header"),
        ("customers.csv", "", "holds nothing, not even a header"),
        ("customers.csv", CUSTOMERS.replace("\n5,", "\n4,"), "stands twice, in lines 5 and 6"),
        ("customers.csv", CUSTOMERS.replace("\n5,", "\n,"), "column 'no' names no record in 1 rows, first in line 6"),
        ("rules.yaml", RULES.replace("[name, born]", "[name, brn]"), "rules.yaml:9 person.rules.name_born.match[1]: "),
        ("rules.yaml", RULES.replace("record_id: no", "record_id: nr"), "rules.yaml:1 record_id: unknown column 'nr'"),
        ("rules.yaml", RULES.replace("email: email", "email: mail", 1), "rules.yaml:5 identifiers.email: "),
    ],
)
def test_what_cannot_be_resolved_is_refused(folder: Path, file: str, text: str, said: str) -> None:
    (folder / file).write_text(text, encoding="utf-8")
    result = resolve(folder)
    assert result.exit_code == 1
    assert said in result.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--truth", "persn"), 1, "--truth: unknown column 'persn'"),
        (("--record-id", "nmbr"), 1, "--record-id: unknown column 'nmbr'"),
        (("--model", "trian"), 2, "'trian' is neither `train` nor `none` nor a model's file"),
        (("--previous", "customers.csv"), 1, "has no column 'record'; give the clusters"),
        (("--out", "c.xyz"), 1, "unknown ending"),
        (("--out", "none/c.csv"), 1, "there is no folder"),
        (("--save-model", "none/model.json"), 1, "there is no folder"),
    ],
)
def test_an_option_that_names_nothing_is_refused(folder: Path, words: tuple[str, ...], code: int, said: str) -> None:
    words = tuple(str(folder / word) if "." in word else word for word in words)
    result = resolve(folder, *words)
    assert result.exit_code == code
    assert said in result.output


def test_values_that_cannot_be_used_are_counted_and_nothing_personal_is_said(folder: Path) -> None:
    text = CUSTOMERS.replace("ichiro@x.jp", '"[""ichiro@x.jp""]"').replace("1971-02-03", "2971-02-03")
    (folder / "customers.csv").write_text(text + "6,田中 👩‍👩‍👧 葛󠄀城,1980-02-03,,d\n", encoding="utf-8")
    result = resolve(folder)
    assert result.exit_code == 0, result.output
    assert "identifier.several_values" in result.stdout
    for personal in ("taro", "山田", "ichiro"):
        assert personal not in result.output


def test_lines_in_several_encodings_are_read(folder: Path) -> None:
    lines = CUSTOMERS.splitlines(keepends=True)
    mixed = b"".join(line.encode("cp932" if place == 2 else "utf-8") for place, line in enumerate(lines))
    (folder / "customers.csv").write_bytes(mixed)
    assert facts(folder)["persons"] == 3


def test_columns_of_lists_of_nothing_and_of_endless_texts_are_no_trouble(folder: Path) -> None:
    table = pa.table(
        {
            "no": [1, 2, 3],
            "email": [["a@x.jp", "b@x.jp"], ["a@x.jp", "b@x.jp"], None],
            "phone": pa.nulls(3),
            "first_name": ["太郎", "太郎", "あ" * 3_000_000],
        }
    )
    pq.write_table(table, folder / "t.parquet")
    kinds = "identifiers: {email: {type: email}, phone: {type: phone}}, rules: {names: {match: [first_name, phone]}}"
    (folder / "rules.yaml").write_text(
        f"record_id: no\ncolumns: {{first_name: {{type: name}}}}\nperson: {{{kinds}}}\n", encoding="utf-8"
    )
    found = facts(folder, table="t.parquet")
    assert found["persons"] == 3
    assert found["unusable"]["email"]["identifier.several_values"] == 2
    assert found["unusable"]["first_name"] == {"name.too_long": 1}
    assert facts(folder, "--model", "none", table="t.parquet", rules="")["persons"] == 3


def test_rules_none_of_whose_kinds_the_table_has_are_refused(folder: Path) -> None:
    (folder / "other.yaml").write_text("person:\n  identifiers: {customer_no: {}}\n", encoding="utf-8")
    refused = resolve(folder, rules="other.yaml")
    assert refused.exit_code == 1
    assert "no column of" in refused.stderr
    assert "states customer_no; it has no, name, born, email, person" in refused.stderr
    (folder / "other.yaml").write_text("person:\n  identifiers: {customer_no: {}, email: {}}\n", encoding="utf-8")
    assert facts(folder, rules="other.yaml")["persons"] == 4
