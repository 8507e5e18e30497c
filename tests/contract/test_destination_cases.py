"""Every registered destination has recorded cases, renders them to the letter and within its vendor's contract."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from botocore import xform_name
from jsonschema import Draft202012Validator

from harness.destinations import CASES, change_of, read_answer, shown, shown_turn, talked
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.registry import REGISTRY, destination_class
from kumitate.activation.destinations.talk import Ask, Conversing, Done, Lapsing, Wait, erases
from kumitate.model.request import AwsCall, Change, Operation, Outcome, Request
from kumitate.sandbox.aws import model
from kumitate.sandbox.aws_model import broken_rules
from kumitate.sandbox.contract import schema_of


def recorded(type_: str) -> dict[str, Any]:
    """A destination's cases: its settings, a row's fields, the vendor's limit, its contracts by route."""
    path = CASES / f"{type_}.json"
    assert path.is_file(), f"record a case of {type_} in tests/contract/cases/{type_}.json"
    case: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return case


ALL = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
    for path in sorted(CASES.glob("*.json"))
    for case in recorded(path.stem)["cases"]
]

TALKS = [
    pytest.param(path.stem, talk, id=f"{path.stem}: {talk['name']}")
    for path in sorted(CASES.glob("*.json"))
    for talk in recorded(path.stem).get("talks", [])
]


def opened(type_: str, case: Mapping[str, Any] | None = None) -> Destination:
    """The destination with its recorded settings, and those of the case over them."""
    settings = recorded(type_)["settings"] | (case or {}).get("settings", {})
    return destination_class(type_).model_validate(settings)


def talker(type_: str, talk: Mapping[str, Any]) -> Conversing:
    destination = opened(type_, talk)
    assert isinstance(destination, Conversing)
    return destination


def rows(type_: str, count: int) -> list[Change]:
    template = json.dumps(recorded(type_)["fields"])
    keys = (f"p{number}" for number in range(count))
    return [Change(key, Operation.CREATE, json.loads(template.replace("{key}", key))) for key in keys]


def broken_contract(type_: str, request: Request) -> list[str]:
    """What the vendor would not accept: botocore's model for AWS, else the schema recorded for the route."""
    if isinstance(request, AwsCall):
        service = model(request.service)
        operation = next(name for name in service.operation_names if xform_name(name) == request.operation)
        return broken_rules(service.operation_model(operation).input_shape, request.parameters)
    route = f"{request.method} {request.host}{request.path}"
    schema = next(schema for known, schema in recorded(type_)["contracts"].items() if re.fullmatch(known, route))
    if schema is None:
        return []  # no body, or none that is JSON
    schema = schema_of(schema) if isinstance(schema, str) else schema
    return [error.message for error in Draft202012Validator(schema).iter_errors(json.loads(request.body))]


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_every_registered_destination_has_a_recorded_case_with_answers(type_: str) -> None:
    cases = [*recorded(type_)["cases"], *recorded(type_).get("talks", [])]
    assert any(case["answers"] for case in cases)


@pytest.mark.parametrize(("type_", "case"), ALL)
def test_changes_render_to_the_recorded_requests(type_: str, case: dict[str, Any]) -> None:
    items = list(opened(type_, case).requests([change_of(row) for row in case["changes"]]))
    assert [shown(item) for item in items] == case["renders"]


@pytest.mark.parametrize(("type_", "case"), ALL)
def test_answers_read_to_the_recorded_outcomes_one_per_key(type_: str, case: dict[str, Any]) -> None:
    destination = opened(type_, case)
    items = destination.requests([change_of(row) for row in case["changes"]])
    requests = [item for item in items if not isinstance(item, Outcome)]
    found = [read_answer(destination, *pair) for pair in zip(requests, case["answers"], strict=True)]
    assert [[shown(outcome) for outcome in outcomes] for outcomes in found] == case["outcomes"]
    for request, outcomes in zip(requests, found, strict=True):
        assert [outcome.key for outcome in outcomes] == list(request.keys)


@pytest.mark.parametrize(("type_", "case"), ALL)
def test_recorded_requests_keep_the_contract(type_: str, case: dict[str, Any]) -> None:
    for item in opened(type_, case).requests([change_of(row) for row in case["changes"]]):
        if not isinstance(item, Outcome):
            assert broken_contract(type_, item) == []


@pytest.mark.parametrize(("type_", "talk"), TALKS)
def test_conversations_take_the_recorded_turns(type_: str, talk: dict[str, Any]) -> None:
    turns = talked(talker(type_, talk), talk, [change_of(row) for row in talk["changes"]])
    assert [shown_turn(turn) for turn in turns] == talk["turns"]
    done = turns[-1]
    assert isinstance(done, Done)
    assert sorted(outcome.key for outcome in done.outcomes) == sorted(row["key"] for row in talk["changes"])


@pytest.mark.parametrize(("type_", "talk"), TALKS)
def test_conversations_keep_the_contract_and_go_on_from_any_turn(type_: str, talk: dict[str, Any]) -> None:
    changes = [change_of(row) for row in talk["changes"]]
    for turn in talked(talker(type_, talk), talk, changes):
        if not isinstance(turn, Done):
            assert isinstance(talker(type_, talk).resumed(changes, turn.state), Ask | Wait | Done)
        if isinstance(turn, Ask):
            assert broken_contract(type_, turn.request) == []


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_a_conversation_that_must_not_be_repeated_says_what_becomes_of_a_request_that_is_forgotten(type_: str) -> None:
    class_ = destination_class(type_)
    must_say = issubclass(class_, Conversing) and not class_.terms.idempotent
    assert issubclass(class_, Lapsing) or not must_say


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_every_destination_can_erase_a_person_or_says_what_to_do_by_hand(type_: str) -> None:
    by_hand = destination_class(type_).terms.erase_by_hand
    assert erases(destination_class(type_)) is not bool(by_hand)


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_no_request_is_larger_than_the_vendor_takes_and_no_row_is_lost(type_: str) -> None:
    destination = opened(type_)
    most = recorded(type_)["most_rows"]
    changes = rows(type_, most + 1)
    requests = [item for item in destination.requests(changes) if not isinstance(item, Outcome)]
    if most == 0:  # rows go in conversations alone, recorded as `talks`
        assert requests == []
        assert recorded(type_)["talks"]
        return
    assert [len(request.keys) for request in requests] == [most, 1]
    assert [key for request in requests for key in request.keys] == [change.key for change in changes]


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_requests_are_the_same_for_the_same_changes(type_: str) -> None:
    changes = rows(type_, 20)
    assert list(opened(type_).requests(changes)) == list(opened(type_).requests(changes))


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_what_is_personal_stays_out_of_a_requests_text(type_: str) -> None:
    secret = Change("k1", Operation.CREATE, {**rows(type_, 1)[0].fields, "Email": "secret@example.jp"})
    for item in opened(type_).requests([secret]):
        assert "secret" not in repr(item)
    assert "secret" not in repr(secret)
