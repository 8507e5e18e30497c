"""A row that is sent back from quarantine stays the row of its file, whatever becomes of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.projects import BAKERY, copy_of
from kumitate.cli.main import main

pytestmark = pytest.mark.slow

NOTES = "numero;prenom;nom;courriel;telephone;points;modifie;courriel_2;_origin\n"
ROWS = "1;Anne;Roux;anne@example.com;;5;02/01/2026 09:30;;\n;Luc;Roux;luc@example.com;;7;soon;luc@example.org;desk\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project after one run that refused the file's second row."""
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    (root / "data/clients.csv").write_text(NOTES + ROWS, encoding="utf-8")
    kumitate(root, "run", "--until", "cleanse")
    return root


def kumitate(root: Path, *arguments: str) -> Any:
    result = CliRunner().invoke(main, [*arguments, "--json", "--project", str(root)])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def send_back(root: Path) -> int:
    rows = kumitate(root, "quarantine", "replay", "--all")["rows"]
    kumitate(root, "run", "--until", "cleanse")
    assert isinstance(rows, int)
    return rows


def test_a_row_refused_again_is_counted_once_and_open_where_it_first_stood(root: Path) -> None:
    (first,) = kumitate(root, "quarantine", "show", "--unmask")
    assert (first["file"], first["line"], first["open"]) == ("data/clients.csv", 3, True)
    for _ in range(2):
        assert send_back(root) == 1
        (listed,) = kumitate(root, "quarantine", "list")
        assert (listed["reason"], listed["rows"], listed["open"]) == ("required.missing", 1, 1)
        assert kumitate(root, "quarantine", "show", "--unmask") == [first]
    status = kumitate(root, "status")
    (clients,) = status["sources"]
    assert {name: clients["ever"][name] for name in ("files", "rows_in", "replayed")} == {
        "files": 1, "rows_in": 2, "replayed": 2,
    }  # fmt: skip
    assert status["sums_broken"] == 0


def test_rows_on_their_way_back_are_shown_only_when_all_are_asked_for(root: Path) -> None:
    assert kumitate(root, "quarantine", "replay", "--all")["rows"] == 1
    assert kumitate(root, "quarantine", "show") == []
    (row,) = kumitate(root, "quarantine", "show", "--all")
    assert (row["line"], row["open"]) == (3, False)
    assert kumitate(root, "quarantine", "replay", "--all")["rows"] == 0


def test_a_mended_row_comes_back_with_its_line_and_undeclared_fields(root: Path) -> None:
    clients = root / "sources/clients.yaml"
    mended = clients.read_text(encoding="utf-8").replace("numero: {type: id, required: true}", "numero: {type: id}")
    clients.write_text(mended.replace("key: [numero]", "key: [courriel]"), encoding="utf-8")
    assert send_back(root) == 1
    (listed,) = kumitate(root, "quarantine", "list")
    assert listed["open"] == 0
    (back,) = kumitate(
        root, "query", "select prenom, _line, _run_id, _extra from raw.clients where _run_id = 'r000002'"
    )
    assert (back["prenom"], back["_line"]) == ("Luc", 3)
    assert json.loads(back["_extra"]) == {"courriel_2": "luc@example.org", "_origin": "desk"}
