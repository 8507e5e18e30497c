"""What we send to Meta, its published endpoints know; what they leave open, we hold ourselves to."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.contracts import contract
from harness.destinations import CASES
from harness.talks import row
from kumitate.activation.destinations.meta import Meta
from kumitate.activation.destinations.meta_conversion import MetaConversion
from kumitate.activation.destinations.talk import Ask
from kumitate.model.request import Change, HttpRequest, Operation, Response
from kumitate.sandbox.contract import schema_of

HASHED = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def parameters(file: str, method: str, endpoint: str) -> dict[str, Any]:
    """An endpoint's parameters by name."""
    apis = contract(f"meta/{file}.json")["apis"]
    found = next(api for api in apis if api.get("endpoint") == endpoint and api["method"] == method)
    return {parameter["name"]: parameter for parameter in found["params"]}


def recorded(type_: str) -> list[dict[str, Any]]:
    """Every request of a type's recorded cases and conversations."""
    found = json.loads((CASES / f"{type_}.json").read_text(encoding="utf-8"))
    shown = [item for case in found["cases"] for item in case["renders"] if "body" in item]
    return shown + [turn["ask"] for talk in found.get("talks", []) for turn in talk["turns"] if "ask" in turn]


@pytest.mark.parametrize(
    ("file", "method", "endpoint"),
    [
        ("CustomAudience", "POST", "users"),
        ("CustomAudience", "DELETE", "users"),
        ("CustomAudience", "POST", "usersreplace"),
        ("AdAccount", "DELETE", "usersofanyaudience"),
    ],
)
def test_meta_knows_the_parameters_that_our_schema_allows(file: str, method: str, endpoint: str) -> None:
    known = parameters(file, method, endpoint)
    assert set(schema_of("meta_users")["properties"]) <= known.keys()


def test_meta_knows_the_parameters_of_our_events() -> None:
    known = parameters("AdsPixel", "POST", "events")
    ours = schema_of("meta_events")
    assert set(ours["properties"]) <= known.keys()
    assert {name for name, parameter in known.items() if parameter["required"]} <= set(ours["required"])


def test_meta_knows_the_fields_of_an_audience_that_we_ask_for() -> None:
    known = {field["name"] for field in contract("meta/CustomAudience.json")["fields"]}
    request = Meta(audience_id="1", mode="upsert").look()
    assert set(request.path.partition("fields=")[2].split(",")) <= known


def test_a_replacement_has_the_parameters_that_meta_requires() -> None:
    known = parameters("CustomAudience", "POST", "usersreplace")
    required = {name for name, parameter in known.items() if parameter["required"]}
    replacing = [item for item in recorded("meta") if item["path"].endswith("/usersreplace")]
    assert replacing
    for item in replacing:
        assert required <= item["body"].keys() <= known.keys()


@pytest.mark.parametrize("bad", [EMPTY_HASH, "mary@example.com", "A" * 64, "abc"])
def test_our_schema_takes_hashes_and_device_ids_and_nothing_readable(bad: str) -> None:
    validator = Draft202012Validator(schema_of("meta_users"))
    body = next(item["body"] for item in recorded("meta") if item["path"].endswith("/users"))
    assert list(validator.iter_errors(body)) == []
    payload = {"schema": ["EXTERN_ID", "EMAIL"], "data": [["p1", bad]]}
    assert list(validator.iter_errors({"payload": payload})) != []


def test_our_schemas_hold_the_sizes_that_metas_contract_leaves_out() -> None:
    assert schema_of("meta_users")["properties"]["payload"]["properties"]["data"]["maxItems"] == 10_000
    assert schema_of("meta_events")["properties"]["data"]["maxItems"] == 1_000


@pytest.mark.slow
def test_batches_of_a_session_are_numbered_and_only_the_last_says_so() -> None:
    destination = Meta(audience_id="1", mode="rebuild")
    changes = [Change(f"p{n}", Operation.KEEP, {"email": HASHED}) for n in range(20_001)]
    turn = destination.begins(changes, {})
    date = {"date": "Sun, 22 Nov 2026 01:02:03 GMT"}
    answers = iter([Response(200, b"{}", date), *[Response(200, b'{"num_received": 1}')] * 3])
    sessions = []
    while isinstance(turn, Ask):
        body = json.loads(turn.request.body or b"{}")
        sessions += [(len(body["payload"]["data"]), body["session"])] if body else []
        turn = destination.answered(changes, turn.state, next(answers))
    assert [size for size, _ in sessions] == [10_000, 10_000, 1]
    assert [session["batch_seq"] for _, session in sessions] == [1, 2, 3]
    assert [session["last_batch_flag"] for _, session in sessions] == [False, False, True]
    (id_,) = {session["session_id"] for _, session in sessions}
    assert 0 < id_ < 2**63


def test_two_audiences_rebuilt_in_the_same_second_have_sessions_of_their_own() -> None:
    ids = set()
    for audience in ("1", "2"):
        destination = Meta(audience_id=audience, mode="rebuild")
        changes = [row("p1", email="a@example.jp")]
        look = destination.begins(changes, {})
        assert isinstance(look, Ask)
        batch = destination.answered(
            changes, look.state, Response(200, b"{}", {"Date": "Sun, 22 Nov 2026 01:02:03 GMT"})
        )
        assert isinstance(batch, Ask)
        ids.add(json.loads(batch.request.body)["session"]["session_id"])
    assert len(ids) == 2


def test_a_mishap_at_meta_leaves_an_events_fate_open_within_what_it_remembers() -> None:
    destination = MetaConversion(dataset_id="1", event_name="Purchase", currency="JPY")
    (request,) = destination.requests([row("o1", email="a@example.jp", event_time="2026-11-20T10:00:00Z")])
    assert isinstance(request, HttpRequest)
    (outcome,) = destination.outcomes(
        request, Response(400, b'{"error": {"code": 2, "message": "Service unavailable"}}')
    )
    assert outcome.verdict == "unknown"
    assert destination.terms.repeatable_seconds == 48 * 3600
