"""A source that was declared since the last run stands in the way of no question: it has brought nothing yet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.projects import BAKERY, copy_of, rows, run
from kumitate.cli.main import main

pytestmark = pytest.mark.slow

PARTNERS = """partenaires:
  kind: records
  path: data/partenaires*.csv
  key: [email]
  columns:
    email: {type: email, required: true}
  identifiers: {courriel: email}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_of(BAKERY, tmp_path_factory.mktemp("newer") / "boulangerie")
    run(root)
    (root / "sources/partenaires.yaml").write_text(PARTNERS)
    return root


@pytest.mark.parametrize(
    "words",
    [
        ("sync", "alerte_fideles", "--dry-run"),
        ("matchkeys", "--sync", "alerte_fideles", "--platform", "meta"),
        ("what-if", "identity/person.yaml"),
        ("segment", "fideles"),
        ("why", "clients/1", "clients/2"),
    ],
)
def test_a_newer_source_stands_in_the_way_of_no_question(
    root: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    result = CliRunner().invoke(main, [*words, "--json"])
    assert result.exit_code == 0, result.output
    json.loads(result.stdout)


def test_the_next_run_takes_it_in(root: Path) -> None:
    (root / "data/partenaires.csv").write_text("email\nchloe@example.com\n")
    run(root, until="cleanse")
    assert rows(root, "select email from clean.partenaires") == [("chloe@example.com",)]
