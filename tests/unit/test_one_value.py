"""Lists, objects and truth values reach no vendor in Python's words, and no missing item as an empty one."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.talks import opened, row, sent, transport_to
from kumitate.activation.destinations.account_engagement_files import table
from kumitate.model.request import AwsCall, Change, HttpRequest
from kumitate.sandbox.server import Sandbox

ODD: dict[str, Any] = {
    "list": ["x", None, True, 1.5, {"a": None}, ["y"]],
    "object": {"名": [True, None]},
    "truth": False,
    "missing": None,
}
JOINED = {"list": 'x;true;1.5;{"a": null};["y"]', "object": '{"名": [true, null]}'}
KINTONE = {"app": 12, "key_field": "cdp_id"}


def http(type_: str, **settings: Any) -> Callable[[Change], Any]:
    def body(change: Change) -> Any:
        (request,) = opened(type_, **settings).requests([change])
        assert isinstance(request, HttpRequest)
        return json.loads(request.body)

    return body


def of_salesforce(change: Change) -> Any:
    return http("salesforce", object="Contact", external_id="Key__c")(change)["records"][0]


def of_marketo(change: Change) -> Any:
    return http("marketo", lookup_field="kumitateKey")(change)["input"][0]


def of_hubspot(change: Change) -> Any:
    return http("hubspot", id_property="kumitate_key")(change)["inputs"][0]["properties"]


def of_account_engagement(change: Change) -> Any:
    (cells,) = csv.DictReader(io.StringIO(table([change], "key__c").decode(), newline=""))
    return cells


@pytest.mark.parametrize(
    ("read", "plain"),
    [
        (of_salesforce, {"truth": False, "missing": None}),
        (of_marketo, {"truth": False, "missing": None}),
        (of_hubspot, {"truth": "false", "missing": ""}),
        (of_account_engagement, {"truth": "false", "missing": ""}),
    ],
)
def test_fields_of_one_value_take_lists_and_objects_as_text(read: Callable[[Change], Any], plain: Any) -> None:
    found = read(row("p1", email="a@example.jp", **ODD))
    assert {name: found[name] for name in ODD} == JOINED | plain


def test_an_attribute_of_pinpoint_has_each_value_as_text() -> None:
    pinpoint = opened("pinpoint", application_id="0" * 32, acknowledge_end_of_support=True)
    (call,) = pinpoint.requests([row("p1", to="a@example.jp", **ODD)])
    assert isinstance(call, AwsCall)
    (endpoint,) = call.parameters["EndpointBatchRequest"]["Item"]
    assert endpoint["Attributes"] == {
        "list": ["x", "true", "1.5", '{"a": null}', '["y"]'],
        "object": [JOINED["object"]],
        "truth": ["false"],
        "missing": [],
    }


def test_a_text_message_says_lists_and_objects_as_people_read_them() -> None:
    whatsapp = opened("whatsapp", phone_number_id="phone-number-id-1", template="shipped", parameters=["list", "truth"])
    (call,) = whatsapp.requests([row("p1", to="+819012345678", list=["x", None, True], truth=True)])
    assert isinstance(call, AwsCall)
    (body,) = json.loads(call.parameters["message"])["template"]["components"]
    assert [each["text"] for each in body["parameters"]] == ["x, true", "true"]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def test_kintone_gets_choices_as_a_list_and_objects_as_json() -> None:
    (record,) = http("kintone", **KINTONE)(row("p1", **ODD, users=[{"code": "sato"}, None]))["records"]
    assert {name: each["value"] for name, each in record["record"].items()} == {
        "list": ["x", "true", "1.5", {"a": None}, '["y"]'],
        "object": JOINED["object"],
        "truth": "false",
        "missing": "",
        "users": [{"code": "sato"}],
    }


@pytest.mark.parametrize(("given", "kept"), [(None, []), (["red", None], ["red"]), ("red", ["red"]), ("", [])])
def test_a_kintone_field_of_multiple_choice_is_emptied_by_an_empty_list(
    sandbox: Sandbox, given: Any, kept: list[str]
) -> None:
    kintone = opened("kintone", **KINTONE, multiple=["interests"])
    outcomes = sent(kintone, transport_to(sandbox, kintone, "kintone"), [row("p1", interests=given)])
    assert outcomes["p1"].verdict == "accepted"
    (record,) = sandbox.objects("kintone", "app 12").values()
    assert record["interests"]["value"] == kept


def test_kintones_stand_in_takes_no_text_for_multiple_choice(sandbox: Sandbox) -> None:
    kintone = opened("kintone", **KINTONE)
    outcomes = sent(kintone, transport_to(sandbox, kintone, "kintone"), [row("p1", interests=None)])
    assert outcomes["p1"].reason == "vendor.cb_va01"
