"""Every command of the command line, on the tiny bakery after one run."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from harness.projects import BAKERY, copy_of
from kumitate.cli.main import main

pytestmark = pytest.mark.slow  # each command over a project that has run


def kumitate(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def answer(*arguments: str) -> Any:
    """What a command prints with --json; it must be JSON and nothing else."""
    result = kumitate(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def bakery(bakery: Path) -> str:
    return str(bakery)


def test_a_run_leaves_its_report_beside_the_project(bakery: str) -> None:
    assert (Path(bakery) / "report.html").is_file()


def test_part_of_a_run_tells_progress_beside_the_result_and_its_quarantine_goes_back(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    result = kumitate("run", str(root), "--until", "cleanse", "--json", "--as-of", "2026-03-01T00:00:00+01:00")
    summary = json.loads(result.stdout)
    assert (summary["run_id"], [stage["name"] for stage in summary["stages"]]) == ("r000001", ["ingest", "cleanse"])
    assert "… cleanse" in result.stderr
    assert not (root / "report.html").exists()

    assert kumitate("quarantine", "replay", "--project", str(root)).exit_code == 2
    assert answer("quarantine", "replay", "--all", "--dry-run", "--project", str(root)) == {"would_read_anew": 1}
    sent = answer("quarantine", "replay", "--all", "--project", str(root))
    assert (sent["rows"], sent["left"]) == (1, 0)
    assert answer("quarantine", "list", "--project", str(root))[0]["open"] == 0


def test_a_dry_run_names_the_steps_and_makes_no_lake(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    steps = answer("run", str(root), "--dry-run", "--until", "ingest")
    assert steps == [{"stage": "ingest", "writes": "raw.clients", "how": "ingest", "queries": ""}]
    assert not (root / ".kumitate").exists()


def test_check_counts_what_is_there() -> None:
    found = answer("check", str(BAKERY))
    assert (found["ok"], found["sources"], found["segments"]) == (True, 1, 1)
    assert (found["contracts"], found["triggers"], found["budgets"], found["stewards"]) == (0, 0, 0, 0)
    assert "boulangerie: all good (1 source," in kumitate("check", str(BAKERY)).stdout


def test_what_is_published_is_told_in_json_too() -> None:
    told = answer("contract", "publish", "--dry-run", "--project", str(BAKERY))
    assert told == {"dry_run": True, "published": []}


def test_check_notes_what_only_athena_answers(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    sql = "select person_id, checksum(record) as value from curated.person_records group by person_id"
    (root / "traits/sql.yaml").write_text(f"odd: {{kind: sql, sql: '{sql}'}}\n")
    result = kumitate("check", str(root))
    assert result.exit_code == 0
    assert "note: in the cloud only: traits: " in result.stdout
    assert "CHECKSUM" in result.stdout.upper()


def test_check_prints_every_problem_and_ends_with_1(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    (root / "segments/more.yaml").write_text("a: {when: {trait: points}}\nb: {when: {segment: fidele}}\n")
    result = kumitate("check", str(root))
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 3
    assert "segments/more.yaml:2 b.when.segment: unknown segment 'fidele'; did you mean 'fideles'?" in result.stdout
    told = kumitate("check", str(root), "--json")
    assert told.exit_code == 1
    assert [problem["line"] for problem in json.loads(told.stdout)["problems"]] == [1, 1, 2]


def test_a_broken_project_stops_every_other_command_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "kumitate.yaml").write_text("project: Bad\n")
    result = kumitate("status", "--project", str(tmp_path))
    assert result.exit_code == 1
    assert "kumitate.yaml:1 project: 'Bad' does not match" in result.stderr
    assert "Traceback" not in result.output


def test_commands_find_the_project_above(bakery: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(bakery) / "segments")
    assert answer("status")["project"] == "boulangerie"


def test_without_a_project_the_usage_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = kumitate("status")
    assert result.exit_code == 2
    assert "no kumitate.yaml in this folder or above" in result.stderr


def test_before_the_first_run_there_is_nothing_to_show(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    result = kumitate("status", "--project", str(root))
    assert (result.exit_code, result.stderr) == (1, "kumitate: nothing has run yet; `kumitate run` fills the lake\n")


def test_status_shows_the_run_and_the_sums(bakery: str) -> None:
    found = answer("status", "--project", bakery)
    assert found["runs"][0]["run_id"] == "r000001"
    assert found["sums_broken"] == 0
    assert "clients" in kumitate("status", "--project", bakery).stdout


def test_status_lists_tables_and_columns(bakery: str) -> None:
    assert "person_id" in answer("status", "--project", bakery, "--tables")["curated.profiles"]


def test_query_answers_as_table_json_and_csv(bakery: str) -> None:
    sql = "select prenom, points from clean.clients where points > 100 order by points desc"
    rows = answer("query", sql, "--project", bakery)
    assert rows[0] == {"prenom": "Chloé", "points": 120}
    printed = kumitate("query", sql, "--project", bakery, "--csv").stdout
    assert next(csv.DictReader(io.StringIO(printed))) == {"prenom": "Chloé", "points": "120"}
    assert "Chloé" in kumitate("query", sql, "--project", bakery).stdout


def test_query_without_rows_is_an_empty_list(bakery: str) -> None:
    assert answer("query", "select prenom from clean.clients where points < 0", "--project", bakery) == []


def test_query_says_what_is_wrong_and_ends_with_1(bakery: str) -> None:
    result = kumitate("query", "drop table clean.clients", "--project", bakery)
    assert result.exit_code == 1
    assert "one Athena query" in result.stderr


def test_query_reads_stdin(bakery: str) -> None:
    result = CliRunner().invoke(main, ["query", "-", "--json", "--project", bakery], input="select 1 as one")
    assert json.loads(result.stdout) == [{"one": 1}]


@pytest.mark.parametrize("name", ["segments", "fideles", "alerte_fideles", "points_total"])
def test_explain_prints_sql_of_stages_segments_syncs_and_traits(name: str) -> None:
    queries = answer("explain", name, "--project", str(BAKERY))
    assert all(query["sql"].lower().startswith(("select", "with")) for query in queries)
    assert queries


def test_explain_translates(bakery: str) -> None:
    athena = kumitate("explain", "alerte_fideles", "--project", bakery).stdout
    duckdb = kumitate("explain", "alerte_fideles", "--project", bakery, "--dialect", "duckdb").stdout
    assert "cast(null as varchar)" in athena
    assert "CAST(NULL AS TEXT)" in duckdb


def test_an_unknown_name_is_a_usage_error_with_a_suggestion(bakery: str) -> None:
    for command in ("explain", "segment", "sync"):
        result = kumitate(command, "fidelles" if command != "sync" else "alerte", "--project", bakery)
        assert result.exit_code == 2, command
        assert "unknown" in result.stderr
    assert "did you mean 'ingest'?" in kumitate("run", "--until", "ingestt", "--project", bakery).stderr


def test_a_truth_is_not_passed_over_where_a_run_ends_before_its_report(bakery: str, tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("record,person_id\n", encoding="utf-8")
    result = kumitate("run", "--until", "identity", "--truth", str(tmp_path / "truth.csv"), "--project", bakery)
    assert (result.exit_code, "leave out --until" in result.stderr) == (2, True)


def test_a_segment_shows_size_masked_people_and_sql(bakery: str) -> None:
    found = answer("segment", "fideles", "--project", bakery)
    assert (found["members"], len(found["sample"])) == (2, 2)
    assert {person["prenom"] for person in found["sample"]} == {"A*****", "C****"}
    assert "points_total >= 100" in found["sql"]
    unmasked = answer("segment", "fideles", "--project", bakery, "--unmask", "--sample", "1")
    assert {person["prenom"] for person in unmasked["sample"]} <= {"Amelie", "Chloé"}


@pytest.mark.parametrize("identifier", ["clients/1", "1", "Amelie.Dupont@Example.com", " amelie.dupont@example.com "])
def test_a_person_is_found_by_any_identifier_as_people_write_it(bakery: str, identifier: str) -> None:
    person = answer("profile", identifier, "--project", bakery)
    assert person["attributes"]["courriel"] == "a***@e***.com"
    assert person["segments"] == ["fideles"]
    assert [record["record"] for record in person["records"]] == ["clients/*", "clients/*"]


def test_a_profile_is_masked_unless_asked_otherwise(bakery: str) -> None:
    masked = kumitate("profile", "clients/1", "--project", bakery).output
    assert "Dupont" not in masked
    assert "dupont" not in masked
    assert "Dupont" in kumitate("profile", "clients/1", "--project", bakery, "--unmask").stdout


def test_nobody_and_several_people_are_told_without_repeating_the_value(bakery: str) -> None:
    nobody = kumitate("profile", "zoe@example.com", "--project", bakery)
    assert nobody.exit_code == 1
    assert "zoe" not in nobody.output
    family = kumitate("profile", "02 61 91 55 55", "--project", bakery)
    assert family.exit_code == 1
    assert "several people share this value; ask for one of p" in family.stderr
    assert "91 55" not in family.output


def test_a_rehearsed_sync_sends_and_writes_nothing(bakery: str) -> None:
    before = answer("query", "select count(*) as n from activation.outcomes", "--project", bakery)
    found = answer("sync", "alerte_fideles", "--dry-run", "--project", bakery)
    assert (found["outcomes"], found["invalid"], found["requests"]) == ({"unchanged": 2}, {}, 0)
    assert answer("query", "select count(*) as n from activation.outcomes", "--project", bakery) == before


@pytest.mark.slow
def test_a_rehearsal_before_the_first_delivery_counts_creates(tmp_path: Path) -> None:
    root = str(copy_of(BAKERY, tmp_path / "boulangerie"))
    assert kumitate("run", root, "--until", "segments").exit_code == 0
    found = answer("sync", "alerte_fideles", "--dry-run", "--project", root)
    assert found["outcomes"] == {"create": 2}
    assert found["requests"] > 0
    delivered = answer("sync", "alerte_fideles", "--project", root)
    assert (delivered["candidates"], delivered["delivered"]) == (2, 2)
    assert answer("sync", "alerte_fideles", "--dry-run", "--project", root)["outcomes"] == {"unchanged": 2}


def test_quarantine_lists_and_shows_rows_without_their_values(bakery: str) -> None:
    (row,) = answer("quarantine", "list", "--project", bakery)
    assert (row["source"], row["reason"], row["rows"], row["open"]) == ("clients", "required.missing", 1, 1)
    (shown,) = answer("quarantine", "show", "--project", bakery, "--reason", "required.missing")
    assert (shown["file"], shown["line"], shown["payload"]) == ("data/clients.csv", 7, "")
    assert answer("quarantine", "show", "--project", bakery, "--reason", "date.invalid") == []


def test_help_loads_no_engine() -> None:
    heavy = "{'duckdb', 'pyarrow', 'pydantic', 'pyiceberg', 'sqlglot', 'rich'}"
    code = f"import sys, kumitate.cli.main; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_schema_prints_what_an_editor_needs(tmp_path: Path) -> None:
    assert json.loads(kumitate("schema", "segments").stdout)["title"] == "Kumitate segments"
    assert kumitate("schema", "--output", str(tmp_path / "schemas")).exit_code == 0
    assert (tmp_path / "schemas/settings.schema.json").is_file()
    assert kumitate("schema", "segment").exit_code == 2


def commands(group: click.Group, *names: str) -> Iterator[list[str]]:
    for name, command in group.commands.items():
        yield from commands(command, *names, name) if isinstance(command, click.Group) else [[*names, name]]


@pytest.mark.parametrize("command", [*commands(main)], ids=" ".join)
def test_every_command_has_help_with_examples(command: list[str]) -> None:
    result = kumitate(*command, "--help")
    assert result.exit_code == 0
    assert "Examples:\n    kumitate " in result.stdout


@pytest.mark.parametrize(
    "group", [[], *([name] for name, each in main.commands.items() if isinstance(each, click.Group))]
)
def test_a_group_of_commands_has_help(group: list[str]) -> None:
    assert "Commands:" in kumitate(*group, "--help").stdout


def test_an_unknown_table_is_told_with_near_names_only(bakery: str) -> None:
    result = kumitate("query", "select prenom from clean.client", "--project", bakery)
    assert result.exit_code == 1
    assert "did you mean clean.clients" in result.stderr
    assert "`kumitate status --tables` lists them all" in result.stderr
    assert len(result.stderr) < 300


def test_the_package_itself_is_the_command_line() -> None:
    done = subprocess.run([sys.executable, "-m", "kumitate", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("kumitate, version ")
