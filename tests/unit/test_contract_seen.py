"""What came in is listed beside the contracts, also what lies in quarantine because none describes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from click.testing import CliRunner

from harness.reading import source
from kumitate.cli.contract import contract as command
from kumitate.config.contract import Contract
from kumitate.execution.contracts import seen_events, unknown_only
from kumitate.model.step import BatchFunction, Query

WEB = source(
    kind="events",
    format="jsonl",
    key=["message_id"],
    time="happened_at",
    event="event",
    columns={
        "message_id": {"from": "messageId", "type": "id"},
        "event": {},
        "happened_at": {"from": "timestamp", "type": "timestamp"},
    },
)
VIEWED = Contract(source="web", event="Viewed", versions={"1.0": {"type": "object"}})
AT = datetime(2026, 11, 22, 12)


class Lake:
    """Answers the question for events that were taken, and the one for those in quarantine."""

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        if query.name == "seen_web":
            taken = {"call": "track", "event": "Viewed", "events": 5, "first_at": AT, "last_at": AT}
            yield pa.RecordBatch.from_pylist([taken])
        else:
            blocked = ({"event": "Viewed"}, {"event": "共有"}, {"event": "共有"}, {"_extra": {"type": "page"}})
            yield pa.RecordBatch.from_pylist([{"payload": json.dumps(each)} for each in blocked])


def test_events_that_a_contract_or_the_lack_of_one_keeps_in_quarantine_are_seen() -> None:
    seen = seen_events(Lake(), {"web": WEB}, {"viewed": VIEWED})
    assert [(each.call, each.event, each.events, each.blocked, each.contract) for each in seen] == [
        ("track", "Viewed", 6, 1, "viewed"),
        ("track", "共有", 2, 2, ""),
        ("page", "", 1, 1, ""),
    ]
    assert [each.event for each in unknown_only(seen)] == ["共有", ""]


def test_two_events_whose_names_have_no_latin_letter_get_a_contract_each(tmp_path: Path) -> None:
    for folder, text in {
        "sources/all.yaml": "web: {kind: events, path: data/*.jsonl, format: jsonl, key: [id], time: at, event: event,"
        " collect: {write_keys: {shop: {key: shop-web}}}, stream: {},"
        " columns: {id: {from: messageId}, event: {}, at: {from: timestamp, type: timestamp}}}",
        "identity/all.yaml": "person: {identifiers: {}}",
        "kumitate.yaml": "project: test",
    }.items():
        (tmp_path / folder).parent.mkdir(exist_ok=True)
        (tmp_path / folder).write_text(text)
    events = tmp_path / "events.jsonl"
    events.write_text('{"event": "購入"}\n{"event": "閲覧"}\n{"event": "2回目"}\n')
    for name in ("購入", "閲覧", "2回目"):
        asked = ["adopt", name, "--source", "web", "--events", str(events), "--write", "--project", str(tmp_path)]
        assert CliRunner().invoke(command, asked).exit_code == 0
    assert len(list((tmp_path / "contracts").iterdir())) == 3
    listed = CliRunner().invoke(command, ["list", "--json", "--project", str(tmp_path)], catch_exceptions=False)
    assert {each["event"] for each in json.loads(listed.output)} == {"購入", "閲覧", "2回目"}
