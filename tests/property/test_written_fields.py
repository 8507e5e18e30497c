"""Fields that leave as they lie in the lake say what they say when they are read."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.activation.destinations.meta import Meta
from kumitate.activation.destinations.salesforce import Salesforce
from kumitate.execution.rows import changes_on, page_bytes
from kumitate.model.request import Change, HttpRequest, Operation
from kumitate.model.written import written

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(["{", "a [b]", '"K__c"', "\\"])
PLAIN = TEXTS | st.integers(-(10**9), 10**9) | st.booleans() | st.none() | st.floats(allow_nan=False, width=32)
VALUES = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(TEXTS, PLAIN, max_size=2)
NAMES = st.sampled_from(["LastName", "Email", "K__c", "Rank__c", "Who"])
ROWS = st.lists(st.dictionaries(NAMES, VALUES, max_size=4), min_size=1, max_size=4)


def changes(rows: list[dict[str, Any]], fields: list[Mapping[str, Any]]) -> list[Change]:
    return [
        Change(f'k{number}"', Operation.CREATE, each) for number, (_, each) in enumerate(zip(rows, fields, strict=True))
    ]


@settings(max_examples=80, deadline=None)
@given(ROWS, st.booleans(), st.booleans())
def test_a_record_made_of_its_text_is_the_record_made_of_its_values(
    rows: list[dict[str, Any]], is_compact: bool, refers: bool
) -> None:
    crm = Salesforce.model_validate(
        {"object": "Contact", "external_id": "K__c", "references": {"Who": "Contact.Key__c"} if refers else {}}
    )
    texts = [json.dumps(row, ensure_ascii=False, separators=(",", ":") if is_compact else None) for row in rows]
    made = [list(crm.requests(changes(rows, each))) for each in (list(rows), list(written(texts)))]
    bodies = [[json.loads(each.body) for each in requests if isinstance(each, HttpRequest)] for requests in made]
    assert bodies[0] == bodies[1]
    assert len(bodies[0]) == 1


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_written_fields_are_the_mapping_they_hold(rows: list[dict[str, Any]]) -> None:
    fields = written([json.dumps(row) for row in rows])
    assert fields == rows
    assert [dict(each) for each in fields] == rows
    assert [{name: each.get(name, 7) for name in ("Email", "none")} for each in fields] == [
        {"Email": row.get("Email", 7), "none": 7} for row in rows
    ]
    assert [("Email" in each, len(each), sorted(each.keys())) for each in fields] == [
        ("Email" in row, len(row), sorted(row)) for row in rows
    ]


@settings(max_examples=20, deadline=None)
@given(ROWS)
def test_a_page_of_written_fields_reads_back_as_the_page_of_values(rows: list[dict[str, Any]]) -> None:
    fields = written([json.dumps(row) for row in rows])
    assert page_bytes(changes(rows, list(fields))) == page_bytes(changes(rows, list(rows)))
    assert changes_on(page_bytes(changes(rows, list(fields)))) == changes(rows, list(rows))


def test_fields_that_nobody_asks_for_are_not_read() -> None:
    fields = written(['{"LastName": "山田"}', "no JSON at all"])
    assert fields[0].text == '{"LastName": "山田"}'
    with pytest.raises(ValueError, match="Expecting value"):
        fields[0].get("LastName")
    assert "山田" not in repr(fields[0])


def test_metas_request_is_the_json_of_its_rows_with_an_empty_text_where_a_key_is_missing() -> None:
    there = Meta.model_validate({"audience_id": "1"})
    rows = [
        Change('k"1', Operation.CREATE, {"email": "a@example.jp"}),
        Change("会", Operation.CREATE, {"city": "大阪市", "email": "b@example.jp"}),
    ]
    (request,) = there.requests(rows)
    assert isinstance(request, HttpRequest)
    payload = json.loads(request.body)["payload"]
    assert payload["schema"] == ["EXTERN_ID", "EMAIL", "CT", "COUNTRY"]
    assert [row[0] for row in payload["data"]] == ['k"1', "会"]
    assert [[len(row[1]), len(row[3])] for row in payload["data"]] == [[64, 64], [64, 64]]
    assert payload["data"][0][2] == ""
    assert len(payload["data"][1][2]) == 64
