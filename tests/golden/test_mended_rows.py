"""From quarantine to a sheet and back: what was mended is taken in, what is still wrong returns."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.projects import BAKERY, copy_of, rows
from kumitate.cli.main import main

pytestmark = pytest.mark.slow

HEADER = "numero;prenom;nom;courriel;telephone;points;modifie\n"
ROWS = ";Anne;Roux;anne@example.com;;5;02/01/2026 09:30\n;Luc;Roux;luc@example.com;;7;02/01/2026 09:31\n3;too;few\n"


def kumitate(root: Path, *arguments: str) -> Any:
    result = CliRunner().invoke(main, [*arguments, "--project", str(root)])
    assert result.exit_code == 0, result.output
    return result.stdout


def quarantine(root: Path) -> list[tuple[Any, ...]]:
    found = json.loads(kumitate(root, "quarantine", "show", "--all", "--unmask", "--json"))
    return sorted((row["line"], row["reason"], row["open"], row["closed_as"]) for row in found)


def edit(sheet: Path, **by_line: dict[str, str]) -> None:
    lines = list(csv.DictReader(sheet.read_text(encoding="utf-8-sig").splitlines()))
    edited = [line | by_line.get(f"line_{line['_line']}", {}) for line in lines]
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(edited)


def test_mended_rows_are_taken_in_and_those_still_wrong_can_be_mended_again(tmp_path: Path) -> None:
    root, sheet, again = copy_of(BAKERY, tmp_path / "bakery"), tmp_path / "rows.csv", tmp_path / "again.csv"
    (root / "data/clients.csv").write_text(HEADER + ROWS, encoding="utf-8")
    kumitate(root, "run", "--until", "cleanse")
    kumitate(root, "quarantine", "export", "--source", "clients", "--out", str(sheet))
    assert sheet.stat().st_mode & 0o077 == 0
    whole = {"numero": "3", "prenom": "Zoe", "nom": "Few", "modifie": "02/01/2026 09:32"}
    edit(sheet, line_2={"numero": "1"}, line_4=whole, line_3={"nom": "Rousse"})
    told = json.loads(kumitate(root, "quarantine", "mend", str(sheet), "--dry-run", "--json"))
    assert (told["rows"], told["columns"]["numero"], told["delivery"]) == (3, 2, "")
    kumitate(root, "quarantine", "mend", str(sheet), "--note", "asked by phone", "--author", "desk")
    kumitate(root, "run", "--until", "cleanse")
    assert quarantine(root) == [
        (2, "required.missing", False, "mended"),
        (3, "required.missing", True, None),
        (4, "row.columns", False, "mended"),
    ]
    assert rows(root, "select numero, nom, _line from clean.clients order by 1") == [("1", "Roux", 2), ("3", "Few", 4)]
    kumitate(root, "quarantine", "export", "--source", "clients", "--out", str(again))
    edit(again, line_3={"numero": "2"})
    kumitate(root, "quarantine", "mend", str(again))
    kumitate(root, "run", "--until", "cleanse")
    assert [each for each in quarantine(root) if each[2]] == []
    assert rows(root, "select nom from clean.clients where numero = '2'") == [("Rousse",)]
    assert json.loads(kumitate(root, "status", "--json"))["sums_broken"] == 0
    assert rows(root, "select distinct author, note from quarantine.replays where line = 2") == [
        ("desk", "asked by phone")
    ]
