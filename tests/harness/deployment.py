"""A project deployed into the emulator for a whole test session, with a sandbox as its destinations."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.cloud import ACCOUNT, REPOSITORY, Cloud, cloud, synthesize
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.platform import Platform
from kumitate.project import open_project
from kumitate.sandbox.call import TOKEN
from kumitate.sandbox.server import Sandbox

PROJECT = REPOSITORY / "tests" / "projects" / "cloud"
WAIT_SCALE = "0.02"
"""A minute's wait of a state machine takes a bit more than a second."""


@dataclass(frozen=True)
class Deployment:
    """What a test works with: the account, the platform as it was deployed, and the destinations."""

    cloud: Cloud
    platform: Platform
    sandbox: Sandbox
    project: Path
    assembly: Path

    def client(self, service: str) -> Any:
        return self.cloud.client(service)

    def called(self, *parts: str) -> str:
        return self.platform.names.called(*parts)

    @property
    def context(self) -> dict[str, str]:
        return context_of(self.project)


@contextmanager
def deployment(folder: Path) -> Iterator[Deployment]:
    """Bootstrapped, deployed, and left to the tests; the times of each step are told at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"SFN_WAIT_SCALE": WAIT_SCALE, "KUMITATE_JOBS": str(folder)}
    with Sandbox(folder / "sandbox.db") as sandbox, cloud(folder / "cloud", environment=settings) as account:
        project = _project(folder / "project", sandbox)
        platform = platform_of(open_project(project).config, "dev", account=ACCOUNT)
        assembly = folder / "assembly"
        bootstrapping = threading.Thread(target=account.bootstrap)
        bootstrapping.start()
        account.seconds["synth"] = synthesize(assembly, app="app.py", context=context_of(project))
        bootstrapping.join()
        _put_secrets(account, platform)
        account.deploy(assembly)
        yield Deployment(account, platform, sandbox, project, assembly)
        _tell(account.seconds)


def context_of(project: Path) -> dict[str, str]:
    """As on the command line: the emulator's machine runs the code of its own architecture."""
    return {"project": str(project), "env": "dev", "emulator": "true", "arch": "x86_64"}


def _project(folder: Path, sandbox: Sandbox) -> Path:
    """The project with one source of every kind; its destinations are the sandbox, and nothing waits for company."""
    shutil.copytree(PROJECT, folder)

    def change(name: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
        path = folder / name
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for section, values in changes.items():
            content[section] |= values
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    change("destinations/all.yaml", {
        "crm": {"url": sandbox.url("salesforce")},
        "chat": {"url": sandbox.url("slack")},
    })  # fmt: skip
    change("environments/dev.yaml", {"dev": {"arrivals_minutes": 0}})
    return folder


def _put_secrets(account: Cloud, platform: Platform) -> None:
    """Secrets are there before the platform is, as their owner puts them; the sandbox knows its token."""
    for name in platform.environment.secrets.values():
        account.client("secretsmanager").create_secret(Name=name, SecretString=TOKEN)


def _tell(seconds: Mapping[str, float]) -> None:
    sys.stderr.write("".join(f"\n{step:>12} {taken:6.1f} s" for step, taken in seconds.items()) + "\n")


def timed(what: str, seconds: dict[str, float], begun: float) -> None:
    seconds[what] = round(time.monotonic() - begun, 1)
