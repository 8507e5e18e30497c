"""Find a CPython 3.13, the Python of Lambda and Glue: print its path, or say what to install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_ASK = "import platform, sys; print(platform.python_implementation(), *sys.version_info[:2])"
ADVICE = (
    "No CPython 3.13 was found, which Lambda and Glue run. Install it with your package manager (python3.13 with its "
    "venv module), with `uv python install 3.13` or `pyenv install 3.13`; or name it: PYTHON313=/its/path make"
)


def candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where a Python 3.13 may be, the likeliest first: named, on PATH, installed by pyenv or uv."""
    for name in (environment.get("PYTHON313", ""), "python3.13", "python3"):
        found = shutil.which(name, path=environment.get("PATH")) if name else None
        if found:
            yield Path(found)
    home = Path(environment.get("HOME", "~")).expanduser()
    pyenv = Path(environment.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "uv" / "python"
    yield from sorted(pyenv.glob("versions/3.13*/bin/python3.13"), reverse=True)
    yield from sorted(uv.glob("cpython-3.13*/bin/python3.13"), reverse=True)


def is_cpython313(python: Path) -> bool:
    """What the interpreter says of itself: a shim on PATH may lead elsewhere, or nowhere."""
    try:
        answer = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, check=False, timeout=30)  # noqa: S603 -- a path found above
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.split() == ["CPython", "3", "13"]


def main() -> int:
    found = next((python for python in candidates(os.environ) if is_cpython313(python)), None)
    if found is None:
        sys.stderr.write(ADVICE + "\n")
        return 1
    sys.stdout.write(f"{found}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
