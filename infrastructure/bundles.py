"""Code and project files as assets: what `make package` built, or with `-c bundles=skip` the sources alone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from kumitate.blueprint.platform import Platform
from kumitate.config.lists import LISTS
from kumitate.config.loader import FOLDERS
from kumitate.errors import FatalError

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
_SOURCES = ("*", "!/kumitate/", "!/kumitate/**", "!/functions/", "!/functions/**", "__pycache__/")
_LAYER = "ProjectLayer"


def function_code(scope: Construct, bundle: str) -> lambda_.Code:
    """The bundle of that name (`lambda`, `lake`, `wrangler`) for the architecture that is deployed to."""
    if _sources_only(scope):
        return lambda_.Code.from_asset(str(ROOT), exclude=list(_SOURCES), ignore_mode=cdk.IgnoreMode.GIT)
    return lambda_.Code.from_asset(str(built(bundle, scope.node.try_get_context("arch") or "arm64")))


def built(*parts: str) -> Path:
    """What `make package` put under build/; FatalError saying so where it has not run."""
    path = BUILD.joinpath(*parts)
    if not path.exists():
        raise FatalError(f"build/{'/'.join(parts)} is missing; run `make package` first (or pass -c bundles=skip)")
    return path


def project_layer(scope: Construct, platform: Platform) -> lambda_.LayerVersion:
    """The project's files and routes under /opt/kumitate; one layer a stack, so that no stack holds another's."""
    stack = cdk.Stack.of(scope)
    found = stack.node.try_find_child(_LAYER)
    if found is not None:
        return found
    return lambda_.LayerVersion(
        stack,
        _LAYER,
        code=lambda_.Code.from_asset(str(_layer_folder(platform))),
        layer_version_name=platform.names.called("project"),
        description="The project's files and its routes",
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


def project_archive(scope: Construct, platform: Platform) -> assets.Asset:
    """The project's files as a zip for Glue jobs."""
    return assets.Asset(scope, "Project", path=str(_layer_folder(platform) / "kumitate" / "project"))


def project_files(root: Path) -> Iterator[Path]:
    """What describes the project: its YAML and its lists, no data."""
    yield from sorted(root.glob("*.yaml"))
    for folder in FOLDERS:
        yield from sorted((root / folder).glob("**/*.yaml"))
    yield from sorted((root / LISTS).glob("**/*"))


def _sources_only(scope: Construct) -> bool:
    return bool(scope.node.try_get_context("bundles") == "skip")


def _layer_folder(platform: Platform) -> Path:
    return _written(platform.config.root)


@cache
def _written(root: Path) -> Path:
    """A folder that lasts as long as the synthesis; its content alone decides the asset's name."""
    folder = Path(tempfile.mkdtemp(prefix="kumitate-project-")) / "layer"
    for path in project_files(root):
        if path.is_file():
            target = folder / "kumitate" / "project" / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return folder


def glue_file(scope: Construct, id_: str, *parts: str, stand_in: Path | None = None) -> assets.Asset:
    """A file for Glue that `make package` built; `stand_in` instead of it where bundles are skipped."""
    path = stand_in if stand_in is not None and _sources_only(scope) else built(*parts)
    return assets.Asset(scope, id_, path=str(path), **_plain(path))


def _plain(path: Path) -> dict[str, Any]:
    return {} if path.is_file() else {"exclude": ["__pycache__"]}
