"""What syncs remember outlives the process, whole or as it was before; on DynamoDB at any size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.deliveries import creates
from harness.mock_account import account, ledger_table
from kumitate.aws.memory import DynamoMemory
from kumitate.errors import RecordError
from kumitate.execution.memory import SentFiles, SqliteMemory
from kumitate.ports import Memory

STATES = st.none() | st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=3)
NAMES = st.sampled_from(["audience", "talk.r000001.000001", "talk.r000001.0000010", "quota.2026-03-10.w1"])
HISTORIES = st.lists(st.tuples(st.sampled_from(["s", "t"]), NAMES, STATES), max_size=12)


@dataclass
class FakeTable:
    """Items by key; queries give two a page."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def put_item(self, *, TableName: str, Item: Mapping[str, Any]) -> None:  # noqa: N803 (boto3's names)
        assert TableName == "t"
        self.items[Item["pk"]["S"], Item["sk"]["S"]] = dict(Item)

    def delete_item(self, *, TableName: str, Key: Mapping[str, Any]) -> None:  # noqa: N803 (boto3's names)
        assert TableName == "t"
        self.items.pop((Key["pk"]["S"], Key["sk"]["S"]), None)

    def get_paginator(self, name: str) -> "FakeTable":
        assert name == "query"
        return self

    def paginate(self, *, ExpressionAttributeValues: Mapping[str, Any], **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803 (boto3's names)
        asked = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        keys = [
            key for key in sorted(self.items) if key[0] == asked[":pk"] and key[1].startswith(asked.get(":begins", ""))
        ]
        for start in range(0, len(keys) + 1, 2):
            yield {"Items": [self.items[key] for key in keys[start : start + 2]]}


@pytest.fixture(scope="module")
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture(scope="module")
def memories(table: FakeTable, tmp_path_factory: pytest.TempPathFactory) -> list[Memory]:
    return [SqliteMemory(tmp_path_factory.mktemp("memory") / "m.db"), DynamoMemory(table, "t", part_bytes=40)]


@settings(max_examples=3, deadline=None)
@given(HISTORIES)
def test_the_last_word_on_every_name_is_remembered(memories: list[Memory], history: list[Any]) -> None:
    for memory in memories:
        expected: dict[str, dict[str, Any]] = {"s": {}, "t": {}}
        for sync in expected:
            for name in memory.recall(sync):
                memory.remember(sync, name, None)
        for sync, name, state in history:
            memory.remember(sync, name, state)
            expected[sync].pop(name, None)
            if state is not None:
                expected[sync][name] = state
        assert {sync: memory.recall(sync) for sync in expected} == expected


def test_a_note_larger_than_an_item_is_replaced_as_a_whole_and_leaves_nothing_behind() -> None:
    table = FakeTable()
    memory = DynamoMemory(table, "t", part_bytes=100)
    large: dict[str, Any] = {"rows": [f"{number * 7919:x}" for number in range(900)]}
    states: list[dict[str, Any]] = [large, {"rows": []}, large]
    for state in states:
        memory.remember("big", "told", state)
        assert memory.recall("big") == {"told": state}
    assert len(table.items) > 10
    memory.remember("big", "told", None)
    assert table.items == {}


def test_a_killed_replacement_leaves_the_note_as_it_was() -> None:
    """Parts without a head are nobody's."""
    table = FakeTable()
    memory = DynamoMemory(table, "t")
    memory.remember("half", "told", {"rows": "old"})
    table.put_item(
        TableName="t", Item={"pk": {"S": "memory#half"}, "sk": {"S": "told#newversion#0001"}, "content": {"B": b"x"}}
    )
    assert memory.recall("half") == {"told": {"rows": "old"}}
    memory.remember("half", "told", {"rows": "new"})
    assert list(table.items) == [("memory#half", "told")]


@pytest.mark.slow
def test_dynamodb_itself_keeps_notes_of_any_size() -> None:
    with account() as client:
        memory = DynamoMemory(client("dynamodb"), ledger_table(client("dynamodb")))
        large = {"rows": [f"{number * 7919:x}{number**3:x}" for number in range(90_000)]}
        for state in (large, {"rows": ["one"]}, large):
            memory.remember("big", "told", state)
            assert memory.recall("big") == {"told": state}
        memory.remember("big", "told", None)
        assert memory.recall("big") == {}


def test_rows_of_a_conversation_lie_in_a_file_until_it_ends(tmp_path: Path) -> None:
    place = SentFiles(tmp_path / "talks", "s").keep("talk.r000001.000001", creates("p1", "p2"))
    sent = SentFiles(tmp_path / "talks", "s")
    assert [change.key for change in sent.read(place)] == ["p1", "p2"]
    sent.drop(place)
    sent.drop(place)
    sent.drop({})
    with pytest.raises(RecordError):
        sent.read(place)
    assert list((tmp_path / "talks").iterdir()) == []
