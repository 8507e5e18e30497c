"""Salesforce publishes no contract: the rules of its pages as our schemas have them, and simple_salesforce's words.

https://developer.salesforce.com/docs/platform/api-rest/guide and …/api-asynch/guide
"""

from typing import Any

import pytest

from kumitate.sandbox.contract import schema_of, violations

RECORD = {"attributes": {"type": "Contact"}, "Key__c": "p1", "LastName": "山田"}
JOB = {
    "object": "Contact",
    "operation": "upsert",
    "externalIdFieldName": "Key__c",
    "contentType": "CSV",
    "lineEnding": "LF",
    "columnDelimiter": "COMMA",
}
ROW = "/services/data/v67.0/sobjects/Contact/Key__c/p1"


def test_two_hundred_records_are_taken_and_one_more_is_not() -> None:
    assert violations("salesforce_upsert", {"allOrNone": False, "records": [RECORD] * 200}) == []
    assert violations("salesforce_upsert", {"allOrNone": False, "records": [RECORD] * 201})


@pytest.mark.parametrize(
    "record",
    [
        {"Key__c": "p1"},
        RECORD | {"Interests__c": ["tea"]},
        RECORD | {"Account": {"Key__c": "a1"}},
        RECORD | {"Account": {"attributes": {"type": "Account"}, "Key__c": "a1", "Name": "A"}},
        RECORD | {"Last Name": "x"},
        RECORD | {"attributes": {"type": "Contact", "url": "/x"}},
    ],
)
def test_what_salesforce_refuses_of_a_record_ours_refuses(record: dict[str, Any]) -> None:
    assert violations("salesforce_upsert", {"allOrNone": False, "records": [record]})


def test_a_reference_leads_to_a_record_by_its_external_id() -> None:
    record = RECORD | {"Account": {"attributes": {"type": "Account"}, "Key__c": "a1"}}
    assert violations("salesforce_upsert", {"allOrNone": False, "records": [record]}) == []


@pytest.mark.parametrize(
    ("part", "is_fine"),
    [
        ({"method": "DELETE", "url": ROW, "referenceId": "row0"}, True),
        ({"method": "PATCH", "url": f"{ROW}?updateOnly=true", "referenceId": "row0", "body": {"LastName": "x"}}, True),
        ({"method": "PATCH", "url": ROW, "referenceId": "row0", "body": {"LastName": "x"}}, False),
        ({"method": "PATCH", "url": f"{ROW}?updateOnly=true", "referenceId": "row0"}, False),
        ({"method": "DELETE", "url": ROW, "referenceId": "row 0"}, False),
        ({"method": "DELETE", "url": ROW, "referenceId": "row0", "body": {}}, False),
        ({"method": "POST", "url": ROW, "referenceId": "row0"}, False),
    ],
)
def test_a_composite_deletes_or_updates_and_does_nothing_else(part: dict[str, Any], is_fine: bool) -> None:
    assert (violations("salesforce_composite", {"allOrNone": False, "compositeRequest": [part]}) == []) is is_fine


def test_a_composite_holds_25_at_most() -> None:
    assert schema_of("salesforce_composite")["properties"]["compositeRequest"]["maxItems"] == 25


@pytest.mark.parametrize(
    "body",
    [
        {name: value for name, value in JOB.items() if name != "externalIdFieldName"},
        JOB | {"operation": "hardDelete"},
        JOB | {"contentType": "JSON"},
        JOB | {"state": "Open"},
    ],
)
def test_a_job_is_an_upsert_by_external_id_in_csv(body: dict[str, Any]) -> None:
    assert violations("salesforce_job", JOB) == []
    assert violations("salesforce_job", body)


def test_a_jobs_words_are_those_of_the_python_client() -> None:
    bulk2: Any = pytest.importorskip("simple_salesforce.bulk2", reason="simple_salesforce is not installed")
    assert JOB["operation"] in {operation.value for operation in bulk2.Operation}
    assert JOB["lineEnding"] in {ending.value for ending in bulk2.LineEnding}
    assert JOB["columnDelimiter"] in {delimiter.value for delimiter in bulk2.ColumnDelimiter}
    states = {state.value for state in bulk2.JobState}
    assert {"UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"} <= states
