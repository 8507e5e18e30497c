"""A table may come by a pipe: `--in -` gives what the same bytes in a file give, or says what is the matter."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from kumitate.cli.main import main

ROWS = [
    {"no": "1", "name": "山田 太郎", "email": "taro@example.jp"},
    {"no": "2", "name": "佐藤 花子", "email": "hanako@example.jp"},
    {"no": "3", "name": "佐藤　花子", "email": "HANAKO@example.jp"},
]


def delimited(mark: str) -> str:
    return "".join(mark.join(row) + "\n" for row in [list(ROWS[0]), *(list(row.values()) for row in ROWS)])


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, delimited(","))
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    return file.getvalue()


PIPED = {
    "csv": delimited(",").encode(),
    "cp932": delimited(",").encode("cp932"),
    "tabs": delimited("\t").encode(),
    "gzip": gzip.compress(delimited(",").encode()),
    "jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
    "list": json.dumps(ROWS, indent=1).encode(),
    "parquet": parquet(),
}
COMMANDS = {
    "matchkeys": ["matchkeys", "--platform", "meta", "--json"],
    "resolve": ["resolve", "--dry-run", "--json"],
    "cleanse": ["cleanse", "--dry-run", "--json"],
}


def kumitate(words: list[str], piped: bytes = b"") -> Result:
    return CliRunner().invoke(main, words, input=piped)


def answer(words: list[str], piped: bytes = b"") -> Any:
    result = kumitate(words, piped)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    file = tmp_path / "people.csv"
    file.write_bytes(PIPED["csv"])
    return file


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_gives_what_the_file_gives(command: str, people: Path) -> None:
    words = COMMANDS[command]
    assert answer([*words, "--in", "-"], PIPED["csv"]) == answer([*words, "--in", str(people)])


@pytest.mark.parametrize("kind", PIPED)
def test_the_format_of_a_pipe_is_told_by_its_first_bytes(kind: str) -> None:
    told = answer([*COMMANDS["matchkeys"], "--in", "-"], PIPED[kind])
    assert told["columns"] == {"full_name": "name", "email": "email"}
    assert len({row["keys"]["email"] for row in told["rows"]}) == 2


def test_a_result_is_written_of_a_pipe(tmp_path: Path) -> None:
    out = tmp_path / "clusters.parquet"
    assert kumitate(["resolve", "--in", "-", "--out", str(out)], PIPED["csv"]).exit_code == 0
    persons = pq.read_table(out)["person_id"].to_pylist()
    assert (len(persons), len(set(persons))) == (3, 2)


def test_a_named_pipe_is_read_once_and_whole(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(PIPED["csv"],))
    writer.start()
    told = answer([*COMMANDS["matchkeys"], "--in", str(pipe)])
    writer.join()
    assert len(told["rows"]) == 3


REFUSED: dict[str, tuple[list[str], bytes, str]] = {
    "nothing": ([], b"", "kumitate: standard input: nothing came; pipe a table into it"),
    "binary": ([], b"\x00\x01\x02 not a table \x00", "kumitate: standard input: holds bytes that are no text"),
    "other": (["--format", "parquet"], PIPED["csv"], "standard input: is no parquet by its first bytes; leave out"),
    "hidden": (["--format", "csv"], PIPED["parquet"], "standard input: is parquet by its first bytes; leave out"),
    "archive": ([], zipped("people.csv"), "standard input: is an archive and no workbook; unpack it first"),
    "workbook": ([], zipped("content.xml"), "standard input: cannot be read (CalamineError)"),
    "torn": ([], PIPED["gzip"][:40], "standard input: cannot be read (EOFError)"),
    "ragged": ([], b"no,email\n1,a@example.jp\n2\n", "standard input: the rows that end on lines 3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_came_by_a_pipe_is_refused_by_that_name(case: str) -> None:
    words, piped, said = REFUSED[case]
    result = kumitate([*COMMANDS["matchkeys"], "--in", "-", *words], piped)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "/table" not in result.stderr, "where we keep it is nobody's business"


def test_a_warning_calls_the_table_by_its_name() -> None:
    result = kumitate(["resolve", "--in", "-"], b"colour\nred\nblue\n")
    assert "nothing can tie two records of standard input:" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (lambda people: ["--in", people, "--format", "csv"], "a file's content and ending tell"),
        (lambda _: ["--segment", "vips", "--format", "csv"], "--format is for --in"),
    ],
)
def test_a_format_is_said_of_a_pipe_alone(words: Callable[[str], list[str]], said: str, people: Path) -> None:
    result = kumitate(["matchkeys", *words(str(people))])
    assert result.exit_code == 2
    assert said in result.stderr


def test_match_keys_do_not_take_the_place_of_the_people(people: Path) -> None:
    result = kumitate(["matchkeys", "--in", str(people), "--out", str(people)])
    assert result.exit_code == 1
    assert "is the table that is read" in result.stderr
    assert people.read_bytes() == PIPED["csv"]
