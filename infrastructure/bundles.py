"""Code and project files as assets: what `make package` built, or with `-c bundles=skip` the sources alone."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from kumitate.activation.cards import fired_syncs
from kumitate.activation.routes import routes
from kumitate.activation.routes import to_json as routes_to_json
from kumitate.activation.triggered import to_json as fired_to_json
from kumitate.blueprint.platform import Platform
from kumitate.cloud.tables import to_json as tables_to_json
from kumitate.config.lists import LISTS
from kumitate.config.loader import FOLDERS
from kumitate.config.stewards import STEWARDS
from kumitate.errors import FatalError
from kumitate.events.collecting import collecting_of
from kumitate.events.collecting import to_json as collecting_to_json
from kumitate.events.triggering import to_json as triggering_to_json
from kumitate.events.triggering import triggering_of

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
_SOURCES = ("*", "!/kumitate/", "!/kumitate/**", "!/functions/", "!/functions/**", "__pycache__/")
_LAYER = "ProjectLayer"
_X86, _ARM = "x86_64", "arm64"
PACKAGES = "packages.gluewheels.zip"
"""Glue tells by the ending that it is a zip of wheels."""


def function_code(scope: Construct, bundle: str) -> lambda_.Code:
    """The bundle of that name (`lambda`, `lake`, `wrangler`) for the architecture that is deployed to."""
    if _sources_only(scope):
        return lambda_.Code.from_asset(str(ROOT), exclude=list(_SOURCES), ignore_mode=cdk.IgnoreMode.GIT)
    return lambda_.Code.from_asset(str(built(bundle, f"{_arch(scope)}.zip")))


def architecture(scope: Construct) -> lambda_.Architecture:
    """What functions run on, the same that their bundles are built for."""
    return lambda_.Architecture.X86_64 if _arch(scope) == _X86 else lambda_.Architecture.ARM_64


def _arch(scope: Construct) -> str:
    return str(scope.node.try_get_context("arch") or _ARM)


def built(*parts: str) -> Path:
    """What `make package` put under build/; FatalError saying so where it has not run."""
    path = BUILD.joinpath(*parts)
    if not path.exists():
        raise FatalError(f"build/{'/'.join(parts)} is missing; run `make build` first (or pass -c bundles=skip)")
    return path


def project_layer(scope: Construct, platform: Platform) -> lambda_.LayerVersion:
    """Files, routes and tables of the project under /opt/kumitate; one layer a stack, so that none holds another's."""
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


def project_files(root: Path, model: str | None = None) -> Iterator[Path]:
    """What describes the project: its YAML, its lists, what stewards decided and the person's model; no data."""
    yield from sorted(root.glob("*.yaml"))
    for folder in FOLDERS:
        yield from sorted((root / folder).glob("**/*.yaml"))
    for folder in (LISTS, STEWARDS):
        yield from sorted((root / folder).glob("**/*"))
    if model is not None:
        yield root / model


def _sources_only(scope: Construct) -> bool:
    return bool(scope.node.try_get_context("bundles") == "skip")


def _layer_folder(platform: Platform) -> Path:
    model = platform.config.person.model
    return _written(platform.config.root, model.file if model else None, tuple(_compiled(platform)))


def _compiled(platform: Platform) -> Iterator[tuple[str, str]]:
    """What functions read instead of the project: a file's name and its text."""
    yield "routes.json", routes_to_json(routes(platform.config, platform.environment))
    yield "tables.json", tables_to_json(platform)
    if platform.collected:
        yield "collect.json", collecting_to_json(collecting_of(platform.config))
    if platform.watched:
        yield "triggers.json", triggering_to_json(triggering_of(platform.config))
    if platform.fired_routes:
        yield "triggered.json", fired_to_json(fired_syncs(platform.config))


@cache
def _written(root: Path, model: str | None, compiled: tuple[tuple[str, str], ...]) -> Path:
    """A folder that lasts as long as the synthesis; its content alone decides the asset's name."""
    folder = _folder() / "layer"
    for path in project_files(root, model):
        if path.is_file():
            target = folder / "kumitate" / "project" / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for name, text in compiled:
        (folder / "kumitate" / name).write_text(text, encoding="utf-8")
    return folder


def job_script(scope: Construct, stage: str) -> assets.Asset:
    return assets.Asset(scope, f"{stage.capitalize()}Script", path=str(ROOT / "glue_jobs" / f"{stage}.py"))


@dataclass(frozen=True, slots=True)
class Stored:
    """A file among the CDK's assets, told of in an asset's words."""

    s3_bucket_name: str
    s3_object_key: str
    s3_object_url: str


def packages_archive(scope: Construct) -> Stored:
    """The wheels that Glue installs; a stand-in of the same name where bundles are skipped.

    The CDK calls an asset by its hash and last ending; Glue goes by both endings, so the first one joins the hash.
    """
    path = _stand_in() if _sources_only(scope) else built("glue", PACKAGES)
    staged = cdk.AssetStaging(scope, "Packages", source_path=str(path))
    stack = cdk.Stack.of(scope)
    stored = stack.synthesizer.add_file_asset(
        packaging=cdk.FileAssetPackaging.FILE,
        source_hash=f"{staged.asset_hash}.gluewheels",
        file_name=staged.relative_staged_path(stack),
    )
    return Stored(stored.bucket_name, stored.object_key, stored.s3_object_url)


@cache
def _stand_in() -> Path:
    path = _folder() / PACKAGES
    path.write_bytes(b"PK\5\6" + bytes(18))  # an archive of nothing
    return path


def _folder() -> Path:
    """Gone when the process ends; by then the CDK has its own copy."""
    folder = Path(tempfile.mkdtemp(prefix="kumitate-synth-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
