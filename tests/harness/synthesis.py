"""A project's templates as tests look at them, from the sources alone and without a network."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infrastructure.place import place
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.platform import Platform
from kumitate.project import open_project

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "examples" / "shop"
ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Template:
    """One stack's template as it would be deployed."""

    name: str
    path: Path
    body: dict[str, Any]

    def of_type(self, type_: str) -> dict[str, dict[str, Any]]:
        """Logical id -> properties of every resource of a type."""
        found = self.body.get("Resources", {}).items()
        return {id_: each.get("Properties", {}) for id_, each in found if each["Type"] == type_}


@dataclass(frozen=True)
class Synthesis:
    """A project's templates by the stack's short name (`storage`), with the platform they came from."""

    platform: Platform
    folder: Path
    templates: dict[str, Template]

    def __iter__(self) -> Iterator[Template]:
        return iter(self.templates.values())

    def __getitem__(self, stack: str) -> Template:
        return self.templates[stack]


def synthesize(project: Path, folder: Path, *, account: str = ACCOUNT, **context: str) -> Synthesis:
    """What `cdk synth` writes for the project, from the sources alone and without a network.

    `account` is that of whoever deploys; none leaves it open.
    """
    import aws_cdk as cdk

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDK_DEFAULT_ACCOUNT", account)
        app = cdk.App(
            outdir=str(folder),
            context={"project": str(project), "env": "dev", "bundles": "skip", **context},
        )
        platform = place(app)
        app.synth()
    return written(platform, folder)


def shared(project: Path, folder: Path) -> Synthesis:
    """The same for all workers of a session: whoever comes first synthesizes, the others read what it wrote."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "manifest.json").exists():
            return synthesize(project, folder)
    return written(platform_of(open_project(project).config, "dev", account=ACCOUNT), folder)


def written(platform: Platform, folder: Path) -> Synthesis:
    """The templates of a cloud assembly."""
    prefix = f"{platform.names.prefix}-"
    paths = sorted(folder.glob("*.template.json"))
    templates = {
        short: Template(short, path, json.loads(path.read_text("utf-8")))
        for path in paths
        if (short := path.name.removesuffix(".template.json").removeprefix(prefix))
    }
    return Synthesis(platform, folder, templates)
