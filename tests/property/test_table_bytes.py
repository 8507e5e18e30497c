"""Whatever bytes a file holds, it is read as a table of texts or refused in plain words, and audited."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.projects import silent
from kumitate.audit.draft import Place, draft
from kumitate.config.settings import Settings
from kumitate.config.source import Source
from kumitate.errors import FatalError
from kumitate.execution.auditing import Auditing, audit_files
from kumitate.execution.table_files import read_table

PIECES = [
    b"a,b,c\n", b"\n", b",", b'"', b"\r\n", b"\xff\xfe", b"\xef\xbb\xbf", "氏名,メール\n".encode("cp932"),
    "髙橋".encode("cp932"), "髙橋".encode(), "ﾀﾅｶ".encode("cp932"), b"\x00", b"1", b"x@mail.jp", b'{"a":1}',
    b'{"a":{"b":[1]}}\n', b"[", b"]", b"\t", b";", b"|", "😀".encode(), b"\x1b$B", b"\x1f\x8b\x08", b"PK\x03\x04",
    b"PAR1", b"null", b"2026-01-02", "é".encode("latin-1"), b"\\", b" ", b"99/99/9999",
]  # fmt: skip
CONTENT = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)
NAMES = st.sampled_from(["a.csv", "a.jsonl", "a.tsv", "a.json", "a", "a.parquet", "a.xlsx", "a.csv.gz"])


@settings(max_examples=60, deadline=None)
@given(CONTENT, NAMES)
def test_a_file_is_a_table_of_texts_or_refused_by_its_name(content: bytes, name: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            table = read_table(path)
        except FatalError as error:
            assert str(error).startswith(str(path))  # noqa: PT017 - either outcome is right
            return
    assert {field.type for field in table.schema} <= {pa.string()}
    assert len(set(table.column_names)) == table.num_columns
    table.validate(full=True)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(CONTENT, NAMES)
def test_an_audit_drafts_a_source_or_refuses_the_file(content: bytes, name: str) -> None:
    with TemporaryDirectory() as folder:
        path, work = Path(folder) / name, Path(folder) / "work"
        path.write_bytes(content)
        work.mkdir()
        try:
            found = audit_files(name, [path], Auditing(Settings(project="shop"), date(2026, 1, 1), work, silent)).audit
        except FatalError:
            return
    if any(column.name for column in found.columns):
        Source.model_validate(yaml.safe_load(draft(found, Place("x", "data/x.csv", "JP")))["x"])
