"""Holds modules to 300 lines and functions to 30: at a cap, look for the missing concept."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MODULE_LINES = 300
FUNCTION_LINES = 30
FOLDERS = ("kumitate", "tests", "tools", "bench", "examples", "functions", "glue_jobs", "infrastructure")


def findings(path: Path) -> Iterator[str]:
    """Each function or module of `path` that is over its cap (a docstring does not count against its function)."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n") + 1
    if lines > MODULE_LINES + 1:
        yield f"{path}:1 module of {lines - 1} lines, at most {MODULE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _body_lines(node)
            if length > FUNCTION_LINES:
                yield f"{path}:{node.lineno} {node.name} has {length} lines, at most {FUNCTION_LINES}"


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def main() -> int:
    paths = (path for folder in FOLDERS for path in sorted(Path(folder).rglob("*.py")))
    found = [finding for path in paths for finding in findings(path)]
    sys.stdout.writelines(f"{finding}\n" for finding in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
