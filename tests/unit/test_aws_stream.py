"""Collected events go into Kinesis: once, in order within a person, and whoever is not kept is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from harness.aws_calls import operations, session
from harness.aws_strict import judged
from kumitate.aws.items import Items
from kumitate.aws.stream import KinesisIntake, KnownIds, partition_key
from kumitate.errors import RetryableError
from kumitate.model.event import Event


class BusyError(Exception):
    """What a service raises where it is asked too often."""


BUSY = SimpleNamespace(**dict.fromkeys(
    ("InternalFailureException", "InternalServerError", "KMSThrottlingException", "LimitExceededException",
     "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"), BusyError,
))  # fmt: skip


def held_to_model(service: str, operation: str, given: Mapping[str, Any]) -> None:
    model = session().get_service_model(service).operation_model(operations(service)[operation])
    assert judged(model, given) == []


@dataclass
class Stream:
    """Refuses what `refuses` says of the how-manieth call and the record's place in it; raises where it says None."""

    refuses: Callable[[int, int], bool | None] = lambda _call, _place: False
    put: list[tuple[str, str, bytes]] = field(default_factory=list)
    calls: int = 0
    exceptions = BUSY

    def put_records(self, **given: Any) -> dict[str, Any]:
        held_to_model("kinesis", "put_records", given)
        assert sum(len(each["Data"]) + len(each["PartitionKey"]) for each in given["Records"]) < 10 * 2**20
        self.calls += 1
        told = []
        for place, record in enumerate(given["Records"]):
            assert len(record["Data"]) + len(record["PartitionKey"]) <= 1_000 * 1024, "Firehose takes no more"
            refused = self.refuses(self.calls, place)
            if refused is None:
                raise BusyError
            if not refused:
                self.put.append((given["StreamName"], record["PartitionKey"], record["Data"]))
            told.append({"ErrorCode": "ProvisionedThroughputExceededException"} if refused else {"ShardId": "s"})
        return {"Records": told}

    @property
    def lines(self) -> list[bytes]:
        return [line for _, _, data in self.put for line in data.split(b"\n")]


@dataclass
class Table:
    """Answers three keys at a time, takes three items at a time."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_busy: bool = False
    exceptions = BUSY

    def batch_get_item(self, **given: Any) -> dict[str, Any]:
        held_to_model("dynamodb", "batch_get_item", given)
        if self.is_busy:
            raise BusyError
        (keys,) = (each["Keys"] for each in given["RequestItems"].values())
        found = [self.items[key["pk"]["S"]] for key in keys[:3] if key["pk"]["S"] in self.items]
        left = {"t": given["RequestItems"]["t"] | {"Keys": keys[3:]}} if keys[3:] else {}
        return {"Responses": {"t": found}, "UnprocessedKeys": left}

    def batch_write_item(self, **given: Any) -> dict[str, Any]:
        held_to_model("dynamodb", "batch_write_item", given)
        if self.is_busy:
            return {"UnprocessedItems": given["RequestItems"]}
        for put in given["RequestItems"]["t"][:3]:
            item = put["PutRequest"]["Item"]
            self.items[item["pk"]["S"]] = item
        left = given["RequestItems"]["t"][3:]
        return {"UnprocessedItems": {"t": left} if left else {}}


@dataclass
class Now:
    seconds: float = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def event(id_: str, person: str = "a", line: bytes = b"", source: str = "web") -> Event:
    return Event(source, id_, person, line or f'{{"messageId":"{id_}"}}'.encode())


def intake(stream: Stream, table: Table, now: Now) -> KinesisIntake:
    known = KnownIds(Items(table, "t", sleep=now.sleep), clock=now)
    return KinesisIntake(stream, known, stream=lambda source: f"s-{source}", clock=now, sleep=now.sleep)


def test_events_of_one_person_are_one_record_in_their_order() -> None:
    stream = Stream()
    given = [event("1"), event("2", "b"), event("3"), event("4", source="app")]
    assert intake(stream, Table(), Now()).take(given) == frozenset()
    assert stream.put == [
        ("s-web", partition_key("a"), b'{"messageId":"1"}\n{"messageId":"3"}'),
        ("s-web", partition_key("b"), b'{"messageId":"2"}'),
        ("s-app", partition_key("a"), b'{"messageId":"4"}'),
    ]


def test_a_partition_key_does_not_tell_who_somebody_is() -> None:
    assert "tanaka" not in partition_key("tanaka@example.jp")
    assert partition_key("tanaka@example.jp") == partition_key("tanaka@example.jp") != partition_key("a")


def test_what_is_known_is_passed_over_for_a_day_also_within_a_call() -> None:
    stream, table, now = Stream(), Table(), Now()
    given = [event(str(number)) for number in range(7)]
    for _ in range(2):
        assert intake(stream, table, now).take([*given, given[0]]) == frozenset()
    assert len(stream.lines) == 7
    now.seconds += 24 * 3600 + 1  # the items are still there: DynamoDB deletes when it likes
    assert intake(stream, table, now).take(given) == frozenset()
    assert len(stream.lines) == 14


def test_two_sources_do_not_share_ids() -> None:
    stream = Stream()
    intake(stream, Table(), Now()).take([event("1"), event("1", source="app")])
    assert len(stream.lines) == 2


def test_what_is_refused_is_tried_again_and_noted_when_it_is_in() -> None:
    stream, table = Stream(refuses=lambda call, place: call < 3 and place == 0), Table()
    assert intake(stream, table, Now()).take([event("1"), event("2", "b")]) == frozenset()
    assert sorted(stream.lines) == [b'{"messageId":"1"}', b'{"messageId":"2"}']
    assert len(table.items) == 2


def test_what_the_stream_never_takes_is_told_with_its_doubles_and_not_noted() -> None:
    stream, table = Stream(refuses=lambda call, place: call > 1 or place == 1), Table()
    given = [event("1"), event("2", "b"), event("3", "b"), event("2", "b")]
    assert intake(stream, table, Now()).take(given) == {1, 2, 3}
    assert len(table.items) == 1
    stream.refuses = lambda *_: False
    assert intake(stream, table, Now()).take(given) == frozenset()
    assert len(stream.lines) == 3


@pytest.mark.parametrize("refusal", [True, None])
def test_a_stream_that_takes_nothing_is_an_error_within_ten_seconds(refusal: bool | None) -> None:
    stream, table, now = Stream(refuses=lambda *_: refusal), Table(), Now()
    with pytest.raises(RetryableError, match="takes nothing now"):
        intake(stream, table, now).take([event("1")])
    assert now.seconds < 1_000_010
    assert not table.items


def test_a_table_that_does_not_keep_up_costs_doubles_and_no_event() -> None:
    stream, table = Stream(), Table(is_busy=True)
    for _ in range(2):
        assert intake(stream, table, Now()).take([event("1")]) == frozenset()
    assert stream.lines == [b'{"messageId":"1"}'] * 2


def test_no_record_and_no_call_is_larger_than_taken() -> None:
    stream = Stream()
    given = [event(str(number), str(number % 700), b"x" * 30_000) for number in range(1_400)]
    assert intake(stream, Table(), Now()).take(given) == frozenset()
    big = [event(f"b{number}", "one", b"y" * 30_000) for number in range(100)]
    assert intake(stream, Table(), Now()).take(big) == frozenset()
    assert len(stream.lines) == 1_500
    assert len([each for each in stream.put if each[2].startswith(b"y")]) == 4


def test_lines_of_one_person_keep_their_order_across_records() -> None:
    stream = Stream()
    given = [event(f"{number}", "one", b"%07d" % number + b"z" * 30_000) for number in range(100)]
    intake(stream, Table(), Now()).take(given)
    assert [int(line[:7]) for line in stream.lines] == list(range(100))
