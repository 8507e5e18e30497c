"""On one machine an event comes in over HTTP, a trigger fires on it, and what it tells reaches a destination once."""

import http.client
import json
import time
from pathlib import Path

import pytest

from harness.collectors import STALL, Running, collector
from harness.projects import copy_of, rows, run
from kumitate.execution.fired_book import SqliteFirings

FILES = {
    "data/members.csv": "member_no,name\n1,Hana\n2,Taro\n",
    "sources/members.yaml": """\
members:
  kind: records
  path: data/members.csv
  key: [member_no]
  identifiers: {member_no: member_no}
  columns: {member_no: {type: id, required: true}, name: {type: name}}
""",
    "triggers/looked.yaml": """\
looked_twice:
  when: {event: {source: web, event: Product Viewed}, within: 1h, at_least: 2}
  once_per: ever
  facts: {product_id: {column: product_id}}
""",
    "destinations/chat.yaml": "chat: {type: slack, settings: {channel: C0SALES001}}\n",
    "syncs/alert.yaml": """\
alert:
  destination: chat
  trigger: looked_twice
  mode: append
  fields: {text: "{member_no} looks at {fact.product_id}"}
  consent: not_needed
  consent_reason: An alert to our own team; nothing leaves the company
""",
}


def looks(at: Running, member: str, product: str, number: int) -> None:
    event = {
        "userId": member,
        "event": "Product Viewed",
        "messageId": f"{member}-{number}",
        "properties": {"product_id": product},
        "writeKey": "stall-web",
    }
    connection = http.client.HTTPConnection("127.0.0.1", at.port, timeout=10)
    connection.request("POST", "/v1/track", json.dumps(event))
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.slow
def test_a_trigger_fires_on_collected_events_and_reaches_its_destination_once(tmp_path: Path) -> None:
    root = copy_of(STALL, tmp_path / "stall")
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    run(root)
    book = SqliteFirings(root / ".kumitate")
    with collector(root / ".kumitate", project=root) as running:
        looks(running, "1", "22423", 1)
        for _ in range(2):
            looks(running, "1", "85123", 2)
        looks(running, "2", "22423", 1)
        until = time.monotonic() + 60
        while not list(book.uncollected("alert")) and time.monotonic() < until:
            time.sleep(0.1)
        running.end()
    assert running.ended["watched"]["told"] == 1
    run(root)
    assert rows(root, "select trigger, state from activation.firings") == [("looked_twice", "accepted")]
    assert rows(root, "select count(*) from activation.outcomes where sync = 'alert'") == [(1,)]
    run(root)
    assert rows(root, "select count(*) from activation.outcomes where sync = 'alert'") == [(1,)]
    assert rows(root, "select count(*) from clean.web") == [(3,)]
