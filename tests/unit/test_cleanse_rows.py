"""Whole rows: types, verdicts, the record's name, what goes to quarantine."""

import json
import pickle
from datetime import datetime
from typing import Any

import pyarrow as pa

from harness.reading import source
from kumitate.cleanse.rows import cleansing
from kumitate.config.settings import Settings
from kumitate.config.source import Source
from kumitate.ingest.tables import raw_table

SETTINGS = Settings(project="test", timezone="Asia/Tokyo", country="JP")
MEMBERS = source(
    key=["no"],
    columns={
        "no": {"type": "id"},
        "born": {"type": "date", "required": True},
        "phone": {"type": "phone"},
        "points": {"type": "integer"},
        "level": {"sql": "points / 10"},
    },
)


def cleansed(declared: Source, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    origin = {"_delivery_id": "d", "_run_id": "r000001"}
    given = [{**origin, "_line": line, **row} for line, row in enumerate(rows, 2)]
    batch = pa.RecordBatch.from_pylist(given, schema=raw_table("members", declared).schema)
    function = pickle.loads(pickle.dumps(cleansing("members", declared, SETTINGS)))  # noqa: S301 -- as Spark does
    return list(function(batch).to_pylist())


def test_a_good_row_is_typed_and_named_by_its_key() -> None:
    (row,) = cleansed(MEMBERS, {"no": " M1 ", "born": "S55.1.2", "phone": "090-1234-5678", "points": "1,000"})
    assert row | {"born": str(row["born"])} == {
        "_delivery_id": "d",
        "_line": 2,
        "_run_id": "r000001",
        "_record_id": "M1",
        "no": "M1",
        "born": "1980-01-02",
        "phone": "+819012345678",
        "points": 1000,
        "_changes": row["_changes"],
        "_originals": row["_originals"],
        "_reason": None,
        "_field": None,
        "_payload": None,
    }


def test_an_unusable_optional_value_is_null_and_the_row_stays() -> None:
    (row,) = cleansed(MEMBERS, {"no": "1", "born": "2000-01-02", "phone": "nonsense", "points": "many"})
    assert (row["phone"], row["points"], row["_reason"]) == (None, None, None)
    assert row["_changes"] == ["phone:phone.invalid", "points:integer.invalid"]
    assert json.loads(row["_originals"]) == {"phone": "nonsense", "points": "many"}


def test_an_unusable_required_value_rejects_the_row_as_it_was_delivered() -> None:
    given = {"no": "1", "born": "令和99年1月1日", "points": "7", "_extra": '{"x":1}'}
    (row,) = cleansed(MEMBERS, given)
    assert (row["_reason"], row["_field"]) == ("date.invalid", "born")
    assert json.loads(row["_payload"]) == {
        "no": "1",
        "born": "令和99年1月1日",
        "points": "7",
        "_extra": {"x": 1},
    }


def test_a_missing_key_rejects_the_row_first_fault_first() -> None:
    first, second = cleansed(MEMBERS, {"no": "", "born": "x"}, {"no": "1", "born": None})
    assert (first["_reason"], first["_field"]) == ("required.missing", "no")
    assert (second["_reason"], second["_field"]) == ("required.missing", "born")


def test_an_event_is_named_by_its_identifiers_in_their_order() -> None:
    clicks = source(
        kind="events",
        time="at",
        columns={"at": {"type": "timestamp"}, "email": {"type": "email"}, "no": {"type": "integer"}},
        identifiers={"member_no": "no", "email": "email"},
    )
    rows = cleansed(clicks, {"no": "5.0", "email": "A@x.jp"}, {"email": "a@x.jp"}, {"at": "2011-01-01"})
    assert [row["_record_id"] for row in rows] == ["5|a@x.jp", "|a@x.jp", None]
    assert rows[2]["at"] == datetime(2010, 12, 31, 15)


def test_no_row_is_lost_in_an_empty_batch() -> None:
    assert cleansed(MEMBERS) == []


def test_a_row_says_what_was_done_to_its_values_and_what_had_been_delivered() -> None:
    given = {"no": "１", "born": "S55.1.2", "phone": "０９０-1234-5678", "points": "5"}
    (row,) = cleansed(MEMBERS, given)
    columns = [entry.partition(":")[0] for entry in row["_changes"]]
    assert list(dict.fromkeys(columns)) == ["no", "born", "phone"]
    assert "no:width" in row["_changes"]
    assert json.loads(row["_originals"]) == {name: given[name] for name in ("no", "born", "phone")}


def test_a_row_that_stands_as_it_was_delivered_says_nothing() -> None:
    (row,) = cleansed(MEMBERS, {"no": "1", "born": "1980-01-02", "phone": "+819012345678", "points": "5"})
    assert (row["_changes"], row["_originals"]) == (None, None)


def test_parts_that_columns_ask_for_are_filled_from_the_whole() -> None:
    people = source(
        key=["no"],
        columns={
            "no": {"type": "id"},
            "email": {"type": "email"},
            "provider": {"part": "email.domain", "required": True},
            "box": {"part": "email.local"},
        },
        identifiers={"email": "email"},
    )
    good, bad = cleansed(people, {"no": "1", "email": "Ann@Example.com"}, {"no": "2", "email": "nobody"})
    assert (good["provider"], good["box"], good["_reason"]) == ("example.com", "ann", None)
    assert (bad["_reason"], bad["_field"]) == ("required.missing", "provider")
