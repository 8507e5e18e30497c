"""A deployment takes in what lies in its raw bucket as the laptop takes in what lies in a folder."""

from __future__ import annotations

import glob
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.mock_account import account
from harness.reading import source
from kumitate.aws.globs import literal_prefix, matches
from kumitate.blueprint.names import Names
from kumitate.cloud.landing import raw_files
from kumitate.config.project import Config
from kumitate.errors import FatalError
from kumitate.execution.landing import land
from kumitate.ingest.delivery import Delivery, known_from
from kumitate.ports import Found

NAMES = Names("shop", "dev", "000000000000", "ap-northeast-1")
BUCKET = NAMES.bucket("raw")


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with account() as client:
        s3 = client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": NAMES.region})
        yield s3


@pytest.fixture
def bucket(s3: Any) -> Iterator[Any]:
    yield s3
    for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        s3.delete_object(Bucket=BUCKET, Key=entry["Key"])


class Counted:
    """A client that counts what it reads; copies only what it was told to, as S3 does and moto does not."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.read: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_object(self, **given: Any) -> Any:
        self.read.append(given["Key"])
        return self._client.get_object(**given)

    def copy_object(self, **given: Any) -> Any:
        if self._client.head_object(**given["CopySource"])["ETag"] != given["CopySourceIfMatch"]:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "CopyObject")
        return self._client.copy_object(**given)


class Runs:
    """Runs of one project, each told what the earlier ones recorded."""

    def __init__(self, client: Any, **sources: Any) -> None:
        self.client = Counted(client)
        self.config = Config.model_construct(sources=sources)
        self.recorded: list[Delivery] = []
        self.count = 0

    def put(self, key: str, body: bytes = b"a,b\n1,2\n") -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def land(self, run_id: str) -> tuple[Delivery, ...]:
        files = raw_files(self.config, NAMES, self.client)
        return land(self.config, *files, run_id=run_id, known=known_from(self.recorded))

    def next(self) -> tuple[Delivery, ...]:
        self.count += 1
        landed = self.land(f"r{self.count:06d}")
        self.recorded += landed
        return landed

    def kept(self, delivery: Delivery) -> bytes:
        with raw_files(self.config, NAMES, self.client)[1].open(delivery.stored) as file:
            return file.read()


@pytest.fixture
def runs(bucket: Any) -> Runs:
    return Runs(bucket, things=source(path="data/things*.csv"))


def test_the_drop_zone_mirrors_the_projects_folder(runs: Runs) -> None:
    runs.put("drop/data/things-1.csv")
    runs.put("drop/data/others.csv")
    runs.put("drop/data/older/things-0.csv")
    (landed,) = runs.next()
    assert (landed.file, landed.stored) == ("data/things-1.csv", "files/things/r000001-00001-things-1.csv")
    assert (runs.kept(landed), landed.bytes) == (b"a,b\n1,2\n", 8)
    assert runs.next() == ()


def test_what_was_read_before_is_not_read_again(runs: Runs) -> None:
    runs.put("drop/data/things-1.csv")
    runs.next()
    runs.put("drop/data/things-2.csv", b"a,b\n3,4\n")
    runs.client.read.clear()
    assert [landed.file for landed in runs.next()] == ["data/things-2.csv"]
    assert [key for key in runs.client.read if key.startswith("drop/")] == ["drop/data/things-2.csv"]


def test_a_changed_file_is_a_new_delivery_and_an_old_content_under_a_new_name_a_duplicate(runs: Runs) -> None:
    runs.put("drop/data/things-1.csv")
    (first,) = runs.next()
    runs.put("drop/data/things-1.csv", b"a,b\n3,4\n")
    runs.put("drop/data/things-2.csv")
    second, duplicate = runs.next()
    assert (runs.kept(first), runs.kept(second)) == (b"a,b\n1,2\n", b"a,b\n3,4\n")
    assert (duplicate.file, duplicate.duplicate_of, duplicate.stored) == ("data/things-2.csv", first.id, "")


def test_pulled_and_streamed_sources_read_their_own_prefixes(bucket: Any) -> None:
    runs = Runs(
        bucket,
        contacts=source(
            path="data/contacts.jsonl", format="jsonl", pull={"connector": "hubspot", "object": "contacts"}
        ),
        clicks=source(path="data/clicks.jsonl", format="jsonl", stream={}),
        bounces=source(path="data/bounces.jsonl", format="jsonl", stream={"of": "messages"}),
        mails=source(path="data/mails.jsonl", format="jsonl", stream={"of": "messages"}),
    )
    runs.put("drop/data/contacts.jsonl")
    runs.put("pulled/contacts/flow/2026/run-1", b'{"a": "1"}\n')
    runs.put("pulled/contacts_eu/run-1", b'{"a": "2"}\n')
    runs.put("streamed/clicks/2026/11/22/clicks-1-uuid", gzip.compress(b'{"a": "3"}\n'))
    runs.put("streamed/messages/2026/11/22/messages-1-uuid", gzip.compress(b'{"a": "4"}\n'))
    assert [(landed.source, landed.file) for landed in runs.next()] == [
        ("contacts", "pulled/contacts/flow/2026/run-1"),
        ("clicks", "streamed/clicks/2026/11/22/clicks-1-uuid"),
        ("bounces", "streamed/messages/2026/11/22/messages-1-uuid"),
        ("mails", "streamed/messages/2026/11/22/messages-1-uuid"),
    ]


def test_the_past_of_what_is_collected_may_be_dropped(bucket: Any) -> None:
    keys = {"write_keys": {"pages": {"key": "shop-web"}}}
    runs = Runs(bucket, clicks=source(path="data/clicks*.jsonl", format="jsonl", collect=keys))
    runs.put("drop/data/clicks-2025.jsonl", b'{"a": "1"}\n')
    runs.put("streamed/clicks/2026/11/22/clicks-1-uuid", gzip.compress(b'{"a": "2"}\n'))
    files = [landed.file for landed in runs.next()]
    assert files == ["data/clicks-2025.jsonl", "streamed/clicks/2026/11/22/clicks-1-uuid"]
    assert [landed.file for landed in runs.next()] == []


def test_markers_of_folders_and_services_are_no_deliveries(bucket: Any) -> None:
    runs = Runs(bucket, things=source(path="data/**"), contacts=source(pull={"connector": "hubspot", "object": "x"}))
    for key in (
        "drop/data/",
        "drop/data/more/",
        "drop/data/more_$folder$",
        "pulled/contacts/",
        "pulled/contacts/more/",
    ):
        runs.put(key, b"")
    for key in (
        "pulled/contacts/_SUCCESS",
        "pulled/contacts/.tmp/part",
        "pulled/contacts/nothing",
        "drop/data/.hidden",
    ):
        runs.put(key, b"")
    runs.put("pulled/contacts/_metadata", b"x")
    assert [(landed.source, landed.problem) for landed in runs.next()] == [
        ("things", "file.missing"),
        ("contacts", "file.missing"),
    ]


def test_an_empty_file_in_the_drop_zone_is_a_problem_told_once(runs: Runs) -> None:
    runs.put("drop/data/things.csv", b"")
    assert [landed.problem for landed in runs.next()] == ["file.empty"]
    assert runs.next() == ()


@pytest.mark.parametrize(
    "name", ["things 100% +&?#.csv", "things-髙橋😀.csv", "things-e\u0301.csv", "things'\"\\<>.csv"]
)
def test_keys_of_any_letters_are_taken_in(runs: Runs, name: str) -> None:
    runs.put(f"drop/data/{name}")
    (landed,) = runs.next()
    assert landed.file == f"data/{name}"
    assert runs.kept(landed) == b"a,b\n1,2\n"
    assert runs.next() == ()


def test_more_files_than_a_listing_has_on_a_page_are_all_found(runs: Runs) -> None:
    for number in range(5):
        runs.put(f"drop/data/things-{number}.csv", b"a,b\n%d,1\n" % number)
    paged = runs.client.get_paginator
    runs.client.get_paginator = lambda name: Small(paged(name))  # type: ignore[attr-defined]  # it is passed on to the client
    assert len(runs.next()) == 5


class Small:
    """A paginator with two entries a page."""

    def __init__(self, paginator: Any) -> None:
        self._paginator = paginator

    def paginate(self, **given: Any) -> Any:
        return self._paginator.paginate(**given, PaginationConfig={"PageSize": 2})


def test_a_run_taken_up_again_reads_what_it_landed(runs: Runs) -> None:
    runs.put("drop/data/things.csv")
    first = runs.land("r000001")
    runs.put("drop/data/things.csv", b"changed meanwhile")
    assert runs.land("r000001") == first
    assert runs.kept(first[0]) == b"a,b\n1,2\n"


def test_a_copy_of_a_killed_landing_is_never_overwritten(runs: Runs) -> None:
    runs.put("drop/data/things.csv")
    (first,) = runs.land("r000001")
    runs.client.delete_object(Bucket=BUCKET, Key="files/r000001.json")
    assert runs.land("r000001") == (first,)
    runs.client.delete_object(Bucket=BUCKET, Key="files/r000001.json")
    runs.put("drop/data/things.csv", b"changed meanwhile")
    (second,) = runs.land("r000001")
    assert second.stored.startswith(f"{first.stored}.")
    assert (runs.kept(first), runs.kept(second)) == (b"a,b\n1,2\n", b"changed meanwhile")


def test_a_file_that_changes_between_reading_and_copying_is_kept_as_it_is_then(runs: Runs) -> None:
    runs.put("drop/data/things.csv")
    inbox, raw_area = raw_files(runs.config, NAMES, runs.client)
    (found,) = inbox.delivered("things", "data/things*.csv")
    runs.put("drop/data/things.csv", b"changed")
    kept = inbox.keep(found, "files/things/copy.csv")
    assert isinstance(found, Found)
    assert (kept.bytes, kept.sha256 == found.sha256) == (7, False)
    with raw_area.open(kept.name) as file:
        assert file.read() == b"changed"


def test_two_landings_of_one_run_cannot_both_write_it_down(runs: Runs) -> None:
    _, raw_area = raw_files(runs.config, NAMES, runs.client)
    with raw_area.add("files/r000001.json") as file:
        file.write(b"first")
    with pytest.raises(FatalError, match=r"files/r000001\.json: exists already"), raw_area.add("files/r000001.json"):
        pass


def test_a_stored_copy_that_is_gone_is_named(runs: Runs) -> None:
    _, raw_area = raw_files(runs.config, NAMES, runs.client)
    with pytest.raises(FatalError, match=r"files/things/x\.csv.*restore an earlier version"):
        raw_area.open("files/things/x.csv")


FILES = (
    "a.csv", "data/a.csv", "data/b.csv", "data/.c.csv", "data/x/a.csv", "data/x/y/a.csv", ".data/a.csv",
    "data/[a].csv", "données/é.csv",
)  # fmt: skip
PATTERNS = (
    "*.csv", "data/*.csv", "data/?.csv", "data/[ab].csv", "data/[!a].csv", "**/a.csv", "data/**/a.csv", "**",
    "data/**", "data/*/a.csv", "data/.*.csv", "*/*", "données/*.csv", "data/[[]a].csv", "data/a.csv", "b.csv",
)  # fmt: skip


def test_a_glob_means_the_same_keys_as_files(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for pattern in PATTERNS:
        names = glob.glob(pattern, root_dir=tmp_path, recursive=True)
        in_folder = {name for name in names if (tmp_path / name).is_file()}
        assert {name for name in FILES if matches(pattern, name)} == in_folder, pattern
        assert all(name.startswith(literal_prefix(pattern)) for name in in_folder), pattern


def test_a_listing_begins_where_the_pattern_does() -> None:
    assert [literal_prefix(pattern) for pattern in ("data/a-*.csv", "data/a.csv", "*.csv", "データ/*.csv")] == [
        "data/", "data/", "", "",
    ]  # fmt: skip
