"""What we send to TikTok, its published contract knows; what that leaves out, we hold ourselves to."""

import hashlib
import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.contracts import contract
from harness.destinations import CASES
from harness.talks import lead, opened, row
from kumitate.activation.destinations.talk import Ask, Conversing
from kumitate.activation.destinations.tiktok import FILE_ROWS
from kumitate.model.request import Change, HttpRequest, Operation, Request, Response
from kumitate.sandbox.contract import schema_of
from kumitate.sandbox.tiktok import _LEAST

SETTINGS = {"advertiser_id": "700", "audience_id": "900"}


def published(name: str) -> dict[str, Any]:
    """A call's body as TikTok publishes it."""
    document = contract(f"tiktok/dmp_custom_audience_{name}.yml")
    ((path, methods),) = document["paths"].items()
    assert path == f"/dmp/custom_audience/{name.replace('file_upload', 'file/upload')}/"
    ((_, content),) = methods["post"]["requestBody"]["content"].items()
    schema: dict[str, Any] = content["schema"]
    return schema


def asked() -> list[dict[str, Any]]:
    talks = json.loads((CASES / "tiktok.json").read_text(encoding="utf-8"))["talks"]
    return [turn["ask"] for talk in talks for turn in talk["turns"] if "ask" in turn]


class Tape:
    """Answers that all is well, and keeps what was asked."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    def send(self, request: Request) -> Response:
        assert isinstance(request, HttpRequest)
        self.requests.append(request)
        return Response(200, json.dumps({"code": 0, "data": {"file_path": f"f/{len(self.requests)}"}}).encode())


@pytest.mark.parametrize(("ours", "theirs"), [("tiktok_upload", "file_upload"), ("tiktok_update", "update")])
def test_tiktok_knows_what_our_schema_allows_and_requires_no_more(ours: str, theirs: str) -> None:
    known, mine = published(theirs), schema_of(ours)
    assert mine["properties"].keys() <= known["properties"].keys()
    assert set(known["required"]) <= set(mine["required"])
    for name, part in mine["properties"].items():
        enums = [each["key"] for each in known["properties"][name].get("x-open-enum", {}).get("enums", [])]
        assert set(part.get("enum", [])) <= set(enums)


def test_the_default_of_an_update_is_the_trap_that_our_schema_shuts() -> None:
    assert published("update")["properties"]["action"]["default"] == "REPLACE"
    assert "action" in schema_of("tiktok_update")["required"]
    updates = [ask["body"] for ask in asked() if ask["path"].endswith("/update/")]
    assert {body["action"] for body in updates} == {"APPEND", "REMOVE", "REPLACE"}
    validator = Draft202012Validator(schema_of("tiktok_update"))
    for body in updates:
        assert list(validator.iter_errors(body)) == []
        assert list(validator.iter_errors({name: body[name] for name in body if name != "action"})) != []


def test_a_file_is_signed_and_holds_a_hash_a_line_and_nothing_readable() -> None:
    tape = Tape()
    lead(opened("tiktok", **SETTINGS), tape, [row(f"p{n}", email=f"p{n}@example.jp") for n in range(3)])
    upload, update, _ = tape.requests
    text = upload.body.decode()
    content = text.split("\r\n\r\n")[4].split("\r\n--")[0]
    assert re.fullmatch("([0-9a-f]{64}\n){3}", content)
    assert f"\r\n\r\n{hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()}\r\n" in text
    assert upload.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert "@" not in text
    assert json.loads(update.body)["file_paths"] == ["f/1"]


def test_the_same_rows_make_the_same_file() -> None:
    rows = [row(f"p{n}", email=f"p{n}@example.jp") for n in range(3)]
    destination = opened("tiktok", **SETTINGS)
    assert isinstance(destination, Conversing)
    one, other = destination.begins(rows, {}), destination.begins(rows, {})
    assert isinstance(one, Ask)
    assert one == other


@pytest.mark.slow
def test_files_stay_below_tiktoks_size_and_are_as_few_as_can_be() -> None:
    hashes = [hashlib.sha256(f"row {n}".encode()).hexdigest() for n in range(FILE_ROWS + 1)]
    fields = ("email", "phone", "idfa", "aaid")
    rows = [Change(f"p{n}", Operation.CREATE, dict.fromkeys(fields, each)) for n, each in enumerate(hashes)]
    tape = Tape()
    lead(opened("tiktok", **SETTINGS, calculate_type="MULTIPLE_TYPES"), tape, rows)
    assert [len(request.keys) for request in tape.requests] == [FILE_ROWS, 1, 0, 0]
    assert max(len(request.body) for request in tape.requests) < 50_000_000


def test_the_sandbox_has_tiktoks_least() -> None:
    assert opened("tiktok", **SETTINGS).terms.least_rows == _LEAST == 1_000
