"""Lambda's Python is found where people have it, and where there is none it is said what to install."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "python313.py"


def found(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {"HOME": str(home), "PATH": str(home / "bin"), **environment}
    return subprocess.run([sys.executable, TOOL], env=clean, capture_output=True, text=True, check=False)


def interpreter(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


def test_one_in_pyenvs_versions_is_found(tmp_path: Path) -> None:
    python = interpreter(tmp_path / ".pyenv/versions/3.13.1/bin/python3.13", "CPython 3 13")
    assert found(tmp_path).stdout == f"{python}\n"


def test_the_one_that_is_named_comes_first(tmp_path: Path) -> None:
    interpreter(tmp_path / "bin/python3.13", "CPython 3 13")
    named = interpreter(tmp_path / "own/python", "CPython 3 13")
    assert found(tmp_path, PYTHON313=str(named)).stdout == f"{named}\n"


def test_a_shim_that_leads_to_another_python_is_passed_over(tmp_path: Path) -> None:
    interpreter(tmp_path / "bin/python3.13", "CPython 3 12")
    python = interpreter(tmp_path / ".local/share/uv/python/cpython-3.13.2/bin/python3.13", "CPython 3 13")
    assert found(tmp_path).stdout == f"{python}\n"


def test_where_there_is_none_it_is_said_what_to_install(tmp_path: Path) -> None:
    told = found(tmp_path)
    assert (told.returncode, told.stdout) == (1, "")
    assert "pyenv install 3.13" in told.stderr
    assert "PYTHON313=" in told.stderr
