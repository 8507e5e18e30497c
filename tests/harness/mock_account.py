"""An AWS account in this process (moto), loaded only by tests that ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TABLE = "kumitate-tea-dev-ledger"
BUCKET = "kumitate-tea-dev-results-000000000000"
REGION = "ap-northeast-1"


@contextmanager
def account() -> Iterator[Any]:
    """A function from a service's name to its client."""
    import boto3
    from moto import mock_aws

    with mock_aws():
        session = boto3.session.Session(region_name=REGION)
        yield session.client


def ledger_table(dynamodb: Any) -> str:
    keys = {"pk": "HASH", "sk": "RANGE"}
    dynamodb.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        BillingMode="PAY_PER_REQUEST",
    )
    return TABLE


def results_bucket(s3: Any) -> str:
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return BUCKET


def open_sync(dynamodb: Any, run_id: str, sync: str) -> None:
    """What the state machine does before it says that a sync's changes are ready."""
    item = {"pk": {"S": f"run#{run_id}"}, "sk": {"S": f"sync#{sync}"}, "pages": {"N": "-1"}, "done": {"N": "0"}}
    dynamodb.put_item(TableName=TABLE, Item=item)


def sync_item(dynamodb: Any, run_id: str, sync: str) -> dict[str, Any]:
    key = {"pk": {"S": f"run#{run_id}"}, "sk": {"S": f"sync#{sync}"}}
    found: dict[str, Any] = dynamodb.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item", {})
    return found
