"""Lambda's Runtime API on 127.0.0.1, and a function under the real runtime client in an environment like Lambda's."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness import log_watch

API = "/2018-06-01/runtime"
CLIENT = ("awslambdaric", "runtime_client.cpython-*.so", "simplejson", "snapshot_restore_py.py")
"""What Lambda itself brings, besides Python; everything else must be in the bundle."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the function answered; `error` is what Lambda would tell the caller."""

    value: Any = None
    error: dict[str, Any] | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class RuntimeApi:
    """Hands events to one function and takes its answers."""

    events: queue.Queue[tuple[str, bytes]] = field(default_factory=queue.Queue)
    answers: queue.Queue[Answer] = field(default_factory=queue.Queue)

    def served(self) -> ThreadingHTTPServer:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # /invocation/next
                identifier, event = api.events.get()
                self._answer(200, event, {"Lambda-Runtime-Aws-Request-Id": identifier, **_promises()})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
                api.answers.put(Answer(body) if self.path.endswith("/response") else Answer(error=body))
                self._answer(202, b"{}", {})

            def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        return _Server(("127.0.0.1", 0), Handler)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A function that is stopped leaves its connection in the middle."""


def _promises() -> dict[str, str]:
    return {
        "Content-Type": "application/json",  # without it the client crashes
        "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 60) * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:ap-northeast-1:000000000000:function:test",
        "Lambda-Runtime-Trace-Id": "Root=1-5e1b4151-5ac6c58f5ac6c58f5ac6c58f;Sampled=0",
    }


@dataclass(slots=True)
class Function:
    """A function that runs; the first call is the cold start."""

    api: RuntimeApi
    process: subprocess.Popen[bytes]
    log: Path
    _calls: int = 0

    def __call__(self, event: object, *, timeout: float = 60) -> Answer:
        self._calls += 1
        began = time.perf_counter()
        self.api.events.put((f"request-{self._calls}", json.dumps(event).encode()))
        answer = self.settled(timeout=timeout)
        return Answer(answer.value, answer.error, time.perf_counter() - began)

    def settled(self, *, timeout: float = 60) -> Answer:
        try:
            return self.api.answers.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no answer within {timeout} s; the function's log:\n{self.log.read_text()}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An unpacked bundle with Lambda's Python: what a function is started from."""

    code: Path
    python: Path
    work: Path

    def environment(self, handler: str, extra: Mapping[str, str]) -> dict[str, str]:
        """As Lambda sets it; credentials are words that open nothing."""
        return {
            "_HANDLER": handler,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_DEFAULT_REGION": "ap-northeast-1",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_NAME": handler.split(".")[1] if "." in handler else handler,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/test",
            "AWS_LAMBDA_LOG_STREAM_NAME": "test",
            "AWS_REGION": "ap-northeast-1",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "LAMBDA_TASK_ROOT": str(self.code),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": f"{self.code}:{self.client()}",
            "TZ": ":UTC",
            **extra,
        }

    def client(self) -> Path:
        """A folder with the runtime client alone: a package that the bundle forgot must not be found."""
        folder = self.work / "runtime"
        if not folder.exists():
            folder.mkdir(parents=True)
            site = next(self.python.parents[1].glob("lib/python3.13/site-packages"))
            for pattern in CLIENT:
                for path in site.glob(pattern):
                    (folder / path.name).symlink_to(path)
        return folder

    def run_python(self, *words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Lambda's Python with the bundle and nothing else on its path."""
        command = [os.path.realpath(self.python), "-S", *words]
        return subprocess.run(
            command, env=dict(environment), cwd=self.code, capture_output=True, text=True, check=False, timeout=120
        )

    @contextmanager
    def started(self, handler: str, **extra: str) -> Iterator[Function]:
        """`functions.arrivals.handler.handler` under the runtime client, until the block ends."""
        api = RuntimeApi()
        server = api.served()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"127.0.0.1:{server.server_address[1]}"
        log = self.work / f"{handler}.log"
        environment = {**self.environment(handler, extra), "AWS_LAMBDA_RUNTIME_API": address}
        command = [os.path.realpath(self.python), "-S", "-m", "awslambdaric", handler]
        with log.open("wb") as out:
            process = subprocess.Popen(command, env=environment, cwd=self.code, stdout=out, stderr=out)
        try:
            yield Function(api, process, log)
        finally:
            process.kill()
            process.wait(timeout=10)
            server.shutdown()
            server.server_close()
            log_watch.watch_output(log.read_text(encoding="utf-8", errors="replace"), source=f"the function {handler}")
