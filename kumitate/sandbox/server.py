"""The sandbox: one HTTP server on this machine alone, a path per vendor, state that outlives the process."""

from __future__ import annotations

import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from kumitate.errors import FatalError
from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.store import StateFile, Store
from kumitate.sandbox.vendors import VENDORS, vendor

__all__ = ["TOKEN", "Fault", "Sandbox"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A mood of the vendor for the next `times` calls, e.g. `Fault(429, headers={"Retry-After": "2"})`.

    It answers with `status`, or cuts the connection; with `works` the call has its effect all the same.
    With neither it only answers late.
    """

    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    works: bool = False
    delay_seconds: float = 0.0
    times: int = 1


class Sandbox:
    """`with Sandbox(path) as sandbox: sandbox.url("salesforce")`"""

    def __init__(self, state: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = StateFile(state)
        self._clock = clock
        self._faults: defaultdict[str, list[Fault]] = defaultdict(list)
        self._faults_lock = threading.Lock()
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._server.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.end()
        self._file.close()

    def url(self, type_: str) -> str:
        """The address of a vendor's stand-in."""
        if type_ not in VENDORS:
            known = ", ".join(VENDORS)
            raise FatalError(f"the sandbox has no {type_!r} but {known}; give the destination a url")
        if self._server is None:
            raise FatalError("the sandbox is not open")
        return f"http://127.0.0.1:{self._server.server_address[1]}/{type_}"

    def objects(self, type_: str, kind: str) -> dict[str, dict[str, Any]]:
        """What a vendor holds now: Salesforce records of an object, members of an audience, messages of a channel."""
        return Store(self._file, type_).all(kind)

    def kinds(self, type_: str) -> tuple[str, ...]:
        return Store(self._file, type_).kinds()

    def calls(self, type_: str) -> tuple[tuple[str, str, int], ...]:
        """(method, path, status) of every call so far."""
        return Store(self._file, type_).calls()

    def fault(self, type_: str, fault: Fault) -> None:
        """The vendor's next calls meet this; faults wait in line."""
        with self._faults_lock:
            self._faults[type_].append(fault)

    def answer(self, type_: str, call: Call) -> Answer | None:
        """The vendor's answer; None where the connection is cut."""
        fault = self._next_fault(type_)
        if fault is None:
            return self._worked(type_, call)
        time.sleep(fault.delay_seconds)
        spoiled = fault.cut or fault.status is not None
        answer = self._worked(type_, call) if fault.works or not spoiled else None
        if fault.status is not None:
            return Answer(fault.status, fault.body, fault.headers)
        return None if fault.cut else answer

    def _worked(self, type_: str, call: Call) -> Answer:
        store = Store(self._file, type_, self._clock)
        with self._file.transaction():
            answer = vendor(type_)(call, store)
            store.note_call(call.method, call.path, answer.status)
        return answer

    def _next_fault(self, type_: str) -> Fault | None:
        with self._faults_lock:
            line = self._faults[type_]
            if not line:
                return None
            fault = line.pop(0)
            if fault.times > 1:
                line.insert(0, replace(fault, times=fault.times - 1))
            return fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sandbox = sandbox
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._wait_for_calls, daemon=True, name="sandbox")

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._is_over.set()
        socket.create_connection(("127.0.0.1", self.server_port)).close()
        self._thread.join()
        self.server_close()

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002 (the base class's names)
        """Not for the call that ends the waiting."""
        return not self._is_over.is_set()

    def _wait_for_calls(self) -> None:
        """`serve_forever` would look for its end many times a second, and whoever ends it wait for the next look."""
        while not self._is_over.is_set():
            self.handle_request()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        _, type_, path = f"{address.path}/".split("/", 2)
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, "/" + path.removesuffix("/"), dict(parse_qsl(address.query)), headers, body)
        known = type_ in VENDORS
        answer = self.server.sandbox.answer(type_, call) if known else Answer(404, {"error": "no such vendor"})
        if answer is None:
            self.close_connection = True
            return
        self._write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 (the names that http.server looks for)

    def handle_expect_100(self) -> bool:
        """Said at once: who asks before a large body (S3) waits for it."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def _write(self, answer: Answer) -> None:
        content = answer.content
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that http.server gives it)
        """Nothing: addresses may hold keys."""
