"""`kumitate resolve` says what speaks against a result that came out without an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kumitate.cli.main import main

ROWS = "id,full_name,email\n1,山田 太郎,taro@x.jp\n2,山田 太郎,taro@x.jp\n3,佐藤 花子,hanako@x.jp\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "names.csv").write_text(ROWS.replace("email", "e").replace("@", ""), encoding="utf-8")
    (tmp_path / "strange.csv").write_text("x,y\n1,2\n3,4\n", encoding="utf-8")
    return tmp_path


def resolve(folder: Path, table: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["resolve", "--in", str(folder / table), *words])


@pytest.fixture
def model(folder: Path) -> Path:
    saved = folder / "model.json"
    assert resolve(folder, "rows.csv", "--save-model", str(saved)).exit_code == 0
    return saved


def test_a_table_in_which_nothing_ties_two_rows_is_told(folder: Path) -> None:
    found = resolve(folder, "strange.csv")
    assert found.exit_code == 0
    assert "no column is recognised as telling who somebody is; say which do with --rules" in found.stderr
    assert "warning" not in resolve(folder, "rows.csv").stderr


def test_a_model_that_knows_none_of_the_tables_columns_is_refused(folder: Path, model: Path) -> None:
    found = resolve(folder, "strange.csv", "--model", str(model), "--out", str(folder / "c.csv"))
    assert found.exit_code == 1
    assert "strange.csv has no such column; train one on it with --model train" in found.stderr
    assert not (folder / "c.csv").exists()


def test_what_a_model_compares_and_the_table_has_not_is_told(folder: Path, model: Path) -> None:
    found = resolve(folder, "names.csv", "--model", str(model))
    assert found.exit_code == 0
    assert "the model compares email, which the table has not" in found.stderr
    assert "warning" not in resolve(folder, "rows.csv", "--model", str(model)).stderr


def test_a_model_learned_from_values_cleansed_by_other_rules_is_told(folder: Path, model: Path) -> None:
    told = json.loads(model.read_text(encoding="utf-8"))
    model.write_text(json.dumps({**told, "rules_version": "0"}), encoding="utf-8")
    found = resolve(folder, "rows.csv", "--model", str(model))
    assert found.exit_code == 0
    assert "cleansed by rules of version 0" in found.stderr


@pytest.mark.parametrize("words", [("--out", "{rows}"), ("--out", "{new}", "--edges", "{new}")])
def test_no_output_is_written_over_a_file_of_the_same_call(folder: Path, words: tuple[str, ...]) -> None:
    given = [word.format(rows=folder / "rows.csv", new=folder / "new.csv") for word in words]
    found = resolve(folder, "rows.csv", *given)
    assert found.exit_code == 1
    assert "would be lost; write elsewhere" in found.stderr
    assert (folder / "rows.csv").read_text(encoding="utf-8") == ROWS
    assert not (folder / "new.csv").exists()


@pytest.mark.parametrize(
    ("rows", "said"), [("1,p1\n1,p2\n", "a record stands twice"), ("1,p1\n2,\n", "rows without a person_id")]
)
def test_clusters_that_no_run_wrote_are_refused(folder: Path, rows: str, said: str) -> None:
    (folder / "last.csv").write_text("record,person_id\n" + rows, encoding="utf-8")
    found = resolve(folder, "rows.csv", "--previous", str(folder / "last.csv"))
    assert found.exit_code == 1
    assert f"last.csv: {said}; give the clusters as an earlier run wrote them" in found.stderr
