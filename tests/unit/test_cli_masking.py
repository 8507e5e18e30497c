"""What is shown of a person without --unmask names neither the person nor a way to find them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.projects import BAKERY, copy_of, rows
from kumitate.cli.main import main

pytestmark = pytest.mark.slow

CLIENTS = """\
numero;prenom;nom;courriel;telephone;points;modifie;naissance;genre;carte;ville
C0001;Amélie;Dupont;amelie@example.com;02 61 91 12 34;80;02/01/2026 09:30;1980-05-17;F;K7001;Orléans
C0002;Amelie;Dupont;Amelie@EXAMPLE.com;;35;10/02/2026 18:05;1980-05-17;F;K7002;Orléans
"""
MORE_COLUMNS = """\
    naissance: {type: date}
    genre: {type: gender}
    carte: {type: id}
    ville: {type: text, personal: false}
"""
MORE_ATTRIBUTES = """\
    numero: {}
    naissance: {}
    genre: {}
    carte: {}
    ville: {}
"""
ASKED = (
    ("profile", "C0001"),
    pytest.param(("profile", "C0001", "--json"), marks=pytest.mark.slow),
    pytest.param(("segment", "fideles", "--sample", "5"), marks=pytest.mark.slow),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The bakery, knowing more of one person than names and addresses."""
    root = copy_of(BAKERY, tmp_path_factory.mktemp("masking") / "boulangerie")
    (root / "data/clients.csv").write_text(CLIENTS, encoding="utf-8")
    clients = root / "sources/clients.yaml"
    described = clients.read_text(encoding="utf-8").replace("  identifiers:\n", MORE_COLUMNS + "  identifiers:\n")
    clients.write_text(described + "    carte: carte\n", encoding="utf-8")
    person = root / "identity/person.yaml"
    merged = person.read_text(encoding="utf-8").replace("  identifiers:\n", "  identifiers:\n    carte: {}\n")
    person.write_text(merged + MORE_ATTRIBUTES, encoding="utf-8")
    assert CliRunner().invoke(main, ["run", str(root), "--until", "segments"]).exit_code == 0
    return str(root)


def shown(root: str, *asked: str) -> str:
    result = CliRunner().invoke(main, [*asked, "--project", root])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("asked", ASKED, ids=["text", "json", "sample"])
def test_nothing_of_a_persons_rows_is_shown_in_clear(root: str, asked: tuple[str, ...]) -> None:
    names = "numero, prenom, nom, courriel, telephone, modifie, cast(naissance as varchar), genre, carte"
    kept = {str(value) for row in rows(Path(root), f"select {names} from clean.clients") for value in row}
    kept = {value for value in kept if len(value) > 2}
    assert {"C0001", "C0002", "Dupont", "1980-05-17", "K7001"} < kept
    output = shown(root, *asked)
    assert {value for value in kept if value in output} == set()
    assert {value for value in kept if value in shown(root, *asked, "--unmask")} > {"Dupont", "1980-05-17"}


def test_an_attribute_that_its_source_calls_not_personal_is_shown(root: str) -> None:
    person = json.loads(shown(root, "profile", "C0001", "--json"))
    assert person["attributes"]["ville"] == "Orléans"
    assert person["traits"]["points_total"] == 115
    assert {record["record"] for record in person["records"]} == {"clients/C****"}
