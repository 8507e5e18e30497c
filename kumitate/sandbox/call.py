"""What a stand-in gets and gives: one call, one answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kumitate.sandbox.store import Store

TOKEN = "sandbox"  # noqa: S105  it opens nothing but the sandbox
"""The token, client id, client secret and AWS access key that the sandbox accepts."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the vendor sees it; `path` begins after the vendor's address."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def json(self) -> Any:
        """The body's JSON; ValueError where it is none."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is written as JSON unless it is bytes."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Vendor = Callable[[Call, Store], Answer]
