"""Ten thousand calls that nobody should make, and what the lake's reader makes of what was kept."""

import json
from collections import Counter
from random import Random

import pytest

from harness.fuzzed import checked, desk, fuzzed
from harness.reading import read_bytes, source

pytestmark = pytest.mark.slow
CALLS = 10_000
EVENTS = source(
    kind="events",
    format="jsonl",
    key=["message_id"],
    time="happened_at",
    columns={
        "message_id": {"from": "messageId", "type": "id", "required": True},
        "event": {},
        "price": {"from": "properties.price", "type": "decimal"},
        "email": {"from": "context.traits.email", "type": "email"},
        "happened_at": {"from": "timestamp", "type": "timestamp", "required": True},
    },
)


def test_ten_thousand_fuzzed_calls_are_answered_and_every_line_that_was_kept_is_read() -> None:
    at, statuses = desk(), Counter[int]()
    for seed in range(CALLS):
        statuses[checked(at, fuzzed(Random(1_000_000 + seed))).status] += 1
    assert statuses.keys() == {200, 204, 400, 401, 403, 404, 405}
    assert statuses[200] > CALLS / 5
    lines = [event.line for event in at.intake.events]
    read = read_bytes(b"\n".join(lines), EVENTS)
    assert len(read.rows) + len(read.rejections) == len(lines) > 1_000
    assert {reason.partition(".")[0] for _, reason in read.reasons} == {"contract"}
    blocked = sum("blocked" in json.loads(line)["_kumitate"] for line in lines)
    assert len(read.rejections) == blocked > 50
