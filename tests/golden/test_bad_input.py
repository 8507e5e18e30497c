"""Bad files beside a good one: each is told with file and line, the good one goes through, and nothing is lost."""

import gzip
from pathlib import Path

import pytest

from harness.projects import BAKERY, copy_of, rows, run

HEADER = "numero;prenom;nom;courriel;telephone;points;modifie"


def line(number: int, name: str = "Eve", points: str = "1", changed: str = "20/02/2026 08:00") -> str:
    return f"{number};{name};Petit;;;{points};{changed}"


def text(*lines: str) -> bytes:
    return "".join(f"{one}\n" for one in lines).encode()


FILES = {
    "clients-b-truncated.csv.gz": gzip.compress(text(HEADER, *(line(n) for n in range(100, 4000))))[:-2000],
    "clients-c-latin1.csv": "\n".join([HEADER, *(line(n, "Zoé") for n in range(11, 15))]).encode("latin-1"),
    "clients-d-no-key.csv": text("prenom;nom", "Eve;Petit", "Luc;Petit"),
    "clients-e-empty.csv": b"",
    "clients-f-first.csv": (BAKERY / "data/clients.csv").read_bytes(),
    "clients-g-values.csv": text(HEADER, line(21, points="many"), line(22, changed="99/99/2026 08:00"), "23;too;few"),
    "clients-h-long.csv": text(HEADER, line(31, name="x" * (11 * 2**20)), line(32)),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_of(BAKERY, tmp_path_factory.mktemp("bad") / "project")
    source = root / "sources/clients.yaml"
    source.write_text(source.read_text(encoding="utf-8").replace("clients*.csv", "clients*"), encoding="utf-8")
    for name, content in FILES.items():
        (root / "data" / name).write_bytes(content)
    run(root, until="cleanse")
    return root


def quarantined(root: Path, file: str) -> list[tuple[object, ...]]:
    sql = f"select line, reason, field from quarantine.rows where file = 'data/{file}' order by line"
    return rows(root, sql)


def problem_of(root: Path, file: str) -> str:
    return str(rows(root, f"select problem from raw.deliveries where file = 'data/{file}'")[0][0])


def test_the_good_file_goes_through(project: Path) -> None:
    assert rows(project, "select count(*) from clean.clients where numero in ('1', '2', '3', '4', '5')") == [(5,)]


def test_every_row_read_has_one_fate(project: Path) -> None:
    delivered = rows(project, "select cast(sum(rows_in) as bigint) from raw.deliveries")
    assert delivered == rows(project, "select cast(sum(rows) as bigint) from clean.source_counts")
    kept = rows(project, "select cast(sum(rows) as bigint) from clean.source_counts where outcome = 'accepted'")
    assert kept == rows(project, "select count(*) from clean.clients")


def test_a_truncated_file_gives_what_it_holds_and_says_where_it_breaks_off(project: Path) -> None:
    [(place, reason, _)] = quarantined(project, "clients-b-truncated.csv.gz")
    [(last,)] = rows(project, "select max(cast(numero as bigint)) from clean.clients")
    assert reason == "file.truncated"
    assert int(last) > 100
    assert place == int(last) - 100 + 3
    assert problem_of(project, "clients-b-truncated.csv.gz").startswith("file.truncated")


def test_a_file_in_another_encoding_is_kept_byte_for_byte_with_a_hint(project: Path) -> None:
    found = quarantined(project, "clients-c-latin1.csv")
    assert [(place, reason) for place, reason, _ in found] == [(n, "encoding.undecodable") for n in (2, 3, 4, 5)]
    assert "encoding.undecodable: 4 of 4 rows" in problem_of(project, "clients-c-latin1.csv")


def test_a_file_without_the_key_column_is_refused_row_by_row(project: Path) -> None:
    assert quarantined(project, "clients-d-no-key.csv") == [
        (2, "column.missing", "numero"),
        (3, "column.missing", "numero"),
    ]


def test_an_empty_file_and_a_second_delivery_are_told(project: Path) -> None:
    assert problem_of(project, "clients-e-empty.csv") == "file.empty"
    sql = "select rows_in, duplicate_of is not null from raw.deliveries where file = 'data/clients.csv'"
    assert rows(project, sql) == [(0, True)]


def test_an_unusable_optional_value_is_null_and_a_broken_row_is_quarantined(project: Path) -> None:
    sql = "select numero, points, modifie is null from clean.clients where numero in ('21', '22') order by numero"
    assert rows(project, sql) == [("21", None, False), ("22", 1, True)]
    assert quarantined(project, "clients-g-values.csv") == [(4, "row.columns", None)]


def test_an_endless_line_is_named_and_the_next_is_read(project: Path) -> None:
    assert quarantined(project, "clients-h-long.csv") == [(2, "row.too_long", None)]
    assert rows(project, "select count(*) from clean.clients where numero = '32'") == [(1,)]
