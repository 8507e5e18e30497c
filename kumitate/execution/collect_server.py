"""HTTP for a collector on this machine: calls come in by uvicorn, within limits, and are answered in worker threads."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event as Signal
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import h11
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from kumitate.errors import FatalError
from kumitate.events.answering import later, refused
from kumitate.model.event import Answer, Call

_NO_CONTENT = 204
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sender may ask of a collector; sizes in bytes as they come in, packed or not."""

    body: int = 2**20
    """More than any batch that is taken."""
    thrown_away: int = 8 * 2**20
    """So much of a body that is too large is still read, since few clients hear an answer before they have sent all."""
    body_seconds: float = 15
    headers: int = 16 * 2**10
    header_seconds: float = 10
    idle_seconds: float = 60
    connections: int = 500
    threads: int = 32
    end_seconds: float = 20
    """When the collector ends, calls under way may take so long."""


@dataclass(slots=True)
class Calls:
    """How many calls were answered, by status."""

    by_status: dict[int, int] = field(default_factory=dict)

    def add(self, status: int) -> None:
        self.by_status[status] = self.by_status.get(status, 0) + 1


@dataclass(frozen=True, slots=True)
class _Application:
    """An ASGI application without a framework: a call in, an answer out."""

    answer: Callable[[Call], Answer]
    clock: Callable[[], datetime]
    limits: Limits
    pool: ThreadPoolExecutor
    calls: Calls

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        answer = await self._answered(scope, receive)
        if answer is not None:
            await self._send(answer, send)

    async def full(self, _: MutableMapping[str, Any], __: Receive, send: Send) -> None:
        """An application that asks everybody to come later."""
        answer = later("intake.unavailable", 1)
        await self._send(Answer(answer.status, answer.body, {**answer.headers, "connection": "close"}), send)

    async def _send(self, answer: Answer, send: Send) -> None:
        self.calls.add(answer.status)
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        if answer.status != _NO_CONTENT:  # whose length HTTP lets nobody tell
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answered(self, scope: Mapping[str, Any], receive: Receive) -> Answer | None:
        """None where the client has hung up."""
        headers = _headers(scope["headers"])
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                body = await self._body(headers, receive)
        except TimeoutError:
            return _refused("body.too_slow", ends=True)
        if not isinstance(body, bytes):
            return body
        call = Call(
            method=scope["method"],
            path=scope["path"],
            headers=headers,
            body=body,
            address=(scope["client"] or ("",))[0],
            at=self.clock(),
            query=_query(scope["query_string"]),
        )
        return await asyncio.get_running_loop().run_in_executor(self.pool, self._answer, call)

    def _answer(self, call: Call) -> Answer:
        try:
            return self.answer(call)
        except Exception:  # the collector tells its own troubles; whatever else there is, no caller sees a trace
            return _refused("internal")

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes | Answer | None:
        """Never holds more than the limit; what is too large is read to its end, within bounds, and thrown away."""
        told = headers.get("content-length", "")
        size = int(told) if told.isdigit() else 0
        parts: list[bytes] = []
        read, more = 0, True
        while more:
            if max(size, read) > self.limits.thrown_away:
                return _refused("body.too_large", status=413, ends=True)
            message = await receive()
            if message["type"] != "http.request":
                return None
            part, more = message.get("body", b""), message.get("more_body", False)
            read += len(part)
            if read <= self.limits.body:
                parts.append(part)
            else:
                parts.clear()
        return b"".join(parts) if read <= self.limits.body else _refused("body.too_large", status=413)


def _headers(given: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """By lower-case name; what comes several times is joined, as HTTP has it."""
    headers: dict[str, str] = {}
    for name, value in given:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _query(given: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(given.decode("latin-1"), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        return {}


def _refused(reason: str, *, status: int = 0, ends: bool = False) -> Answer:
    answer = refused(reason)
    headers = {**answer.headers, **({"connection": "close"} if ends else {})}
    return Answer(status or answer.status, answer.body, headers)


class _Impatient(H11Protocol):
    """Hangs up on who does not come to the end of a request's headers, for which uvicorn would wait for ever."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        ours: _Application = self.config.app  # type: ignore[assignment] # it is ours
        self.app = ours.full if len(self.connections) > ours.limits.connections else self.config.loaded_app
        super().data_received(data)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_longer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- it tells nothing more
        """What is no HTTP is told so as every other call is: in JSON, with a reason."""
        answer = _refused("http.invalid", ends=True)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        start = h11.Response(status_code=answer.status, headers=headers, reason=b"Bad Request")
        for event in (start, h11.Data(data=answer.body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self.config.app.calls.add(answer.status)  # type: ignore[union-attr] # it is ours

    def _wait_for_headers(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait_no_longer()
        elif self._waiting is None:
            seconds: float = self.config.app.limits.header_seconds  # type: ignore[union-attr] # it is ours
            self._waiting = self.loop.call_later(seconds, self.transport.close)

    def _wait_no_longer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes any that is free. FatalError where another process has it."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise FatalError(
            f"{host}:{port}: cannot be listened to ({error.strerror}); name another with --port or --host"
        ) from error


@contextmanager
def answering(
    listening: socket.socket,
    answer: Callable[[Call], Answer],
    *,
    clock: Callable[[], datetime],
    limits: Limits | None = None,
) -> Iterator[Calls]:
    """Answer calls in the background until the block ends; then those under way are still answered."""
    limits, calls = limits or Limits(), Calls()
    with ThreadPoolExecutor(limits.threads, thread_name_prefix="answer") as pool:
        server = Server(_config(_Application(answer, clock, limits, pool, calls), limits))
        thread = Thread(target=server.run, args=([listening],), name="collector")
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield calls
        finally:
            server.should_exit = True
            thread.join()


def _wait_until_started(server: Server, thread: Thread) -> None:
    pause = Signal()
    while not server.started:
        if not thread.is_alive():
            raise FatalError("the collector's server did not start; see above")
        pause.wait(0.01)


def _config(application: _Application, limits: Limits) -> Config:
    return Config(
        application,
        http=_Impatient,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(limits.idle_seconds),
        timeout_graceful_shutdown=int(limits.end_seconds),
        h11_max_incomplete_event_size=limits.headers,
    )
