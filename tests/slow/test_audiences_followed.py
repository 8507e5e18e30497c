"""From the lake to the vendor, run by run: what is rebuilt is the segment each time, whatever came or went."""

import base64
import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.activations import World, project
from harness.laptops import Laptop
from harness.talks import opened, transport_to
from kumitate.execution.outcomes import changes_of
from kumitate.model.step import Query
from kumitate.sandbox.server import Sandbox

pytestmark = pytest.mark.slow

LEAST = 120
"""More than LINE (50) and LY (100) ask for."""
FIELDS = {"line": {"line_user_id": "{family_name}"}, "ly_ads": {"email": "{email}"}, "files": {"name": "{family_name}"}}
SETTINGS = {"line": {}, "ly_ads": {"account_id": 1}, "files": {"bucket": "exports", "format": "csv"}}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


class Shop:
    """Three syncs of one segment, each to a vendor of its own."""

    def __init__(self, sandbox: Sandbox) -> None:
        common = {"segment": "vips", "mode": "rebuild", "key": "{person_id}"}
        about = {**common, "consent": "not_needed", "consent_reason": "a test"}
        syncs = {f"to_{type_}": {**about, "destination": type_, "fields": FIELDS[type_]} for type_ in FIELDS}
        accounts = {type_: {"type": type_, "settings": SETTINGS[type_]} for type_ in FIELDS}
        self.world = World(project(syncs, **accounts))
        self.laptops = {type_: self.laptop(sandbox, type_) for type_ in FIELDS}
        self.number = 0

    def laptop(self, sandbox: Sandbox, type_: str) -> Laptop:
        destination = opened(type_, sync=f"to_{type_}", mode="rebuild", **SETTINGS[type_])
        return Laptop(destination, lambda: transport_to(sandbox, destination, type_), name=f"to_{type_}")

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        yield from self.world.lake.query(query.sql).to_batches()

    def run(self, members: range) -> None:
        self.number += 1
        self.world.people(
            **{f"p{n}": ({"email": f"p{n}@example.jp", "family_name": user(n)}, ["vips"]) for n in members}
        )
        self.world.activate(self.number)
        for laptop in self.laptops.values():
            changes = [change for piece in changes_of(self, laptop.name) for change in piece]  # type: ignore[arg-type]  # fake
            laptop.run(*changes)
            self.world.settle(self.number, sync=laptop.name, **laptop.verdicts)


def user(number: int) -> str:
    return f"U{number:032x}"


def at_line(sandbox: Sandbox) -> set[str]:
    (group,) = sandbox.objects("line", "groups").values()
    return set(group["ids"])


def at_ly(sandbox: Sandbox) -> set[str]:
    (found,) = sandbox.objects("ly_ads", "lists").values()
    return set(found["lines"])


def in_the_last_file(sandbox: Sandbox) -> set[str]:
    exports = sandbox.objects("files", "exports")
    newest = max(name for name in exports if name.endswith(".csv"))
    text = base64.b64decode(exports[newest]["base64"]).decode()
    return {line["name"] for line in csv.DictReader(io.StringIO(text))}


def hashed(number: int) -> str:
    return hashlib.sha256(f"p{number}@example.jp".encode()).hexdigest()


def test_what_is_rebuilt_is_the_segment_after_every_run(sandbox: Sandbox) -> None:
    shop = Shop(sandbox)
    there: list[tuple[Callable[[Sandbox], set[str]], Callable[[int], Any]]] = [
        (at_line, user),
        (at_ly, hashed),
        (in_the_last_file, user),
    ]
    for members in (range(LEAST), range(LEAST + 1), range(1, LEAST + 1), range(1, LEAST + 1), range(1, LEAST + 2)):
        shop.run(members)
        for found, named in there:
            assert found(sandbox) == {named(number) for number in members}
    posts = [method for method, path, _ in sandbox.calls("line") if method == "POST"]
    assert len(posts) == 4, "a run in which nothing differs builds nothing"
