"""What functions run from: locked packages, kumitate and the functions, for both of Lambda's machines."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bundling.archive import add_to_zip, link_tree, zip_of
from bundling.cache import forget_others, key_of, made_once
from bundling.dependencies import Machine, compile_all, install

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
CACHE = BUILD / "cache"
SOURCES = ("kumitate", "functions")
SEEN_AS = "/var/task"


@dataclass(frozen=True, slots=True)
class Bundle:
    """`build/<name>/<machine>/`, and the same as a zip beside it."""

    name: str
    machine: Machine

    @property
    def lock(self) -> Path:
        return ROOT / "requirements" / f"{self.name}.txt"

    @property
    def folder(self) -> Path:
        return BUILD / self.name / self.machine.name

    @property
    def zip(self) -> Path:
        return self.folder.with_suffix(".zip")


def build(bundle: Bundle, python: Path) -> bool:
    """Have the bundle there; tells whether there was work to do."""
    packages = CACHE / f"{bundle.name}-{bundle.machine.name}-{key_of((bundle.lock, *how()))}"
    made_once(packages, lambda folder: _packages(bundle, python, folder))
    sources = compiled_sources(python)
    stamp, state = bundle.folder.with_suffix(".stamp"), f"{packages.name} {sources.name}"
    if bundle.zip.exists() and stamp.exists() and stamp.read_text() == state:
        return False
    stamp.unlink(missing_ok=True)
    _assemble(bundle, packages, sources)
    stamp.write_text(state)
    forget_others(packages)
    forget_others(sources)
    return True


def compiled_sources(python: Path) -> Path:
    """The folder with our own code, the same in every bundle; to be made once before bundles are built side by side."""
    sources = CACHE / f"sources-{key_of((*how(), *(part for name in SOURCES for part in files_with_places(name))))}"
    made_once(sources, lambda folder: _sources(python, folder))
    return sources


def _packages(bundle: Bundle, python: Path, folder: Path) -> None:
    content = folder / "content"
    install(python, bundle.lock, bundle.machine, target=content)
    compile_all(python, content, seen_as=SEEN_AS)
    zip_of(folder / "content.zip", [content])


def _sources(python: Path, folder: Path) -> None:
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    compile_all(python, folder, seen_as=SEEN_AS)


def _assemble(bundle: Bundle, packages: Path, sources: Path) -> None:
    shutil.rmtree(bundle.folder, ignore_errors=True)
    bundle.folder.parent.mkdir(parents=True, exist_ok=True)
    for part in (packages / "content", sources):
        link_tree(part, bundle.folder)
    shutil.copyfile(packages / "content.zip", bundle.zip)
    add_to_zip(bundle.zip, sources)


def how() -> Iterator[Path]:
    """What decides, beside the locks and sources, which bytes are built."""
    yield from (Path(__file__).with_name(name) for name in ("archive.py", "dependencies.py"))


def files_with_places(folder: str) -> Iterator[str | Path]:
    """Every source file with its place: moving one is a change too."""
    for path in sorted((ROOT / folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT).as_posix()
            yield path
