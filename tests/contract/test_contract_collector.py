"""What unmodified SDKs were seen to send, and what Segment's specification shows, is taken as it is."""

import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from harness.intakes import Desk
from kumitate.events.bots import is_bot
from kumitate.events.collecting import Key

DATA = Path(os.environ.get("KUMITATE_ORACLES", Path(__file__).parents[3] / "shared/data"))
KEYS = (Key("segment", "wk_seg"), Key("rudder", "wk_rud"), Key("rudder_js", "wk"))
AT = datetime(2026, 11, 22, 1, 55, 10, tzinfo=UTC)


def rows(name: str) -> Iterator[dict[str, Any]]:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside the project (KUMITATE_ORACLES names the folder)")
    yield from map(json.loads, gzip.decompress(path.read_bytes()).decode().splitlines())


def sent_again(row: dict[str, Any], desk: Desk) -> Any:
    """The request as it was on the wire: packed where it was, with its own headers."""
    address = urlsplit(row["path"])
    given = {
        "authorization": row["auth"],
        "content-type": row["ct"],
        "content-encoding": row["enc"],
        "user-agent": row["ua"],
    }
    headers = {name: value for name, value in given.items() if value}
    body = row["body"].encode()
    packed = gzip.compress(body) if row["enc"] == "gzip" else body
    return desk.ask(row["m"], address.path, headers=headers, body=packed, query=dict(parse_qsl(address.query)), at=AT)


def test_every_call_of_segments_and_rudderstacks_sdks_is_taken_whole() -> None:
    taken = 0
    for row in rows("sdk_captures/requests.jsonl.gz"):
        desk = Desk(keys=KEYS)
        answer = sent_again(row, desk)
        told = json.loads(answer.body)
        if "snowplow" in row["path"]:
            assert (answer.status, told["reason"]) == (404, "route.unknown")
            continue
        assert answer.status == 200, (row["ua"], told)
        if row["m"] == "GET":
            assert told["source"]["enabled"] is True
            continue
        body = json.loads(row["body"])
        items = body.get("batch", [body])
        assert (told["accepted"], told["rejected"]) == (len(items), [])
        for item, line in zip(items, desk.lines, strict=True):
            check(item, line)
        taken += len(items)
    assert taken == 16


def check(item: dict[str, Any], line: dict[str, Any]) -> None:
    assert line["messageId"] == item["messageId"]
    assert line["type"] == item["type"]
    assert {name: line.get(name) for name in ("event", "properties", "traits", "groupId", "previousId")} == {
        name: item.get(name) for name in ("event", "properties", "traits", "groupId", "previousId")
    }
    assert line["originalTimestamp"] == item.get("originalTimestamp", item.get("timestamp"))
    happened, received = (datetime.fromisoformat(line[name]) for name in ("timestamp", "receivedAt"))
    assert received == AT
    assert 0 <= (received - happened).total_seconds() < 2, "the SDK sent within two seconds; the skew is taken out"


def test_every_whole_payload_of_segments_specification_is_taken() -> None:
    taken = []
    for row in rows("segment_spec/payloads.jsonl.gz"):
        payload = row["payload"]
        if not isinstance(payload, dict) or "type" not in payload or not {"userId", "anonymousId"} & payload.keys():
            continue  # a fragment: only properties, a context, or a call without who it is about
        for path, content in ((f"/v1/{payload['type']}", payload), ("/v1/batch", {"batch": [payload]})):
            desk = Desk(keys=KEYS)
            told = desk.post(path, content, key="wk_seg")
            assert (told["status"], told["accepted"], told["rejected"]) == (200, 1, []), row["doc"]
            assert desk.lines[0].get("properties") == payload.get("properties")
        taken.append(payload["type"])
    assert len(taken) >= 28
    assert set(taken) >= {"track", "identify", "page", "group", "alias"}


def test_agents_of_known_crawlers_are_marked_and_those_of_people_are_not() -> None:
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for name in ("original_data_with_app1.json.gz", "transformed_data_event_bot_v2.json.gz"):
        path = DATA / "aws_clickstream" / name
        if not path.is_file():
            pytest.skip(f"{name} is not beside the project (KUMITATE_ORACLES names the folder)")
        for agent in agents(gzip.decompress(path.read_bytes()).decode()):
            found[is_bot(agent)].add(agent.split("/")[0])
    assert found == {
        True: {"DuckDuckBot", "Googlebot", "Mozilla", "Sogou web spider", "Twitterbot"},
        False: {"Apache-HttpClient", "Mozilla"},
    }


def agents(text: str) -> Iterator[str]:
    for line in text.splitlines():
        row = json.loads(line)
        for name in ("ua", "user_agent"):
            yield from strings(row, name)


def strings(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            if key == name and isinstance(below, str):
                yield below
            else:
                yield from strings(below, name)
    elif isinstance(value, list):
        for below in value:
            yield from strings(below, name)
