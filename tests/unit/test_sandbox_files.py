"""Exports in the sandbox: parts that add up, a manifest that is written last and tells the truth."""

import base64
import csv
import hashlib
import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from harness.talks import lead, opened, row, transport_to
from kumitate.activation.destinations.file_formats import parquet_file
from kumitate.activation.destinations.talk import Ask, Conversing, Done
from kumitate.errors import FatalError
from kumitate.model.request import AwsCall, Change, Request, Response
from kumitate.sandbox.server import Sandbox

FILES = {"bucket": "exports", "sync": "vips"}
PEOPLE = [row(f"p{number}", name=f"山田{number}", ltv=number * 1_000) for number in range(5)]


class Bucket:
    """S3 in a dictionary, for tests that need no boto3."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def send(self, request: Request) -> Response:
        assert isinstance(request, AwsCall)
        self.files[request.parameters["Key"]] = request.parameters["Body"]
        return Response(200, b"{}")


def export(*changes: Change, **settings: Any) -> dict[str, bytes]:
    bucket = Bucket()
    lead(opened("files", **{**FILES, **settings}), bucket, changes)
    return bucket.files


@pytest.mark.parametrize("killed_at", [None, *range(4)])
@pytest.mark.parametrize("after_sending", [False, True])
def test_an_export_is_whole_wherever_the_process_died(killed_at: int | None, after_sending: bool) -> None:
    bucket = Bucket()
    dies = None if killed_at is None else (killed_at, after_sending)
    done = lead(
        opened("files", **FILES, rows_per_part=2), bucket, PEOPLE, memory={"number": 6, "run_id": "r000009"}, dies=dies
    )
    files = dict(bucket.files)
    assert list(files)[-1] == "vips-000007-000.manifest.json", "the manifest is written last"
    manifest = json.loads(files.pop("vips-000007-000.manifest.json"))
    assert manifest["run_id"] == "r000009"
    assert sorted(files) == [f"vips-000007-{part:03d}.csv" for part in (1, 2, 3)]
    assert [part["rows"] for part in manifest["files"]] == [2, 2, 1]
    assert {part["name"]: part["sha256"] for part in manifest["files"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    assert done.memory == {"number": 7}
    rows = [line for content in files.values() for line in csv.DictReader(io.StringIO(content.decode()))]
    assert [line["key"] for line in rows] == [change.key for change in PEOPLE]


def test_a_file_for_an_older_system_is_just_so() -> None:
    files = export(
        row("p1", name="髙橋 〜", note='a "b"\tc'),
        row("p2", name="𠮷野"),
        mode="rebuild",
        encoding="cp932",
        line_ends="lf",
        delimiter="tab",
        quotes="all",
        columns=("name", "note", "key"),
        prefix="out/crm/",
        name="KYK{number:08d}_{part}",
    )
    text = files["out/crm/KYK00000001_1.csv"].decode("cp932")
    assert text == '"name"\t"note"\t"key"\n"髙橋 ～"\t"a ""b""\tc"\t"p1"\n'


def test_what_an_encoding_lacks_is_refused_or_replaced_never_lost_in_silence() -> None:
    done = lead(opened("files", **FILES, encoding="cp932"), Bucket(), [row("p1", name="𠮷野"), row("p2", name="a")])
    assert {outcome.key: (outcome.reason, outcome.message) for outcome in done.outcomes} == {
        "p1": ("encoding.unencodable", "name"),
        "p2": ("", ""),
    }
    files = export(row("p1", name="𠮷野"), encoding="cp932", unencodable="replace", name="r{number}-{part}")
    assert "〓野" in files["r1-1.csv"].decode("cp932")


def test_excel_reads_utf_8_that_begins_with_its_mark() -> None:
    files = export(*PEOPLE, encoding="utf-8-sig")
    assert files["vips-000001-001.csv"].startswith(b"\xef\xbb\xbfkey,")


def test_parquet_keeps_types() -> None:
    changes = [row("p1", ltv=1, vip=True, tags=["a"], score=1.5, mixed="x"), row("p2", ltv=None, score=2, mixed=3)]
    files = export(*changes, format="parquet")
    table = pq.read_table(io.BytesIO(files["vips-000001-001.parquet"]))
    assert table.to_pylist()[0] == {
        "key": "p1",
        "operation": "create",
        "ltv": 1,
        "mixed": "x",
        "score": 1.5,
        "tags": ["a"],
        "vip": True,
    }
    assert table.to_pylist()[1]["mixed"] == "3"


def test_parquet_without_pyarrow_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(FatalError, match="use csv or jsonl"):
        parquet_file([{"key": "p1"}], {"key": "string"})


def test_who_has_left_is_told_by_an_operation_or_by_absence() -> None:
    changes = [row("p1", "keep", name="a"), row("p2", "delete", name="b")]
    whole = export(*changes, mode="rebuild", name="w{number}-{part}")
    assert whole["w1-1.csv"].decode().split() == ["key,name", "p1,a"]
    delta = export(row("p3", name="c"), changes[1], mode="mirror", name="d{number}-{part}")
    assert delta["d1-1.csv"].decode().split() == ["key,operation,name", "p3,create,c", "p2,delete,b"]


def test_s3_takes_an_export_and_refuses_a_file_that_came_through_damaged(tmp_path: Path) -> None:
    destination = opened("files", **FILES)
    assert isinstance(destination, Conversing)
    turn = destination.begins(PEOPLE, {})
    assert isinstance(turn, Ask)
    assert isinstance(turn.request, AwsCall)
    damaged = replace(turn.request, parameters={**turn.request.parameters, "Body": b"other"})
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        transport = transport_to(sandbox, destination, "files")
        done = destination.answered(PEOPLE, turn.state, transport.send(damaged))
        assert isinstance(done, Done)
        assert {(outcome.verdict, outcome.reason) for outcome in done.outcomes} == {("retry", "request.refused")}
        assert sandbox.objects("files", "exports") == {}
        lead(destination, transport, PEOPLE)
        kept = sandbox.objects("files", "exports")["vips-000001-001.csv"]
    assert base64.b64decode(kept["base64"]) == turn.request.parameters["Body"]
    assert kept["content_type"] == "text/csv"


@pytest.mark.parametrize(
    "name", ["vips", "{number}", "{part}", "{number}/{part}", "{number}-{part}-{run}", "{number}{"]
)
def test_a_name_that_would_overwrite_a_file_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        opened("files", **FILES, name=name)
