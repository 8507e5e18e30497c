"""Build what is deployed into build/, from the locks: bundles for Lambda, wheels for Glue."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bundling import glue
from bundling.bundles import BUILD, ROOT, Bundle, build
from bundling.dependencies import MACHINES

NAMES = ("lambda", "lake", "wrangler")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, default=ROOT / ".venv-emulator" / "bin" / "python")
    parser.add_argument("--only", choices=(*NAMES, "glue"), action="append", help="build these; all unless given")
    arguments = parser.parse_args()
    wanted = arguments.only or (*NAMES, "glue")
    os.umask(0o022)
    for name in (name for name in NAMES if name in wanted):
        for machine in MACHINES:
            bundle = Bundle(name, machine)
            report(bundle.zip, lambda bundle=bundle: build(bundle, arguments.python), whole=bundle.folder)
    if "glue" in wanted:
        report(glue.PACKAGES, lambda: glue.build(arguments.python))
    return 0


def report(what: Path, make: Callable[[], bool], *, whole: Path | None = None) -> None:
    say(f"{what.relative_to(ROOT)} ...", end="")
    began = time.monotonic()
    worked = make()
    unzipped = f", {megabytes(whole)} MB unzipped" if whole else ""
    verb = f"built in {time.monotonic() - began:.0f} s" if worked else "is there"
    say(f" {verb}, {megabytes(what)} MB{unzipped}")


def megabytes(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return round(sum(file.stat().st_size for file in files) / 2**20)


def say(text: str, *, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    BUILD.mkdir(exist_ok=True)
    sys.exit(main())
