"""Calls of boto3 clients as the source says them: `client.put_item(…)`, `self._client.get_paginator("query")`."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("kumitate/aws", "kumitate/cloud", "functions")
TRANSFERS = {
    "copy": ("head_object", "copy_object"),
    "download_file": ("head_object", "get_object"),
    "download_fileobj": ("head_object", "get_object"),
    "upload_file": ("put_object",),
    "upload_fileobj": ("put_object",),
}
"""What boto3 adds to S3, by the operations it is made of (parts of large objects aside)."""
NO_OPERATIONS = frozenset(
    {"close", "exceptions", "meta", "can_paginate", "get_paginator", "get_waiter", "waiter_names"}
)


@dataclass(frozen=True)
class ClientCall:
    """`operation` in boto3's words, and the services of the platform that have it."""

    place: str
    operation: str
    services: frozenset[str]


def session() -> Any:
    return _session()


@cache
def _session() -> Any:
    return botocore.session.get_session()


@cache
def operations(service: str) -> dict[str, str]:
    """boto3's word -> the model's name."""
    return {xform_name(name): name for name in _session().get_service_model(service).operation_names}


def client_calls() -> list[ClientCall]:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _sources()}
    services = frozenset(service for tree in trees.values() for service in _services(tree))
    found = []
    for path, tree in trees.items():
        for node, word in words_of(tree):
            for operation in TRANSFERS.get(word, (word,)):
                having = frozenset(service for service in services if operation in operations(service))
                found.append(ClientCall(f"{path.relative_to(ROOT)}:{node.lineno}", operation, having))
    return found


def _sources() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def _services(tree: ast.AST) -> Iterator[str]:
    """Services that a client is made of: `client("s3")`, `boto3.client("glue", …)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _terminal(node.func) == "client" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def words_of(tree: ast.AST) -> Iterator[tuple[ast.Attribute, str]]:
    """Methods called on a client, and what is asked of paginators and waiters."""
    local = _clients(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if not _is_client(node.func.value, local):
            continue
        word = node.func.attr
        if word in ("get_paginator", "get_waiter"):
            (asked,) = node.args
            assert isinstance(asked, ast.Constant)
            yield node.func, str(asked.value)
        elif word not in NO_OPERATIONS:
            yield node.func, word


def _clients(tree: ast.AST) -> frozenset[str]:
    """Names that are given a client in this module: `s3 = client("s3")`, also as one of several."""
    found = {"client", "_client"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found |= set(_given(target, node.value))
    return frozenset(found)


def _given(target: ast.expr, value: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=False):
            yield from _given(one, other)
    elif isinstance(value, ast.Call) and _terminal(value.func) == "client" and _terminal(target):
        yield _terminal(target)


def _is_client(node: ast.expr, local: frozenset[str]) -> bool:
    if isinstance(node, ast.Call):
        return _terminal(node.func) == "client"
    return _terminal(node) in local


def _terminal(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
