"""What Glue jobs install at their start: a zip of wheels, Kumitate's own and those of the lock.

Glue tells by the ending of its name that it is one, and asks no package index then.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bundling.archive import zip_of
from bundling.bundles import BUILD, CACHE, ROOT, files_with_places, how
from bundling.cache import forget_others, key_of, made_once
from bundling.dependencies import X86_64, download, run

PACKAGES = BUILD / "glue" / "packages.gluewheels.zip"
LOCK = ROOT / "requirements" / "glue.txt"
_OF_THE_WHEEL = ("pyproject.toml", "README.md", "LICENSE")


def build(python: Path) -> bool:
    """Have the zip there; tells whether there was work to do."""
    wheels = CACHE / f"glue-{key_of((LOCK, *how()))}"
    made_once(wheels, lambda folder: download(python, LOCK, X86_64, target=folder))
    own = CACHE / f"wheel-{key_of((*how(), *(ROOT / name for name in _OF_THE_WHEEL), *files_with_places('kumitate')))}"
    made_once(own, _own_wheel)
    stamp, state = PACKAGES.with_suffix(".stamp"), f"{wheels.name} {own.name}"
    if PACKAGES.exists() and stamp.exists() and stamp.read_text() == state:
        return False
    _assemble(wheels, own)
    stamp.write_text(state)
    forget_others(wheels)
    forget_others(own)
    return True


def _own_wheel(folder: Path) -> None:
    """Built by the locked hatchling beside this interpreter; its bytes follow from the sources alone."""
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT)


def _assemble(wheels: Path, own: Path) -> None:
    folder = CACHE / "glue.partial"
    shutil.rmtree(folder, ignore_errors=True)
    inside = folder / "wheels"
    inside.mkdir(parents=True)
    for wheel in sorted([*wheels.glob("*.whl"), *own.glob("*.whl")]):
        shutil.copyfile(wheel, inside / wheel.name)
    pins = sorted("==".join(wheel.name.split("-")[:2]) for wheel in inside.iterdir())
    (inside / "requirements.txt").write_text("\n".join(pins) + "\n")
    PACKAGES.parent.mkdir(parents=True, exist_ok=True)
    zip_of(PACKAGES, [folder])
    shutil.rmtree(folder)
