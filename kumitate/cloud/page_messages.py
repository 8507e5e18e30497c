"""What pages are called, and the messages that tell deliveries of them; light, for functions that plan nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from kumitate.blueprint.names import DELIVERIES


class Outbox(Protocol):
    """Where messages go, by the url of a queue."""

    def send(self, url: str, bodies: Sequence[str]) -> None: ...


def folder(run_id: str, sync: str) -> str:
    return f"{DELIVERIES}/{run_id}/{sync}/"


def page_name(run_id: str, sync: str, number: int, *, removals: bool = False) -> str:
    return f"{folder(run_id, sync)}{number:05d}{'.removals' if removals else ''}.jsonl.gz"


def message(run_id: str, sync: str, page: str, *, number: int = 1, after: int = 0) -> str:
    """What tells a delivery of a page: its place among the sync's, and how many must be done before it."""
    return json.dumps({"run_id": run_id, "sync": sync, "page": page, "number": number, "after": after})
