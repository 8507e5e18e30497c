"""What the README tells a newcomer to type works, in a fresh clone, and prints what the README shows."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DONE = "KUMITATE_README_DONE"
"""Commands that the same checkout has just run with success, by lines; they are not typed again."""
TYPED = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MINUTES = 60


def readme(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def clone(to: Path) -> Path:
    """The repository as committed. `KUMITATE_README_VENV` lends an environment; without it `make` builds one."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(to)], check=True)
    lent = os.environ.get("KUMITATE_README_VENV")
    if lent:
        move_in(Path(lent).resolve(), to / ".venv")
    return to


def move_in(lent: Path, venv: Path) -> None:
    """An environment of the clone's own, which finds beside the clone's code the packages of the one that is lent."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    packages, lents = (sysconfig.get_path("purelib", vars={"base": str(folder)}) for folder in (venv, lent))
    Path(packages, "lent.pth").write_text(f"{lents}\n", encoding="utf-8")
    install = ["-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--editable", str(venv.parent)]
    subprocess.run([str(venv / "bin/python"), *install], check=True)
    for mark in (".ready", ".ready-spark"):
        (venv / mark).touch()


def without_what_is_done(typed: str) -> str:
    done = os.environ.get(DONE, "").splitlines()
    lines = typed.splitlines()
    assert {*done} <= {line.partition("#")[0].strip() for line in lines}
    return "\n".join(line for line in lines if line.partition("#")[0].strip() not in done)


@pytest.mark.slow
@pytest.mark.timeout(20 * MINUTES)
def test_the_readmes_commands_work_in_a_fresh_clone(tmp_path: Path) -> None:
    here = clone(tmp_path / "kumitate")
    script = "set -euo pipefail\n" + without_what_is_done("\n".join(TYPED.findall(readme("README.md"))))
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VIRTUAL_ENV", "PYTHON", "PYTEST", "MAKE", "MFLAGS"))
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=here,
        env={**plain, "COLUMNS": "110"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    printed = " ".join(done.stdout.split())
    for line in "\n".join(SHOWN.findall(readme("README.md"))).splitlines():
        assert " ".join(line.split()) in printed
