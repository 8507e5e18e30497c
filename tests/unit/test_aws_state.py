"""The state store and the rates on DynamoDB: versions are checked, doubles do no harm, nobody exceeds a rate."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.mock_account import account
from kumitate.aws.rates import DynamoRates
from kumitate.aws.state import DynamoStateStore
from kumitate.errors import RecordError
from kumitate.model.event import State

pytestmark = pytest.mark.slow  # moto takes seconds to load
TABLE = "kumitate-tea-dev-state"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with account() as client:
        made = client("dynamodb")
        made.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield made


@pytest.fixture
def store(dynamodb: Any) -> DynamoStateStore:
    return DynamoStateStore(dynamodb, TABLE)


def version(store: DynamoStateStore, key: str) -> int:
    return store.read([key]).get(key, State({}, 0)).version


def test_a_document_comes_back_as_it_was_however_large_it_is(store: DynamoStateStore) -> None:
    documents: dict[str, dict[str, Any]] = {
        "person#small": {"n": 1, "at": "2026-11-22"},
        "person#kana": {"カナ": "タナカ", "lone": "\ud800"},
        "person#large": {"events": [{"id": str(number), "n": number / 7} for number in range(20_000)]},
    }
    for key, data in documents.items():
        assert store.write(key, data, instead_of=0)
    found = store.read([*documents, "person#nobody", "person#small"])
    assert {key: dict(state.data) for key, state in found.items()} == documents


def test_a_write_holds_only_against_the_version_that_was_read(store: DynamoStateStore) -> None:
    key = "person#v"
    assert store.write(key, {"n": 1}, instead_of=0)
    assert not store.write(key, {"n": 9}, instead_of=0)
    first = version(store, key)
    assert store.write(key, {"n": 2}, instead_of=first)
    assert not store.write(key, {"n": 3}, instead_of=first)
    assert not store.write(key, None, instead_of=first)
    assert version(store, key) > first
    assert store.write(key, None, instead_of=version(store, key))
    assert store.read([key]) == {}
    assert store.write(key, None, instead_of=0), "what is not there can be deleted"


def test_who_read_a_document_that_was_deleted_cannot_overwrite_the_one_after_it(dynamodb: Any) -> None:
    now = [1_000.0]
    store, key = DynamoStateStore(dynamodb, TABLE, clock=lambda: now[0]), "person#aba"
    store.write(key, {"n": 1}, instead_of=0)
    stale = version(store, key)
    store.write(key, None, instead_of=stale)
    now[0] += 0.005
    store.write(key, {"n": 2}, instead_of=0)
    assert not store.write(key, {"n": 3}, instead_of=stale)


def test_a_clock_that_goes_back_raises_versions_all_the_same(dynamodb: Any) -> None:
    now = [2_000.0]
    store, key = DynamoStateStore(dynamodb, TABLE, clock=lambda: now[0]), "person#clock"
    store.write(key, {"n": 1}, instead_of=0)
    first = version(store, key)
    now[0] = 1_000.0
    assert store.write(key, {"n": 2}, instead_of=first)
    assert version(store, key) == first + 1


def test_publishing_puts_and_deletes_many_and_is_the_same_twice(store: DynamoStateStore) -> None:
    store.write("card#s#p1", {"old": True}, instead_of=0)
    entries = [(f"card#s#p{number}", None if number == 1 else {"n": number}) for number in range(1_030)]
    for _ in range(2):
        store.publish(iter(entries))
    found = store.read([key for key, _ in entries])
    assert {key: dict(state.data) for key, state in found.items()} == {key: data for key, data in entries if data}


def test_the_time_to_go_is_an_attribute_that_the_table_knows(store: DynamoStateStore, dynamodb: Any) -> None:
    store.write("person#ttl", {"expires_at": 1_800_000_000.9}, instead_of=0)
    item = dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": "person#ttl"}})["Item"]
    assert item["expires_at"] == {"N": "1800000000"}


def test_a_document_that_no_item_can_hold_is_that_persons_problem_alone(store: DynamoStateStore) -> None:
    noise = "".join(chr(33 + (number * 7919 + number * number) % 90) for number in range(900_000))
    with pytest.raises(RecordError, match=r"state\.too_large person") as refused:
        store.write("person#tanaka", {"noise": [noise[i : i + 3] + str(i * i) for i in range(300_000)]}, instead_of=0)
    assert "tanaka" not in str(refused.value)


@pytest.fixture
def rates(dynamodb: Any) -> Callable[[], DynamoRates]:
    return lambda: DynamoRates(dynamodb, TABLE)


def test_a_sender_waits_when_a_seconds_worth_has_come(rates: Callable[[], DynamoRates]) -> None:
    gate = rates()
    assert [gate.wait("a", 5, per_second=10, now=NOW) for _ in range(2)] == [0, 0]
    assert gate.wait("a", 1, per_second=10, now=NOW) > 0
    assert gate.wait("a", 1, per_second=10, now=NOW + timedelta(seconds=1)) == 0
    assert gate.wait("b", 1, per_second=10, now=NOW) == 0, "another sender"


def test_a_batch_larger_than_a_seconds_worth_comes_and_is_paid_for(rates: Callable[[], DynamoRates]) -> None:
    gate = rates()
    assert gate.wait("big", 100, per_second=10, now=NOW) == 0
    assert gate.wait("big", 1, per_second=10, now=NOW) == pytest.approx(9)
    assert gate.wait("big", 1, per_second=10, now=NOW + timedelta(seconds=9.1)) == 0


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    calls=st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 8), st.sampled_from([0, 0.05, 0.3, 2.0])), min_size=1, max_size=40
    )
)
def test_no_sender_exceeds_its_rate_over_any_span_whoever_counts(
    rates: Callable[[], DynamoRates], calls: list[tuple[int, int, float]]
) -> None:
    """Over `span` seconds, at most a second's worth, the last batch, and what the rate lets in meanwhile."""
    gates, key, per_second = [rates() for _ in range(3)], f"p{id(calls)}-{len(calls)}-{hash(tuple(calls))}", 10.0
    now, taken = NOW, list[tuple[datetime, int]]()
    for gate, events, pause in calls:
        now += timedelta(seconds=pause)
        if gates[gate].wait(key, events, per_second=per_second, now=now) == 0:
            taken.append((now, events))
    for start in range(len(taken)):
        span = (taken[-1][0] - taken[start][0]).total_seconds()
        assert sum(events for _, events in taken[start:-1]) <= per_second * (span + 1) + 8


def test_who_waits_as_told_may_come(rates: Callable[[], DynamoRates]) -> None:
    gate, now = rates(), NOW
    gate.wait("w", 40, per_second=10, now=now)
    waited = gate.wait("w", 10, per_second=10, now=now)
    assert gate.wait("w", 10, per_second=10, now=now + timedelta(seconds=waited + 0.001)) == 0
