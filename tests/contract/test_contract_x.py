"""X publishes no machine-readable contract: its documented limits and shapes, held by us."""

import hashlib
import json

import pytest
from jsonschema import Draft202012Validator

from harness.destinations import CASES
from harness.talks import opened, row
from kumitate.activation.destinations.x import X
from kumitate.model.request import Change, HttpRequest, Operation
from kumitate.sandbox.contract import schema_of

SETTINGS = {"account_id": "a1", "audience_id": "b2"}
KINDS = ("email", "phone", "device_id", "handle", "twitter_id")


def requests(rows: list[Change]) -> list[HttpRequest]:
    return [item for item in opened("x", **SETTINGS).requests(rows) if isinstance(item, HttpRequest)]


def test_a_body_is_cut_before_it_grows_larger_than_x_takes() -> None:
    hashed = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(1_600)]
    long_id = "𠮷" * 256  # the longest there is: 12 bytes a sign in JSON
    rows = [
        Change(f"p{n}", Operation.CREATE, {**dict.fromkeys(KINDS, each), "partner_user_id": long_id})
        for n, each in enumerate(hashed)
    ]
    made = requests(rows)
    sizes = [len(request.body) for request in made]
    assert len(sizes) == 2
    assert 4_990_000 < sizes[0] <= 5_000_000
    assert sum(len(request.keys) for request in made) == 1_600


def test_our_schema_holds_the_operations_of_a_batch() -> None:
    validator = Draft202012Validator(schema_of("x_users"))
    (request,) = requests([row("p1", email="a@example.jp")])
    (operation,) = json.loads(request.body)
    assert list(validator.iter_errors([operation])) == []
    assert schema_of("x_users")["maxItems"] == 2_500


@pytest.mark.parametrize(
    "bad",
    [
        {"operation_type": "Upsert", "params": {"users": [{"email": ["a" * 64]}]}},
        {"operation_type": "Update", "params": {"users": [{"email": ["mary@example.com"]}]}},
        {"operation_type": "Update", "params": {"users": [{"email": [hashlib.sha256(b"").hexdigest()]}]}},
        {"operation_type": "Update", "params": {"users": [{}]}},
        {"operation_type": "Update", "params": {"users": [{"mail": ["a" * 64]}]}},
        {"operation_type": "Update"},
    ],
)
def test_our_schema_refuses_what_x_refuses(bad: dict[str, object]) -> None:
    assert list(Draft202012Validator(schema_of("x_users")).iter_errors([bad])) != []


def test_everything_recorded_is_hashed_but_an_id_of_the_owners_own() -> None:
    cases = json.loads((CASES / "x.json").read_text(encoding="utf-8"))["cases"]
    bodies = [item["body"] for case in cases for item in case["renders"] if "body" in item]
    users = [user for body in bodies for operation in body for user in operation["params"]["users"]]
    kinds = {kind for user in users for kind in user}
    assert {"email", "phone_number", "handle", "partner_user_id"} <= kinds
    for user in users:
        for kind, values in user.items():
            assert kind == "partner_user_id" or all(len(value) == 64 for value in values)


def test_the_pace_is_within_xs_1500_requests_a_minute() -> None:
    assert X.terms.seconds_between_requests >= 60 / 1_500
