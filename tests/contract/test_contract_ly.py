"""LY Display Ads' own OpenAPI (v19) takes what we send; the conversions keep what Yahoo's own page says."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from harness.contracts import CONTRACTS
from harness.destinations import CASES
from harness.strict_openapi import Place
from kumitate.activation.destinations.ly_ads import LyAds
from kumitate.sandbox.contract import violations

LISTS = "lyads-display/design/v19/audiencelist"
BODIES = {
    "add": "AudienceListServiceOperation",
    "remove": "AudienceListServiceOperation",
    "get": "AudienceListServiceSelector",
    "getUploadUserListStatus": "AudienceListServiceUploadUserListStatusSelector",
}
HASH = "a" * 64
CONVERSION = {
    "hashed_email": HASH,
    "event_time": 1_600_000_000,
    "yahoo_ydn_conv_io": "io",
    "yahoo_ydn_conv_label": "label",
    "yahoo_ydn_conv_transaction_id": "order1234",
}


def schema(name: str) -> Place:
    return Place("", {}).at({"$ref": f"{LISTS}/{name}.yaml#/{name}"})


def recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    found = json.loads((CASES / "ly_ads.json").read_text(encoding="utf-8"))
    for talk in found["talks"]:
        yield from ((talk["name"], turn["ask"]) for turn in talk["turns"] if "ask" in turn)


REQUESTS = [
    pytest.param(request, id=f"{name}: {request['path'].partition('?')[0].rsplit('/', 1)[1]}")
    for name, request in recorded()
]


@pytest.mark.parametrize("request_", [param for param in REQUESTS if not isinstance(param.values[0]["body"], str)])
def test_ly_takes_our_recorded_requests(request_: dict[str, Any]) -> None:
    method = request_["path"].rsplit("/", 1)[1]
    assert schema(BODIES[method]).broken(request_["body"]) == []


@pytest.mark.parametrize("request_", [param for param in REQUESTS if isinstance(param.values[0]["body"], str)])
def test_an_upload_names_what_ly_asks_for_and_holds_hashes_alone(request_: dict[str, Any]) -> None:
    query = dict(parse_qsl(request_["path"].partition("?")[2]))
    assert query.keys() == {"accountId", "audienceListId", "uploadType", "compressType"}
    assert schema("AudienceListServiceUploadUserListUploadType").broken(query["uploadType"]) == []
    assert schema("AudienceListServiceUploadUserListCompressType").broken(query["compressType"]) == []
    content = request_["body"].split("\r\n\r\n", 1)[1].rpartition("\r\n--")[0].removesuffix("\r\n")
    lines = content.splitlines()
    assert lines
    assert all(re.fullmatch(r"[0-9a-f]{64}", line) for line in lines)


def test_our_recorded_answers_are_ones_that_ly_gives() -> None:
    found = json.loads((CASES / "ly_ads.json").read_text(encoding="utf-8"))
    upload = schema("AudienceListServiceUploadUserListResponse")
    lists = schema("AudienceListServiceMutateResponse")
    for talk in found["talks"]:
        for answer in talk["answers"]:
            body = {name: value for name, value in answer["body"].items() if value is not None}
            is_upload = "uploadJob" in json.dumps(body)
            assert (upload if is_upload else lists).broken(without_nulls(body)) == []


def without_nulls(value: Any) -> Any:
    """The contract says `nullable` of almost everything."""
    if isinstance(value, dict):
        return {name: without_nulls(part) for name, part in value.items() if part is not None}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("name", "body", "broken"),
    [
        ("AudienceListServiceOperation", {"accountId": 1, "operand": []}, "operand: at least 1"),
        ("AudienceListServiceOperation", {"accountId": 1, "operand": [{}] * 21}, "operand: at most 20"),
        ("AudienceListServiceOperation", {"accountId": "1", "operand": [{}]}, "accountId: integer expected"),
        ("AudienceListServiceOperation", {"operand": [{}]}, "accountId: missing"),
        ("AudienceListServiceOperation", {"accountId": 1, "operand": [{"name": "x"}]}, "operand[0].name: unknown"),
        ("AudienceListServiceSelector", {"accountId": 1, "numberResults": 1_001}, "numberResults: at most 1000"),
        (
            "AudienceListServiceUploadUserListStatusSelector",
            {"accountId": 1, "audienceListId": 2, "uploadJobIds": ["j"] * 101},
            "uploadJobIds: at most 100",
        ),
    ],
)
def test_the_contract_refuses_what_is_wrong(name: str, body: dict[str, Any], broken: str) -> None:
    assert schema(name).broken(body) == [broken]


def test_a_wrong_list_type_is_refused_by_the_contract() -> None:
    content = {"audienceListType": "CUSTOMERS", "customerDataAudienceList": {"dataDuration": 30}}
    body = {"accountId": 1, "operand": [{"audienceListName": "x", "audienceListContent": content}]}
    (broken,) = schema("AudienceListServiceOperation").broken(body)
    assert broken.startswith("operand[0].audienceListContent.audienceListType: one of")


@pytest.mark.parametrize(
    ("ours", "body"),
    [
        ("ly_remove", {"accountId": 1, "operand": []}),
        ("ly_get", {"accountId": 1, "audienceListTypes": ["CUSTOMER_DATA"], "numberResults": 1_001}),
        ("ly_getUploadUserListStatus", {"accountId": 1, "audienceListId": 2, "uploadJobIds": ["j"] * 101}),
    ],
)
def test_our_schemas_refuse_it_as_well(ours: str, body: dict[str, Any]) -> None:
    assert violations(ours, body) != []


def test_a_list_lives_for_180_days_at_most() -> None:
    content = {"audienceListType": "CUSTOMER_DATA", "customerDataAudienceList": {"dataDuration": 181}}
    body = {"accountId": 1, "operand": [{"audienceListName": "x", "audienceListContent": content}]}
    assert [violation.path[-1] for violation in violations("ly_add", body)] == ["dataDuration"]


def test_ly_still_removes_nobody_from_a_list_and_wants_its_header() -> None:
    """The day it does, mode rebuild has had its time."""
    route = CONTRACTS / "lyads-display/design/v19/Route.yaml"
    if not route.is_file():
        pytest.skip("LY's contract is not beside the project (KUMITATE_CONTRACTS names the folder)")
    text = route.read_text(encoding="utf-8")
    services = set(re.findall(r"^  /AudienceListService/(\w+):", text, re.MULTILINE))
    assert services == {"get", "add", "set", "remove", "uploadUserList", "getUploadUserListStatus"}
    assert f"url: {LyAds.terms.base_url}/api/v19" in text
    (upload,) = re.findall(r"^  /AudienceListService/uploadUserList:\n(.*?)^  /", text, re.MULTILINE | re.DOTALL)
    assert "name: x-z-base-account-id" in upload
    assert set(re.findall(r"in: query\n\s+name: (\w+)", upload)) == {
        "accountId",
        "audienceListId",
        "uploadType",
        "compressType",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"hashed_email": "Example@example.com"},
        {"hashed_email": HASH.upper()},
        {"hashed_email": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"event_time": 1_600_000_000_000},
        {"event_time": "1600000000"},
        {"yahoo_ydn_conv_transaction_id": "x" * 65},
        {"yahoo_ydn_conv_transaction_id": " order"},
        {"yahoo_ydn_conv_value": "10"},
        {"email": "example@example.com"},
    ],
)
def test_a_conversion_that_breaks_a_rule_of_yahoos_page_is_refused(change: dict[str, Any]) -> None:
    assert violations("yahoo_conversion", CONVERSION) == []
    assert violations("yahoo_conversion", {**CONVERSION, **change}) != []


def test_yahoos_own_example_of_a_hash_is_ours() -> None:
    found = json.loads((CASES / "yahoo_conversion.json").read_text(encoding="utf-8"))
    (request,) = found["cases"][0]["renders"]
    assert request["body"]["hashed_email"] == "31c5543c1734d25c7206f5fd591525d0295bec6fe84ff82f946a34fe970a1e66"
