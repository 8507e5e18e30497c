"""A vendor of five milliseconds, in a process of its own: answers on 127.0.0.1 and counts the time it takes to.

`python bench/delivery_server.py [SECONDS]` prints its port. `GET /figures` tells requests and seconds so far; with
`hang` in its path a request is never answered.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER_SECONDS = 0.005


class Vendor(BaseHTTPRequestHandler):
    """Answers a request when its five milliseconds are over, as the destination it stands for does."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    requests = 0
    seconds = 0.0
    lock = threading.Lock()

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        started = time.perf_counter()
        if "hang" in self.path:
            time.sleep(3600)
        answer = _answer(self.path, content)
        time.sleep(max(0.0, ANSWER_SECONDS - (time.perf_counter() - started)))
        with Vendor.lock:
            Vendor.requests += 1
            Vendor.seconds += time.perf_counter() - started
        self._say(answer)

    do_PATCH = do_POST  # noqa: N815 (the base class asks for it by that name)

    def do_GET(self) -> None:
        with Vendor.lock:
            told = {"requests": Vendor.requests, "seconds": Vendor.seconds}
            Vendor.requests, Vendor.seconds = 0, 0.0
        self._say(json.dumps(told).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        """Nothing is logged."""

    def _say(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _answer(path: str, content: bytes) -> bytes:
    if "/composite/sobjects/" in path:
        rows = content.count(b'"attributes"')
        result = {"id": "0031x00000Ab", "success": True, "created": True, "errors": []}
        return json.dumps([result] * rows).encode()
    if path.startswith("/api/chat."):
        return b'{"ok": true, "ts": "1773140400.000100"}'
    return b'{"num_received": 10000, "num_invalid_entries": 0}'


def main() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Vendor) as server:
        server.daemon_threads = True
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
