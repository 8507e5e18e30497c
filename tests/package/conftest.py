"""The built bundles, unpacked as Lambda does, and an account on this machine that functions call."""

from __future__ import annotations

import platform as machine
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator

import pytest

from harness.lambda_runtime import Package
from harness.ministack import PYTHON
from harness.packaged import BUILD, World, opened_world

ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Package]:
    """The bundle for this machine, its files without the right to write."""
    if not sys.platform.startswith("linux") or machine.machine() not in ARCHITECTURES:
        pytest.skip("bundles are for Linux; this machine cannot run them")
    folder, packages = tmp_path_factory.mktemp("var"), dict[str, Package]()

    def of(bundle: str) -> Package:
        if bundle not in packages:
            code, work = folder / bundle / "task", folder / bundle / "work"
            work.mkdir(parents=True)
            with zipfile.ZipFile(BUILD / bundle / f"{ARCHITECTURES[machine.machine()]}.zip") as archive:
                archive.extractall(code)
            for path in sorted(code.rglob("*"), reverse=True):
                path.chmod(0o555 if path.is_dir() else 0o444)
            packages[bundle] = Package(code=code, python=PYTHON, work=work)
        return packages[bundle]

    return of


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with opened_world(folder) as world:
        yield world
    shutil.rmtree(folder, ignore_errors=True)
