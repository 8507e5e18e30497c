"""Build what is deployed into build/, from the locks: bundles for Lambda, wheels for Glue."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bundling import glue
from bundling.bundles import BUILD, ROOT, Bundle, build, compiled_sources
from bundling.dependencies import MACHINES

NAMES = ("lambda", "lake", "wrangler")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, default=ROOT / ".venv-emulator" / "bin" / "python")
    parser.add_argument("--only", choices=(*NAMES, "glue"), action="append", help="build these; all unless given")
    arguments = parser.parse_args()
    wanted = arguments.only or (*NAMES, "glue")
    os.umask(0o022)
    compiled_sources(arguments.python)
    works = [work for name in wanted for work in works_of(name, arguments.python)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # pip and the compiler are processes, and zlib lets others work
        for told in pool.map(report, works):
            say(told)
    return 0


@dataclass(frozen=True, slots=True)
class Work:
    """`make` has `what` there and tells whether there was anything to do."""

    what: Path
    make: Callable[[], bool]
    whole: Path | None = None
    """The same, unzipped."""


def works_of(name: str, python: Path) -> list[Work]:
    if name == "glue":
        return [Work(glue.PACKAGES, partial(glue.build, python))]
    bundles = [Bundle(name, machine) for machine in MACHINES]
    return [Work(bundle.zip, partial(build, bundle, python), bundle.folder) for bundle in bundles]


def report(work: Work) -> str:
    began = time.monotonic()
    worked = work.make()
    unzipped = f", {megabytes(work.whole)} MB unzipped" if work.whole else ""
    verb = f"built in {time.monotonic() - began:.0f} s" if worked else "is there"
    return f"{work.what.relative_to(ROOT)} {verb}, {megabytes(work.what)} MB{unzipped}"


def megabytes(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return round(sum(file.stat().st_size for file in files) / 2**20)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    BUILD.mkdir(exist_ok=True)
    sys.exit(main())
