"""One question to an engine, and Athena's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """`rows` come back in this order where the SQL orders them; else there is one row."""

    name: str
    sql: str
    rows: list[tuple[Any, ...]]
    page: str

    @property
    def id(self) -> str:
        return self.name.replace(" ", "_")
