"""Pages hold a sync's changes in their order, a few to each, the same bytes every time."""

import gzip
import tracemalloc
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cloud_world import MemoryShelf
from kumitate.activation.portions import WHOLE
from kumitate.cloud.pages import Manifest, manifest_of, write_pages
from kumitate.errors import FatalError, RecordError
from kumitate.execution.rows import changes_on, page_bytes
from kumitate.model.request import Change, Operation

CHANGES = [
    Change("gone-1", Operation.DELETE, {"email": "a@example.com"}, "p1", {"email": "a@example.com"}),
    Change("gone-2", Operation.DELETE, {}, "p2"),
    Change("new", Operation.CREATE, {"name": "Zoë\u2028Ötzi\n", "points": 12, "tags": ["a", "b"], "none": None}, "p3"),
    Change("other", Operation.UPDATE, {"name": "x"}, "p4", {"name": "y"}),
]


def written(rows: int) -> MemoryShelf:
    shelf = MemoryShelf()
    pages = write_pages([CHANGES[:1], CHANGES[1:]], shelf, run_id="r1", sync="s", rows=rows)
    assert pages == len(shelf.contents) - 1, "the last object tells of the pages"
    return shelf


def pages_on(shelf: MemoryShelf) -> list[list[Change]]:
    return [changes_on(shelf.get(name)) for name in manifest_of(shelf, "r1", "s").names("r1", "s")]


def test_a_page_that_holds_a_whole_sync_takes_little_more_to_read_than_to_keep() -> None:
    page = page_bytes([replace(CHANGES[2], key=f"new-{number}", person_id=f"p{number}") for number in range(2_000)])
    tracemalloc.start()
    try:
        changes = changes_on(page)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(changes) == 2_000
    assert peak < 1.3 * kept


def test_a_page_whose_bytes_are_broken_is_told_so() -> None:
    page = bytearray(page_bytes(CHANGES))
    page[15:20] = b"\xff" * 5
    with pytest.raises(RecordError):
        changes_on(bytes(page))


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_every_change_is_on_one_page_as_it_was_and_in_order(rows: int) -> None:
    pages = pages_on(written(rows))
    assert [change for page in pages for change in page] == CHANGES
    assert max(len(page) for page in pages) <= rows


def test_removals_have_pages_of_their_own_which_come_first() -> None:
    shelf = written(100)
    manifest = manifest_of(shelf, "r1", "s")
    assert manifest == Manifest(rows=100, pages=2, removals=1)
    assert manifest.names("r1", "s") == (
        "deliveries/r1/s/00001.removals.jsonl.gz",
        "deliveries/r1/s/00002.jsonl.gz",
    )


def test_what_belongs_together_is_on_one_page_removals_too() -> None:
    shelf = written(WHOLE)
    assert pages_on(shelf) == [CHANGES]
    assert manifest_of(shelf, "r1", "s").removals == 0


def test_pages_written_again_have_the_same_bytes() -> None:
    assert written(2).contents == written(2).contents


def test_a_sync_without_changes_has_no_page_and_says_so() -> None:
    shelf = MemoryShelf()
    assert write_pages([], shelf, run_id="r1", sync="s", rows=10) == 0
    assert pages_on(shelf) == []


def test_pages_beyond_the_digits_of_their_name_keep_their_order() -> None:
    names = Manifest(rows=1, pages=100_000, removals=0).names("r1", "s")
    assert names[-2:] == ("deliveries/r1/s/99999.jsonl.gz", "deliveries/r1/s/100000.jsonl.gz")


@dataclass
class Failing(MemoryShelf):
    """A process that dies before its nth object is put."""

    puts: int = 10**9

    def put(self, name: str, content: bytes) -> None:
        if self.puts == 0:
            raise KeyboardInterrupt
        self.puts -= 1
        super().put(name, content)


@given(
    kinds=st.lists(st.booleans(), max_size=12),
    tries=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 14)), max_size=4),
    rows=st.integers(1, 5),
)
def test_once_told_a_change_stays_on_its_page_whatever_tries_follow(
    kinds: list[bool], tries: list[tuple[int, int]], rows: int
) -> None:
    changes = [
        Change(f"p{number}", Operation.DELETE if gone else Operation.CREATE, {})
        for number, gone in enumerate(sorted(kinds, reverse=True))
    ]
    shelf, told = Failing(), list[list[list[Change]]]()
    for cut, puts in [*tries, (rows, 10**9)]:
        shelf.puts = puts
        with suppress(KeyboardInterrupt):
            write_pages([changes], shelf, run_id="r1", sync="s", rows=cut)
        if "deliveries/r1/s/pages.json" in shelf.contents:
            told.append(pages_on(shelf))
    assert all(pages == told[0] for pages in told)
    assert [change for page in told[-1] for change in page] == changes


@pytest.mark.parametrize("content", [b"", b"[]", b'{"rows": 1}'], ids=["nothing", "no object", "no count"])
def test_a_list_of_pages_that_cannot_be_read_stops_who_needs_it(content: bytes) -> None:
    shelf = MemoryShelf({"deliveries/r1/s/pages.json": content})
    with pytest.raises(FatalError, match="run the activation again"):
        manifest_of(shelf, "r1", "s")


@pytest.mark.parametrize(
    "content",
    [
        b"no gzip",
        page_bytes(CHANGES)[:-9],
        gzip.compress(b"{", mtime=0),
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b'{"key": "p1", "operation": "shrink", "fields": {}}', mtime=0),
        gzip.compress(b'{"key": "p1", "operation": "create", "unheard": 1}', mtime=0),
    ],
    ids=["no gzip", "cut off", "no JSON", "no object", "unheard operation", "unheard field"],
)
def test_a_page_that_cannot_be_read_says_so(content: bytes) -> None:
    with pytest.raises(RecordError, match=r"page\.unreadable"):
        changes_on(content)
