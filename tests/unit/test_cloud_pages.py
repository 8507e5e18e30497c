"""Pages hold a sync's changes in their order, a few to each, the same bytes every time."""

import gzip

import pytest

from harness.cloud_world import MemoryShelf
from kumitate.cloud.pages import changes_on, numbered, page_bytes, write_pages
from kumitate.errors import RecordError
from kumitate.model.request import Change, Operation

CHANGES = [
    Change("gone-1", Operation.DELETE, {"email": "a@example.com"}, "p1", {"email": "a@example.com"}),
    Change("gone-2", Operation.DELETE, {}, "p2"),
    Change("new", Operation.CREATE, {"name": "Zoë\u2028Ötzi\n", "points": 12, "tags": ["a", "b"], "none": None}, "p3"),
    Change("other", Operation.UPDATE, {"name": "x"}, "p4", {"name": "y"}),
]


def written(rows: int) -> MemoryShelf:
    shelf = MemoryShelf()
    assert write_pages([CHANGES[:1], CHANGES[1:]], shelf, run_id="r1", sync="s", rows=rows) == len(shelf.contents)
    return shelf


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_every_change_is_on_one_page_as_it_was_and_in_order(rows: int) -> None:
    shelf = written(rows)
    pages = [changes_on(shelf.get(name)) for _, name, _ in numbered(shelf.names("deliveries/r1/s/"))]
    assert [change for page in pages for change in page] == CHANGES
    assert max(len(page) for page in pages) <= rows


def test_removals_have_pages_of_their_own_which_come_first() -> None:
    assert numbered(written(100).names("deliveries/r1/s/")) == [
        (1, "deliveries/r1/s/00001.removals.jsonl.gz", True),
        (2, "deliveries/r1/s/00002.jsonl.gz", False),
    ]


def test_pages_written_again_have_the_same_bytes() -> None:
    assert written(2).contents == written(2).contents


def test_a_sync_without_changes_has_no_page() -> None:
    shelf = MemoryShelf()
    assert write_pages([], shelf, run_id="r1", sync="s", rows=10) == 0
    assert shelf.contents == {}


def test_pages_beyond_the_digits_of_their_name_keep_their_order() -> None:
    names = ["deliveries/r1/s/100000.jsonl.gz", "deliveries/r1/s/99999.jsonl.gz", "deliveries/r1/s/note.txt"]
    assert [number for number, _, _ in numbered(names)] == [99_999, 100_000]


@pytest.mark.parametrize(
    "content",
    [
        b"no gzip",
        page_bytes(CHANGES)[:-9],
        gzip.compress(b"{"),
        gzip.compress(b"[]"),
        gzip.compress(b'{"key": "p1", "operation": "shrink", "fields": {}}'),
        gzip.compress(b'{"key": "p1", "operation": "create", "unheard": 1}'),
    ],
    ids=["no gzip", "cut off", "no JSON", "no object", "unheard operation", "unheard field"],
)
def test_a_page_that_cannot_be_read_says_so(content: bytes) -> None:
    with pytest.raises(RecordError, match=r"page\.unreadable"):
        changes_on(content)
