"""Locked packages for a machine other than this one: wheels only, hashes checked, slimmed and compiled."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

GLIBC = (17, 24, 26, 27, 28, 31, 34)
"""glibc 2.x of wheels that Amazon Linux 2023 can load (it has 2.34)."""
NOT_NEEDED = (
    "bin",
    "**/tests",
    "pyarrow/include",
    "pyarrow/src",
    "pyarrow/**/*.pxd",
    "pyarrow/**/*.pyx",
    "pyarrow/**/*.pxi",
    "pyarrow/*flight*",
    "pyarrow/libarrow_python*.so",  # the same file is there under the name that is loaded, with its version
    "pyarrow/libarrow_python*.so.*.*.*",
    "zstandard/_cffi*",  # for PyPy
)
"""What no function loads, by far the most of what is too large; tests/package runs what is left."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What code is built for; `tag` as wheels write it."""

    name: str
    tag: str

    @property
    def platforms(self) -> list[str]:
        return [f"manylinux2014_{self.tag}", *(f"manylinux_2_{minor}_{self.tag}" for minor in GLIBC)]


ARM64 = Machine("arm64", "aarch64")
X86_64 = Machine("x86_64", "x86_64")
MACHINES = (ARM64, X86_64)


def install(python: Path, lock: Path, machine: Machine, *, target: Path) -> None:
    """The lock's packages in `target`, as they are used: no tests, no headers, no scripts."""
    run(python, "-m", "pip", "install", "--no-compile", *_options(machine), "--target", target, "-r", lock)
    for pattern in NOT_NEEDED:
        for path in sorted(target.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def download(python: Path, lock: Path, machine: Machine, *, target: Path) -> None:
    """The lock's packages as wheels in `target`."""
    run(python, "-m", "pip", "download", *_options(machine), "--dest", target, "-r", lock)


def compile_all(python: Path, folder: Path, *, seen_as: str) -> None:
    """Bytecode beside the sources: where code lies read-only, every cold start would compile it anew."""
    options = ["-q", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash", "-s", folder, "-p", seen_as]
    run(python, "-m", "compileall", *options, folder)


def _options(machine: Machine) -> list[str]:
    """The lock has everything: what packages ask for is not looked at, for pip would answer for this machine."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    options += [word for platform in machine.platforms for word in ("--platform", platform)]
    return [*options, "--python-version", "3.13", "--implementation", "cp"]


def run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True)  # noqa: S603 -- our own interpreter and options
