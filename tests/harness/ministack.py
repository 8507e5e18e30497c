"""The local AWS emulator for a test: started on a free port of this machine, ready when given, stopped at the end."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PYTHON = Path(__file__).resolve().parents[2] / ".venv-emulator" / "bin" / "python"
"""Its own interpreter: Lambda code runs on the one the emulator runs on."""
SECONDS_TO_START = 60
SECONDS_TO_STOP = 10
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}  # the emulator takes any


@contextmanager
def ministack(
    tmp_path: Path,
    *,
    auth: bool = False,
    region: str = "ap-northeast-1",
    environment: Mapping[str, str] | None = None,
    start: Sequence[str | Path] = ("-m", "ministack"),
) -> Iterator[str]:
    """The emulator's URL; with `auth` it evaluates IAM policies. Its log is `<tmp_path>/ministack.log`."""
    folder = tmp_path / "ministack"
    folder.mkdir()
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    given = {**_settings(folder, port, region=region), "AUTH": str(auth).lower(), **(environment or {})}
    with (tmp_path / "ministack.log").open("wb") as log:
        process = subprocess.Popen([PYTHON, *start], env=given, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_ready(process, url, log_file=Path(log.name))
            yield url
        finally:
            _stop(process)


def _settings(folder: Path, port: int, *, region: str) -> dict[str, str]:
    """The emulator's whole environment: nothing of this machine's reaches it, or the functions it runs."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "S3_DATA_DIR": str(folder / "s3"),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",  # it would listen on all interfaces
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        **CREDENTIALS,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, *, log_file: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=2):  # noqa: S310 - a URL of our own
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the emulator did not start:\n{log_file.read_text(errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
