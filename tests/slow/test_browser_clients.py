"""Tracking libraries in a browser send to a collector of another origin; a page that may not is refused by both."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from harness.collectors import Running, collector, landed

CLIENTS = Path(__file__).parents[1] / "clients"
MODULES = CLIENTS / "node_modules"
SERVED = {
    "/": ("text/html", CLIENTS / "page.html"),
    "/segment.js": ("text/javascript", MODULES / "@segment/analytics-next/dist/umd/index.js"),
    "/rudder.js": ("text/javascript", MODULES / "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js"),
}
CHROMIUM = shutil.which("chromium")
SAFE = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
    pytest.mark.skipif(not MODULES.is_dir(), reason="needs tests/clients/node_modules; `make test-slow` installs them"),
]


@contextmanager
def pages() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A server of the test's page, and what the page said when it was left."""
    said: list[dict[str, Any]] = []

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            kind, path = SERVED.get(asked.path, ("text/html", None))
            if asked.path == "/left":
                said.append(json.loads(parse_qs(asked.query)["said"][0]))
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.end_headers()
            self.wfile.write(path.read_bytes() if path else b"<title>left</title>")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port, said
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def visit(profile: Path, sdk: str, to: Running, *, host: str = "127.0.0.1") -> dict[str, Any]:
    """A browser goes to the page on `host`, which sends to the collector and goes on to another page."""
    with pages() as (port, said):
        asked = urlencode({"sdk": sdk, "to": to.address, "key": "stall-web"})
        url = f"http://{host}:{port}/?{asked}"
        browser = subprocess.Popen(
            [str(CHROMIUM), *SAFE, f"--user-data-dir={profile}", url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(300):
                if said:
                    break
                threading.Event().wait(0.1)
            threading.Event().wait(1)  # a beacon leaves after its page
        finally:
            browser.terminate()
            browser.wait(20)
    assert said, "the page was never left"
    assert "failed" not in said[0], said[0]
    return said[0]


@pytest.mark.parametrize("sdk", ["segment", "segment-batching", "rudder", "rudder-beacon"])
def test_a_library_in_a_page_of_another_origin_brings_every_event_once(tmp_path: Path, sdk: str) -> None:
    with collector(tmp_path / "lake") as running:
        visit(tmp_path / "profile", sdk, running)
        running.end()
    events = landed(tmp_path / "lake")
    told = [event.get("event") or event["type"] for event in events]
    assert sorted(told) == ["Page Left", "Product Viewed", "identify", "page"]
    assert len({event["messageId"] for event in events}) == len(events)
    by_name = dict(zip(told, events, strict=True))
    assert by_name["Product Viewed"]["properties"] == {"product_id": "22423", "price": 12.5}
    assert by_name["Product Viewed"]["userId"] == "member-1"
    assert len({event["anonymousId"] for event in events}) == 1
    assert by_name["page"]["properties"]["path"] == "/"
    identify = by_name["identify"]
    assert "visitor@shop.example" in str((identify.get("traits"), identify["context"].get("traits")))
    for event in events:
        assert event["receivedAt"] >= event["originalTimestamp"]
        assert event["_kumitate"]["key"] == "page"


def test_a_page_that_may_not_send_is_refused_by_the_browser_and_by_the_collector(tmp_path: Path) -> None:
    with collector(tmp_path / "lake") as running:
        said = visit(tmp_path / "profile", "forbidden", running, host="localhost")
        running.end()
    assert said == {"json": "refused", "text": "refused", "blind": "opaque", "beacon": True}
    assert landed(tmp_path / "lake") == []
    assert running.ended["kept"] == 0
    assert running.ended["answers"].get("403", 0) >= 2, "calls that a browser sends unasked were refused"
